/*
 * A recording as the input of nettrace-analyze: one session of it.
 */
#ifndef NETTRACE_CLI_RECORDING_INPUT_H
#define NETTRACE_CLI_RECORDING_INPUT_H

#include "cli/notes.h"
#include "cli/output.h"

struct recording_input; /* handle */

/* Whether a file is a recording.  What cannot be looked into (a pipe, standard input) is none. */
bool recording_input_is(const char *path);

/*
 * `session` is a number, "last", or NULL for the only one there is; if there are several then each is told as a note, and NT_EUSAGE
 * says how to choose.  `filter` may be NULL.  `secrets`: with their whole command lines.
 */
enum nt_status recording_input_open(struct recording_input **out, const char *path, const char *session, const char *filter,
				    bool secrets, const struct notes *notes, struct limit_hits *hits, struct nt_error *error);
void recording_input_free(struct recording_input *input); /* NULL is fine */

/* In the order of time; false at the end, or where the file is damaged, which then stands in `about`.  As of capture_next(). */
bool recording_input_packet(struct recording_input *input, struct packet *out);
bool recording_input_conntrack(struct recording_input *input, struct conntrack_entry *out);

struct bytes recording_input_keys(struct recording_input *input); /* NSS key log lines */

/* What is known of it, with what was read so far. */
const struct output_recording *recording_input_about(const struct recording_input *input);

#endif
