#include "store/sql.h"

#include "store/limits.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum {
	LONGEST_VALUE = LIMIT_PACKET_SIZE + 65536,
	PATIENCE_STEP_MS = 5,
	GUARD_OPERATIONS = 1000, /* of SQLite's machine, between two looks at a statement */
	GUARD_LOOKS = 4000       /* the statements of the reader need a thousand operations or so for a row */
};

#define GUARD_TIME (2 * NT_SECOND) /* of the processor; an operation may have to read a megabyte */

struct sql {
	sqlite3 *db;
	char *path; /* as the user named it */
	enum sql_mode mode;
	unsigned patience_ms;
	unsigned looks;  /* of the guard, at the current step */
	int64_t watched; /* since when: processor time of the first of them */
	unsigned depth;
	bool doomed;
};

/* ---- sentences ---- */

static const struct {
	int code; /* primary result code */
	enum nt_status status;
	const char *text;
} sentences[] = {
	{ SQLITE_FULL, NT_EIO, "the disk is full: make room, or choose another place" },
	{ SQLITE_BUSY, NT_EIO, "another process is using it: wait until that is done, or choose another file" },
	{ SQLITE_LOCKED, NT_EIO, "this process is already using it" },
	{ SQLITE_READONLY, NT_EIO, "the file, its directory or the medium is read-only" },
	{ SQLITE_CANTOPEN, NT_EIO, "it or its journal (the same name and \"-journal\") cannot be opened: look at the permissions" },
	{ SQLITE_PERM, NT_EIO, "permission denied" },
	{ SQLITE_AUTH, NT_EIO, "permission denied" },
	{ SQLITE_NOMEM, NT_EIO, "not enough memory" },
	{ SQLITE_NOTADB, NT_EFORMAT, "it is not a recording of nettrace-capture, nor another SQLite database" },
	{ SQLITE_CORRUPT, NT_EDAMAGED, "a part of the file is damaged; `sqlite3 FILE .recover` may save what is left" },
	{ SQLITE_TOOBIG, NT_EDAMAGED, "a value in it is longer than any that nettrace-capture writes" },
	{ SQLITE_INTERRUPT, NT_EDAMAGED, "its tables are damaged: reading them does not come to an end" },
};

static const struct {
	int number; /* errno */
	const char *text;
} reasons[] = {
	{ EFBIG, "the limit of a file's size is reached (ulimit -f, or the file system's): raise it, or choose another file" },
	{ EDQUOT, "the disk quota is used up: make room, or choose another place" },
	{ ENOSPC, "the disk is full: make room, or choose another place" },
};

/* A COMMIT that fails leaves its errno with the file only. */
static int find_errno(sqlite3 *db)
{
	int number = sqlite3_system_errno(db);

	if (number == 0)
		(void)sqlite3_file_control(db, "main", SQLITE_FCNTL_LAST_ERRNO, &number);
	return number;
}

static enum nt_status fail_io(struct sql *sql, struct nt_error *error)
{
	int number = find_errno(sql->db);

	if (sqlite3_extended_errcode(sql->db) == SQLITE_IOERR_SHORT_READ)
		return nt_fail(error, NT_EDAMAGED, "%s: the file is cut short", sql->path);
	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
		if (reasons[i].number == number)
			return nt_fail(error, NT_EIO, "%s: %s", sql->path, reasons[i].text);
	return nt_fail(error, NT_EIO, "%s: reading or writing failed: %s", sql->path,
		       number ? strerror(number) : "the medium may be damaged");
}

static enum nt_status fail(struct sql *sql, struct nt_error *error)
{
	int code = sqlite3_errcode(sql->db) & 0xff;

	if (code == SQLITE_IOERR)
		return fail_io(sql, error);
	for (size_t i = 0; i < sizeof sentences / sizeof *sentences; i++)
		if (sentences[i].code == code)
			return nt_fail(error, sentences[i].status, "%s: %s", sql->path, sentences[i].text);
	return nt_fail(error, NT_EDAMAGED, "%s: its tables are not those of a recording: %s", sql->path, sqlite3_errmsg(sql->db));
}

