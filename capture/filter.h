/*
 * pcap-filter(7) expressions, compiled by libpcap for each link type that comes.
 */
#ifndef NETTRACE_CAPTURE_FILTER_H
#define NETTRACE_CAPTURE_FILTER_H

#include "capture/packet.h"

struct filter; /* handle */

/*
 * NT_EUSAGE with the compiler's words when the expression compiles neither for Ethernet nor for one of the link types given, which
 * are those that are known already.
 */
enum nt_status filter_new(struct filter **out, const char *expression, const uint32_t *link_types, size_t count,
			  struct nt_error *error);
void filter_free(struct filter *filter); /* NULL is fine */

/* Packets of a link type for which the expression makes no sense are not taken. */
bool filter_takes(struct filter *filter, const struct packet *packet);

#endif
