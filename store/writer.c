/*
 * Locks.  From open to close the writer is in a transaction (SQLite's RESERVED lock, which a second writer is refused, and beside
 * which others can read), and a statement that never ends keeps the SHARED lock even between two transactions.  So no other
 * process can ever commit, and the journal stays open: it can be written after the program gave up the right to open it.
 *
 * Settings, measured on 2 cores with an ext4 disk, one row per packet of 1500 bytes, thousand rows/s (the machine is not quiet: +-
 * 15 %):
 *   journal TRUNCATE, pages of 4 KiB 180, 8 KiB 240, 16 KiB 290, 32 KiB 320, 64 KiB 330; WAL, 8 KiB 250, 32 and 64 KiB 150 to 550
 *   with an index on (session, time) 250; committing every 500 rows 150; every 8 or 16 MiB, or 20000 rows, all the same
 *   cache of 1 MiB 350, 2 MiB 360, 4 MiB 400, 10 MiB 320
 *   100-byte packets: 670 to 980 whatever the page size, with the index 430
 * WAL is as fast, but writes everything twice, and needs two more files that must not be lost.  Pages of 32 KiB rather than 64 as
 * an empty recording is half as large, and a transaction of a few packets writes half as much to flash memory.
 */
#include "store/reader.h"
#include "store/recording_handle.h"
#include "store/schema.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	BATCH_BYTES = 8 * 1024 * 1024, /* held in memory while a reader's lock keeps SQLite from writing */
	OPEN_PATIENCE_MS = 1000,
	BEGIN_PATIENCE_MS = 10 * 1000,
	COMMIT_PATIENCE_MS =
		60 * 1000 /* for somebody who reads without a pause; meanwhile packets queue, or are counted as dropped */
};

static const char settings[] = "PRAGMA page_size = 32768;"
			       "PRAGMA journal_mode = TRUNCATE;"
			       "PRAGMA synchronous = NORMAL;" /* one fsync less than FULL; also safe when the power fails */
			       "PRAGMA cache_size = -2048;"
			       "PRAGMA temp_store = MEMORY;"
			       "PRAGMA secure_delete = OFF;" /* trimmed packets are overwritten by new ones */
			       "PRAGMA foreign_keys = OFF;";

static const char *const texts[WRITE_STATEMENTS] = {
	[WRITE_HOLD] = "SELECT 1 FROM sqlite_schema",
	[WRITE_FIRST_PACKET] = "SELECT 1 + max(coalesce((SELECT max(id) FROM packets), 0),"
			       " coalesce((SELECT max(first_packet) FROM sessions), 1) - 1)",
	[WRITE_SESSION] = "INSERT INTO sessions (begin_ns, end_ns, host, kernel, program_version, command, filter, exit_status,"
			  " command_begin_ns, command_end_ns, source, end_reason, first_packet) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
	[WRITE_SESSION_END] = "UPDATE sessions SET end_ns = ?, exit_status = ?, command = coalesce(?, command),"
			      " command_begin_ns = coalesce(?, command_begin_ns), command_end_ns = coalesce(?, command_end_ns),"
			      " end_reason = ? WHERE id = ?",
	[WRITE_DISORDER] = "UPDATE sessions SET disorder_ns = ? WHERE id = ?",
	[WRITE_INTERFACE] =
		"INSERT OR REPLACE INTO interfaces (session, id, name, description, link_type, snaplen) VALUES (?,?,?,?,?,?)",
	[WRITE_PACKET] = "INSERT INTO packets (id, session, number, time_ns, interface, captured, size, nflog, bytes)"
			 " VALUES (?,?,?,?,?,?,?,?,?)",
	[WRITE_NFLOG] =
		"INSERT INTO nflog (session, prefix, mark, uid, gid, hook, in_interface, out_interface) VALUES (?,?,?,?,?,?,?,?)",
	[WRITE_CONNTRACK] = "INSERT INTO conntrack (session, kind, time_ns, time_is_kernels, entry, zone, protocol,"
			    " source, source_port, destination, destination_port,"
			    " reply_source, reply_source_port, reply_destination, reply_destination_port, status, tcp_state, mark,"
			    " packets, bytes, reply_packets, reply_bytes, start_ns, stop_ns, timeout_s)"
			    " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
	[WRITE_KEYS] = "INSERT INTO keys (session, text) VALUES (?, CAST(? AS TEXT))",
	[WRITE_EVENT] = "INSERT INTO events (session, time_ns, kind, subject, count, text) VALUES (?,?,?,?,?,?)",
	[WRITE_STATISTICS] = "INSERT INTO statistics (session, time_ns, subject, received, captured, dropped_by_kernel,"
			     " dropped_by_interface, lost) VALUES (?,?,?,?,?,?,?,?)",
	[WRITE_OLDEST] = "SELECT id, captured, time_ns, nflog FROM packets WHERE id >= ? AND id < ? ORDER BY id",
	[WRITE_TRIM] = "DELETE FROM packets WHERE id >= ? AND id < ?",
	[WRITE_TRIM_NFLOG] = "DELETE FROM nflog WHERE id > ? AND id <= ? AND session = ?",
	[WRITE_TRIM_EVENT] = "UPDATE events SET time_ns = ?, count = ? WHERE id = ?",
};