bool sql_was_busy(const struct sql *sql)
{
	return (sqlite3_errcode(sql->db) & 0xff) == SQLITE_BUSY;
}

bool sql_needs_writing(const struct sql *sql)
{
	switch (sqlite3_extended_errcode(sql->db)) {
	case SQLITE_READONLY_ROLLBACK:
	case SQLITE_READONLY_RECOVERY:
	case SQLITE_READONLY_CANTINIT:
	case SQLITE_READONLY_CANTLOCK:
	case SQLITE_CANTOPEN:
	case SQLITE_CANTOPEN_ISDIR:
		return true;
	}
	return false;
}

/* ---- connections ---- */

char *sql_file_name(const char *path)
{
	struct stat info;
	char *target = lstat(path, &info) == 0 && S_ISLNK(info.st_mode) ? realpath(path, NULL) : NULL;

	return target ? target : nt_strdup(path);
}

char *sql_journal_name(const char *path)
{
	char *file = sql_file_name(path);
	size_t size = strlen(file);
	char *name = nt_realloc(file, size + sizeof "-journal");

	memcpy(name + size, "-journal", sizeof "-journal");
	return name;
}

static int wait_for_lock(void *data, int tries)
{
	const struct sql *sql = data;
	struct timespec pause = { 0, PATIENCE_STEP_MS * NT_MILLISECOND };

	if ((unsigned)tries * PATIENCE_STEP_MS >= sql->patience_ms)
		return 0;
	nanosleep(&pause, NULL);
	return 1;
}

void sql_set_patience(struct sql *sql, unsigned milliseconds)
{
	sql->patience_ms = milliseconds;
}

static int look_at_statement(void *data)
{
	struct sql *sql = data;
	struct timespec used;
	int64_t now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
	now = used.tv_sec * NT_SECOND + used.tv_nsec;
	if (sql->looks++ == 0)
		sql->watched = now;
	return sql->looks > GUARD_LOOKS || now - sql->watched > GUARD_TIME;
}

void sql_guard(struct sql *sql)
{
	sqlite3_progress_handler(sql->db, GUARD_OPERATIONS, look_at_statement, sql);
}

/* A side effect of the pragma, and the only way to it; the connection is read-only. */
enum nt_status sql_tolerate_cut(struct sql *sql, struct nt_error *error)
{
	sqlite3_db_config(sql->db, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
	return sql_run(sql, "PRAGMA writable_schema = ON", error);
}

/* A file may come from somebody else: nothing that its schema says is to be run when its tables are read. */
static void distrust(sqlite3 *db)
{
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	sqlite3_limit(db, SQLITE_LIMIT_LENGTH, LONGEST_VALUE);
	sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
}

static enum nt_status connect(struct sql **out, const char *name, int flags, const char *path, struct nt_error *error)
{
	struct sql *sql = nt_zalloc(sizeof *sql);
	enum nt_status status = NT_OK;

	*out = NULL;
	sql->path = nt_strdup(path);
	if (sqlite3_open_v2(name, &sql->db, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
		status = sql->db ? fail(sql, error) : nt_fail(error, NT_EIO, "%s: not enough memory", path);
		sql_close(sql);
		return status;
	}
	sqlite3_extended_result_codes(sql->db, 1);
	sqlite3_busy_handler(sql->db, wait_for_lock, sql);
	distrust(sql->db);
	*out = sql;
	return status;
}

/* With "file:" in front, as SQLite may be built to see URIs in names; whatever means something in one is escaped. */
static char *uri_of(const char *path, enum sql_mode mode)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._-";
	size_t size = strlen(path) * 3 + sizeof "file:./?immutable=1";
	char *uri = nt_alloc(size), *at = uri + (size_t)snprintf(uri, size, "file:%s", path[0] == '/' ? "" : "./");

	for (; *path; path++) {
		if (strchr(plain, *path))
			*at++ = *path;
		else
			at += snprintf(at, 4, "%%%02X", (unsigned char)*path);
	}
	snprintf(at, size - (size_t)(at - uri), "%s", mode == SQL_IMMUTABLE ? "?immutable=1" : "");
	return uri;
}

enum nt_status sql_open(struct sql **out, const char *path, enum sql_mode mode, struct nt_error *error)
{
	char *uri = uri_of(path, mode);
	int flags = SQLITE_OPEN_URI | (mode == SQL_WRITE ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY);
	enum nt_status status = connect(out, uri, flags, path, error);

