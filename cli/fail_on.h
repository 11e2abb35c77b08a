/*
 * --fail-on: which findings make the run fail, for jobs that go by the exit status.
 */
#ifndef NETTRACE_CLI_FAIL_ON_H
#define NETTRACE_CLI_FAIL_ON_H

#include "store/findings.h"

#include <stdio.h>

/* Zeroed: none. */
struct fail_on {
	bool codes[FINDING_CODE_COUNT];
	bool severities[FINDING_INFO + 1];
	bool difference; /* between two traces, which is no finding: for --diff */
};

/*
 * Adds a list of words, separated by commas: codes; "error", "warning" or "info", which stand for findings of this severity or a worse one;
 * "any"; "difference".  NT_EUSAGE for another word, with a sentence that names the nearest code.
 */
enum nt_status fail_on_add(struct fail_on *fail_on, const char *list, struct nt_error *error);

/* Of findings that were only counted the one that counts them stands for all. */
bool fail_on_names(const struct fail_on *fail_on, const struct trace_finding *finding);

/* Says it in one line on standard error: code, packets, records, sentence.  `many_inputs`: packets are named with their file. */
void fail_on_tell(const struct trace_finding *finding, bool many_inputs);

/* All codes with their usual severity, one on a line. */
void fail_on_print_codes(FILE *out);

#endif
