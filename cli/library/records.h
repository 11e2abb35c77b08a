/*
 * How records become those of the public header: each is made in the arena of a handle, when somebody asks for it first.
 */
#ifndef NETTRACE_CLI_LIBRARY_RECORDS_H
#define NETTRACE_CLI_LIBRARY_RECORDS_H

#include "cli/library/handle.h"

/* ---- values ---- */

void *record_room(struct nettrace *trace, size_t size); /* zeroed */
struct nettrace_text record_text(struct nettrace *trace, struct bytes source);
const char *record_string(struct nettrace *trace, const char *text); /* "" for NULL */
const struct nettrace_text *record_texts(struct nettrace *trace, const struct bytes *source, size_t count);
struct nettrace_packet record_packet(struct packet_ref ref);
struct nettrace_endpoint record_endpoint(struct nettrace *trace, uint8_t ip_version, const struct ip_address *address,
					 uint16_t port);
const struct nettrace_go_trace *record_go_trace(struct nettrace *trace, const struct trace_seed *seed);

/* An array of pointers to const struct nettrace_KIND: what `make_KIND` makes of each element of a list.  Assigned to `out`. */
#define RECORD_LIST(out, kind, source, source_count) \
	do { \
		const struct nettrace_##kind **made = record_room(trace, ((source_count) + 1) * sizeof *made); \
		for (size_t i = 0; i < (source_count); i++) \
			made[i] = make_##kind(trace, &(source)[i]); \
		(out) = made; \
	} while (0)

/* Where the record of an index is kept, which is NULL until it is made; NULL behind the last one. */
const void **record_slot(struct nettrace *trace, enum handle_kind kind, size_t count, size_t index);

/* ---- records ---- */

const struct nettrace_dial *record_dial(struct nettrace *trace, const struct trace_dial *source);
const struct nettrace_tcp_connection *record_tcp_connection(struct nettrace *trace, const struct trace_tcp_conn *source);
const struct nettrace_udp_connection *record_udp_connection(struct nettrace *trace, const struct trace_udp_conn *source);
const struct nettrace_dns_conversation *record_dns_conversation(struct nettrace *trace, const struct trace_dns_query *source);
const struct nettrace_tls_tunnel *record_tls_tunnel(struct nettrace *trace, const struct trace_tls_tunnel *source);
const struct nettrace_http_request *record_http_request(struct nettrace *trace, const struct trace_http_request *source);
const struct nettrace_finding *record_finding(struct nettrace *trace, const struct trace_finding *source);

#endif
