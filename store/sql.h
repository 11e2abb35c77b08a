/*
 * SQLite in a few functions: open, prepare, bind, step, transactions that nest, and sentences instead of error codes.
 *
 * Parameters and columns are bound and taken one after the other, in the order of the SQL text: two takes never share an
 * expression. Every function that can fail returns an enum nt_status and fills *error with a sentence that names the file and says
 * what to do. For store/, and for cli/store/, which writes another kind of database.
 */
#ifndef NETTRACE_STORE_SQL_H
#define NETTRACE_STORE_SQL_H

#include "store/base.h"

struct sqlite3_stmt;
struct sql; /* handle: one connection to one file */

enum sql_mode {
	SQL_READ,      /* never changes the file; a file that needs its journal cannot be read: see sql_needs_writing() */
	SQL_WRITE,     /* the file must exist; rolls a left-over journal back */
	SQL_IMMUTABLE, /* reads the file alone: no locks, no journal */
};

/* On failure *out is NULL.  Nothing is read yet, so a file that is no database opens, too. */
enum nt_status sql_open(struct sql **out, const char *path, enum sql_mode mode, struct nt_error *error);

/*
 * A copy of the file and its journal, rolled back, in a temporary directory from which both are removed at once; `path` is what
 * sentences name.  Writing changes the copy only.
 */
enum nt_status sql_open_copy(struct sql **out, const char *path, struct nt_error *error);

/* The bytes of a database file, which must live as long as *out. */
enum nt_status sql_open_image(struct sql **out, struct bytes image, struct nt_error *error);

/* What sentences call the file. */
const char *sql_path(const struct sql *sql);
void sql_show_as(struct sql *sql, const char *path);

/* The file itself where `path` is a link, beside which SQLite keeps its journal; free() it. */
char *sql_file_name(const char *path);

/* Where SQLite keeps the journal of a file; free() it. */
char *sql_journal_name(const char *path);

/* NULL is fine.  A statement that is still open then is a mistake of the caller: asserted. */
void sql_close(struct sql *sql);

/* How long to wait for other processes' locks; 0 at first. */
void sql_set_patience(struct sql *sql, unsigned milliseconds);

/* Makes a statement that computes without end fail: for files that somebody else may have made. */
void sql_guard(struct sql *sql);

/* Lets a file be read that is shorter than it says, up to where it ends.  Only for files that are not written. */
enum nt_status sql_tolerate_cut(struct sql *sql, struct nt_error *error);

/* Why the last call failed: */
bool sql_was_busy(const struct sql *sql);      /* another process holds a lock */
bool sql_needs_writing(const struct sql *sql); /* a left-over journal has to be rolled back, and this may not write */

/* ---- statements ---- */

struct sql_statement {
	struct sqlite3_stmt *handle; /* NULL: not prepared */
	struct sql *sql;
	int parameter, column; /* next one */
	bool unbound;          /* a parameter could not be bound */
};

enum nt_status sql_prepare(struct sql_statement *s, struct sql *sql, const char *text, struct nt_error *error);
void sql_finalize(struct sql_statement *s); /* zeroed or finalized is fine */

/* Binds the next parameter.  Text and bytes must live until sql_reset(); a NULL text and NT_TIME_NONE are NULL. */
void sql_bind_int(struct sql_statement *s, int64_t value);
void sql_bind_text(struct sql_statement *s, const char *text);
void sql_bind_string(struct sql_statement *s, struct bytes text); /* UTF-8; copied, so it need not live */
void sql_bind_bytes(struct sql_statement *s, struct bytes bytes);
void sql_bind_time(struct sql_statement *s, nt_time time);
void sql_bind_null(struct sql_statement *s);
void sql_bind_optional(struct sql_statement *s, bool has, int64_t value); /* NULL unless `has` */

/* NT_OK: a row.  NT_END: there are no more; the statement is reset, as after a failure. */
enum nt_status sql_step(struct sql_statement *s, struct nt_error *error);
void sql_reset(struct sql_statement *s);

/* Steps to the end, rows are ignored. */
enum nt_status sql_do(struct sql_statement *s, struct nt_error *error);

/* Takes the next column.  Text and bytes are views that live until the next step or reset; text is NULL for NULL. */
int64_t sql_take_int(struct sql_statement *s);
const char *sql_take_text(struct sql_statement *s);
struct bytes sql_take_bytes(struct sql_statement *s);
nt_time sql_take_time(struct sql_statement *s);
bool sql_next_is_null(const struct sql_statement *s); /* of the column that would be taken next */

int64_t sql_last_id(const struct sql *sql); /* rowid of the last row that was inserted */

/* Runs all statements of `script`. */
enum nt_status sql_run(struct sql *sql, const char *script, struct nt_error *error);

/* The first column of the first row; 0 if there is none. */
enum nt_status sql_query_int(struct sql *sql, const char *text, int64_t *out, struct nt_error *error);

/* ---- transactions ----
 * They nest: only the outermost begins and commits.  An inner one that is rolled back dooms the outer one: its commit rolls back,
 * and fails with NT_EUSAGE.
 */
enum nt_status sql_begin(struct sql *sql, struct nt_error *error);
enum nt_status sql_commit(struct sql *sql, struct nt_error *error); /* sql_was_busy(): still open, try again later */
void sql_rollback(struct sql *sql);
unsigned sql_depth(const struct sql *sql); /* 0: no transaction is open */

#endif
