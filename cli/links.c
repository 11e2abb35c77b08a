#include "cli/links.h"

#include <stdlib.h>
#include <string.h>

void links_reserve(struct links *links, size_t count)
{
	links->at = nt_realloc_array(NULL, count, sizeof *links->at);
	links->count = 0;
}

void links_add(struct links *links, trace_id parent, size_t index)
{
	if (parent)
		links->at[links->count++] = (struct pair){ parent, (uint32_t)index };
}

void links_sort(struct links *links)
{
	pairs_sort(links->at, links->count);
}

void links_sort_unique(struct links *links)
{
	size_t count = 0;

	links_sort(links);
	for (size_t i = 0; i < links->count; i++)
		if (count == 0 || memcmp(&links->at[count - 1], &links->at[i], sizeof *links->at) != 0)
			links->at[count++] = links->at[i];
	links->count = count;
}

void links_free(struct links *links)
{
	free(links->at);
	*links = (struct links){ 0 };
}

/* The first link whose parent is not below. */
static size_t lower_bound(const struct links *links, uint64_t parent)
{
	size_t low = 0, high = links->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (links->at[middle].key < parent)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct links links_children(const struct links *links, trace_id parent)
{
	size_t from, to;

	if (!parent || !links->count)
		return (struct links){ 0 };
	from = lower_bound(links, parent);
	to = lower_bound(links, (uint64_t)parent + 1);
	return (struct links){ links->at + from, to - from };
}