	free(uri);
	if (status == NT_OK)
		(*out)->mode = mode;
	return status;
}

enum nt_status sql_open_image(struct sql **out, struct bytes image, struct nt_error *error)
{
	enum nt_status status = connect(out, ":memory:", SQLITE_OPEN_READWRITE, "memory", error);

	if (status != NT_OK)
		return status;
	if (sqlite3_deserialize((*out)->db, "main", (unsigned char *)image.at, (sqlite3_int64)image.size, (sqlite3_int64)image.size,
				SQLITE_DESERIALIZE_READONLY) != SQLITE_OK) {
		status = fail(*out, error);
		sql_close(*out);
		*out = NULL;
	}
	return status;
}

const char *sql_path(const struct sql *sql)
{
	return sql->path;
}

void sql_show_as(struct sql *sql, const char *path)
{
	char *copy = nt_strdup(path);

	free(sql->path);
	sql->path = copy;
}

static unsigned finalize_forgotten(sqlite3 *db)
{
	sqlite3_stmt *statement;
	unsigned count = 0;

	while ((statement = sqlite3_next_stmt(db, NULL))) {
		sqlite3_finalize(statement);
		count++;
	}
	return count;
}

void sql_close(struct sql *sql)
{
	unsigned forgotten;

	if (!sql)
		return;
	forgotten = sql->db ? finalize_forgotten(sql->db) : 0;
	assert(forgotten == 0);
	(void)forgotten;
	sqlite3_close(sql->db);
	free(sql->path);
	free(sql);
}

/* ---- statements ---- */

enum nt_status sql_prepare(struct sql_statement *s, struct sql *sql, const char *text, struct nt_error *error)
{
	*s = (struct sql_statement){ .sql = sql };
	sql->looks = 0;
	if (sqlite3_prepare_v3(sql->db, text, -1, SQLITE_PREPARE_PERSISTENT, &s->handle, NULL) != SQLITE_OK)
		return fail(sql, error);
	return NT_OK;
}

void sql_finalize(struct sql_statement *s)
{
	sqlite3_finalize(s->handle);
	s->handle = NULL;
}

static void note_bound(struct sql_statement *s, int code)
{
	if (code != SQLITE_OK)
		s->unbound = true;
}

void sql_bind_int(struct sql_statement *s, int64_t value)
{
	note_bound(s, sqlite3_bind_int64(s->handle, ++s->parameter, value));
}

void sql_bind_text(struct sql_statement *s, const char *text)
{
	note_bound(s, sqlite3_bind_text(s->handle, ++s->parameter, text, -1, SQLITE_STATIC));
}

void sql_bind_string(struct sql_statement *s, struct bytes text)
{
	note_bound(s, sqlite3_bind_text64(s->handle, ++s->parameter, text.size ? (const char *)text.at : "", text.size,
					  SQLITE_TRANSIENT, SQLITE_UTF8));
}

void sql_bind_bytes(struct sql_statement *s, struct bytes bytes)
{
	if (bytes.size == 0)
		note_bound(s, sqlite3_bind_zeroblob(s->handle, ++s->parameter, 0)); /* as NULL bytes would be NULL */
	else
		note_bound(s, sqlite3_bind_blob64(s->handle, ++s->parameter, bytes.at, bytes.size, SQLITE_STATIC));
}

void sql_bind_null(struct sql_statement *s)
{
	note_bound(s, sqlite3_bind_null(s->handle, ++s->parameter));
}

void sql_bind_optional(struct sql_statement *s, bool has, int64_t value)
{
	if (has)
		sql_bind_int(s, value);
	else
		sql_bind_null(s);
}

void sql_bind_time(struct sql_statement *s, nt_time time)
{
	if (time == NT_TIME_NONE)
		sql_bind_null(s);
	else
		sql_bind_int(s, time);
}

enum nt_status sql_step(struct sql_statement *s, struct nt_error *error)
{
	enum nt_status status;
	int code;

