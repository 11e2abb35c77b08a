/*
 * The trace that the seed library (lf-edge/eve-libs nettrace) wrote, read back into records: the JSON of its HTTPTrace, in all its forms, and
 * so also ours.
 *
 * What it tells is taken as it is: times are the program's own, of whole milliseconds, and stand before the packets that they caused.
 */
#ifndef NETTRACE_CORRELATE_SEED_TRACE_H
#define NETTRACE_CORRELATE_SEED_TRACE_H

#include "correlate/correlate.h"
#include "correlate/seed_json.h"
#include "store/trace.h"

struct seed_trace {
	nt_time begin;  /* traceBeginAt; of a device without a clock 1970 */
	nt_time end;    /* traceEndAt, else the last time in it */
	bool has_clock; /* traceBeginAt is a time that can be */
	struct trace_list
		list; /* sorted; every record has `seed`, with alone set.  IDs are unique, and the trace's own as far as possible */
	trace_id last_id; /* the largest of them */
};

struct seed_traces {
	struct seed_trace *at;
	size_t count;
	struct seed_json_damage damage;
};

/* Whether a text may be one: JSON, by its first bytes. */
bool seed_trace_looks_like(struct bytes first);

/*
 * Reads a text that holds one trace, an array of them, or several one after the other.  Of `options` those about HTTP count, and the hash
 * seed.  NT_EFORMAT: nothing in it is such a trace; NT_EDAMAGED: it is JSON at the beginning, and nothing of it could be read.  Otherwise
 * NT_OK, with what is wrong with it in out->damage.  `hits` must live as long as the traces.
 */
enum nt_status seed_traces_read(struct seed_traces *out, struct bytes text, const struct correlate_options *options,
				struct limit_hits *hits, struct nt_error *error);
void seed_traces_free(struct seed_traces *traces); /* zeroed memory is fine */

#endif
