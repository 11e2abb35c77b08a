/*
 * Dials, look-ups, connections, handshakes and requests on one axis of time: the entries of the readable report with real bars.
 *
 * Places are percentages of the axis in SVG attributes, as the policy of the page allows no style in an attribute.  The script zooms by
 * stretching what is here.
 */
#include "cli/html/html_page.h"

#include <math.h>
#include <string.h>

/* Begin and end in percent of the axis. */
struct place {
	double from, to;
};

struct waterfall {
	struct html_page *page;
	size_t entries, steps; /* written so far */
	size_t left_out;       /* entries */
	bool few;              /* entries stand open */
};

/* ---- places ---- */

static double percent(const struct report_span *axis, nt_time time)
{
	int64_t length, distance;
	double part;

	if (__builtin_sub_overflow(axis->end, axis->begin, &length) || __builtin_sub_overflow(time, axis->begin, &distance) ||
	    length <= 0)
		return 0;
	part = (double)distance * 100 / (double)length;
	return part < 0 ? 0 : part > 100 ? 100 : part;
}

static bool place_span(const struct html_page *page, struct report_span span, struct place *out)
{
	if (span.begin == NT_TIME_NONE || page->axis.begin == NT_TIME_NONE)
		return false;
	out->from = percent(&page->axis, span.begin);
	out->to = span.end == NT_TIME_NONE ? out->from : percent(&page->axis, span.end);
	if (out->to < out->from)
		out->to = out->from;
	return true;
}

/* ---- bars ---- */

/* The class of a step's colour in page.css. */
static const char *class_of(const struct report_said *step)
{
	if (strcmp(step->label, "TCP") == 0)
		return "tcp";
	if (strcmp(step->label, "UDP") == 0)
		return "udp";
	if (strcmp(step->label, "TLS") == 0 || strcmp(step->label, "QUIC") == 0)
		return "tls";
	return strcmp(step->label, "HTTP") == 0 ? "http" : "dns";
}

/* SVG does not draw what has no width at all: in percent. */
#define LEAST_WIDTH 0.0001

static void write_rectangle(struct html *html, const char *class, bool failed, struct place place)
{
	const double width = place.to - place.from;

	HTML(html, "<rect class=\"");
	html_words(html, "%s%s", class, failed ? " f" : "");
	HTML(html, "\" x=\"");
	html_words(html, "%.8g%%", place.from);
	HTML(html, "\" width=\"");
	html_words(html, "%.5g%%", width < LEAST_WIDTH ? LEAST_WIDTH : width);
	HTML(html, "\"/>");
}

/* A request has two parts: until the response begins, and the response. */
static void write_step_bars(struct html_page *page, const struct report_said *step)
{
	const struct trace_http_request *request =
		strcmp(step->label, "HTTP") == 0 ? trace_find_http_request(page->list, step->id) : NULL;
	struct place place, response;

	if (!place_span(page, step->span, &place))
		return;
	if (request && request->resp_begin != NT_TIME_NONE && request->resp_begin > step->span.begin &&
	    place_span(page, (struct report_span){ request->resp_begin, step->span.end }, &response)) {
		place.to = response.from;
		write_rectangle(&page->html, "http", step->failed, place);
		if (response.to > response.from)
			write_rectangle(&page->html, "body", step->failed, response);
		return;
	}
	write_rectangle(&page->html, class_of(step), step->failed, place);
}

/* In a lane with very many bars, those of one kind that a screen shows as one are one. */
static void write_joined_bars(struct html_page *page, const struct report_said *steps, size_t count)
{
	enum { SCREEN = 2000 };
	struct place joined = { 0, -1 }, place;
	const char *class = "";
	bool failed = false;

	for (size_t i = 0; i < count; i++) {
		if (steps[i].kind != REPORT_SAYS_STEP || !place_span(page, steps[i].span, &place))
			continue;
		if (joined.to >= joined.from && strcmp(class_of(&steps[i]), class) == 0 && steps[i].failed == failed &&
		    place.from >= joined.from && place.from <= joined.to + 100.0 / SCREEN) {
			joined.to = place.to > joined.to ? place.to : joined.to;
			continue;
		}
		if (joined.to >= joined.from)
			write_rectangle(&page->html, class, failed, joined);
		joined = place;
		class = class_of(&steps[i]);
		failed = steps[i].failed;
	}
	if (joined.to >= joined.from)
		write_rectangle(&page->html, class, failed, joined);
}

/* ---- a lane in words ---- */

static size_t count_steps(const struct report_said *lines, size_t count)
{
	size_t steps = 0;

	for (size_t i = 0; i < count; i++)
		steps += lines[i].kind == REPORT_SAYS_STEP;
	return steps;
}

