/* Lines of the report: how they begin, the bars of steps, and where a long one goes on. */
#include "cli/report/report.h"

#include <stdlib.h>
#include <string.h>

bool report_open_lines(struct report *report, FILE *to)
{
	report->to = to;
	report->hang = REPORT_HEAD;
	report->out = open_memstream(&report->line, &report->line_size);
	return report->out != NULL;
}

bool report_close_lines(struct report *report)
{
	bool good = fclose(report->out) == 0 && (!report->to || !ferror(report->to));

	free(report->line);
	return good;
}

/* ---- the end of a line ---- */

/* Bytes of a colour: they take no column. */
static size_t sequence_size(const char *text, size_t size)
{
	const char *end = size > 1 && text[0] == '\033' ? memchr(text, 'm', size) : NULL;

	return end ? (size_t)(end - text) + 1 : 0;
}

static bool goes_on(char byte)
{
	return ((uint8_t)byte & 0xc0) == 0x80;
}

/* A space between two parts of what is said, not within one. */
static bool is_gap(const char *text, size_t at, size_t size)
{
	return strchr(",;: ", text[at - 1]) || (at + 1 < size && strchr(" [", text[at + 1]));
}

/* A gap before this column would leave too much of the line empty. */
enum { EARLIEST_GAP = REPORT_WIDTH * 2 / 3 };

/* How much of the text fits before the last column: up to a gap or else a space behind the column `first`, else as much as there is room. */
static size_t fitting(const char *text, size_t size, size_t column, size_t first)
{
	size_t at = 0, gap = 0, space = 0, sequence;

	while (at < size) {
		sequence = sequence_size(text + at, size - at);
		if (sequence) {
			at += sequence;
			continue;
		}
		if (!goes_on(text[at])) {
			if (column == REPORT_WIDTH)
				return gap ? gap : space ? space : at;
			if (text[at] == ' ' && column > first && at)
				*(column >= EARLIEST_GAP && is_gap(text, at, size) ? &gap : &space) = at;
			column++;
		}
		at++;
	}
	return size;
}

static void print_folded(const struct report *report)
{
	const char *text = report->line;
	size_t left = report->line_size, column = 0;

	for (;;) {
		size_t size = fitting(text, left, column, report->hang), shown = size;

		while (size < left && shown && text[shown - 1] == ' ')
			shown--;
		fwrite(text, 1, shown, report->to);
		while (size < left && text[size] == ' ')
			size++;
		text += size;
		left -= size;
		if (!left)
			return;
		column = report->hang;
		fprintf(report->to, "\n%*s", (int)column, "");
	}
}

static void tell(struct report *report)
{
	report->said.text = (struct bytes){ (const uint8_t *)report->line, report->line_size };
	report->listener(report->context, &report->said);
	report->said = (struct report_said){ .label = "" };
	rewind(report->out);
}

void report_end_line(struct report *report)
{
	fflush(report->out);
	if (report->listener) {
		tell(report);
		return;
	}
	if (report->verbose)
		fwrite(report->line, 1, report->line_size, report->to);
	else
		print_folded(report);
	fputc('\n', report->to);
	rewind(report->out);
	report->hang = REPORT_HEAD;
}

/* ---- the beginning of a line ---- */

void report_begin_head(struct report *report, const char *title)
{
	if (report->listener)
		report->said = (struct report_said){ .kind = REPORT_SAYS_HEAD, .label = title };
	else
		fprintf(report->out, "%-*s", REPORT_HEAD, title);
}

void report_begin_title(struct report *report, trace_id id, nt_time at)
{
	int64_t offset;

	report->hang = REPORT_HEAD + 1;
	if (report->listener)
		report->said = (struct report_said){ .kind = REPORT_SAYS_TITLE, .label = "", .id = id, .at = at };
	else if (at == NT_TIME_NONE || report->output->begin == NT_TIME_NONE ||
		 __builtin_sub_overflow(at, report->output->begin, &offset))
		fputs("+?       ", report->out);
	else
		fprintf(report->out, "%+.3f s  ", (double)(offset / NT_MICROSECOND) / 1e6);
}

static void begin_label(struct report *report, const char *label)
{
	fprintf(report->out, "  %-5s ", label);
	report->hang = REPORT_STEP;
}

void report_begin_line(struct report *report, const char *label)
{
	if (report->listener) {
		report->said = (struct report_said){ .kind = REPORT_SAYS_MORE, .label = label };
		return;
	}
	begin_label(report, label);
	fprintf(report->out, "%*s", REPORT_BAR + 2, "");
}

void report_begin_more(struct report *report)
{
	report_begin_line(report, "");
}

/* ---- bars ---- */

struct bar_marks {
	const char *empty, *busy, *failed;
};

static const struct bar_marks plain_marks = { ".", "=", "x" };
static const struct bar_marks block_marks = { "·", "█", "▒" };

/* From the begin of the axis, as a part of its length: below 0 or above 1 outside of it. */
static double place(const struct report_span *axis, nt_time time)
{
	int64_t length, distance;

	if (__builtin_sub_overflow(axis->end, axis->begin, &length) || __builtin_sub_overflow(time, axis->begin, &distance))
		return 0;
	return length > 0 ? (double)distance / (double)length : 0;
}

/* Columns of a bar.  What took no time that can be seen still gets one. */
struct bar {
	unsigned begin, end;
};

static struct bar place_bar(const struct report_span *axis, struct report_span span)
{
	double from = place(axis, span.begin) * REPORT_BAR, to;
	struct bar bar;

	to = span.end == NT_TIME_NONE ? from : place(axis, span.end) * REPORT_BAR;
	bar.begin = from < 0 ? 0 : from >= REPORT_BAR ? REPORT_BAR - 1 : (unsigned)from;
	bar.end = to < 0 ? 0 : to >= REPORT_BAR ? REPORT_BAR : (unsigned)(to + 0.5);
	if (bar.end <= bar.begin)
		bar.end = bar.begin + 1;
	return bar;
}

static void repeat(struct report *report, const char *mark, unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++)
		fputs(mark, report->out);
}

static void print_bar(struct report *report, struct report_span span, bool failed)
{
	const struct bar_marks *marks = report->output->blocks ? &block_marks : &plain_marks;
	struct bar bar = { 0, 0 };

	if (span.begin != NT_TIME_NONE && report->axis.begin != NT_TIME_NONE)
		bar = place_bar(&report->axis, span);
	repeat(report, marks->empty, 0, bar.begin);
	if (failed)
		report_red(report, true);
	repeat(report, failed ? marks->failed : marks->busy, bar.begin, bar.end);
	if (failed)
		report_red(report, false);
	repeat(report, marks->empty, bar.end, REPORT_BAR);
}

void report_end_subject(struct report *report)
{
	if (!report->listener)
		return;
	fflush(report->out);
	report->said.subject_size = report->line_size;
}

void report_begin_step(struct report *report, const char *label, trace_id id, struct report_span span, bool failed)
{
	if (report->listener) {
		report->said =
			(struct report_said){ .kind = REPORT_SAYS_STEP, .label = label, .id = id, .span = span, .failed = failed };
		return;
	}
	begin_label(report, label);
	print_bar(report, span, failed);
	fputs("  ", report->out);
}
