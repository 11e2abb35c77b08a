#include "correlate/ranges.h"

#include "store/base.h"

#include <stdlib.h>
#include <string.h>

static struct range *all(struct ranges *ranges)
{
	return ranges->many ? ranges->many : &ranges->one;
}

/* Index of the first range that ends at or after `offset`. */
static uint32_t find(struct ranges *ranges, uint64_t offset)
{
	const struct range *range = all(ranges);
	uint32_t low = 0, high = ranges->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (range[middle].end < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void remove_after(struct ranges *ranges, uint32_t index, uint32_t n)
{
	struct range *range = all(ranges);

	memmove(range + index + 1, range + index + 1 + n, (ranges->count - index - 1 - n) * sizeof *range);
	ranges->count -= n;
}

static void insert(struct ranges *ranges, uint32_t index, struct range range)
{
	if (ranges->count >= 1 && ranges->count >= ranges->capacity) {
		uint32_t capacity = ranges->capacity ? ranges->capacity * 2 : 4;

		ranges->many = nt_realloc_array(ranges->many, capacity, sizeof *ranges->many);
		if (!ranges->capacity)
			ranges->many[0] = ranges->one;
		ranges->capacity = capacity;
	}
	memmove(all(ranges) + index + 1, all(ranges) + index, (ranges->count - index) * sizeof range);
	all(ranges)[index] = range;
	ranges->count++;
}

/* So many holes are an attack or nonsense: closing the narrowest one falsifies the count least. */
static void close_narrowest(struct ranges *ranges)
{
	struct range *range = all(ranges);
	uint32_t narrowest = 0;

	for (uint32_t i = 0; i + 1 < ranges->count; i++)
		if (range[i + 1].start - range[i].end < range[narrowest + 1].start - range[narrowest].end)
			narrowest = i;
	range[narrowest].end = range[narrowest + 1].end;
	remove_after(ranges, narrowest, 1);
}

uint64_t ranges_add(struct ranges *ranges, uint64_t start, uint64_t end, struct limit_hits *hits)
{
	struct range *range = all(ranges);
	uint64_t known = 0;
	uint32_t first, n = 0;

	if (start >= end)
		return 0;
	if (ranges->count && range[ranges->count - 1].end == start) { /* the usual case: the next segment */
		range[ranges->count - 1].end = end;
		return end - start;
	}
	first = find(ranges, start);
	while (first + n < ranges->count && range[first + n].start <= end) {
		const struct range *other = &range[first + n++];
		uint64_t from = other->start > start ? other->start : start, to = other->end < end ? other->end : end;

		known += to - from;
	}
	if (n == 0) {
		insert(ranges, first, (struct range){ start, end });
		if (ranges->count > LIMIT_SEQUENCE_RANGES) {
			limit_hit(hits, LIMIT_SEQUENCE_RANGES_HIT);
			close_narrowest(ranges);
		}
		return end - start;
	}
	if (start < range[first].start)
		range[first].start = start;
	if (range[first + n - 1].end > range[first].end)
		range[first].end = range[first + n - 1].end;
	if (end > range[first].end)
		range[first].end = end;
	remove_after(ranges, first, n - 1);
	return end - start - known;
}

void ranges_free(struct ranges *ranges)
{
	free(ranges->many);
	memset(ranges, 0, sizeof *ranges);
}