/* ---- transactions ---- */

static enum nt_status check_place(struct writer *w, struct nt_error *error)
{
	struct stat info;

	if (stat(w->path, &info) == 0) {
		if (info.st_dev == w->device && info.st_ino == w->inode)
			return NT_OK;
		return nt_fail(error, NT_EIO, "%s: another file was put in its place while it was written", w->path);
	}
	if (errno != ENOENT && errno != ENOTDIR)
		return NT_OK; /* the right to look into the directory may have been given up */
	return nt_fail(error, NT_EIO, "%s: the file or its directory was moved or deleted while it was written", w->path);
}

/*
 * Without its journal's name on the disk, a transaction could not be taken back after a crash.  An empty file invites to delete
 * it.
 */
static bool journal_is_gone(const struct writer *w)
{
	return access(w->journal_path, F_OK) != 0 && errno == ENOENT;
}

static enum nt_status hold(struct recording *r, struct nt_error *error)
{
	struct sql_statement *s = &r->writer->statements[WRITE_HOLD];

	sql_reset(s);
	return sql_step(s, error);
}

static enum nt_status begin(struct recording *r, struct nt_error *error)
{
	enum nt_status status;

	sql_set_patience(r->sql, BEGIN_PATIENCE_MS);
	status = sql_begin(r->sql, error);
	sql_set_patience(r->sql, 0);
	return status;
}

/* Lets the journal go and makes a new one: at the first write SQLite opens what is not open. */
static enum nt_status renew_journal(struct recording *r, struct nt_error *error)
{
	enum nt_status status = hold(r, error);

	if (status == NT_OK)
		status = begin(r, error);
	if (status == NT_OK && journal_is_gone(r->writer))
		status = sql_run(r->sql, "PRAGMA user_version = 1", error); /* what it is already */
	return status;
}

static enum nt_status begin_again(struct recording *r, struct nt_error *error)
{
	enum nt_status status = check_place(r->writer, error);

	if (status != NT_OK)
		return status;
	if (journal_is_gone(r->writer))
		return renew_journal(r, error);
	return begin(r, error);
}

static void start_batch(struct writer *w)
{
	w->rows = 0;
	w->bytes = 0;
}

static enum nt_status commit(struct recording *r, unsigned patience_ms, struct nt_error *error)
{
	struct writer *w = r->writer;
	enum nt_status status;

