#include "correlate/seed_join.h"

#include <stdlib.h>
#include <string.h>

struct join {
	struct trace_list *list;
	const struct seed_trace *trace;
	uint32_t input;
	trace_id offset; /* added to the IDs of the trace */
	struct arena arena;
};

/* What a reference of the trace is in the list. */
static trace_id mapped(const struct join *j, trace_id id)
{
	return id ? id + j->offset : 0;
}

static trace_id largest(const void *records, size_t count, size_t size, trace_id so_far)
{
	trace_id last = count ? *(const trace_id *)((const char *)records + (count - 1) * size) : 0;

	return last > so_far ? last : so_far;
}

static trace_id largest_id(const struct trace_list *list)
{
	trace_id id = largest(list->dials, list->dial_count, sizeof *list->dials, 0);

	id = largest(list->tcp_conns, list->tcp_conn_count, sizeof *list->tcp_conns, id);
	id = largest(list->udp_conns, list->udp_conn_count, sizeof *list->udp_conns, id);
	id = largest(list->dns_queries, list->dns_query_count, sizeof *list->dns_queries, id);
	id = largest(list->tls_tunnels, list->tls_tunnel_count, sizeof *list->tls_tunnels, id);
	return largest(list->http_requests, list->http_request_count, sizeof *list->http_requests, id);
}

/* ---- what no packet shows ---- */

static const struct trace_seed *seed_for(struct join *j, const struct trace_seed *of_trace)
{
	struct trace_seed *seed = arena_alloc(&j->arena, sizeof *seed);

	*seed = *of_trace;
	seed->input = j->input;
	return seed;
}

static void add_dial(struct join *j, struct trace_dial dial)
{
	struct trace_resolver_dial *resolver_dials =
		arena_alloc(&j->arena, (dial.resolver_dial_count + 1) * sizeof *resolver_dials);
	trace_id *attempts = arena_alloc(&j->arena, (dial.attempt_count + 1) * sizeof *attempts);

	for (size_t i = 0; i < dial.resolver_dial_count; i++) {
		resolver_dials[i] = dial.resolver_dials[i];
		resolver_dials[i].established_conn = mapped(j, resolver_dials[i].established_conn);
	}
	for (size_t i = 0; i < dial.attempt_count; i++)
		attempts[i] = mapped(j, dial.attempts[i]);
	dial.id = mapped(j, dial.id);
	dial.established_conn = mapped(j, dial.established_conn);
	dial.resolver_dials = resolver_dials;
	dial.attempts = attempts;
	dial.seed = seed_for(j, dial.seed);
	trace_list_sink.dial(j->list, &dial);
}

static void add_tcp_conn(struct join *j, struct trace_tcp_conn conn)
{
	conn.id = mapped(j, conn.id);
	conn.from_dial = mapped(j, conn.from_dial);
	conn.seed = seed_for(j, conn.seed);
	trace_list_sink.tcp_conn(j->list, &conn);
}

static void add_udp_conn(struct join *j, struct trace_udp_conn conn)
{
	conn.id = mapped(j, conn.id);
	conn.from_dial = mapped(j, conn.from_dial);
	conn.seed = seed_for(j, conn.seed);
	trace_list_sink.udp_conn(j->list, &conn);
}

static void add_dns_query(struct join *j, struct trace_dns_query query)
{
	query.id = mapped(j, query.id);
	query.from_dial = mapped(j, query.from_dial);
	query.connection = mapped(j, query.connection);
	query.seed = seed_for(j, query.seed);
	trace_list_sink.dns_query(j->list, &query);
}

static void add_tls_tunnel(struct join *j, struct trace_tls_tunnel tunnel)
{
	tunnel.id = mapped(j, tunnel.id);
	tunnel.tcp_conn = mapped(j, tunnel.tcp_conn);
	tunnel.seed = seed_for(j, tunnel.seed);
	trace_list_sink.tls_tunnel(j->list, &tunnel);
}

static void add_http_request(struct join *j, struct trace_http_request request)
{
	request.id = mapped(j, request.id);
	request.tcp_conn = mapped(j, request.tcp_conn);
	request.tls_tunnel = mapped(j, request.tls_tunnel);
	request.proxy_tls_tunnel = mapped(j, request.proxy_tls_tunnel);
	request.seed = seed_for(j, request.seed);
	trace_list_sink.http_request(j->list, &request);
}

static void add_records(struct join *j)
{
	const struct trace_list *from = &j->trace->list;

	for (size_t i = 0; i < from->dial_count; i++)
		add_dial(j, from->dials[i]);
	for (size_t i = 0; i < from->tcp_conn_count; i++)
		add_tcp_conn(j, from->tcp_conns[i]);
	for (size_t i = 0; i < from->udp_conn_count; i++)
		add_udp_conn(j, from->udp_conns[i]);
	for (size_t i = 0; i < from->dns_query_count; i++)
		add_dns_query(j, from->dns_queries[i]);
	for (size_t i = 0; i < from->tls_tunnel_count; i++)
		add_tls_tunnel(j, from->tls_tunnels[i]);
	for (size_t i = 0; i < from->http_request_count; i++)
		add_http_request(j, from->http_requests[i]);
}

void seed_join(struct trace_list *list, const struct seed_trace *trace, uint32_t input)
{
	struct join j = { .list = list, .trace = trace, .input = input, .offset = largest_id(list) };

	if (trace->last_id > UINT32_MAX - j.offset) {
		limit_hit(list->hits, LIMIT_SEED_TRACES_HIT);
		return;
	}
	add_records(&j);
	arena_free(&j.arena);
}
