/* When the steps of an entry began and ended: what the bars of the report show. */
#include "cli/report/report.h"

/* ---- of one step ---- */

struct report_span report_span_dns(const struct trace_dns_message *first, const struct trace_dns_message *last)
{
	return (struct report_span){ first->time, last->time };
}

bool report_has_exchanges(const struct report *report, trace_id conn)
{
	return links_children(&report->index.tls_of_conn, conn).count || links_children(&report->index.http_of_conn, conn).count ||
	       links_children(&report->index.dns_of_conn, conn).count;
}

/* Its set-up; what runs on it has bars of its own.  All of its life if that was not understood. */
struct report_span report_span_tcp(const struct report *report, const struct trace_tcp_conn *conn)
{
	struct report_span span = { conn->handshake_begin, conn->handshake_end };

	if (conn->connected && !report_has_exchanges(report, conn->id))
		span.end = conn->last;
	return span;
}

struct report_span report_span_udp(const struct trace_udp_conn *conn)
{
	return (struct report_span){ conn->create, conn->close };
}

struct report_span report_span_tls(const struct trace_tls_tunnel *tunnel)
{
	return (struct report_span){ tunnel->handshake_begin, tunnel->handshake_end };
}

/* Whoever gets no answer waits until the connection ends. */
static nt_time end_of_waiting(const struct report *report, const struct trace_http_request *request)
{
	const struct trace_tcp_conn *conn = trace_find_tcp_conn(report->list, request->tcp_conn);

	if (conn && conn->close != NT_TIME_NONE)
		return conn->close;
	return conn && conn->last != NT_TIME_NONE ? conn->last : request->req_end;
}

struct report_span report_span_http(const struct report *report, const struct trace_http_request *request)
{
	struct report_span span = { request->req_sent, request->resp_end };

	if (span.begin == NT_TIME_NONE)
		span.begin = request->resp_begin != NT_TIME_NONE ? request->resp_begin : request->resp_recv;
	if (!request->status)
		span.end = end_of_waiting(report, request);
	else if (span.end == NT_TIME_NONE)
		span.end = request->resp_recv;
	return span;
}

/* ---- of an entry ---- */

static void cover_time(struct report_span *axis, nt_time time)
{
	if (time == NT_TIME_NONE)
		return;
	if (axis->begin == NT_TIME_NONE || time < axis->begin)
		axis->begin = time;
	if (axis->end == NT_TIME_NONE || time > axis->end)
		axis->end = time;
}

static void cover(struct report_span *axis, struct report_span span)
{
	cover_time(axis, span.begin);
	cover_time(axis, span.end);
}

static void cover_exchanges(struct report_span *axis, const struct report *report, trace_id conn)
{
	struct links tls = links_children(&report->index.tls_of_conn, conn);
	struct links http = links_children(&report->index.http_of_conn, conn);

	for (size_t i = 0; i < tls.count; i++)
		cover(axis, report_span_tls(&report->list->tls_tunnels[tls.at[i].index]));
	for (size_t i = 0; i < http.count; i++)
		cover(axis, report_span_http(report, &report->list->http_requests[http.at[i].index]));
}

struct report_span report_axis_tcp(const struct report *report, const struct trace_tcp_conn *conn)
{
	struct report_span axis = report_span_tcp(report, conn);

	cover_exchanges(&axis, report, conn->id);
	return axis;
}

struct report_span report_axis_udp(const struct report *report, const struct trace_udp_conn *conn)
{
	struct report_span axis = report_span_udp(conn);

	cover_exchanges(&axis, report, conn->id);
	return axis;
}

struct report_span report_axis_dns(const struct trace_dns_query *query)
{
	if (!query->message_count)
		return (struct report_span){ NT_TIME_NONE, NT_TIME_NONE };
	return report_span_dns(&query->messages[0], &query->messages[query->message_count - 1]);
}

struct report_span report_axis_dial(const struct report *report, const struct trace_dial *dial)
{
	struct links dns = links_children(&report->index.dns_of_dial, dial->id);
	struct links tcp = links_children(&report->index.tcp_of_dial, dial->id);
	struct links udp = links_children(&report->index.udp_of_dial, dial->id);
	struct report_span axis = { dial->begin, dial->end };

	for (size_t i = 0; i < dns.count; i++)
		cover(&axis, report_dns_axis_of_dial(&report->list->dns_queries[dns.at[i].index], dial));
	for (size_t i = 0; i < tcp.count; i++)
		cover(&axis, report_axis_tcp(report, &report->list->tcp_conns[tcp.at[i].index]));
	for (size_t i = 0; i < udp.count; i++)
		if (!report->list->udp_conns[udp.at[i].index].from_resolver)
			cover(&axis, report_axis_udp(report, &report->list->udp_conns[udp.at[i].index]));
	return axis;
}

struct report_span report_axis_all(const struct report *report)
{
	const struct trace_list *list = report->list;
	struct report_span axis = { NT_TIME_NONE, NT_TIME_NONE };

	for (size_t i = 0; i < list->dial_count; i++)
		cover(&axis, (struct report_span){ list->dials[i].begin, list->dials[i].end });
	for (size_t i = 0; i < list->tcp_conn_count; i++)
		cover(&axis, report_axis_tcp(report, &list->tcp_conns[i]));
	for (size_t i = 0; i < list->udp_conn_count; i++)
		cover(&axis, report_axis_udp(report, &list->udp_conns[i]));
	for (size_t i = 0; i < list->dns_query_count; i++)
		cover(&axis, report_axis_dns(&list->dns_queries[i]));
	return axis;
}
