/* What the page rests on: inputs and their damage, packets, limits; and what of it was inferred. */
#include "cli/html/html_page.h"

#include <inttypes.h>

/* ---- what the head of the report says ---- */

static void write_lines(struct html_page *page)
{
	struct html *html = &page->html;
	bool open = false;

	HTML(html, "<dl class=\"lines\">\n");
	for (size_t i = 0; i < page->told.count; i++) {
		const struct report_said *line = &page->told.lines[i];

		if (!line->text.size)
			continue;
		if (*line->label || !open) {
			HTML(html, "<dt>");
			html_words(html, "%s", line->label);
			HTML(html, "</dt>");
		}
		open = true;
		HTML(html, "<dd>");
		html_report_text(html, line->text);
		HTML(html, "</dd>\n");
	}
	HTML(html, "</dl>\n");
}

/* Its title stands without a space in front. */
static void write_statistics(struct html_page *page)
{
	struct html *html = &page->html;

	HTML(html, "<h3>Statistics</h3>\n<ul class=\"plain\">\n");
	for (size_t i = 0; i < page->told.count; i++) {
		const struct bytes text = page->told.lines[i].text;

		if (!text.size || text.at[0] != ' ')
			continue;
		HTML(html, "<li>");
		html_report_text(html, text);
		HTML(html, "\n");
	}
	HTML(html, "</ul>\n");
}

/* ---- known and inferred ---- */

static void write_evidence(struct html_page *page, const char *what, const uint64_t counts[TRACE_BY_ADDRESS + 1])
{
	struct html *html = &page->html;
	bool any = false;

	for (int i = TRACE_BY_SYN; i <= TRACE_BY_ADDRESS; i++) {
		if (!counts[i])
			continue;
		if (!any) {
			HTML(html, "<dt>");
			html_words(html, "%s", what);
			HTML(html, "</dt><dd>");
		}
		html_words(html, "%s%s %" PRIu64, any ? ", " : "", trace_evidence_text((enum trace_evidence)i), counts[i]);
		any = true;
	}
	if (any)
		HTML(html, "</dd>\n");
}

static void write_hosts(struct html_page *page)
{
	uint64_t counts[TRACE_BY_ADDRESS + 1] = { 0 };

	for (size_t i = 0; i < html_record_count(page, HTML_DIALS); i++)
		counts[page->list->dials[i].host_by]++;
	write_evidence(page, "host of dials, by", counts);
}

static void write_clients(struct html_page *page)
{
	uint64_t counts[TRACE_BY_ADDRESS + 1] = { 0 };

	for (size_t i = 0; i < html_record_count(page, HTML_TCP); i++)
		counts[page->list->tcp_conns[i].client_by]++;
	for (size_t i = 0; i < html_record_count(page, HTML_UDP); i++)
		counts[page->list->udp_conns[i].client_by]++;
	write_evidence(page, "client of connections, by", counts);
}

static void write_amount(struct html_page *page, uint64_t count, const char *what, const char *how)
{
	struct html *html = &page->html;

	if (!count)
		return;
	HTML(html, "<p>");
	html_count(page, count, what);
	html_words(html, " %s", how);
	HTML(html, "</p>");
}

/* What is not known, although it was asked for by the very presence of a record. */
static void write_unknown(struct html_page *page)
{
	const struct trace_list *list = page->list;
	struct html *html = &page->html;
	uint64_t reused = 0, partial = 0, encrypted = 0, untimed = 0;

	for (size_t i = 0; i < html_record_count(page, HTML_TCP); i++) {
		reused += list->tcp_conns[i].reused;
		partial += report_capture_lacks_some(&list->tcp_conns[i]);
	}
	for (size_t i = 0; i < html_record_count(page, HTML_TLS); i++)
		encrypted += !list->tls_tunnels[i].decrypted;
	for (size_t i = 0; i < html_record_count(page, HTML_HTTP); i++)
		untimed += list->http_requests[i].timing.total < 0;
	HTML(html, "<dt>not known</dt><dd>");
	write_amount(page, reused, "TCP connection", "open before the capture began");
	write_amount(page, partial, "TCP connection",
		     "may be more than the capture has (it ended first, or has one direction, or lost or cut packets)");
	write_amount(page, encrypted, "TLS handshake", "without keys: what ran inside is not known");
	write_amount(page, untimed, "HTTP request", "without a known begin or end");
	if (!reused && !partial && !encrypted && !untimed)
		HTML(html, "nothing of the kinds that are counted here");
	HTML(html, "</dd>\n");
}

#define COUNT_TOLD(kind, records) \
	for (size_t i = 0; i < html_record_count(page, kind); i++) \
	told += trace_is_told((records)[i].seed)

/* What only a trace of the Go library tells of. */
static uint64_t count_told(const struct html_page *page)
{
	const struct trace_list *list = page->list;
	uint64_t told = 0;

	COUNT_TOLD(HTML_DIALS, list->dials);
	COUNT_TOLD(HTML_HTTP, list->http_requests);
	COUNT_TOLD(HTML_TLS, list->tls_tunnels);
	COUNT_TOLD(HTML_DNS, list->dns_queries);
	COUNT_TOLD(HTML_TCP, list->tcp_conns);
	COUNT_TOLD(HTML_UDP, list->udp_conns);
	return told;
}

static uint64_t count_inferred(const struct html_page *page)
{
	uint64_t count = 0;

	for (size_t i = 0; i < html_record_count(page, HTML_DIALS); i++)
		count += !trace_is_told(page->list->dials[i].seed);
	return count;
}

static void write_knowledge(struct html_page *page)
{
	struct html *html = &page->html;
	const uint64_t inferred = count_inferred(page);

	HTML(html, "<h3>Known and inferred</h3>\n<dl class=\"lines\">\n");
	if (inferred) {
		HTML(html, "<dt>inferred</dt><dd>");
		html_count(page, inferred, "dial");
		HTML(html,
		     ": no packet says “dial”. Look-ups and connections are put together by client, name, answer and time.</dd>\n");
	}
	if (count_told(page)) {
		HTML(html, "<dt>told</dt><dd>");
		html_count(page, count_told(page), "record");
		HTML(html, " by a Go trace only: no packet shows them.</dd>\n");
	}
	write_hosts(page);
	write_clients(page);
	write_unknown(page);
	HTML(html, "<dt>left out</dt><dd>");
	html_words(html, "Bodies. Header fields: %s%s.", page->output.headers,
		   page->output.secrets ? "; credentials are shown" : "; credentials in fields and URLs are blanked");
	HTML(html, "</dd>\n</dl>\n");
}

void html_capture(struct html_page *page)
{
	struct html *html = &page->html;

	HTML(html, "<section id=\"capture\" aria-labelledby=\"capture-title\">\n<h2 id=\"capture-title\">Capture</h2>\n");
	html_forget(page);
	page->report.verbose = true;
	report_head(&page->report);
	page->report.verbose = false;
	write_lines(page);
	html_forget(page);
	report_statistics(&page->report);
	write_statistics(page);
	write_knowledge(page);
	HTML(html, "</section>\n");
}
