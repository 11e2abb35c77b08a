/* The readable comparison: the verdict first, then every pair that differs, then what only one side has. */
#include "cli/diff/diff.h"

#include "cli/report/report.h"
#include "cli/timestamp.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

enum { COLUMN_FIELD = 26 };

struct writing {
	FILE *out;
	const struct diff *diff;
	bool verbose;
	size_t text_max, entries_max;
};

/* ---- parts of lines ---- */

static void print_texts(const struct writing *w, const struct diff_value *value)
{
	const size_t most = w->verbose || value->count <= REPORT_VALUES ? value->count : REPORT_VALUES;

	for (size_t i = 0; i < most; i++) {
		fputs(i ? ", " : "", w->out);
		text_print(w->out, value->texts[i], w->text_max);
	}
	if (value->count > most)
		fprintf(w->out, " and %zu more", value->count - most);
	if (!value->count)
		fputs("none", w->out);
}

static void print_value(const struct writing *w, const struct diff_value *value)
{
	char duration[TEXT_SIZE], date[TIMESTAMP_SIZE];

	switch (value->kind) {
	case DIFF_IS_NOTHING:
		fputs("none", w->out);
		break;
	case DIFF_IS_TEXT:
		text_print(w->out, value->text, w->text_max);
		break;
	case DIFF_IS_TEXTS:
		print_texts(w, value);
		break;
	case DIFF_IS_NUMBER:
		fprintf(w->out, "%" PRId64, value->number);
		break;
	case DIFF_IS_DATE:
		fputs(timestamp_seconds_text(value->number, date), w->out);
		break;
	case DIFF_IS_DURATION:
		fputs(text_duration(value->number, duration), w->out);
		break;
	case DIFF_IS_FLAG:
		fputs(value->number ? "yes" : "no", w->out);
		break;
	}
}

static void print_packet(const struct writing *w, const struct diff_side *side, struct packet_ref packet)
{
	if (output_input_count(side->output) > 1)
		fprintf(w->out, "%u:", (unsigned)packet.file + 1);
	fprintf(w->out, "#%" PRIu64, (uint64_t)packet.number);
}

static void print_evidence(const struct writing *w, const struct diff_change *change)
{
	const char *separator = "  [";

	if (change->good_packet.number) {
		fprintf(w->out, "%sgood ", separator);
		print_packet(w, &w->diff->good, change->good_packet);
		separator = ", ";
	}
	if (change->bad_packet.number) {
		fprintf(w->out, "%sbad ", separator);
		print_packet(w, &w->diff->bad, change->bad_packet);
		separator = ", ";
	}
	fputs(*separator == ',' ? "]" : "", w->out);
}

static void print_subject(const struct writing *w, const struct diff_subject *subject)
{
	static const char *const words[] = { "", "TLS to ", "dial to ", "connection to ", "look-up of " };
	const bool has_colon = subject->host.size && memchr(subject->host.at, ':', subject->host.size);

	fputs(subject->kind == DIFF_OF_TLS && subject->udp ? "QUIC to " : words[subject->kind], w->out);
	if (subject->kind == DIFF_OF_REQUEST) {
		text_print(w->out, subject->method, w->text_max);
		fputc(' ', w->out);
		text_print(w->out, subject->request->url, w->verbose ? 0 : REPORT_URL);
		return;
	}
	fputs(has_colon ? "[" : "", w->out);
	text_print(w->out, subject->host, w->text_max);
	fputs(has_colon ? "]" : "", w->out);
	if (subject->port)
		fprintf(w->out, ":%u", (unsigned)subject->port);
}

/* ---- head ---- */

static void print_first(const struct writing *w, const struct diff_pair *pair)
{
	const struct diff_change *change = &pair->changes[0];

	fputs("first difference: ", w->out);
	print_subject(w, pair->good);
	fprintf(w->out, ": %s: %s: ", diff_step_text(diff_field_step(change->field)), diff_field_words(change->field));
	print_value(w, &change->good);
	fputs(" in GOOD, ", w->out);
	print_value(w, &change->bad);
	fputs(" in BAD", w->out);
	print_evidence(w, change);
	fputc('\n', w->out);
}