	if (sql_depth(r->sql) == 0)
		return NT_OK;
	sql_set_patience(r->sql, patience_ms);
	status = sql_commit(r->sql, error);
	sql_set_patience(r->sql, 0);
	if (status != NT_OK && sql_was_busy(r->sql))
		return patience_ms
			       ? nt_fail(error, NT_EIO, "%s: another process has been reading it for a minute: end that", w->path)
			       : NT_AGAIN;
	if (status != NT_OK)
		return writer_give_up(r, status, error);
	w->committed = w->now;
	start_batch(w);
	return begin_again(r, error);
}

enum nt_status writer_give_up(struct recording *r, enum nt_status status, struct nt_error *error)
{
	struct writer *w = r->writer;
	uint64_t lost = w->rows;

	sql_rollback(r->sql);
	sql_reset(&w->statements[WRITE_HOLD]); /* SQLite recovers when nobody looks at the file any more */
	writer_forget_nflog(w);
	w->now = w->committed;
	start_batch(w);
	if (status == NT_OK || !error)
		return status;
	error->status = NT_EIO;
	if (lost > 0) {
		size_t used = strlen(error->text);

		snprintf(error->text + used, sizeof error->text - used, "; the last %llu rows are lost, those before are kept",
			 (unsigned long long)lost);
	}
	return NT_EIO;
}

/* After a failure the next call tries again: a little room may be enough to note how the session ended. */
static enum nt_status reopen_transaction(struct recording *r, struct nt_error *error)
{
	enum nt_status status = check_place(r->writer, error);

	if (status == NT_OK)
		status = hold(r, error);
	if (status == NT_OK)
		status = begin(r, error);
	return status;
}

struct sql_statement *writer_row(struct recording *r, enum write_statement which, struct nt_error *error)
{
	struct writer *w = r->writer;

	if (w->now.session == 0) {
		nt_fail(error, NT_EUSAGE, "%s: no session was begun", w->path);
		return NULL;
	}
	if (sql_depth(r->sql) == 0 && reopen_transaction(r, error) != NT_OK)
		return NULL;
	return &w->statements[which];
}

enum nt_status writer_no_row(const struct recording *r)
{
	return r->writer->now.session == 0 ? NT_EUSAGE : NT_EIO;
}

enum nt_status writer_do(struct recording *r, struct sql_statement *s, struct nt_error *error)
{
	enum nt_status status = sql_do(s, error);

	return status == NT_OK ? NT_OK : writer_give_up(r, status, error);
}

enum nt_status writer_put(struct recording *r, struct sql_statement *s, size_t bytes, struct nt_error *error)
{
	struct writer *w = r->writer;
	enum nt_status status = writer_do(r, s, error);

	sql_reset(s);
	if (status != NT_OK)
		return status;
	if (w->rows++ == 0)
		w->begun = w->clock;
	w->bytes += bytes;
	if (w->rows >= RECORDING_BATCH || w->bytes >= BATCH_BYTES)
		return commit(r, COMMIT_PATIENCE_MS, error);
	return NT_OK;
}

enum nt_status recording_commit(struct recording *r, int64_t now_monotonic, bool force, struct nt_error *error)
{
	struct writer *w = r->writer;
	enum nt_status status;

	w->clock = now_monotonic;
	if (w->rows == 0 || (!force && now_monotonic - w->begun < RECORDING_DELAY))
		return NT_OK;
	status = commit(r, force ? COMMIT_PATIENCE_MS : 0, error);
	return status == NT_AGAIN ? NT_OK : status; /* somebody reads: the next call tries again */
}

/* ---- opening ---- */

/* Makes the file if there is none, readable for nobody else whatever the umask. */
static enum nt_status make_file(const char *path, bool *made, struct nt_error *error)
{
	struct stat info;
	int file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	*made = file >= 0;
	if (file >= 0) {
		int failed = fchmod(file, 0600), number = errno;

		close(file);
		return failed ? nt_fail(error, NT_EIO, "%s: cannot be kept from others: %s", path, strerror(number)) : NT_OK;
	}
	if (errno != EEXIST)
		return nt_fail(error, NT_EIO, "%s: cannot be made: %s", path, strerror(errno));
	if (stat(path, &info) != 0)
		return nt_fail(error, NT_EIO, "%s: %s", path, strerror(errno));
	if (!S_ISREG(info.st_mode))
		return nt_fail(error, NT_EIO, "%s: is not a regular file, and a recording has to be one", path);
	return NT_OK;
}