/* "DNS 3.9 ms, TCP 0.1 ms failed": for who cannot see the bars, and for the tip. */
static void write_lane_label(struct html_page *page, const struct report_said *lines, size_t count)
{
	enum { NAMED = 8 };
	struct html *html = &page->html;
	size_t named = 0, steps = count_steps(lines, count);

	HTML(html, " role=\"img\" aria-label=\"");
	for (size_t i = 0; i < count && named < NAMED; i++) {
		if (lines[i].kind != REPORT_SAYS_STEP)
			continue;
		html_words(html, "%s%s ", named++ ? ", " : "", lines[i].label);
		html_between(page, lines[i].span.begin, lines[i].span.end);
		html_words(html, "%s", lines[i].failed ? " failed" : "");
	}
	if (named < steps)
		html_words(html, " and %zu more", steps - named);
	HTML(html, "\"");
}

static void write_lane(struct html_page *page, const struct report_said *lines, size_t count, bool described)
{
	struct html *html = &page->html;

	HTML(html, "<svg class=\"lane\"");
	if (described)
		write_lane_label(page, lines, count);
	else
		HTML(html, " aria-hidden=\"true\"");
	HTML(html, "><g>");
	if (count_steps(lines, count) > HTML_BARS || page->bars + count_steps(lines, count) > HTML_ALL_BARS) {
		write_joined_bars(page, lines, count);
		page->joined_lanes++;
	} else {
		page->bars += count_steps(lines, count);
		for (size_t i = 0; i < count; i++)
			if (lines[i].kind == REPORT_SAYS_STEP)
				write_step_bars(page, &lines[i]);
	}
	HTML(html, "</g></svg>");
}

/* ---- rows ---- */

static void write_subject(struct html_page *page, const struct report_said *line)
{
	struct html *html = &page->html;

	html_report_text(html, (struct bytes){ line->text.at, line->subject_size });
	if (line->subject_size == line->text.size)
		return;
	HTML(html, " <i>");
	html_report_text(html, (struct bytes){ line->text.at + line->subject_size, line->text.size - line->subject_size });
	HTML(html, "</i>");
}

static void write_step(struct html_page *page, const struct report_said *line)
{
	struct html *html = &page->html;

	HTML(html, "<li><span class=\"when\">");
	if (html_is_shown(page, line->id)) {
		HTML(html, "<a href=\"#");
		html_id(page, line->id);
		HTML(html, "\">");
		html_words(html, "%s", line->label);
		HTML(html, "</a>");
	} else {
		html_words(html, "%s", line->label);
	}
	HTML(html, "</span><span class=\"what\">");
	write_subject(page, line);
	HTML(html, "</span>");
	write_lane(page, line, 1, false);
	HTML(html, "\n");
}

static void write_more(struct html_page *page, const struct report_said *line)
{
	struct html *html = &page->html;

	HTML(html, "<li><span class=\"when\">");
	html_words(html, "%s", line->label);
	HTML(html, "</span><span class=\"what\"><i>");
	html_report_text(html, line->text);
	HTML(html, "</i></span>\n");
}

static bool any_failed(const struct report_said *lines, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (lines[i].failed)
			return true;
	return false;
}

static void write_title(struct html_page *page, const struct report_said *lines, size_t count, bool with_steps)
{
	struct html *html = &page->html;

	/* The way to the record; where there are steps, that is to them. */
	if (!with_steps && html_is_shown(page, lines[0].id)) {
		HTML(html, "<a class=\"when\" href=\"#");
		html_id(page, lines[0].id);
		HTML(html, "\">");
		html_offset(page, lines[0].at);
		HTML(html, "</a>");
	} else {
		HTML(html, "<span class=\"when\">");
		html_offset(page, lines[0].at);
		HTML(html, "</span>");
	}
	HTML(html, "<span class=\"what\">");
	write_subject(page, &lines[0]);
	HTML(html, "</span>");
	write_lane(page, lines, count, true);
}

static void write_steps(struct html_page *page, const struct report_said *lines, size_t count)
{
	struct html *html = &page->html;

	HTML(html, "\n<ul>\n");
	for (size_t i = 0; i < count; i++)
		if (lines[i].kind == REPORT_SAYS_STEP)
			write_step(page, &lines[i]);
		else
			write_more(page, &lines[i]);
	HTML(html, "</ul></details>\n");
}

