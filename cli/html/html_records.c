/* Which records are in the page, and which are only counted. */
#include "cli/html/html_page.h"

#include <stdlib.h>

struct kind_row {
	const char *anchor, *title, *word;
};

static const struct kind_row kinds[HTML_KINDS] = {
	[HTML_DIALS] = { "dials", "Dials", "dial" },
	[HTML_TCP] = { "tcpConns", "TCP connections", "TCP" },
	[HTML_UDP] = { "udpConns", "UDP flows", "UDP" },
	[HTML_DNS] = { "dnsQueries", "DNS conversations", "DNS" },
	[HTML_TLS] = { "tlsTunnels", "TLS handshakes", "TLS" },
	[HTML_HTTP] = { "httpRequests", "HTTP requests", "HTTP" },
};

const char *html_kind_anchor(enum html_kind kind)
{
	return kinds[kind].anchor;
}

const char *html_kind_title(enum html_kind kind)
{
	return kinds[kind].title;
}

/* ---- what findings name ---- */

static int compare_ids(const void *a, const void *b)
{
	const trace_id x = *(const trace_id *)a, y = *(const trace_id *)b;

	return x < y ? -1 : x > y;
}

void html_records_open(struct html_page *page)
{
	const struct trace_list *list = page->list;
	size_t count = 0;

	for (size_t i = 0; i < list->finding_count; i++)
		count += list->findings[i].trace_count + 2;
	page->named = nt_realloc_array(NULL, count + 1, sizeof *page->named);
	for (size_t i = 0; i < list->finding_count; i++) {
		const struct trace_finding *finding = &list->findings[i];

		for (size_t j = 0; j < finding->trace_count; j++)
			page->named[page->named_count++] = finding->traces[j];
		page->named[page->named_count++] = finding->dial;
		page->named[page->named_count++] = finding->request;
	}
	qsort(page->named, page->named_count, sizeof *page->named, compare_ids);
}

void html_records_close(struct html_page *page)
{
	free(page->named);
}

/* ---- by list ---- */

size_t html_record_count(const struct html_page *page, enum html_kind kind)
{
	const struct output_omit *omit = &page->output.omit;
	const struct trace_list *list = page->list;

	switch (kind) {
	case HTML_DIALS:
		return omit->dials ? 0 : list->dial_count;
	case HTML_TCP:
		return omit->tcp ? 0 : list->tcp_conn_count;
	case HTML_UDP:
		return omit->udp ? 0 : list->udp_conn_count;
	case HTML_DNS:
		return omit->dns ? 0 : list->dns_query_count;
	case HTML_TLS:
		return omit->tls ? 0 : list->tls_tunnel_count;
	case HTML_HTTP:
		return omit->http ? 0 : list->http_request_count;
	case HTML_KINDS:
		break;
	}
	return 0;
}

static trace_id id_at(const struct trace_list *list, enum html_kind kind, size_t index)
{
	switch (kind) {
	case HTML_DIALS:
		return list->dials[index].id;
	case HTML_TCP:
		return list->tcp_conns[index].id;
	case HTML_UDP:
		return list->udp_conns[index].id;
	case HTML_DNS:
		return list->dns_queries[index].id;
	case HTML_TLS:
		return list->tls_tunnels[index].id;
	case HTML_HTTP:
		return list->http_requests[index].id;
	case HTML_KINDS:
		break;
	}
	return 0;
}

bool html_record_is_shown(const struct html_page *page, enum html_kind kind, size_t index)
{
	trace_id id;

	if (index >= html_record_count(page, kind))
		return false;
	if (index < HTML_RECORDS)
		return true;
	id = id_at(page->list, kind, index);
	return bsearch(&id, page->named, page->named_count, sizeof id, compare_ids) != NULL;
}

/* ---- by id ---- */

/* The index of a record in its list, which is sorted by id. */
static bool find(const struct html_page *page, enum html_kind kind, trace_id id, size_t *index)
{
	size_t low = 0, high = html_record_count(page, kind);

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		trace_id at = id_at(page->list, kind, middle);

		if (at == id) {
			*index = middle;
			return true;
		}
		if (at < id)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

const char *html_kind_word(const struct html_page *page, trace_id id)
{
	size_t index;

	for (int kind = 0; kind < HTML_KINDS; kind++)
		if (find(page, (enum html_kind)kind, id, &index))
			return kinds[kind].word;
	return "";
}

bool html_is_shown(const struct html_page *page, trace_id id)
{
	size_t index;

	for (int kind = 0; id && kind < HTML_KINDS; kind++)
		if (find(page, (enum html_kind)kind, id, &index))
			return html_record_is_shown(page, (enum html_kind)kind, index);
	return false;
}
