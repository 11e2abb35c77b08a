#include "store/reader.h"

#include "store/schema.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	PATIENCE_MS = 10 * 1000, /* a writer that spills a large transaction lets nobody read until it commits */
	MOST_TEXT = 64 * 1024 * 1024
};

/* ---- opening ---- */

static enum nt_status look(struct sql *sql, struct nt_error *error)
{
	static const char query[] = "SELECT EXISTS (SELECT 1 FROM sqlite_schema)"; /* no guard sees a count() that does not end */
	int64_t ignored;
	enum nt_status status = sql_query_int(sql, query, &ignored, error);

	if (status == NT_EDAMAGED && sql_tolerate_cut(sql, error) == NT_OK)
		status = sql_query_int(sql, query, &ignored, error);
	return status;
}

static enum nt_status open_and_look(struct sql **out, const char *path, enum sql_mode mode, struct nt_error *error)
{
	enum nt_status status = sql_open(out, path, mode, error);

	if (status != NT_OK)
		return status;
	sql_set_patience(*out, PATIENCE_MS);
	sql_guard(*out);
	return mode == SQL_WRITE ? sql_query_int(*out, "PRAGMA schema_version", &(int64_t){ 0 }, error) : look(*out, error);
}

static void close_again(struct sql **sql)
{
	sql_close(*sql);
	*sql = NULL;
}

/* Its size; -1 if there is none. */
static off_t journal_size(const char *path)
{
	char *name = sql_journal_name(path);
	struct stat info;
	off_t size = stat(name, &info) == 0 ? info.st_size : -1;

	free(name);
	return size;
}

/*
 * A journal was left over by a crash, or is there and may not be looked at.  An empty one holds nothing; another is rolled back in
 * place by whoever may write, else in a copy.
 */
static enum nt_status open_unfinished(struct sql **out, const char *path, struct nt_error *error)
{
	enum nt_status status;

	if (journal_size(path) == 0)
		return open_and_look(out, path, SQL_IMMUTABLE, error);
	status = open_and_look(out, path, SQL_WRITE, error);
	close_again(out);
	if (status == NT_OK)
		status = open_and_look(out, path, SQL_READ, error);
	if (status == NT_OK)
		return NT_OK;
	close_again(out);
	return sql_open_copy(out, path, error);
}

/* https://www.sqlite.org/fileformat.html 1.4, lockingv3.html 3.0: who writes has a lock on the second byte after the first GiB. */
static bool is_being_written(const char *path)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = (1 << 30) + 1, .l_len = 1 };
	int file = open(path, O_RDONLY | O_CLOEXEC);
	bool locked = file >= 0 && fcntl(file, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;

	if (file >= 0)
		close(file);
	return locked;
}

static bool unlink_journal(const char *path)
{
	char *name = sql_journal_name(path);
	bool gone = unlink(name) == 0 || errno == ENOENT;

	free(name);
	return gone;
}

/* With all of SQLite's locks nobody begins to write, nor has begun. */
void recording_remove_empty_journal(const char *path)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 1 << 30, .l_len = 512 };
	struct stat info;
	int file = stat(path, &info) == 0 && S_ISREG(info.st_mode) ? open(path, O_RDWR | O_CLOEXEC) : -1;

	if (file < 0)
		return;
	if (fcntl(file, F_SETLK, &lock) == 0 && journal_size(path) == 0)
		(void)unlink_journal(path);
	close(file);
}

enum journal { JOURNAL_GONE, JOURNAL_IN_USE, JOURNAL_STAYS };

/* Removes a journal of which nothing is to be rolled back.  Whoever writes has its lock, or an empty journal. */
static enum journal remove_journal(const char *path)
{
	enum journal journal = JOURNAL_STAYS;
	struct sql *sql = NULL;
	enum nt_status status = open_and_look(&sql, path, SQL_WRITE, NULL);

	if (status == NT_OK) {
		sql_set_patience(sql, 0);
		status = sql_begin(sql, NULL);
	}
	if (status == NT_OK) {
		journal = journal_size(path) <= 0 || unlink_journal(path) ? JOURNAL_GONE : JOURNAL_STAYS;
		sql_rollback(sql);
	} else if (sql && sql_was_busy(sql)) {
		journal = JOURNAL_IN_USE;
	} else if (is_being_written(path)) { /* not by us, who may not write: so no lock of ours goes with the file's closing */
		journal = JOURNAL_IN_USE;
	}
	sql_close(sql);
	return journal;
}

