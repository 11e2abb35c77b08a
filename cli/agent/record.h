/*
 * What the reading thread hands to the writing thread, as records in a ring.
 *
 * Each record_* copies all that it is given into the ring, and returns false only when the writer has given up.
 */
#ifndef NETTRACE_CLI_RECORD_H
#define NETTRACE_CLI_RECORD_H

#include "cli/agent/ring.h"
#include "store/recording.h"

/* Longer packets are cut to this, longer key logs to lines of it: a record must fit into the ring. */
enum { RECORD_LARGEST = 512 * 1024, RECORD_RING_SIZE = 16 * 1024 * 1024 };

bool record_packet(struct ring *ring, const struct recording_packet *packet);
bool record_conntrack(struct ring *ring, const struct conntrack_entry *entry);
bool record_keys(struct ring *ring, struct bytes lines);
bool record_event(struct ring *ring, const struct recording_event *event);
bool record_statistics(struct ring *ring, const struct recording_statistics *statistics);

/* When what a record tells of was seen, by the kernel or by us; NT_TIME_NONE: not known. */
nt_time record_time(const void *record);

/* Writes a record, as ring_next() gave it, into the recording. */
enum nt_status record_write(struct recording *recording, const void *record, struct nt_error *error);

#endif