	s->column = 0;
	s->sql->looks = 0;
	if (s->unbound) {
		sql_reset(s);
		return nt_fail(error, NT_EIO, "%s: a value is too long to be kept", s->sql->path);
	}
	code = sqlite3_step(s->handle);
	if (code == SQLITE_ROW)
		return NT_OK;
	status = code == SQLITE_DONE ? NT_END : fail(s->sql, error);
	sql_reset(s);
	return status;
}

void sql_reset(struct sql_statement *s)
{
	sqlite3_reset(s->handle);
	s->parameter = 0;
	s->unbound = false;
}

enum nt_status sql_do(struct sql_statement *s, struct nt_error *error)
{
	enum nt_status status;

	do {
		status = sql_step(s, error);
	} while (status == NT_OK);
	return status == NT_END ? NT_OK : status;
}

int64_t sql_take_int(struct sql_statement *s)
{
	return sqlite3_column_int64(s->handle, s->column++);
}

const char *sql_take_text(struct sql_statement *s)
{
	return (const char *)sqlite3_column_text(s->handle, s->column++);
}

struct bytes sql_take_bytes(struct sql_statement *s)
{
	const uint8_t *at = sqlite3_column_blob(s->handle, s->column);
	int size = sqlite3_column_bytes(s->handle, s->column++);

	return (struct bytes){ at, at && size > 0 ? (size_t)size : 0 };
}

nt_time sql_take_time(struct sql_statement *s)
{
	bool none = sql_next_is_null(s);
	nt_time time = sql_take_int(s);

	return none ? NT_TIME_NONE : time;
}

bool sql_next_is_null(const struct sql_statement *s)
{
	return sqlite3_column_type(s->handle, s->column) == SQLITE_NULL;
}

int64_t sql_last_id(const struct sql *sql)
{
	return sqlite3_last_insert_rowid(sql->db);
}

enum nt_status sql_run(struct sql *sql, const char *script, struct nt_error *error)
{
	sql->looks = 0;
	return sqlite3_exec(sql->db, script, NULL, NULL, NULL) == SQLITE_OK ? NT_OK : fail(sql, error);
}

enum nt_status sql_query_int(struct sql *sql, const char *text, int64_t *out, struct nt_error *error)
{
	struct sql_statement s;
	enum nt_status status = sql_prepare(&s, sql, text, error);

	*out = 0;
	if (status == NT_OK)
		status = sql_step(&s, error);
	if (status == NT_OK)
		*out = sql_take_int(&s);
	sql_finalize(&s);
	return status == NT_END ? NT_OK : status;
}

/* ---- transactions ---- */

enum nt_status sql_begin(struct sql *sql, struct nt_error *error)
{
	enum nt_status status = NT_OK;

	if (sql->depth == 0) {
		status = sql_run(sql, sql->mode == SQL_WRITE ? "BEGIN IMMEDIATE" : "BEGIN", error);
		sql->doomed = false;
	}
	if (status == NT_OK)
		sql->depth++;
	return status;
}

enum nt_status sql_commit(struct sql *sql, struct nt_error *error)
{
	enum nt_status status;

	assert(sql->depth > 0);
	if (sql->depth > 1) {
		sql->depth--;
		return NT_OK;
	}
	if (sql->doomed) {
		sql_rollback(sql);
		return nt_fail(error, NT_EUSAGE, "%s: a part of the change was taken back, so nothing was changed", sql->path);
	}
	status = sql_run(sql, "COMMIT", error);
	if (status == NT_OK)
		sql->depth = 0;
	return status;
}

/* After some failures SQLite has rolled back by itself. */
void sql_rollback(struct sql *sql)
{
	if (sql->depth > 1) {
		sql->doomed = true;
		sql->depth--;
		return;
	}
	if (!sqlite3_get_autocommit(sql->db))
		(void)sqlite3_exec(sql->db, "ROLLBACK", NULL, NULL, NULL);
	sql->depth = 0;
}

unsigned sql_depth(const struct sql *sql)
{
	return sql->depth;
}