/* A title with the lines that follow it. */
static void write_entry(struct waterfall *waterfall, const struct report_said *lines, size_t count)
{
	struct html_page *page = waterfall->page;
	struct html *html = &page->html;
	bool failed = any_failed(lines, count), with_steps = failed || waterfall->steps < HTML_STEPS;

	if (waterfall->entries++ >= HTML_ENTRIES) {
		waterfall->left_out++;
		return;
	}
	waterfall->steps += count - 1;
	with_steps = with_steps && count - 1 <= HTML_STEPS;
	if (with_steps) {
		HTML(html, "<details class=\"entry");
		html_words(html, "%s", failed ? " failed" : "");
		HTML(html, "\"");
		if (waterfall->few)
			HTML(html, " open");
		HTML(html, "><summary>");
		write_title(page, lines, count, true);
		HTML(html, "</summary>");
		write_steps(page, lines + 1, count - 1);
		return;
	}
	HTML(html, "<div class=\"entry");
	html_words(html, "%s", failed ? " failed" : "");
	HTML(html, "\">");
	write_title(page, lines, count, false);
	HTML(html, "</div>\n");
}

/* ---- the axis ---- */

/* Seconds between two marks: 1, 2 or 5 times a power of ten, so that there are up to six. */
static double step_of_marks(double seconds)
{
	static const double steps[] = { 1, 2, 5 };
	double unit = 1e-6;

	for (;; unit *= 10)
		for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
			if (seconds / (unit * steps[i]) <= 6)
				return unit * steps[i];
}

static void write_axis(struct html_page *page, double begin, double length)
{
	struct html *html = &page->html;
	double step = step_of_marks(length);
	char text[TEXT_SIZE];

	HTML(html, "<svg class=\"axis\" aria-hidden=\"true\"");
	html_attribute(html, "data-begin", bytes_of((snprintf(text, sizeof text, "%.9g", begin), text)));
	html_attribute(html, "data-length", bytes_of((snprintf(text, sizeof text, "%.9g", length), text)));
	HTML(html, ">");
	for (double mark = ceil(begin / step - 1e-9) * step; length > 0 && mark <= (begin + length) * (1 + 1e-12); mark += step) {
		double at = (mark - begin) * 100 / length;

		HTML(html, "<text x=\"");
		html_words(html, "%.6g%%", at);
		HTML(html, "\" y=\"12\"");
		if (at > 92)
			HTML(html, " text-anchor=\"end\"");
		HTML(html, ">");
		if (fabs(mark) < step / 2)
			html_words(html, "0");
		else if (begin + length >= 1)
			html_words(html, "%+.10g s", mark);
		else
			html_words(html, "%+.10g ms", mark * 1e3);
		HTML(html, "</text>");
	}
	HTML(html, "</svg>");
}

/* ---- the overview ---- */

enum { SLICES = 150, HEIGHT = 40 };

struct slices {
	unsigned all[SLICES], failed[SLICES], most;
};

static void count_slice(const struct html_page *page, struct slices *slices, nt_time at, bool failed)
{
	struct place place;
	size_t slice;

	if (!place_span(page, (struct report_span){ at, at }, &place))
		return;
	slice = (size_t)(place.from * SLICES / 100);
	slice = slice < SLICES ? slice : SLICES - 1;
	slices->all[slice]++;
	slices->failed[slice] += failed;
	if (slices->all[slice] > slices->most)
		slices->most = slices->all[slice];
}

static void count_slices(const struct html_page *page, struct slices *slices)
{
	const struct trace_list *list = page->list;

	for (size_t i = 0; i < html_record_count(page, HTML_DIALS); i++)
		count_slice(page, slices, list->dials[i].begin, list->dials[i].error.size > 0);
	for (size_t i = 0; i < html_record_count(page, HTML_TLS); i++)
		count_slice(page, slices, list->tls_tunnels[i].handshake_begin, list->tls_tunnels[i].error.size > 0);
	for (size_t i = 0; i < html_record_count(page, HTML_HTTP); i++)
		count_slice(page, slices, list->http_requests[i].req_sent,
			    list->http_requests[i].error.size > 0 || list->http_requests[i].status >= 400);
}

static void write_slice(struct html *html, const char *class, size_t at, double height)
{
	HTML(html, "<rect class=\"");
	html_words(html, "%s", class);
	HTML(html, "\" x=\"");
	html_words(html, "%zu", at);
	HTML(html, "\" width=\"0.8\" y=\"");
	html_words(html, "%.4g", HEIGHT - height);
	HTML(html, "\" height=\"");
	html_words(html, "%.4g", height);
	HTML(html, "\"/>");
}

