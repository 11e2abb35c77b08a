#include "store/pairs.h"

#include "store/base.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Radix sort from the lowest byte up, each pass stable. */
enum { VALUES = 256, BYTES_OF_NUMBER = sizeof(uint32_t) };

typedef uint32_t number_of(const struct pair *pair);

static uint32_t key_of(const struct pair *pair)
{
	return pair->key;
}

static uint32_t index_of(const struct pair *pair)
{
	return pair->index;
}

/* Returns whether `to` has them now: a byte that is the same everywhere moves none. */
static inline bool pass(const struct pair *from, struct pair *to, size_t count, number_of *number, unsigned shift)
{
	size_t next[VALUES] = { 0 }, begin = 0;

	for (size_t i = 0; i < count; i++)
		next[number(&from[i]) >> shift & 0xff]++;
	if (next[number(&from[0]) >> shift & 0xff] == count)
		return false;
	for (int value = 0; value < VALUES; value++) {
		const size_t size = next[value];

		next[value] = begin;
		begin += size;
	}
	for (size_t i = 0; i < count; i++)
		to[next[number(&from[i]) >> shift & 0xff]++] = from[i];
	return true;
}

static inline void sort_by(struct pair **pairs, struct pair **other, size_t count, number_of *number)
{
	for (unsigned byte = 0; byte < BYTES_OF_NUMBER; byte++)
		if (pass(*pairs, *other, count, number, byte * 8)) {
			struct pair *sorted = *other;

			*other = *pairs;
			*pairs = sorted;
		}
}

static bool is_sorted(const struct pair *pairs, size_t count, number_of *number)
{
	for (size_t i = 1; i < count; i++)
		if (number(&pairs[i - 1]) > number(&pairs[i]))
			return false;
	return true;
}

void pairs_sort(struct pair *pairs, size_t count)
{
	struct pair *sorted = pairs, *other;

	if (count < 2)
		return;
	other = nt_realloc_array(NULL, count, sizeof *other);
	if (!is_sorted(pairs, count, index_of))
		sort_by(&sorted, &other, count, index_of);
	sort_by(&sorted, &other, count, key_of);
	if (sorted != pairs) {
		memcpy(pairs, sorted, count * sizeof *pairs);
		other = sorted;
	}
	free(other);
}
