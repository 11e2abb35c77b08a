/*
 * A connection that was captured on both sides of an address translation is one connection.
 */
#ifndef NETTRACE_CORRELATE_VIEWS_H
#define NETTRACE_CORRELATE_VIEWS_H

#include "store/trace.h"

/*
 * Joins the connections of a list (sorted by id) that conntrack says are one: what was seen before the translation stays, with the other
 * sight of it in `views`; what was seen after it goes, with all records and findings about it.
 */
void views_join(struct trace_list *list);

#endif