static enum nt_status fail_open(const char *path, struct nt_error *error)
{
	return nt_fail(error, NT_EIO, "%s: another process is writing it, or has been reading it for long: choose another file",
		       path);
}

/* In a transaction: nobody else can change what we find. */
static enum nt_status install_or_upgrade(struct sql *sql, struct nt_error *error)
{
	enum schema_state state;
	enum nt_status status = schema_look(sql, &state, error);

	if (status == NT_OK && state == SCHEMA_EMPTY)
		status = schema_install(sql, error);
	else if (status == NT_OK && state == SCHEMA_OLDER)
		status = schema_upgrade(sql, schema_migrations, error);
	if (status == NT_OK)
		status = schema_check(sql, error);
	/* Written in any case, so that the journal is there, and a directory that may not be written is found out now. */
	if (status == NT_OK)
		status = sql_run(sql, "PRAGMA user_version = 1", error);
	return status;
}

_Static_assert(RECORDING_VERSION == 1, "the same number as in the two PRAGMAs above");

static enum nt_status prepare_all(struct recording *r, struct nt_error *error)
{
	enum nt_status status = NT_OK;

	for (size_t i = 0; i < WRITE_STATEMENTS && status == NT_OK; i++)
		status = sql_prepare(&r->writer->statements[i], r->sql, texts[i], error);
	return status;
}

static enum nt_status take_over(struct recording *r, struct nt_error *error)
{
	enum schema_state state;
	enum nt_status status = schema_look(r->sql, &state, error);

	if (status == NT_OK)
		status = sql_run(r->sql, settings, error);
	if (status == NT_OK)
		status = sql_begin(r->sql, error);
	if (status == NT_OK)
		status = install_or_upgrade(r->sql, error);
	if (status == NT_OK)
		status = prepare_all(r, error);
	if (status == NT_OK)
		status = hold(r, error);
	if (status == NT_OK)
		status = sql_commit(r->sql, error);
	return status;
}

static enum nt_status remember_place(struct writer *w, const char *path, struct nt_error *error)
{
	struct stat info;

	w->path = nt_strdup(path);
	w->journal_path = sql_journal_name(path);
	if (stat(path, &info) != 0)
		return nt_fail(error, NT_EIO, "%s: %s", path, strerror(errno));
	w->device = info.st_dev;
	w->inode = info.st_ino;
	return NT_OK;
}

static void free_writer(struct writer *w)
{
	for (size_t i = 0; i < WRITE_STATEMENTS; i++)
		sql_finalize(&w->statements[i]);
	writer_forget_nflog(w);
	free(w->path);
	free(w->journal_path);
	free(w);
}

/* What was made for nothing goes again. */
static void abandon(struct recording *r, bool made)
{
	struct writer *w = r->writer;

	if (made && w->path) {
		unlink(w->path);
		unlink(w->journal_path);
	}
	free_writer(w);
	sql_close(r->sql);
	free(r);
}

enum nt_status recording_open_writer(struct recording **out, const char *path, struct nt_error *error)
{
	struct recording *r = nt_zalloc(sizeof *r);
	bool made, busy = false;
	enum nt_status status = make_file(path, &made, error);

	*out = NULL;
	r->writer = nt_zalloc(sizeof *r->writer);
	if (status == NT_OK)
		status = remember_place(r->writer, path, error);
	if (status == NT_OK)
		status = sql_open(&r->sql, path, SQL_WRITE, error);
	if (status == NT_OK) {
		sql_set_patience(r->sql, OPEN_PATIENCE_MS);
		status = take_over(r, error);
		busy = status != NT_OK && sql_was_busy(r->sql);
	}
	if (busy)
		status = fail_open(path, error);
	if (status == NT_OK)
		status = begin_again(r, error);
	if (status == NT_OK) {
		*out = r;
		return NT_OK;
	}
	if (r->sql)
		sql_rollback(r->sql);
	abandon(r, made && !busy);
	return status;
}