static void write_overview(struct html_page *page)
{
	struct html *html = &page->html;
	struct slices slices = { { 0 }, { 0 }, 0 };

	count_slices(page, &slices);
	if (!slices.most)
		return;
	HTML(html, "<svg class=\"overview\" role=\"img\" viewBox=\"0 0 150 40\" preserveAspectRatio=\"none\" aria-label=\"");
	html_words(html, "How many dials, handshakes and requests began when: %u at most in one of %d slices; red failed",
		   slices.most, SLICES);
	HTML(html, "\">");
	for (size_t i = 0; i < SLICES; i++) {
		if (slices.all[i])
			write_slice(html, "all", i, 1 + (HEIGHT - 1) * (double)slices.all[i] / slices.most);
		if (slices.failed[i])
			write_slice(html, "f", i, 1 + (HEIGHT - 1) * (double)slices.failed[i] / slices.most);
	}
	HTML(html, "</svg>\n");
}

/* ---- all of it ---- */

static void write_key(struct html *html, const char *class, const char *name)
{
	HTML(html, "<li><svg class=\"key\" aria-hidden=\"true\">");
	write_rectangle(html, class, false, (struct place){ 0, 100 });
	HTML(html, "</svg>");
	html_words(html, "%s", name);
}

static void write_keys(struct html *html)
{
	HTML(html, "<ul class=\"keys\" aria-label=\"Colours\">");
	write_key(html, "dns", "DNS");
	write_key(html, "tcp", "TCP");
	write_key(html, "udp", "UDP");
	write_key(html, "tls", "TLS, QUIC");
	write_key(html, "http", "waiting for a response");
	write_key(html, "body", "response");
	HTML(html, "<li><svg class=\"key\" aria-hidden=\"true\"><rect class=\"f\" width=\"100%\"/></svg>failed</ul>\n");
}

static void write_told(struct waterfall *waterfall)
{
	struct html_page *page = waterfall->page;

	if (page->told.count)
		write_entry(waterfall, page->told.lines, page->told.count);
	html_forget(page);
}

/* Entries come one after the other: each is written when the next begins, and forgotten. */
static void listen(void *context, const struct report_said *said)
{
	struct waterfall *waterfall = context;

	if (said->kind == REPORT_SAYS_TITLE)
		write_told(waterfall);
	if (said->kind != REPORT_SAYS_LINE)
		html_listen(waterfall->page, said);
}

static size_t count_records(const struct html_page *page)
{
	size_t count = 0;

	for (int kind = 0; kind < HTML_KINDS; kind++)
		count += html_record_count(page, (enum html_kind)kind);
	return count;
}

static void write_entries(struct waterfall *waterfall)
{
	struct html_page *page = waterfall->page;

	html_forget(page);
	page->report.listener = listen;
	page->report.context = waterfall;
	report_timeline(&page->report);
	page->report.listener = html_listen;
	page->report.context = page;
	write_told(waterfall);
}

/* UDP that nothing is known of is in its table only. */
static void write_left_out(struct html_page *page, size_t left_out)
{
	struct html *html = &page->html;

	if (!left_out)
		return;
	HTML(html, "<p class=\"left-out\">");
	html_words(html, "… and %zu more, which are not drawn: the JSON trace has them.", left_out);
	HTML(html, "</p>\n");
}

void html_waterfall(struct html_page *page)
{
	struct html *html = &page->html;
	struct waterfall waterfall = { .page = page, .few = count_records(page) <= HTML_FEW };
	double begin = 0, length = 0;

	HTML(html, "<section id=\"waterfall\" aria-labelledby=\"waterfall-title\">\n<h2 id=\"waterfall-title\">Waterfall</h2>\n");
	if (page->axis.begin == NT_TIME_NONE) {
		HTML(html, "<p>No connections and no look-ups.</p>\n</section>\n");
		return;
	}
	begin = ((double)page->axis.begin - (double)page->output.begin) / (double)NT_SECOND;
	length = ((double)page->axis.end - (double)page->axis.begin) / (double)NT_SECOND;
	write_keys(html);
	if (!waterfall.few)
		write_overview(page);
	HTML(html, "<div class=\"chart");
	html_words(html, "%s", waterfall.few ? "" : " many");
	HTML(html, "\">\n<div class=\"scale\"><span class=\"when\">Begin, s</span><span class=\"what\"></span>");
	write_axis(page, begin, length);
	HTML(html, "</div>\n");
	write_entries(&waterfall);
	HTML(html, "</div>\n");
	write_left_out(page, waterfall.left_out);
	if (page->joined_lanes) {
		HTML(html, "<p class=\"left-out\">In ");
		html_count(page, page->joined_lanes, "lane");
		HTML(html, " with very many bars, those that a screen cannot tell apart are drawn as one.</p>\n");
	}
	HTML(html, "</section>\n");
}
