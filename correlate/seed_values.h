/*
 * The values in a trace of the seed library: its times, addresses and words, read into ours.
 */
#ifndef NETTRACE_CORRELATE_SEED_VALUES_H
#define NETTRACE_CORRELATE_SEED_VALUES_H

#include "store/address.h"
#include "store/conntrack.h"

/*
 * "+12ms" after `begin`; an absolute time (RFC 3339, with any offset); "undefined" and "" are NT_TIME_NONE.  false, and NT_TIME_NONE, for
 * anything else, and for times that 64 bits of nanoseconds cannot hold (Go's zero time is of the year 1).
 */
bool seed_time(struct bytes text, nt_time begin, nt_time *out);

/* RFC 3339 as seconds since 1970, for any year from 0 to 9999.  false, and INT64_MIN, for anything else. */
bool seed_date(struct bytes text, int64_t *seconds);

bool seed_address(struct bytes text, uint8_t *ip_version, struct ip_address *out);

/* "host:port" and "[address]:port" as views; false, and the whole text as host, if there is no port. */
bool seed_host_port(struct bytes text, struct bytes *host, uint16_t *port);

/* N of "tid-N"; 0 for any other text. */
uint32_t seed_id_number(struct bytes text);

uint32_t seed_conntrack_status(struct bytes text, bool *known);                  /* flags in any order */
bool seed_conntrack_tcp_state(struct bytes text, enum conntrack_tcp_state *out); /* also "sync-recv", as the library writes it */

uint16_t seed_dns_type(struct bytes text); /* 0 if the word is none */

/* What the library has a word for; SEED_RCODE_UNKNOWN for its "unrecognized-rcode" and any other word. */
enum { SEED_RCODE_UNKNOWN = 0xffff };
uint16_t seed_dns_rcode(struct bytes text);

#endif
