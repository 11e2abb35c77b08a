#include "cli/report/report.h"

#include <stdlib.h>

/* ---- children by parent ---- */

static int compare_link(const void *a, const void *b)
{
	const struct report_link *x = a, *y = b;

	if (x->parent != y->parent)
		return x->parent < y->parent ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static void reserve(struct report_links *links, size_t count)
{
	links->at = nt_realloc_array(NULL, count, sizeof *links->at);
	links->count = 0;
}

static void add(struct report_links *links, trace_id parent, size_t index)
{
	if (parent)
		links->at[links->count++] = (struct report_link){ parent, index };
}

static void sort(struct report_links *links)
{
	if (links->count)
		qsort(links->at, links->count, sizeof *links->at, compare_link);
}

static void link_connections(struct report_index *index, const struct trace_list *list)
{
	reserve(&index->tcp_of_dial, list->tcp_conn_count);
	for (size_t i = 0; i < list->tcp_conn_count; i++)
		add(&index->tcp_of_dial, list->tcp_conns[i].from_dial, i);
	sort(&index->tcp_of_dial);
	reserve(&index->udp_of_dial, list->udp_conn_count);
	for (size_t i = 0; i < list->udp_conn_count; i++)
		add(&index->udp_of_dial, list->udp_conns[i].from_dial, i);
	sort(&index->udp_of_dial);
}

static void link_dns(struct report_index *index, const struct trace_list *list)
{
	reserve(&index->dns_of_conn, list->dns_query_count);
	for (size_t i = 0; i < list->dns_query_count; i++)
		add(&index->dns_of_conn, list->dns_queries[i].connection, i);
	sort(&index->dns_of_conn);
}

/* The conversations on the connections to a dial's name servers: by index, of each dial. */
static void add_resolvers(struct report_index *index, const struct trace_dial *dial)
{
	for (size_t i = 0; i < dial->resolver_dial_count; i++) {
		struct report_links dns = report_children(&index->dns_of_conn, dial->resolver_dials[i].established_conn);

		for (size_t j = 0; j < dns.count; j++)
			add(&index->dns_of_dial, dial->id, dns.at[j].index);
	}
}

static size_t count_resolvers(const struct report_index *index, const struct trace_list *list)
{
	size_t count = 0;

	for (size_t i = 0; i < list->dial_count; i++)
		for (size_t j = 0; j < list->dials[i].resolver_dial_count; j++)
			count += report_children(&index->dns_of_conn, list->dials[i].resolver_dials[j].established_conn).count;
	return count;
}

static void leave_out_doubles(struct report_links *links)
{
	size_t count = 0;

	for (size_t i = 0; i < links->count; i++)
		if (count == 0 || compare_link(&links->at[count - 1], &links->at[i]) != 0)
			links->at[count++] = links->at[i];
	links->count = count;
}

static void link_dns_of_dials(struct report_index *index, const struct trace_list *list)
{
	reserve(&index->dns_of_dial, list->dns_query_count + count_resolvers(index, list));
	for (size_t i = 0; i < list->dns_query_count; i++)
		add(&index->dns_of_dial, list->dns_queries[i].from_dial, i);
	for (size_t i = 0; i < list->dial_count; i++)
		add_resolvers(index, &list->dials[i]);
	sort(&index->dns_of_dial);
	leave_out_doubles(&index->dns_of_dial);
	report_dns_mark_owned(index, list);
}

static void link_tls(struct report_index *index, const struct trace_list *list)
{
	reserve(&index->tls_of_conn, list->tls_tunnel_count);
	for (size_t i = 0; i < list->tls_tunnel_count; i++) {
		const struct trace_tls_tunnel *tunnel = &list->tls_tunnels[i];

		add(&index->tls_of_conn, tunnel->tcp_conn ? tunnel->tcp_conn : tunnel->udp_conn, i);
	}
	sort(&index->tls_of_conn);
}

static void link_http(struct report_index *index, const struct trace_list *list)
{
	reserve(&index->http_of_conn, list->http_request_count);
	for (size_t i = 0; i < list->http_request_count; i++)
		add(&index->http_of_conn, list->http_requests[i].tcp_conn, i);
	sort(&index->http_of_conn);
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
	free(index->tcp_of_dial.at);
	free(index->udp_of_dial.at);
	free(index->dns_of_dial.at);
	free(index->dns_owned);
	free(index->conversations);
	free(index->dns_of_conn.at);
	free(index->tls_of_conn.at);
	free(index->http_of_conn.at);
	*index = (struct report_index){ 0 };
}

/* The first link whose parent is not below. */
static size_t lower_bound(const struct report_links *links, uint64_t parent)
{
	size_t low = 0, high = links->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (links->at[middle].parent < parent)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct report_links report_children(const struct report_links *links, trace_id parent)
{
	size_t from, to;

	if (!parent || !links->count)
		return (struct report_links){ 0 };
	from = lower_bound(links, parent);
	to = lower_bound(links, (uint64_t)parent + 1);
	return (struct report_links){ links->at + from, to - from };
}
