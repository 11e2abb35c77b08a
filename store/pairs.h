/*
 * Long lists of numbers, each with the place where it is from, put in order: in time that grows with their count only, where qsort() would be
 * felt.
 */
#ifndef NETTRACE_STORE_PAIRS_H
#define NETTRACE_STORE_PAIRS_H

#include <stddef.h>
#include <stdint.h>

struct pair {
	uint32_t key, index;
};

void pairs_sort(struct pair *pairs, size_t count); /* by key, then by index */

#endif
