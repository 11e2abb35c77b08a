#include "cli/diff/diff_parts.h"

#include <stdlib.h>

/* ---- names ---- */

const char *diff_step_text(enum diff_step step)
{
	static const char *const texts[] = {
#define X(name, text) text,
		DIFF_STEP_LIST(X)
#undef X
	};

	return texts[step];
}

struct field_row {
	enum diff_step step;
	const char *member, *words;
};

static const struct field_row fields[] = {
#define X(name, step, json, words) { DIFF_##step, json, words },
	DIFF_FIELD_LIST(X)
#undef X
};

enum diff_step diff_field_step(enum diff_field field)
{
	return fields[field].step;
}

const char *diff_field_member(enum diff_field field)
{
	return fields[field].member;
}

const char *diff_field_words(enum diff_field field)
{
	return fields[field].words;
}

const char *diff_kind_text(enum diff_kind kind)
{
	static const char *const texts[] = { "request", "tls", "dial", "connection", "lookup" };

	return texts[kind];
}

/* ---- one trace ---- */

static void open_source(struct diff_source *source, struct diff_side *side, const struct output *output)
{
	const struct trace_list *list = output->list;

	side->output = output;
	*source = (struct diff_source){ .side = side, .list = list };
	report_index_build(&source->index, output);
	links_reserve(&source->redirect_of, list->http_request_count);
	for (size_t i = 0; i < list->http_request_count; i++)
		links_add(&source->redirect_of, list->http_requests[i].redirected_from, i);
	links_sort(&source->redirect_of);
	source->compared = nt_zalloc(list->tcp_conn_count + 1);
}

static void close_source(struct diff_source *source)
{
	report_index_clear(&source->index);
	links_free(&source->subject_of);
	links_free(&source->redirect_of);
	free(source->compared);
}

/* ---- findings ---- */

/* What a finding is about, so that the other side can be asked for the same. */
struct about {
	enum finding_code code;
	struct bytes host;
};

static int compare_abouts(const void *a, const void *b)
{
	const struct about *x = a, *y = b;

	if (x->code != y->code)
		return x->code < y->code ? -1 : 1;
	return diff_compare_bytes(x->host, y->host);
}

static const struct diff_subject *subject_with(const struct diff_source *source, trace_id id)
{
	const struct links subjects = links_children(&source->subject_of, id);

	return subjects.count ? &source->side->subjects[subjects.at[0].index] : NULL;
}

static const struct diff_subject *subject_of(const struct diff_source *source, const struct trace_finding *finding)
{
	const struct diff_subject *subject = subject_with(source, finding->request);

	if (!subject)
		subject = subject_with(source, finding->dial);
	for (size_t i = 0; !subject && i < finding->trace_count; i++)
		subject = subject_with(source, finding->traces[i]);
	return subject;
}

static struct about about(const struct diff_source *source, const struct trace_finding *finding)
{
	const struct diff_subject *subject = subject_of(source, finding);

	return (struct about){ finding->code, subject ? subject->host : (struct bytes){ 0 } };
}

static void compare_findings(const struct diff_source *source, const struct diff_source *other, struct arena *memory)
{
	const struct trace_list *list = source->list;
	const size_t other_count = other->list->finding_count;
	struct about *others = nt_realloc_array(NULL, other_count + 1, sizeof *others);
	struct diff_side *side = source->side;

	for (size_t i = 0; i < other_count; i++)
		others[i] = about(other, &other->list->findings[i]);
	if (other_count)
		qsort(others, other_count, sizeof *others, compare_abouts);
	side->findings = arena_alloc(memory, (list->finding_count + 1) * sizeof *side->findings);
	for (size_t i = 0; i < list->finding_count; i++) {
		const struct about one = about(source, &list->findings[i]);

		if (!bsearch(&one, others, other_count, sizeof one, compare_abouts))
			side->findings[side->finding_count++] =
				(struct diff_finding){ &list->findings[i], subject_of(source, &list->findings[i]) };
	}
	free(others);
}

/* ---- both ---- */

/* Time differs for many reasons: it is the first difference only where there is no other. */
static void find_first(struct diff *diff)
{
	const struct diff_pair *slower = NULL;

	for (size_t i = 0; i < diff->pair_count; i++) {
		const struct diff_pair *pair = &diff->pairs[i];

		if (!pair->change_count)
			continue;
		diff->differing_count++;
		if (diff_field_step(pair->changes[0].field) == DIFF_TIMING)
			slower = slower ? slower : pair;
		else if (!diff->first)
			diff->first = pair;
	}
	if (!diff->first)
		diff->first = slower;
}

void diff_make(struct diff *diff, const struct output *good_output, const struct output *bad_output)
{
	struct diff_source good, bad;

	*diff = (struct diff){ 0 };
	open_source(&good, &diff->good, good_output);
	open_source(&bad, &diff->bad, bad_output);
	diff_find_subjects(&good, &diff->memory);
	diff_find_subjects(&bad, &diff->memory);
	diff_align(diff);
	for (size_t i = 0; i < diff->pair_count; i++)
		diff_compare(&diff->pairs[i], &good, &bad, &diff->memory);
	compare_findings(&good, &bad, &diff->memory);
	compare_findings(&bad, &good, &diff->memory);
	find_first(diff);
	close_source(&good);
	close_source(&bad);
}

void diff_free(struct diff *diff)
{
	for (size_t i = 0; i < diff->pair_count; i++)
		free(diff->pairs[i].changes);
	free(diff->good.subjects);
	free(diff->bad.subjects);
	arena_free(&diff->memory);
	*diff = (struct diff){ 0 };
}

size_t diff_count_only(const struct diff_side *side)
{
	size_t count = 0;

	for (size_t i = 0; i < side->subject_count; i++)
		count += !side->subjects[i].pair && !side->subjects[i].unseen;
	return count;
}

static bool has_finding(const struct diff_side *side)
{
	for (size_t i = 0; i < side->finding_count; i++)
		if (side->findings[i].finding->severity != FINDING_INFO)
			return true;
	return false;
}

bool diff_found(const struct diff *diff)
{
	return diff->first || diff_count_only(&diff->good) || diff_count_only(&diff->bad) || has_finding(&diff->good) ||
	       has_finding(&diff->bad);
}
