/*
 * Connection tracking: events and listings of the kernel's table, through libnetfilter_conntrack; and the text of conntrack-tools.
 */
#ifndef NETTRACE_CAPTURE_CONNTRACK_H
#define NETTRACE_CAPTURE_CONNTRACK_H

#include "store/conntrack.h"

struct conntrack; /* handle */

struct conntrack_options {
	bool keep_sysctls; /* do not touch nf_conntrack_acct, _timestamp and _events */
	/* Only entries that touch one of these addresses; none: all. */
	const struct ip_address *addresses;
	const uint8_t *address_versions; /* 4 or 6 each */
	size_t address_count;
};

/*
 * Switches accounting, timestamps and events on (see docs of nf_conntrack_acct, nf_conntrack_timestamp, nf_conntrack_events = 1), then
 * subscribes.  NT_ENOTSUP: this kernel has no connection tracking; NT_EIO: no permission.
 */
enum nt_status conntrack_open(struct conntrack **out, const struct conntrack_options *options, struct nt_error *error);

/* Puts the sysctls back as they were.  NULL is fine. */
void conntrack_free(struct conntrack *conntrack);

int conntrack_descriptor(const struct conntrack *conntrack);

/* What could not be switched on, so that counters or times will be missing: one line.  NULL if all is well. */
const char *conntrack_warning(const struct conntrack *conntrack);

/* The next event: NT_OK; NT_AGAIN when none waits; NT_ELIMIT when the kernel lost events (ENOBUFS): the caller notes it and dumps. */
enum nt_status conntrack_next(struct conntrack *conntrack, struct conntrack_entry *out, struct nt_error *error);

/* Lists the table: calls back once per entry, with kind CONNTRACK_DUMP. */
enum nt_status conntrack_dump(struct conntrack *conntrack, void (*entry)(void *context, const struct conntrack_entry *entry),
			      void *context, struct nt_error *error);

uint64_t conntrack_received(const struct conntrack *conntrack);
uint64_t conntrack_overruns(const struct conntrack *conntrack);

/* ---- text ---- */

/*
 * One line of `conntrack -E -o timestamp,id[,extended]`, `conntrack -L [-o extended,id,ktimestamp]`, /proc/net/nf_conntrack, or of a device
 * archive's table ("[i]: tcp 6 src=…").  false if it is none of them.  Times without a date and flags that the text does not show stay
 * unset; src-nat and dst-nat are set where the tuples differ.
 */
bool conntrack_read_line(struct bytes line, struct conntrack_entry *out);

#endif
