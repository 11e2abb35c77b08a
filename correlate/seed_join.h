/*
 * Traces of the seed library beside the records that packets gave.
 */
#ifndef NETTRACE_CORRELATE_SEED_JOIN_H
#define NETTRACE_CORRELATE_SEED_JOIN_H

#include "correlate/seed_trace.h"

/*
 * Adds the records of a trace to a sorted list, which stays sorted.  `input` is the index of the trace among the inputs.  IDs stay what
 * they are in the trace if the list was empty.
 */
void seed_join(struct trace_list *list, const struct seed_trace *trace, uint32_t input);

/*
 * What the records that only such traces tell of say about failures, as findings: those of the list are put in order again.  The sentences
 * say where the knowledge is from.
 */
void seed_findings(struct trace_list *list);

#endif
