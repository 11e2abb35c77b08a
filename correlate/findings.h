/*
 * Collects findings while a trace is made, and hands them out at its end in the order of importance.
 *
 * A finding is begun, told piece by piece, and kept.  Of one code only LIMIT_FINDINGS are kept; the others are counted by the last one.
 */
#ifndef NETTRACE_CORRELATE_FINDINGS_H
#define NETTRACE_CORRELATE_FINDINGS_H

#include "correlate/internal.h"
#include "store/findings.h"

struct findings; /* handle */

/* A finding that is being told.  NULL, which all functions take, when its code has reached the limit. */
struct finding;

struct findings *findings_new(void);
void findings_free(struct findings *findings);

struct finding *finding_begin(struct correlator *c, enum finding_code code, nt_time at);
void finding_severity(struct finding *f, enum finding_severity severity); /* where it is not the code's usual one */
void finding_say(struct finding *f, const char *format, ...) __attribute__((format(printf, 2, 3))); /* adds to the sentence */
void finding_trace(struct finding *f, trace_id id);                                                 /* 0 is left out */
void finding_packet(struct finding *f, struct packet_ref packet, const char *shows); /* number 0 is left out; at most 8 */
void finding_root(struct finding *f, trace_id dial, trace_id request);               /* it explains the failure of these */

/* What looked like a failure was none: the finding becomes an `info` of `code`, with some words more.  NULL is fine. */
void finding_take_back(struct finding *f, enum finding_code code, const char *words);

/* What looked like the cause of a failure did no harm in the end. */
void finding_soften(struct finding *f, enum finding_severity severity, const char *words);

/* Hands all findings to the sink: root causes first, then by severity, then by time. */
void findings_report(struct correlator *c);

/* "93.184.216.34:443", "[2001:db8::1]:443"; `out` has room for ENDPOINT_TEXT_SIZE bytes.  Returns out. */
enum { ENDPOINT_TEXT_SIZE = IP_ADDRESS_TEXT_SIZE + 9 };
char *endpoint_text(uint8_t ip_version, const struct ip_address *address, uint16_t port, char *out);

/* "1.5 s", "12 ms", "340 us"; `out` has room for 24 bytes. */
char *duration_text(nt_time duration, char *out);

#endif
