#include "correlate/seed_ids.h"

#include "correlate/seed_values.h"

#include <stdlib.h>
#include <string.h>

/* So that those of all traces of a file have room beside each other. */
enum { LARGEST_KEPT = 1 << 24 };

struct known {
	struct bytes text;
	const void *record;
	unsigned kind;
	size_t order;
	trace_id id;
};

struct by_record {
	const void *record;
	trace_id id;
};

struct seed_ids {
	struct known *known; /* by text, then in the order of adding */
	struct by_record *by_record;
	size_t count, capacity;
};

struct seed_ids *seed_ids_new(void)
{
	return nt_zalloc(sizeof(struct seed_ids));
}

void seed_ids_free(struct seed_ids *ids)
{
	if (!ids)
		return;
	free(ids->known);
	free(ids->by_record);
	free(ids);
}

void seed_ids_add(struct seed_ids *ids, const void *record, struct bytes text, unsigned kind)
{
	if (ids->count == ids->capacity) {
		ids->capacity = ids->capacity ? ids->capacity * 2 : 64;
		ids->known = nt_realloc_array(ids->known, ids->capacity, sizeof *ids->known);
	}
	ids->known[ids->count] = (struct known){ .text = text, .record = record, .kind = kind, .order = ids->count };
	ids->count++;
}

static int compare_texts(struct bytes a, struct bytes b)
{
	size_t size = a.size < b.size ? a.size : b.size;
	int order = size ? memcmp(a.at, b.at, size) : 0;

	return order ? order : a.size < b.size ? -1 : a.size > b.size;
}

static int by_text(const void *a, const void *b)
{
	const struct known *x = a, *y = b;
	int order = compare_texts(x->text, y->text);

	return order ? order : x->order < y->order ? -1 : x->order > y->order;
}

static int compare_records(const void *a, const void *b)
{
	const struct by_record *x = a, *y = b;

	return (uintptr_t)x->record < (uintptr_t)y->record ? -1 : (uintptr_t)x->record > (uintptr_t)y->record;
}

trace_id seed_ids_assign(struct seed_ids *ids)
{
	trace_id last = 0;

	if (!ids->count)
		return 0;
	qsort(ids->known, ids->count, sizeof *ids->known, by_text);
	for (size_t i = 0; i < ids->count; i++) {
		bool again = i > 0 && bytes_equal(ids->known[i].text, ids->known[i - 1].text);

		/* "tid-07" is not "tid-7", but its number is. */
		if (!again && ids->known[i].text.size > 4 && ids->known[i].text.at[4] != '0')
			ids->known[i].id = seed_id_number(ids->known[i].text);
		if (ids->known[i].id > LARGEST_KEPT)
			ids->known[i].id = 0;
		if (ids->known[i].id > last)
			last = ids->known[i].id;
	}
	ids->by_record = nt_realloc_array(NULL, ids->count, sizeof *ids->by_record);
	for (size_t i = 0; i < ids->count; i++) {
		if (!ids->known[i].id)
			ids->known[i].id = ++last;
		ids->by_record[i] = (struct by_record){ ids->known[i].record, ids->known[i].id };
	}
	qsort(ids->by_record, ids->count, sizeof *ids->by_record, compare_records);
	return last;
}

trace_id seed_ids_of(const struct seed_ids *ids, const void *record)
{
	const struct by_record key = { .record = record };
	const struct by_record *found = ids->count ? bsearch(&key, ids->by_record, ids->count, sizeof key, compare_records) : NULL;

	return found ? found->id : 0;
}

trace_id seed_ids_find(const struct seed_ids *ids, struct bytes text, unsigned kinds)
{
	enum { MOST_ALIKE = 8 }; /* in a trace that is well-formed no two are */
	size_t low = 0, high = ids->count, end;

	if (!text.size)
		return 0;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_texts(ids->known[middle].text, text) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	end = ids->count - low < MOST_ALIKE ? ids->count : low + MOST_ALIKE;
	for (; low < end && bytes_equal(ids->known[low].text, text); low++)
		if (ids->known[low].kind & kinds)
			return ids->known[low].id;
	return 0;
}