/*
 * A journal of nobody's lies beside a file that can be read as it is.  SQLite opens it at each reading, which a process that gave up
 * opening files may not: so it goes, or the file is read from a copy.
 */
static enum nt_status reopen_without_journal(struct sql **out, const char *path, struct nt_error *error)
{
	enum journal journal = remove_journal(path);

	close_again(out);
	return journal == JOURNAL_STAYS ? sql_open_copy(out, path, error) : open_and_look(out, path, SQL_READ, error);
}

static enum nt_status open_file(struct sql **out, const char *path, struct nt_error *error)
{
	struct stat info;
	enum nt_status status;

	*out = NULL;
	if (stat(path, &info) != 0 || euidaccess(path, R_OK) != 0)
		return nt_fail(error, NT_EIO, "%s: %s", path, strerror(errno));
	if (!S_ISREG(info.st_mode))
		return nt_fail(error, NT_EFORMAT, "%s: is not a regular file, so it is no recording", path);
	status = open_and_look(out, path, SQL_READ, error);
	if (status == NT_OK && journal_size(path) > 0)
		return reopen_without_journal(out, path, error);
	if (status == NT_OK || !*out || !sql_needs_writing(*out))
		return status;
	close_again(out);
	return open_unfinished(out, path, error);
}

/* The file stays as it is. */
static enum nt_status open_upgraded_copy(struct sql **sql, const char *path, struct nt_error *error)
{
	enum nt_status status;

	close_again(sql);
	status = sql_open_copy(sql, path, error);
	return status == NT_OK ? schema_upgrade(*sql, schema_migrations, error) : status;
}

/* `path` is NULL for an image. */
static enum nt_status check_version(struct sql **sql, const char *path, struct nt_error *error)
{
	enum schema_state state;
	enum nt_status status = schema_look(*sql, &state, error);

	if (status == NT_OK && state == SCHEMA_EMPTY)
		return nt_fail(error, NT_EFORMAT, "%s: it is empty, no recording", sql_path(*sql));
	if (status == NT_OK && state == SCHEMA_OLDER)
		status = path ? open_upgraded_copy(sql, path, error) : nt_fail(error, NT_ENOTSUP, "memory: an old version");
	return status == NT_OK ? schema_check(*sql, error) : status;
}

static enum nt_status load_sessions(struct recording *r, struct nt_error *error);

static enum nt_status finish_opening(struct recording **out, struct sql *sql, struct limit_hits *hits, enum nt_status status,
				     struct nt_error *error)
{
	struct recording *r = nt_zalloc(sizeof *r);

	r->sql = sql;
	r->reader = nt_zalloc(sizeof *r->reader);
	r->reader->hits = hits;
	r->reader->keys.max = LIMIT_SECRETS;
	if (status == NT_OK)
		status = load_sessions(r, error);
	if (status == NT_OK)
		status = reader_prepare_feeds(r, error);
	*out = status == NT_OK ? r : NULL;
	if (status != NT_OK)
		(void)recording_close(r, NULL);
	return status;
}

enum nt_status recording_open_reader(struct recording **out, const char *path, struct limit_hits *hits, struct nt_error *error)
{
	struct sql *sql;
	enum nt_status status = open_file(&sql, path, error);

	if (status == NT_OK)
		status = check_version(&sql, path, error);
	return finish_opening(out, sql, hits, status, error);
}

enum nt_status recording_open_image(struct recording **out, struct bytes image, struct limit_hits *hits, struct nt_error *error)
{
	struct sql *sql;
	enum nt_status status = sql_open_image(&sql, image, error);

	if (status == NT_OK) {
		sql_guard(sql);
		status = look(sql, error);
	}
	if (status == NT_OK)
		status = check_version(&sql, NULL, error);
	return finish_opening(out, sql, hits, status, error);
}

