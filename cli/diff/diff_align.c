/* Which subject of one trace is which of the other: in several passes, from all that names them to the host alone. */
#include "cli/diff/diff_parts.h"

#include <stdlib.h>
#include <string.h>

int diff_compare_bytes(struct bytes a, struct bytes b)
{
	const size_t common = a.size < b.size ? a.size : b.size;
	const int order = common ? memcmp(a.at, b.at, common) : 0;

	if (order)
		return order;
	return a.size < b.size ? -1 : a.size > b.size;
}

/* What must be the same for two to be paired. */
enum { BY_KIND = 1, BY_PORT = 2, BY_PATH = 4, BY_METHOD = 8, REQUESTS_ONLY = 16 };

/* Other paths are other requests; but one that failed earlier may stand for a request that it never sent. */
static const unsigned passes[] = {
	REQUESTS_ONLY | BY_PORT | BY_PATH | BY_METHOD,
	REQUESTS_ONLY | BY_PATH | BY_METHOD,
	REQUESTS_ONLY | BY_PATH,
	BY_KIND | BY_PORT,
	BY_PORT,
	0,
};

static int compare_keys(const struct diff_subject *a, const struct diff_subject *b, unsigned pass)
{
	int order = diff_compare_bytes(a->host, b->host);

	if (!order && pass & BY_KIND)
		order = a->kind < b->kind ? -1 : a->kind > b->kind;
	if (!order && pass & BY_PORT)
		order = a->port < b->port ? -1 : a->port > b->port;
	if (!order && pass & BY_PATH)
		order = diff_compare_bytes(a->path, b->path);
	if (!order && pass & BY_METHOD)
		order = diff_compare_bytes(a->method, b->method);
	return order;
}

static int compare_subjects(const void *a, const void *b, void *context)
{
	const struct diff_subject *x = *(struct diff_subject *const *)a, *y = *(struct diff_subject *const *)b;
	const int order = compare_keys(x, y, *(const unsigned *)context);

	return order ? order : x < y ? -1 : x > y; /* they lie in the order of time */
}

struct queue {
	struct diff_subject **at;
	size_t count;
};

static struct queue queue_of(struct diff_side *side, unsigned pass)
{
	struct queue queue = { nt_realloc_array(NULL, side->subject_count + 1, sizeof *queue.at), 0 };

	for (size_t i = 0; i < side->subject_count; i++)
		if (!side->subjects[i].pair && (!(pass & REQUESTS_ONLY) || side->subjects[i].kind == DIFF_OF_REQUEST))
			queue.at[queue.count++] = &side->subjects[i];
	if (queue.count)
		qsort_r(queue.at, queue.count, sizeof *queue.at, compare_subjects, &pass);
	return queue;
}

static size_t end_of_group(const struct queue *queue, size_t from, unsigned pass)
{
	size_t to = from;

	while (to < queue->count && compare_keys(queue->at[from], queue->at[to], pass) == 0)
		to++;
	return to;
}

static void make_pair(struct diff *diff, struct diff_subject *good, struct diff_subject *bad)
{
	struct diff_pair *pair = arena_zalloc(&diff->memory, sizeof *pair);

	pair->good = good;
	pair->bad = bad;
	good->pair = bad->pair = pair;
	diff->pair_count++;
}

/* The next in a group that is not paired, from *at on; NULL if there is none. */
static struct diff_subject *next_of(const struct queue *queue, size_t *at, size_t to, bool others_only)
{
	for (; *at < to; (*at)++) {
		struct diff_subject *subject = queue->at[*at];

		if (!subject->pair && (!others_only || subject->kind != DIFF_OF_REQUEST))
			return subject;
	}
	return NULL;
}

static void pair_group(struct diff *diff, const struct queue *good, size_t from, size_t to, const struct queue *bad,
		       size_t bad_from, size_t bad_to, unsigned pass)
{
	size_t any = bad_from, other = bad_from;

	for (size_t i = from; i < to; i++) {
		const bool others_only = !(pass & REQUESTS_ONLY) && good->at[i]->kind == DIFF_OF_REQUEST;
		struct diff_subject *partner = next_of(bad, &other, bad_to, true);

		if (!others_only && !partner)
			partner = next_of(bad, &any, bad_to, false);
		if (partner)
			make_pair(diff, good->at[i], partner);
	}
}

static void run_pass(struct diff *diff, unsigned pass)
{
	struct queue good = queue_of(&diff->good, pass), bad = queue_of(&diff->bad, pass);

	for (size_t i = 0, k = 0; i < good.count && k < bad.count;) {
		const int order = compare_keys(good.at[i], bad.at[k], pass);
		const size_t good_end = order <= 0 ? end_of_group(&good, i, pass) : i;
		const size_t bad_end = order >= 0 ? end_of_group(&bad, k, pass) : k;

		if (order == 0)
			pair_group(diff, &good, i, good_end, &bad, k, bad_end, pass);
		i = good_end;
		k = bad_end;
	}
	free(good.at);
	free(bad.at);
}

/* ---- requests that the other side may have ---- */

static bool is_opaque(const struct diff_subject *subject)
{
	return subject->kind == DIFF_OF_TLS && subject->tunnel->done && !subject->tunnel->decrypted;
}

static int by_host(const void *a, const void *b)
{
	const struct diff_subject *x = *(struct diff_subject *const *)a, *y = *(struct diff_subject *const *)b;

	return compare_keys(x, y, BY_PORT);
}

static void mark_unseen(struct diff_side *side, const struct diff_side *other)
{
	const struct diff_subject **opaque = nt_realloc_array(NULL, other->subject_count + 1, sizeof *opaque);
	size_t count = 0;

	for (size_t i = 0; i < other->subject_count; i++)
		if (is_opaque(&other->subjects[i]))
			opaque[count++] = &other->subjects[i];
	if (count)
		qsort(opaque, count, sizeof *opaque, by_host);
	for (size_t i = 0; count && i < side->subject_count; i++) {
		struct diff_subject *subject = &side->subjects[i];

		if (!subject->pair && subject->request && subject->tunnel)
			subject->unseen = bsearch(&subject, opaque, count, sizeof *opaque, by_host) != NULL;
	}
	free(opaque);
}

/* ---- all of them ---- */

static void list_pairs(struct diff *diff)
{
	struct diff_pair *pairs = arena_alloc(&diff->memory, (diff->pair_count + 1) * sizeof *pairs);
	size_t count = 0;

	for (size_t i = 0; i < diff->good.subject_count; i++) {
		struct diff_subject *good = &diff->good.subjects[i];

		if (!good->pair)
			continue;
		pairs[count] = *good->pair;
		good->pair = pairs[count].bad->pair = &pairs[count];
		count++;
	}
	diff->pairs = pairs;
}

void diff_align(struct diff *diff)
{
	for (size_t i = 0; i < sizeof passes / sizeof *passes; i++)
		run_pass(diff, passes[i]);
	list_pairs(diff);
	mark_unseen(&diff->good, &diff->bad);
	mark_unseen(&diff->bad, &diff->good);
}
