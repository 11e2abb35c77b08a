/*
 * The trace in other forms, each in a file of its own, beside what -o takes: --html FILE, --har FILE, --otlp FILE.
 */
#ifndef NETTRACE_CLI_EXPORTS_H
#define NETTRACE_CLI_EXPORTS_H

#include "cli/outfile.h"
#include "cli/output.h"

enum export_kind { EXPORT_HTML, EXPORT_HAR, EXPORT_OTLP, EXPORT_KINDS };

const char *export_option(enum export_kind kind); /* "--har" */

/* Zeroed: nothing is written. */
struct exports {
	struct outfile files[EXPORT_KINDS];
};

/* Opens a file for each path that is not NULL. */
enum nt_status exports_open(struct exports *exports, const char *const paths[EXPORT_KINDS], struct nt_error *error);

/* Writes them all, every one of them even when one fails; *error is then that of the first. */
enum nt_status exports_finish(struct exports *exports, const struct output *output, struct nt_error *error);

#endif