/* https://www.sqlite.org/fileformat.html 1.3: the application id is in bytes 68 to 71. */
bool recording_looks_like(struct bytes start)
{
	static const uint8_t magic[] = "SQLite format 3"; /* with the 0 */
	static const uint8_t id[] = { RECORDING_APPLICATION_ID >> 24 & 0xff, RECORDING_APPLICATION_ID >> 16 & 0xff,
				      RECORDING_APPLICATION_ID >> 8 & 0xff, RECORDING_APPLICATION_ID & 0xff };

	return start.size >= 72 && memcmp(start.at, magic, sizeof magic) == 0 && memcmp(start.at + 68, id, sizeof id) == 0;
}

void reader_free(struct reader *reader)
{
	reader_free_feeds(reader);
	arena_free(&reader->texts);
	arena_free(&reader->interface_texts);
	buffer_free(&reader->keys);
	free(reader->sessions);
	free(reader->interfaces);
	free(reader);
}

char *reader_keep_text(struct arena *arena, struct sql_statement *s)
{
	const char *text = sql_take_text(s);

	return text ? arena_string(arena, bytes_of(text)) : NULL;
}

enum nt_status reader_fail_order(const struct recording *r, struct nt_error *error)
{
	return nt_fail(error, NT_EDAMAGED, "%s: its tables are damaged; `sqlite3 FILE .recover` may save what is left",
		       sql_path(r->sql));
}

/* ---- sessions ---- */

static void take_session(struct arena *texts, struct sql_statement *s, struct stored_session *out)
{
	struct recording_session *session = &out->session;

	session->id = sql_take_int(s);
	session->begin = sql_take_time(s);
	session->end = sql_take_time(s);
	session->host = reader_keep_text(texts, s);
	session->kernel = reader_keep_text(texts, s);
	session->program_version = reader_keep_text(texts, s);
	session->command = reader_keep_text(texts, s);
	session->filter = reader_keep_text(texts, s);
	session->has_exit_status = !sql_next_is_null(s);
	session->exit_status = (int)sql_take_int(s);
	session->command_begin = sql_take_time(s);
	session->command_end = sql_take_time(s);
	session->source = reader_keep_text(texts, s);
	session->end_reason = reader_keep_text(texts, s);
	out->first_packet = sql_take_int(s);
	out->disorder = sql_take_int(s);
	if (out->disorder < 0)
		out->disorder = INT64_MAX;
}

static enum nt_status add_session(struct recording *r, struct sql_statement *s, struct nt_error *error)
{
	struct reader *reader = r->reader;
	size_t count = reader->session_count;

	if ((count & (count - 1)) == 0)
		reader->sessions = nt_realloc_array(reader->sessions, count ? count * 2 : 1, sizeof *reader->sessions);
	take_session(&reader->texts, s, &reader->sessions[count]);
	if (reader->texts.used > MOST_TEXT ||
	    (count > 0 && reader->sessions[count].session.id <= reader->sessions[count - 1].session.id))
		return reader_fail_order(r, error);
	reader->session_count++;
	return NT_OK;
}

