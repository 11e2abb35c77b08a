/*
 * Traces of the seed library beside the records that packets gave.
 */
#ifndef NETTRACE_CORRELATE_SEED_JOIN_H
#define NETTRACE_CORRELATE_SEED_JOIN_H

#include "correlate/seed_trace.h"

/*
 * Joins the records of a trace with those of a sorted list, which stays sorted.  Records of both are found by addresses and time, by
 * connection, name, method and URL; what packets do not tell of them is filled from the trace, and marked as such.  The others are added,
 * with IDs above all of the list, or their own if it was empty.  `input` is the index of the trace among the inputs.
 *
 * The trace must live as long as the list is used.
 */
void seed_join(struct trace_list *list, const struct seed_trace *trace, uint32_t input);

/*
 * What such traces say about failures that no finding of the list explains, as findings, all of which are put in order again.  The
 * sentences say where the knowledge is from.
 */
void seed_findings(struct trace_list *list);

#endif
