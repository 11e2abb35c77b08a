#include "cli/library/records.h"

/* Where the record of an index is kept; NULL behind the last one. */
const void **record_slot(struct nettrace *trace, enum handle_kind kind, size_t count, size_t index)
{
	if (index >= count)
		return NULL;
	if (!trace->made[kind])
		trace->made[kind] = nt_zalloc(count * sizeof *trace->made[kind]);
	return &trace->made[kind][index];
}

/* After a failure the lists are empty, whatever was read of a trace by then. */
#define GIVE(public_name, kind, name) \
	size_t nettrace_##public_name##_count(const struct nettrace *trace) \
	{ \
		return trace->good ? trace->list.name##_count : 0; \
	} \
	const struct nettrace_##public_name *nettrace_##public_name##_at(struct nettrace *trace, size_t index) \
	{ \
		const void **kept = record_slot(trace, kind, nettrace_##public_name##_count(trace), index); \
\
		if (kept && !*kept) \
			*kept = record_##public_name(trace, &trace->list.name##s[index]); \
		return kept ? *kept : NULL; \
	}

#define FIND(public_name, name, list_name) \
	const struct nettrace_##public_name *nettrace_find_##public_name(struct nettrace *trace, nettrace_id id) \
	{ \
		const struct trace_##name *found = trace->good ? trace_find_##name(&trace->list, id) : NULL; \
\
		return found ? nettrace_##public_name##_at(trace, (size_t)(found - trace->list.list_name)) : NULL; \
	}

GIVE(dial, HANDLE_DIAL, dial)
GIVE(tcp_connection, HANDLE_TCP, tcp_conn)
GIVE(udp_connection, HANDLE_UDP, udp_conn)
GIVE(tls_tunnel, HANDLE_TLS, tls_tunnel)
GIVE(http_request, HANDLE_HTTP, http_request)
GIVE(finding, HANDLE_FINDING, finding)
FIND(dial, dial, dials)
FIND(tcp_connection, tcp_conn, tcp_conns)
FIND(udp_connection, udp_conn, udp_conns)
FIND(dns_conversation, dns_query, dns_queries)
FIND(tls_tunnel, tls_tunnel, tls_tunnels)
FIND(http_request, http_request, http_requests)

size_t nettrace_dns_conversation_count(const struct nettrace *trace)
{
	return trace->good ? trace->list.dns_query_count : 0;
}

const struct nettrace_dns_conversation *nettrace_dns_conversation_at(struct nettrace *trace, size_t index)
{
	const void **kept = record_slot(trace, HANDLE_DNS, nettrace_dns_conversation_count(trace), index);

	if (kept && !*kept)
		*kept = record_dns_conversation(trace, &trace->list.dns_queries[index]);
	return kept ? *kept : NULL;
}

enum nettrace_kind nettrace_kind_of(const struct nettrace *trace, nettrace_id id)
{
	const struct trace_list *list = &trace->list;

	if (!trace->good || !id)
		return NETTRACE_NOTHING;
	if (trace_find_dial(list, id))
		return NETTRACE_DIAL;
	if (trace_find_tcp_conn(list, id))
		return NETTRACE_TCP_CONNECTION;
	if (trace_find_udp_conn(list, id))
		return NETTRACE_UDP_CONNECTION;
	if (trace_find_dns_query(list, id))
		return NETTRACE_DNS_CONVERSATION;
	if (trace_find_tls_tunnel(list, id))
		return NETTRACE_TLS_TUNNEL;
	return trace_find_http_request(list, id) ? NETTRACE_HTTP_REQUEST : NETTRACE_NOTHING;
}
