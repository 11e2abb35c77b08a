/*
 * What nettrace-analyze reads: capture files and traces of the Go library, or one session of a recording, and logs of connection tracking
 * beside them.
 *
 * Packets and connection tracking entries come in one order, that of time.
 */
#ifndef NETTRACE_CLI_INPUTS_H
#define NETTRACE_CLI_INPUTS_H

#include "cli/context.h"
#include "cli/notes.h"
#include "cli/options.h"
#include "cli/seed_inputs.h"

struct inputs; /* handle */

/*
 * `options`, `hits` and `notes` must live as long as the inputs; `notes` are taken until inputs_read_confined() returned.  On failure *out
 * is NULL and *error has the sentence.
 */
enum nt_status inputs_open(struct inputs **out, const struct options *options, const struct notes *notes, struct limit_hits *hits,
			   struct nt_error *error);
void inputs_free(struct inputs *inputs); /* NULL is fine */

/*
 * What is better done when nothing can be opened any more: unpacks archives, reads the traces of the Go library (`options` as of seed_traces_read()).  On
 * failure *error has the sentence.
 */
enum nt_status inputs_read_confined(struct inputs *inputs, const struct correlate_options *options, struct nt_error *error);

enum inputs_item { INPUTS_PACKET, INPUTS_CONNTRACK, INPUTS_END };

/* Fills in what it returns; the view in *packet lives until the next call. */
enum inputs_item inputs_next(struct inputs *inputs, struct packet *packet, struct conntrack_entry *entry);

/* One of both is NULL. */
const struct capture_source *inputs_source(const struct inputs *inputs);
const struct output_recording *inputs_recording(const struct inputs *inputs);

/* Traces of the Go library that were named beside captures, or alone; NULL if there are none. */
const struct seed_inputs *inputs_seeds(const struct inputs *inputs);

/* What archives say about the device; NULL if there is none. */
struct context *inputs_context(const struct inputs *inputs);

/* All NSS key log lines that are known by now: from --keylog, from the recording, from blocks in pcapng files.  Lives until the next call. */
struct bytes inputs_keys(struct inputs *inputs);

/* A key log with them; NULL if there are none, and none may come.  The caller frees it. */
struct tls_keylog *inputs_keylog_new(struct inputs *inputs);

/* Adds to it those that came since. */
void inputs_give_keys(struct inputs *inputs, struct tls_keylog *keylog);

#endif
