/*
 * Traces of the seed library among the inputs of nettrace-analyze: held as text until the analysis is confined, then read.
 */
#ifndef NETTRACE_CLI_SEED_INPUTS_H
#define NETTRACE_CLI_SEED_INPUTS_H

#include "capture/source.h"
#include "correlate/seed_trace.h"

struct seed_inputs; /* handle */

struct seed_inputs *seed_inputs_new(struct limit_hits *hits);
void seed_inputs_free(struct seed_inputs *inputs); /* NULL is fine */

/* Takes the text of a file, without reading it yet. */
enum nt_status seed_inputs_load(struct seed_inputs *inputs, const char *path, struct nt_error *error);

/* The same of bytes that must live as long as the inputs.  `failure`: why they end before their end, or NULL. */
void seed_inputs_add(struct seed_inputs *inputs, const char *name, struct bytes text, const char *failure);

/* An input that was to be read and cannot be: what is wrong stands in its damage. */
void seed_inputs_add_damaged(struct seed_inputs *inputs, const char *name, const char *format, const struct capture_damage *damage);

/*
 * Reads all texts.  One that has no trace in it is damage of that input if another one has, or `others` are there; else the failure of the
 * whole.
 */
enum nt_status seed_inputs_read(struct seed_inputs *inputs, bool others, const struct correlate_options *options,
				struct nt_error *error);

size_t seed_inputs_count(const struct seed_inputs *inputs); /* 0 for NULL */
const struct capture_input *seed_inputs_about(const struct seed_inputs *inputs, size_t index);
const struct seed_traces *seed_inputs_traces(const struct seed_inputs *inputs, size_t index);

#endif
