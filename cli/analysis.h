/*
 * What belongs to an analysis beside its packets, for whoever reads inputs: what they lack, traces of the Go library, begin and end.
 */
#ifndef NETTRACE_CLI_ANALYSIS_H
#define NETTRACE_CLI_ANALYSIS_H

#include "cli/notes.h"
#include "cli/options.h"

/* How the options are told to the correlator.  `keylog` and `verifier` may be NULL; what they and the options point to must live on. */
struct correlate_options analysis_options(const struct options *options, const struct tls_keylog *keylog,
					  struct verifier *verifier);

/* Notes what the files themselves say that is missing from them; after the last packet, before correlator_finish(). */
void analysis_note_missing(const struct output *output, struct correlator *correlator);

/* Tells of lines of a key log (which may be NULL) that are none; after the last packet. */
void analysis_note_keys(const struct tls_keylog *keylog, const struct notes *notes);

/* Joins what traces of the Go library tell with the records of packets; `list` is sorted. */
void analysis_join_seeds(const struct output *output, struct trace_list *list);

/* Where the times of all records count from, as far as packets and a recording tell; NT_TIME_NONE if there was no packet. */
nt_time analysis_begin(const struct output *output);

/* Sets the end of the trace, and its begin and end to what traces of the Go library tell, if that is earlier or later. */
void analysis_set_span(struct output *output);

#endif