static const struct diff_subject *first_only(const struct diff_side *side)
{
	for (size_t i = 0; i < side->subject_count; i++)
		if (!side->subjects[i].pair && !side->subjects[i].unseen)
			return &side->subjects[i];
	return NULL;
}

static bool print_first_only(const struct writing *w, const struct diff_side *side, const char *name)
{
	const struct diff_subject *subject = first_only(side);

	if (!subject)
		return false;
	fprintf(w->out, "first difference: only in %s: ", name);
	print_subject(w, subject);
	fputc('\n', w->out);
	return true;
}

/* Why only the bad one failed is worth more than any difference. */
static void print_causes(const struct writing *w)
{
	const struct diff_side *bad = &w->diff->bad;

	for (size_t i = 0; i < bad->finding_count; i++) {
		const struct trace_finding *finding = bad->findings[i].finding;

		if (!finding->root_cause)
			continue;
		fprintf(w->out, "%*sonly BAD fails: ", REPORT_HEAD, "");
		text_print(w->out, finding->message, 0);
		fputc('\n', w->out);
		return;
	}
}

static void print_verdict(const struct writing *w)
{
	const struct diff *diff = w->diff;

	fprintf(w->out, "%-*s", REPORT_HEAD, "verdict");
	if (diff->first)
		print_first(w, diff->first);
	else if (!print_first_only(w, &diff->bad, "BAD") && !print_first_only(w, &diff->good, "GOOD"))
		fprintf(w->out, "%s in what was compared: %zu pair%s\n",
			diff_found(diff) ? "findings differ, but nothing" : "no difference", diff->pair_count,
			report_plural(diff->pair_count));
	print_causes(w);
}

static void print_side(const struct writing *w, const struct diff_side *side, const char *title)
{
	const struct output *output = side->output;
	char time[TEXT_SIZE];

	fprintf(w->out, "%-*s", REPORT_HEAD, title);
	text_print(w->out, bytes_of(output->description), 0);
	if (output->begin != NT_TIME_NONE)
		fprintf(w->out, "; %s", text_time(output->begin, time));
	if (output->begin != NT_TIME_NONE && output->end != NT_TIME_NONE)
		fprintf(w->out, ", %s", text_between(output->begin, output->end, time));
	fputc('\n', w->out);
}

static size_t count_unseen(const struct diff_side *side)
{
	size_t count = 0;

	for (size_t i = 0; i < side->subject_count; i++)
		count += side->subjects[i].unseen;
	return count;
}

static void print_unseen(const struct writing *w, const struct diff_side *side, const char *name, const char *other)
{
	const size_t count = count_unseen(side);

	if (count)
		fprintf(w->out, "%*s%zu request%s of %s cannot be compared: %s has TLS there that was not decrypted\n", REPORT_HEAD,
			"", count, report_plural(count), name, other);
}

static void print_head(const struct writing *w)
{
	const struct diff *diff = w->diff;

	print_verdict(w);
	print_side(w, &diff->good, "good");
	print_side(w, &diff->bad, "bad");
	fprintf(w->out, "%-*s%zu pair%s, %zu with differences; %zu only in GOOD, %zu only in BAD\n", REPORT_HEAD, "compared",
		diff->pair_count, report_plural(diff->pair_count), diff->differing_count, diff_count_only(&diff->good),
		diff_count_only(&diff->bad));
	print_unseen(w, &diff->good, "GOOD", "BAD");
	print_unseen(w, &diff->bad, "BAD", "GOOD");
}

/* ---- pairs ---- */

static bool is_same_title(const struct diff_subject *a, const struct diff_subject *b)
{
	return a->kind == b->kind && a->port == b->port && bytes_equal(a->path, b->path) && bytes_equal(a->method, b->method);
}

