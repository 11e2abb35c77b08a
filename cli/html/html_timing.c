/* Where the time of all requests went, and that of the slowest. */
#include "cli/html/html_page.h"

#include "cli/http_timing.h"

#include <stdlib.h>

enum { SLOWEST = 10 };

/* The requests whose time is known. */
struct timed {
	const struct trace_http_request **requests;
	size_t count;
};

static int compare_numbers(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static int compare_totals(const void *a, const void *b)
{
	const struct trace_http_request *x = *(const struct trace_http_request *const *)a,
					*y = *(const struct trace_http_request *const *)b;

	if (x->timing.total != y->timing.total)
		return x->timing.total > y->timing.total ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

static struct timed find_timed(const struct html_page *page)
{
	struct timed timed = { 0 };

	timed.requests = nt_realloc_array(NULL, html_record_count(page, HTML_HTTP) + 1, sizeof *timed.requests);
	for (size_t i = 0; i < html_record_count(page, HTML_HTTP); i++)
		if (page->list->http_requests[i].timing.total > 0)
			timed.requests[timed.count++] = &page->list->http_requests[i];
	qsort(timed.requests, timed.count, sizeof *timed.requests, compare_totals);
	return timed;
}

/* ---- bars ---- */

static void write_part_class(struct html *html, size_t part)
{
	HTML(html, "<rect class=\"p");
	html_words(html, "%zu", part);
	HTML(html, "\" x=\"");
}

/* The parts beside each other: `whole` is the width of the bar. */
static void write_bar(struct html_page *page, const struct trace_http_timing *timing, int64_t whole)
{
	struct html *html = &page->html;
	double at = 0;

	HTML(html, "<svg class=\"bar\" aria-hidden=\"true\">");
	for (size_t i = 0; i < HTTP_TIMING_PARTS; i++) {
		int64_t value = http_timing_part(timing, i);
		double width = value > 0 && whole > 0 ? (double)value * 100 / (double)whole : 0;

		if (width <= 0)
			continue;
		write_part_class(html, i);
		html_words(html, "%.4g%%", at);
		HTML(html, "\" width=\"");
		html_words(html, "%.4g%%", width);
		HTML(html, "\"/>");
		at += width;
	}
	HTML(html, "</svg>");
}

/* ---- the sum ---- */

static void write_part_row(struct html_page *page, const struct timed *timed, size_t part, int64_t all)
{
	struct html *html = &page->html;
	int64_t *values = nt_realloc_array(NULL, timed->count, sizeof *values), sum = 0;
	size_t count = 0;

	for (size_t i = 0; i < timed->count; i++) {
		int64_t value = http_timing_part(&timed->requests[i]->timing, part);

		if (value > 0) {
			values[count++] = value;
			sum += value;
		}
	}
	if (count) {
		qsort(values, count, sizeof *values, compare_numbers);
		HTML(html, "<tr><th scope=\"row\"><svg class=\"key\" aria-hidden=\"true\">");
		write_part_class(html, part);
		HTML(html, "0\" width=\"100%\"/></svg>");
		html_words(html, "%s", http_timing_name(part));
		HTML(html, "</th><td>");
		html_words(html, "%.1f %%", all ? (double)sum * 100 / (double)all : 0);
		HTML(html, "</td><td>");
		html_words(html, "%zu", count);
		HTML(html, "</td><td>");
		html_duration(page, values[(count - 1) / 2]);
		HTML(html, "</td><td>");
		html_duration(page, values[(count * 95 + 99) / 100 - 1]);
		HTML(html, "</td><td>");
		html_duration(page, values[count - 1]);
		HTML(html, "</td></tr>\n");
	}
	free(values);
}

static void write_sum(struct html_page *page, const struct timed *timed)
{
	struct html *html = &page->html;
	int64_t all = 0;

	for (size_t i = 0; i < timed->count; i++)
		if (__builtin_add_overflow(all, timed->requests[i]->timing.total, &all))
			all = INT64_MAX;
	HTML(html, "<table class=\"sum\"><caption>Of ");
	html_count(page, timed->count, "request");
	HTML(html, " whose time is known, by phase</caption>\n<thead><tr><th scope=\"col\">Phase</th><th scope=\"col\">Share</th>"
		   "<th scope=\"col\">Requests</th><th scope=\"col\">Median</th><th scope=\"col\">95 %</th>"
		   "<th scope=\"col\">Longest</th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < HTTP_TIMING_PARTS; i++)
		write_part_row(page, timed, i, all);
	HTML(html, "</tbody></table>\n");
}

/* ---- the slowest ---- */

static void write_slow(struct html_page *page, const struct trace_http_request *request, int64_t longest)
{
	struct html *html = &page->html;

	HTML(html, "<li><p class=\"what\">");
	html_link(page, request->id);
	HTML(html, " ");
	html_text(html, request->method);
	HTML(html, " ");
	html_text(html, request->url);
	HTML(html, "</p>");
	write_bar(page, &request->timing, longest);
	html_forget(page);
	report_timing(&page->report, request);
	HTML(html, "<p class=\"parts\">");
	for (size_t i = 0; i < page->told.count; i++)
		html_report_text(html, page->told.lines[i].text);
	HTML(html, "</p>\n");
}

void html_timing(struct html_page *page)
{
	struct html *html = &page->html;
	struct timed timed = find_timed(page);
	size_t shown = timed.count < SLOWEST ? timed.count : SLOWEST;

	if (html_record_count(page, HTML_HTTP)) {
		HTML(html, "<section id=\"timing\" aria-labelledby=\"timing-title\">\n"
			   "<h2 id=\"timing-title\">Where the time went</h2>\n");
		if (!timed.count)
			HTML(html, "<p>Of no request both ends are in the capture.</p>\n");
	}
	if (timed.count) {
		HTML(html, "<div class=\"two\">\n");
		write_sum(page, &timed);
		HTML(html, "<div>\n<h3>The slowest</h3>\n<ol class=\"slow\">\n");
		for (size_t i = 0; i < shown; i++)
			write_slow(page, timed.requests[i], timed.requests[0]->timing.total);
		HTML(html, "</ol>\n</div>\n</div>\n");
	}
	if (html_record_count(page, HTML_HTTP))
		HTML(html, "</section>\n");
	free(timed.requests);
}
