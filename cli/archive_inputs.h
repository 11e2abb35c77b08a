/*
 * Archives among the inputs of nettrace-analyze: opened at first, unpacked when the analysis is confined, and their files given to whatever
 * reads them.  Files are told apart by what is in them; their names only say what they are called.
 */
#ifndef NETTRACE_CLI_ARCHIVE_INPUTS_H
#define NETTRACE_CLI_ARCHIVE_INPUTS_H

#include "cli/conntrack_log.h"
#include "cli/context.h"
#include "cli/notes.h"
#include "cli/seed_inputs.h"

struct archive_inputs; /* handle */

/* Where the files of archives go. */
struct archive_readers {
	struct capture_source *source;
	struct seed_inputs *seeds;
	struct conntrack_log *log;
	struct context *context;
};

struct archive_inputs *archive_inputs_new(struct limit_hits *hits);
void archive_inputs_free(struct archive_inputs *inputs); /* NULL is fine; after what was given its files */

enum nt_status archive_inputs_open(struct archive_inputs *inputs, const char *path, struct nt_error *error);

/* Unpacks all.  Damage goes to the seeds, as an input of its own. */
void archive_inputs_unpack(struct archive_inputs *inputs, const struct archive_readers *readers, const struct notes *notes);

#endif