/* ---- sessions ---- */

static void bind_session(struct sql_statement *s, const struct recording_session *session, int64_t first_packet)
{
	sql_bind_time(s, session->begin);
	sql_bind_time(s, session->end);
	sql_bind_text(s, session->host);
	sql_bind_text(s, session->kernel);
	sql_bind_text(s, session->program_version);
	sql_bind_text(s, session->command);
	sql_bind_text(s, session->filter);
	sql_bind_optional(s, session->has_exit_status, session->exit_status);
	sql_bind_time(s, session->command_begin);
	sql_bind_time(s, session->command_end);
	sql_bind_text(s, session->source);
	sql_bind_text(s, session->end_reason);
	sql_bind_int(s, first_packet);
}

static enum nt_status find_first_packet(struct recording *r, int64_t *out, struct nt_error *error)
{
	struct sql_statement *s = &r->writer->statements[WRITE_FIRST_PACKET];
	enum nt_status status = sql_step(s, error);

	if (status == NT_OK)
		*out = sql_take_int(s);
	sql_reset(s);
	return status;
}

enum nt_status recording_begin_session(struct recording *r, struct recording_session *session, struct nt_error *error)
{
	struct writer *w = r->writer;
	struct sql_statement *s = &w->statements[WRITE_SESSION];
	int64_t first_packet = 1;
	enum nt_status status = sql_depth(r->sql) == 0 ? reopen_transaction(r, error) : NT_OK;

	if (status == NT_OK)
		status = find_first_packet(r, &first_packet, error);
	if (status != NT_OK)
		return status;
	bind_session(s, session, first_packet);
	status = writer_put(r, s, 0, error);
	if (status != NT_OK)
		return status;
	writer_forget_nflog(w);
	w->now = (struct write_state){ .session = sql_last_id(r->sql), .first_id = first_packet, .next_id = first_packet };
	session->id = w->now.session;
	return commit(r, COMMIT_PATIENCE_MS, error);
}

enum nt_status recording_end_session(struct recording *r, const struct recording_session *session, struct nt_error *error)
{
	struct sql_statement *s = writer_row(r, WRITE_SESSION_END, error);
	enum nt_status status;

	if (!s)
		return writer_no_row(r);
	sql_bind_time(s, session->end);
	sql_bind_optional(s, session->has_exit_status, session->exit_status);
	sql_bind_text(s, session->command);
	sql_bind_time(s, session->command_begin);
	sql_bind_time(s, session->command_end);
	sql_bind_text(s, session->end_reason);
	sql_bind_int(s, r->writer->now.session);
	status = writer_put(r, s, 0, error);
	return status == NT_OK ? commit(r, COMMIT_PATIENCE_MS, error) : status;
}

static enum nt_status close_writer(struct recording *r, struct nt_error *error)
{
	enum nt_status status = NT_OK;

	if (r->writer->rows > 0)
		status = commit(r, COMMIT_PATIENCE_MS, error);
	if (sql_depth(r->sql) > 0)
		status = writer_give_up(r, status, error);
	free_writer(r->writer);
	(void)sql_run(r->sql, "PRAGMA journal_mode = DELETE", NULL); /* removes the empty journal, where that is allowed */
	return status;
}

enum nt_status recording_close(struct recording *r, struct nt_error *error)
{
	enum nt_status status = NT_OK;

	if (!r)
		return NT_OK;
	if (r->writer)
		status = close_writer(r, error);
	if (r->reader)
		reader_free(r->reader);
	sql_close(r->sql);
	free(r);
	return status;
}
