/*
 * A recording: one SQLite file that holds what nettrace-capture saw, session by session.  nettrace-store(5) and store/schema.c describe the
 * tables for those who query them by hand.
 *
 * The writer appends; a transaction is committed when it holds RECORDING_BATCH rows or is RECORDING_DELAY old, so that a crash costs less
 * than a second.  The reader works on files that another process is writing, on a read-only medium and after a crash.
 *
 * A recording knows nothing of where packets come from.  One thread at a time may use a handle.
 */
#ifndef NETTRACE_STORE_RECORDING_H
#define NETTRACE_STORE_RECORDING_H

#include "store/conntrack.h"
#include "store/limits.h"

enum {
	RECORDING_APPLICATION_ID = 0x4e545243, /* "NTRC" */
	RECORDING_VERSION = 1,                 /* PRAGMA user_version of files that this program writes */
	RECORDING_BATCH = 20000                /* rows of a transaction */
};
#define RECORDING_DELAY (NT_SECOND / 2)

struct recording; /* handle */

/* ---- rows: all strings may be NULL ---- */

struct recording_session {
	int64_t id;         /* set by recording_begin_session() and when read */
	nt_time begin, end; /* end NT_TIME_NONE: running, or it crashed */
	const char *host, *kernel, *program_version;
	const char *command; /* command line that was wrapped, or NULL */
	const char *filter;  /* capture filter, or NULL */
	bool has_exit_status;
	int exit_status; /* of the wrapped command: 128 + signal if a signal ended it */
	nt_time command_begin, command_end;
	const char *source;     /* "live", or the name of an imported file */
	const char *end_reason; /* "signal", "duration", "count", "size", "command", "disk-full", … ; NULL while it runs */
};

struct recording_interface {
	uint32_t id;        /* the caller's; unique within the session */
	uint32_t link_type; /* LINKTYPE_ value */
	uint32_t snaplen;   /* 0: unlimited */
	const char *name;   /* "eth0", "nflog:5" */
	const char *description;
};

/* What NFLOG tells beside the bytes. */
struct recording_nflog {
	const char *prefix;
	uint32_t mark, uid, gid;
	bool has_uid, has_gid;
	uint8_t hook;                         /* NF_INET_*; 255 unknown */
	uint32_t in_interface, out_interface; /* kernel's interface indices, 0 none */
};

struct recording_packet {
	uint64_t number; /* set when read: counts from 1 in its session */
	nt_time time;
	uint32_t interface;
	uint32_t captured, size;             /* bytes: at `data`, and on the wire */
	const uint8_t *data;                 /* borrowed for the call; when read, valid until the next read */
	const struct recording_nflog *nflog; /* NULL for packets that came otherwise */
};

/* Something that the recording misses, or that a reader must know: "kernel-drops", "conntrack-overrun", "interface-down", "clock-step", … */
struct recording_event {
	nt_time time;
	const char *kind;
	const char *subject; /* interface name, NFLOG group, … */
	int64_t count;       /* packets or events lost, nanoseconds of a clock step; 0 if it does not apply */
	const char *text;    /* one sentence */
};

struct recording_statistics {
	nt_time time;
	const char *subject; /* interface name, "conntrack", "nflog:5" */
	uint64_t received, captured, dropped_by_kernel, dropped_by_interface, lost;
};

/* ---- writing ---- */

/*
 * Opens `path` for appending, or makes it (mode 0600).  Refuses: a file that is no recording, a newer version, one that another process is
 * writing; brings an older version up to date.
 */
enum nt_status recording_open_writer(struct recording **out, const char *path, struct nt_error *error);

/*
 * Each returns NT_OK, or with *error set: NT_EIO (disk full, file-size limit, …; what was committed before stays readable), NT_EUSAGE
 * before recording_begin_session(), NT_ELIMIT for a packet larger than LIMIT_PACKET_SIZE.
 */
enum nt_status recording_begin_session(struct recording *r, struct recording_session *session, struct nt_error *error);
enum nt_status recording_put_interface(struct recording *r, const struct recording_interface *interface, struct nt_error *error);
enum nt_status recording_put_packet(struct recording *r, const struct recording_packet *packet, struct nt_error *error);
enum nt_status recording_put_conntrack(struct recording *r, const struct conntrack_entry *entry, struct nt_error *error);
enum nt_status recording_put_keys(struct recording *r, struct bytes key_log_lines, struct nt_error *error); /* NSS key log text */
enum nt_status recording_put_event(struct recording *r, const struct recording_event *event, struct nt_error *error);
enum nt_status recording_put_statistics(struct recording *r, const struct recording_statistics *statistics, struct nt_error *error);
enum nt_status recording_end_session(struct recording *r, const struct recording_session *session, struct nt_error *error);

/* Commits if the open transaction is older than RECORDING_DELAY at `now` (a monotonic clock, nanoseconds), or if `force`. */
enum nt_status recording_commit(struct recording *r, int64_t now_monotonic, bool force, struct nt_error *error);

/* Bytes of packet data that this session holds: what a size limit counts. */
uint64_t recording_packet_bytes(const struct recording *r);

/* Deletes the oldest packets of this session until at most `bytes` of packet data remain; counts them as an event "ring-dropped". */
enum nt_status recording_trim(struct recording *r, uint64_t bytes, struct nt_error *error);

/* Commits what is open and closes.  NULL is fine. */
enum nt_status recording_close(struct recording *r, struct nt_error *error);

/*
 * Removes the empty journal of a recording that was closed by a process that was not allowed to any more, unless somebody reads or writes the
 * file just now.
 */
void recording_remove_empty_journal(const char *path);

/* ---- reading ---- */

/* Whether these first bytes of a file (at least 72) are those of a recording.  An SQLite database of somebody else is none. */
bool recording_looks_like(struct bytes start);

/* NT_EFORMAT: no recording.  NT_ENOTSUP: written by a newer version.  `hits` (may be NULL) must live as long as *out. */
enum nt_status recording_open_reader(struct recording **out, const char *path, struct limit_hits *hits, struct nt_error *error);

size_t recording_session_count(const struct recording *r);
const struct recording_session *recording_session(const struct recording *r,
						  size_t index); /* by begin; strings live as long as r */

/* Chooses the session that the functions below read. */
enum nt_status recording_select(struct recording *r, int64_t session_id, struct nt_error *error);

size_t recording_interface_count(const struct recording *r);
const struct recording_interface *recording_interface(const struct recording *r, size_t index);

/*
 * Each in the order of time; what has none comes after what was written before it.  NT_OK and *out filled, NT_END, or NT_EDAMAGED
 * with *error (a damaged page: what was read before holds).
 */
enum nt_status recording_next_packet(struct recording *r, struct recording_packet *out, struct nt_error *error);
enum nt_status recording_next_conntrack(struct recording *r, struct conntrack_entry *out, struct nt_error *error);
enum nt_status recording_next_event(struct recording *r, struct recording_event *out, struct nt_error *error);
enum nt_status recording_next_statistics(struct recording *r, struct recording_statistics *out, struct nt_error *error);

/*
 * All key log text of the session in one view, which lives until the next call of it or recording_close().  NT_EDAMAGED with *error: *out
 * is what was read before.  Beyond LIMIT_SECRETS, which is counted, nothing more is read.
 */
enum nt_status recording_keys(struct recording *r, struct bytes *out, struct nt_error *error);

#endif
