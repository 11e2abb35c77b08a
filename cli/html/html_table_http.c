/* The table of HTTP requests. */
#include "cli/html/html_page.h"

#include <inttypes.h>

static void write_fields(struct html_page *page, const char *what, const struct trace_http_field *fields, size_t count)
{
	struct html *html = &page->html;

	if (!count)
		return;
	HTML(html, "<details><summary>");
	html_words(html, "%zu header field%s of the %s", count, report_plural(count), what);
	HTML(html, "</summary><ul class=\"fields\">");
	for (size_t i = 0; i < count; i++) {
		HTML(html, "<li><span>");
		html_text(html, fields[i].name);
		HTML(html, "</span>");
		if (fields[i].value.size) {
			HTML(html, ": ");
			html_text(html, fields[i].value);
		} else if (fields[i].value_size) {
			html_words(html, " (%" PRIu32 " bytes)", fields[i].value_size);
		}
	}
	HTML(html, "</ul></details>");
}

static void write_url(struct html_page *page, const struct trace_http_request *request)
{
	struct html *html = &page->html;

	if (!request->method.size)
		HTML(html, "(request not captured)");
	html_text(html, request->url);
	if (request->network_proxy.size) {
		HTML(html, " via ");
		html_text(html, request->network_proxy);
	}
}

/* Of whose response the other columns tell everything. */
static bool is_plain(const struct html_page *page, const struct trace_http_request *request)
{
	return request->req_complete && request->resp_complete && !html_told_failed(page) && !request->req_content_size &&
	       !request->interim_status && !request->gap_bytes && !request->suspicious_framing;
}

/* What the report says, and where the time went if that was worth no line there. */
static void write_outcome(struct html_page *page, const struct trace_http_request *request)
{
	struct html *html = &page->html;
	bool timed = report_has_timing(&page->report, request), plain = is_plain(page, request);

	html_cell_told(page, plain);
	if (request->timing.total > 0 && !timed) {
		if (!plain || page->told.count > 1)
			HTML(html, "<br>");
		html_forget(page);
		report_timing(&page->report, request);
		html_cell_told(page, false);
	}
	write_fields(page, "request", request->req_fields, request->req_field_count);
	write_fields(page, "response", request->resp_fields, request->resp_field_count);
}

static void write_carriers(struct html_page *page, const struct trace_http_request *request)
{
	struct html *html = &page->html;

	html_link(page, request->tcp_conn);
	HTML(html, " ");
	html_link(page, request->tls_tunnel);
	HTML(html, " ");
	html_link(page, request->proxy_tls_tunnel);
	HTML(html, " ");
	html_link(page, request->redirected_from);
	HTML(html, " ");
	html_link(page, request->retry_of);
}

void html_row_http(struct html_page *page, size_t index)
{
	const struct trace_http_request *request = &page->list->http_requests[index];
	struct html *html = &page->html;
	struct packet_ref first = request->req_packet.number ? request->req_packet : request->resp_packet;
	struct packet_ref last = request->last_packet.number ? request->last_packet : request->resp_packet;

	html_forget(page);
	report_http(&page->report, request);
	html_begin_row(page, request->id, html_told_failed(page));
	HTML(html, "<td>");
	html_offset(page, request->req_sent != NT_TIME_NONE ? request->req_sent : request->resp_recv);
	HTML(html, "<td>");
	html_between(page, request->req_sent, request->resp_end);
	HTML(html, "<td>");
	html_text(html, request->method);
	HTML(html, " <i>");
	html_words(html, request->proto_major >= 2 ? "HTTP/%u" : "HTTP/%u.%u", request->proto_major, request->proto_minor);
	HTML(html, "</i>");
	HTML(html, "<td>");
	write_url(page, request);
	HTML(html, "<td>");
	if (request->status || request->resp_recv != NT_TIME_NONE)
		html_words(html, "%03u", request->status);
	HTML(html, "<td>");
	html_words(html, "%" PRIu64, request->resp_content_size);
	HTML(html, "<td>");
	write_outcome(page, request);
	HTML(html, "<td>");
	write_carriers(page, request);
	HTML(html, "<td>");
	html_packets(page, first, last);
	HTML(html, "\n");
}
