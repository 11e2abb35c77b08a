/*
 * Which records belong to which: the children of each record, found without a search through all of them.
 */
#ifndef NETTRACE_CLI_LINKS_H
#define NETTRACE_CLI_LINKS_H

#include "store/base.h"
#include "store/pairs.h"
#include "store/trace_id.h"

/* Pairs of a parent and the index of a child in its list, of which LIMIT_RECORDS is the longest; sorted.  Zeroed memory has none. */
struct links {
	struct pair *at; /* owned, but for what links_children() returns */
	size_t count;
};

/* Begin, add at most `count`, sort; links_free() in the end. */
void links_reserve(struct links *links, size_t count);
void links_add(struct links *links, trace_id parent, size_t index); /* nothing for parent 0 */
void links_sort(struct links *links);
void links_sort_unique(struct links *links); /* what was added twice is there once */
void links_free(struct links *links);

struct links links_children(const struct links *links, trace_id parent); /* a view into `links` */

#endif
