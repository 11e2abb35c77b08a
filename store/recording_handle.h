/*
 * What is behind a struct recording: a writer or a reader on one connection.  Internal to store/.
 */
#ifndef NETTRACE_STORE_RECORDING_HANDLE_H
#define NETTRACE_STORE_RECORDING_HANDLE_H

#include "store/recording.h"
#include "store/sql.h"

#include <sys/types.h>

struct reader; /* reader.h */

enum write_statement {
	WRITE_HOLD, /* keeps SHARED lock and journal for as long as the file is open: see writer.c */
	WRITE_FIRST_PACKET,
	WRITE_SESSION,
	WRITE_SESSION_END,
	WRITE_DISORDER,
	WRITE_INTERFACE,
	WRITE_PACKET,
	WRITE_NFLOG,
	WRITE_CONNTRACK,
	WRITE_KEYS,
	WRITE_EVENT,
	WRITE_STATISTICS,
	WRITE_OLDEST, /* finds what recording_trim() is to delete */
	WRITE_TRIM,
	WRITE_TRIM_NFLOG,
	WRITE_TRIM_EVENT,
	WRITE_STATEMENTS
};

/* What has to go back when a transaction is lost. */
struct write_state {
	int64_t session;  /* 0: none was begun */
	int64_t first_id; /* packets.id of the oldest that is kept */
	int64_t next_id;
	uint64_t number; /* of the last packet */
	uint64_t packet_bytes;
	bool has_newest;
	nt_time newest;        /* latest time of a packet */
	int64_t disorder;      /* sessions.disorder_ns */
	int64_t trim_event;    /* events.id, 0: nothing was trimmed */
	int64_t trimmed;       /* packets */
	int64_t nflog_trimmed; /* nflog.id up to which none of this session are left */
};

enum { NFLOG_CACHE = 32 };

struct nflog_cached {
	int64_t id; /* nflog.id, 0: unused */
	struct recording_nflog nflog;
	char *prefix;
};

struct writer {
	char *path, *journal_path;
	dev_t device; /* which file path was when it was opened */
	ino_t inode;
	struct sql_statement statements[WRITE_STATEMENTS];
	struct write_state now, committed;
	uint64_t rows, bytes; /* of the open transaction */
	int64_t clock, begun; /* monotonic: the last that we were told; when the open transaction got its first row */
	struct nflog_cached nflog[NFLOG_CACHE];
	size_t nflog_next; /* to be replaced */
};

struct recording {
	struct sql *sql;
	struct writer *writer; /* one of these two, the other is NULL */
	struct reader *reader;
};

/* ---- writer.c, for writer_rows.c ---- */

/* The statement, to be bound; NULL with *error set if no session was begun or the file cannot be written any more. */
struct sql_statement *writer_row(struct recording *r, enum write_statement which, struct nt_error *error);

/* The status in *error when writer_row() has just given NULL. */
enum nt_status writer_no_row(const struct recording *r);

/* Ends what writer_row() began: runs the statement, counts the row and its bytes, commits a full transaction. */
enum nt_status writer_put(struct recording *r, struct sql_statement *s, size_t bytes, struct nt_error *error);

/* Steps a statement that is no row of its own. */
enum nt_status writer_do(struct recording *r, struct sql_statement *s, struct nt_error *error);

/*
 * After a failure: takes the open transaction back.  Adds to the sentence what is lost.  NT_EIO, or NT_OK if that
 * is `status`.
 */
enum nt_status writer_give_up(struct recording *r, enum nt_status status, struct nt_error *error);

void writer_forget_nflog(struct writer *w);

#endif