static void print_pair(const struct writing *w, const struct diff_pair *pair)
{
	fputc('\n', w->out);
	print_subject(w, pair->good);
	if (!is_same_title(pair->good, pair->bad)) {
		fputs("  ~  ", w->out);
		print_subject(w, pair->bad);
	}
	fputs(pair->change_count ? "\n" : "   no difference\n", w->out);
	for (size_t i = 0; i < pair->change_count; i++) {
		const struct diff_change *change = &pair->changes[i];
		const enum diff_step step = diff_field_step(change->field);
		const bool said = i > 0 && diff_field_step(change[-1].field) == step;

		fprintf(w->out, "  %-10s%-*s", said ? "" : diff_step_text(step), COLUMN_FIELD, diff_field_words(change->field));
		print_value(w, &change->good);
		fputs("  ->  ", w->out);
		print_value(w, &change->bad);
		print_evidence(w, change);
		fputc('\n', w->out);
	}
}

static void print_hidden(const struct writing *w, size_t count)
{
	if (count)
		fprintf(w->out, "  … and %zu more (-v shows all)\n", count);
}

static void print_pairs(const struct writing *w)
{
	size_t shown = 0, hidden = 0;

	for (size_t i = 0; i < w->diff->pair_count; i++) {
		const struct diff_pair *pair = &w->diff->pairs[i];

		if (!pair->change_count && !w->verbose)
			continue;
		if (shown == w->entries_max) {
			hidden++;
			continue;
		}
		print_pair(w, pair);
		shown++;
	}
	print_hidden(w, hidden);
}

/* ---- what only one side has ---- */

static void print_only(const struct writing *w, const struct diff_side *side, const char *name)
{
	size_t shown = 0, hidden = 0;

	for (size_t i = 0; i < side->subject_count; i++) {
		const struct diff_subject *subject = &side->subjects[i];

		if (subject->pair || subject->unseen)
			continue;
		if (shown == w->entries_max) {
			hidden++;
			continue;
		}
		if (!shown++)
			fprintf(w->out, "\nonly in %s\n", name);
		fputs("  ", w->out);
		print_subject(w, subject);
		if (subject->request && subject->request->status)
			fprintf(w->out, " -> %u", (unsigned)subject->request->status);
		fputc('\n', w->out);
	}
	print_hidden(w, hidden);
}

static void print_finding(const struct writing *w, const struct diff_side *side, const struct trace_finding *finding)
{
	fprintf(w->out, "  %s: ", finding_severity_text(finding->severity));
	text_print(w->out, finding->message, 0);
	if (finding->more)
		fprintf(w->out, " (and %" PRIu64 " more of this kind)", finding->more);
	fprintf(w->out, "  %s", finding_code_text(finding->code));
	for (size_t i = 0; i < finding->packet_count; i++) {
		fputs(i ? ", " : "  [", w->out);
		print_packet(w, side, finding->packets[i].packet);
	}
	fputs(finding->packet_count ? "]\n" : "\n", w->out);
}

static void print_findings(const struct writing *w, const struct diff_side *side, const char *name)
{
	size_t shown = 0, hidden = 0;

	for (size_t i = 0; i < side->finding_count; i++) {
		const struct trace_finding *finding = side->findings[i].finding;

		if (finding->severity == FINDING_INFO && !w->verbose)
			continue;
		if (shown == w->entries_max) {
			hidden++;
			continue;
		}
		if (!shown++)
			fprintf(w->out, "\nfindings only in %s\n", name);
		print_finding(w, side, finding);
	}
	print_hidden(w, hidden);
}

bool diff_report(FILE *out, const struct diff *diff)
{
	const bool verbose = diff->good.output->verbose;
	const struct writing w = { .out = out,
				   .diff = diff,
				   .verbose = verbose,
				   .text_max = verbose ? 0 : REPORT_TEXT,
				   .entries_max = verbose ? SIZE_MAX : REPORT_ENTRIES };

	errno = 0;
	print_head(&w);
	print_pairs(&w);
	print_only(&w, &diff->good, "GOOD");
	print_only(&w, &diff->bad, "BAD");
	print_findings(&w, &diff->bad, "BAD");
	print_findings(&w, &diff->good, "GOOD");
	return fflush(out) == 0 && !ferror(out);
}
