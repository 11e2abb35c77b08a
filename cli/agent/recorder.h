/*
 * The thread that owns the recording while we capture: takes records out of a ring, writes them, commits.
 */
#ifndef NETTRACE_CLI_RECORDER_H
#define NETTRACE_CLI_RECORDER_H

#include "cli/agent/record.h"

struct recorder; /* handle */

/*
 * When a transaction that was begun at `monotonic` (nanoseconds, as the result), which is `wall`, is to be committed for the sake of a record
 * of the time `seen` (NT_TIME_NONE: unknown): RECORDING_DELAY after it was seen, so that a slow start or a full ring does not add to what a
 * crash costs, but never sooner than a quarter of that from its begin, so that we do not fall back further for it.
 */
int64_t recorder_commit_due(int64_t monotonic, nt_time wall, nt_time seen);

/*
 * From here to recorder_finish() the recording is the thread's.  ring_bytes: keep at most so much of packets, dropping the oldest; 0: no
 * limit.  On failure nothing runs and *out is NULL.
 */
enum nt_status recorder_start(struct recorder **out, struct recording *recording, uint64_t ring_bytes, struct nt_error *error);

/* Where records go.  When writing fails the ring takes nothing more. */
struct ring *recorder_ring(struct recorder *recorder);

/* Readable when writing has failed. */
int recorder_descriptor(const struct recorder *recorder);

/* Lets it write all that was put, and ends the thread; frees *recorder.  NT_EIO if anything could not be written. */
enum nt_status recorder_finish(struct recorder *recorder, struct nt_error *error);

#endif