static int by_begin(const void *a, const void *b)
{
	const struct recording_session *x = &((const struct stored_session *)a)->session,
				       *y = &((const struct stored_session *)b)->session;

	if (x->begin != y->begin)
		return x->begin < y->begin ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

static enum nt_status load_sessions(struct recording *r, struct nt_error *error)
{
	struct sql_statement s;
	enum nt_status status =
		sql_prepare(&s, r->sql,
			    "SELECT id, begin_ns, end_ns, host, kernel, program_version, command, filter, exit_status,"
			    " command_begin_ns, command_end_ns, source, end_reason, first_packet, disorder_ns"
			    " FROM sessions NOT INDEXED ORDER BY id",
			    error);

	while (status == NT_OK && (status = sql_step(&s, error)) == NT_OK) {
		if (r->reader->session_count == LIMIT_SESSIONS) {
			limit_hit(r->reader->hits, LIMIT_SESSIONS_HIT);
			break;
		}
		status = add_session(r, &s, error);
	}
	sql_finalize(&s);
	if (r->reader->session_count > 0)
		qsort(r->reader->sessions, r->reader->session_count, sizeof *r->reader->sessions, by_begin);
	return status == NT_END ? NT_OK : status;
}

size_t recording_session_count(const struct recording *r)
{
	return r->reader->session_count;
}

const struct recording_session *recording_session(const struct recording *r, size_t index)
{
	return &r->reader->sessions[index].session;
}

/* ---- the selected session ---- */

static int64_t end_of_packets(const struct reader *reader)
{
	int64_t end = INT64_MAX;

	for (size_t i = 0; i < reader->session_count; i++) {
		int64_t first = reader->sessions[i].first_packet;

		if (first > reader->selected->first_packet && first < end)
			end = first;
	}
	return end;
}

static enum nt_status add_interface(struct recording *r, struct sql_statement *s, struct nt_error *error)
{
	struct reader *reader = r->reader;
	size_t count = reader->interface_count;
	struct recording_interface *interface;

	if ((count & (count - 1)) == 0)
		reader->interfaces = nt_realloc_array(reader->interfaces, count ? count * 2 : 1, sizeof *reader->interfaces);
	interface = &reader->interfaces[count];
	interface->id = (uint32_t)sql_take_int(s);
	interface->name = reader_keep_text(&reader->interface_texts, s);
	interface->description = reader_keep_text(&reader->interface_texts, s);
	interface->link_type = (uint32_t)sql_take_int(s);
	interface->snaplen = (uint32_t)sql_take_int(s);
	if (reader->interface_texts.used > MOST_TEXT || (count > 0 && interface->id <= reader->interfaces[count - 1].id))
		return reader_fail_order(r, error);
	reader->interface_count++;
	return NT_OK;
}

static enum nt_status load_interfaces(struct recording *r, struct nt_error *error)
{
	struct reader *reader = r->reader;
	struct sql_statement s;
	enum nt_status status = sql_prepare(
		&s, r->sql, "SELECT id, name, description, link_type, snaplen FROM interfaces WHERE session = ? ORDER BY id",
		error);

	arena_clear(&reader->interface_texts);
	reader->interface_count = 0;
	if (status == NT_OK)
		sql_bind_int(&s, reader->selected->session.id);
	while (status == NT_OK && (status = sql_step(&s, error)) == NT_OK) {
		if (reader->interface_count == LIMIT_INTERFACES) {
			limit_hit(reader->hits, LIMIT_INTERFACES_HIT);
			break;
		}
		status = add_interface(r, &s, error);
	}
	sql_finalize(&s);
	return status == NT_END ? NT_OK : status;
}

enum nt_status recording_select(struct recording *r, int64_t session_id, struct nt_error *error)
{
	struct reader *reader = r->reader;

	reader->selected = NULL;
	for (size_t i = 0; i < reader->session_count; i++)
		if (reader->sessions[i].session.id == session_id)
			reader->selected = &reader->sessions[i];
	if (!reader->selected)
		return nt_fail(error, NT_EUSAGE, "%s: it has no session %lld", sql_path(r->sql), (long long)session_id);
	reader->end_packet = end_of_packets(reader);
	reader_start_feeds(reader);
	return load_interfaces(r, error);
}

size_t recording_interface_count(const struct recording *r)
{
	return r->reader->interface_count;
}

const struct recording_interface *recording_interface(const struct recording *r, size_t index)
{
	return &r->reader->interfaces[index];
}

/* ---- keys ---- */

/* Adds the text of a row; NT_END at the limit. */
static enum nt_status add_keys(struct recording *r, struct sql_statement *s, int64_t *last, struct nt_error *error)
{
	struct reader *reader = r->reader;
	int64_t id = sql_take_int(s), session = sql_take_int(s);
	struct bytes text = sql_take_bytes(s);

	if (id <= *last)
		return reader_fail_order(r, error);
	*last = id;
	if (session != reader->selected->session.id || buffer_add(&reader->keys, text.at, text.size))
		return NT_OK;
	limit_hit(reader->hits, LIMIT_SECRETS_HIT);
	return NT_END;
}

enum nt_status recording_keys(struct recording *r, struct bytes *out, struct nt_error *error)
{
	struct reader *reader = r->reader;
	struct sql_statement s;
	enum nt_status status = sql_prepare(&s, r->sql, "SELECT id, session, text FROM keys NOT INDEXED ORDER BY id", error);
	int64_t last = INT64_MIN;

	buffer_clear(&reader->keys);
	while (status == NT_OK && reader->selected && (status = sql_step(&s, error)) == NT_OK)
		status = add_keys(r, &s, &last, error);
	sql_finalize(&s);
	*out = (struct bytes){ reader->keys.at, reader->keys.size };
	return status == NT_END ? NT_OK : status;
}
