#include "cli/report/report.h"

#include <stdlib.h>

static void link_connections(struct report_index *index, const struct trace_list *list)
{
	links_reserve(&index->tcp_of_dial, list->tcp_conn_count);
	for (size_t i = 0; i < list->tcp_conn_count; i++)
		links_add(&index->tcp_of_dial, list->tcp_conns[i].from_dial, i);
	links_sort(&index->tcp_of_dial);
	links_reserve(&index->udp_of_dial, list->udp_conn_count);
	for (size_t i = 0; i < list->udp_conn_count; i++)
		links_add(&index->udp_of_dial, list->udp_conns[i].from_dial, i);
	links_sort(&index->udp_of_dial);
}

static void link_dns(struct report_index *index, const struct trace_list *list)
{
	links_reserve(&index->dns_of_conn, list->dns_query_count);
	for (size_t i = 0; i < list->dns_query_count; i++)
		links_add(&index->dns_of_conn, list->dns_queries[i].connection, i);
	links_sort(&index->dns_of_conn);
}

static void link_dns_of_dials(struct report_index *index, const struct trace_list *list)
{
	dns_link_dials(&index->dns_of_dial, &index->dns_of_conn, list);
	report_dns_mark_owned(index, list);
}

static void link_tls(struct report_index *index, const struct trace_list *list)
{
	links_reserve(&index->tls_of_conn, list->tls_tunnel_count);
	for (size_t i = 0; i < list->tls_tunnel_count; i++) {
		const struct trace_tls_tunnel *tunnel = &list->tls_tunnels[i];

		links_add(&index->tls_of_conn, tunnel->tcp_conn ? tunnel->tcp_conn : tunnel->udp_conn, i);
	}
	links_sort(&index->tls_of_conn);
}

static void link_http(struct report_index *index, const struct trace_list *list)
{
	links_reserve(&index->http_of_conn, list->http_request_count);
	for (size_t i = 0; i < list->http_request_count; i++)
		links_add(&index->http_of_conn, list->http_requests[i].tcp_conn, i);
	links_sort(&index->http_of_conn);
}

/* What the user left out has no links, and so is never reached. */
void report_index_build(struct report_index *index, const struct output *output)
{
	*index = (struct report_index){ 0 };
	link_connections(index, output->list);
	if (!output->omit.dns) {
		link_dns(index, output->list);
		if (!output->omit.dials)
			link_dns_of_dials(index, output->list);
	}
	if (!output->omit.tls)
		link_tls(index, output->list);
	if (!output->omit.http)
		link_http(index, output->list);
}

void report_index_clear(struct report_index *index)
{
	links_free(&index->tcp_of_dial);
	links_free(&index->udp_of_dial);
	links_free(&index->dns_of_dial);
	free(index->dns_owned);
	free(index->conversations);
	links_free(&index->dns_of_conn);
	links_free(&index->tls_of_conn);
	links_free(&index->http_of_conn);
	*index = (struct report_index){ 0 };
}
