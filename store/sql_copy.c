/*
 * SQLite will not read a database with a left-over journal unless it may roll the journal back; on a read-only medium it may not.
 * Reading such a file without its journal (immutable=1) would show half a transaction.  So the rollback is done on a copy.
 */
#include "store/sql.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const parts[] = { "", "-journal", "-wal" }; /* the last one if somebody changed the journal mode by hand */

enum { PART_COUNT = sizeof parts / sizeof *parts };

static char *joined(const char *a, const char *b)
{
	size_t size = strlen(a) + strlen(b) + 1;
	char *text = nt_alloc(size);

	snprintf(text, size, "%s%s", a, b);
	return text;
}

static bool send_all(int from, int to)
{
	ssize_t sent;

	do {
		sent = sendfile(to, from, NULL, 16 * 1024 * 1024);
	} while (sent > 0 || (sent < 0 && errno == EINTR));
	return sent == 0;
}

/* A part that does not exist need not be copied, except the database itself. */
static bool copy_part(const char *path, const char *copy, const char *part)
{
	char *file = sql_file_name(path), *from_name = joined(file, part), *to_name = joined(copy, part);
	int from = open(from_name, O_RDONLY | O_CLOEXEC), to = -1;
	bool done = from < 0 && errno == ENOENT && part[0];
	int number;

	if (from >= 0) {
		to = open(to_name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		done = to >= 0 && send_all(from, to);
	}
	number = errno;
	if (from >= 0)
		close(from);
	if (to >= 0 && close(to) != 0 && done) {
		number = errno;
		done = false;
	}
	free(file);
	free(from_name);
	free(to_name);
	errno = number;
	return done;
}

static void remove_copy(const char *directory, const char *copy)
{
	static const char *const extra[] = { "-shm" };

	for (size_t i = 0; i < PART_COUNT + 1; i++) {
		char *name = joined(copy, i < PART_COUNT ? parts[i] : extra[0]);

		unlink(name);
		free(name);
	}
	rmdir(directory);
}

static enum nt_status open_rolled_back(struct sql **out, const char *copy, struct nt_error *error)
{
	int64_t ignored;
	enum nt_status status = sql_open(out, copy, SQL_WRITE, error);

	if (status != NT_OK)
		return status;
	sql_guard(*out);
	/* Everything further goes to memory: the names are gone as soon as this returns. */
	status = sql_query_int(*out, "SELECT EXISTS (SELECT 1 FROM sqlite_schema)", &ignored, error);
	if (status == NT_OK)
		status = sql_run(*out, "PRAGMA journal_mode = MEMORY; PRAGMA temp_store = MEMORY", error);
	if (status != NT_OK) {
		sql_close(*out);
		*out = NULL;
	}
	return status;
}

static enum nt_status copy_into(struct sql **out, const char *path, const char *parent, struct nt_error *error)
{
	char *directory = joined(parent, "/nettrace-XXXXXX"), *copy = NULL;
	enum nt_status status = NT_OK;

	if (!mkdtemp(directory)) {
		status = nt_fail(error, NT_EIO,
				 "%s: it was left unfinished on a read-only medium, and no copy can be made in %s: %s", path,
				 parent, strerror(errno));
		free(directory);
		return status;
	}
	copy = joined(directory, "/copy.db");
	for (size_t i = 0; i < PART_COUNT && status == NT_OK; i++)
		if (!copy_part(path, copy, parts[i]))
			status = nt_fail(error, NT_EIO, "%s: a copy is needed to read it, and copying %s%s to %s failed: %s%s",
					 path, path, parts[i], parent, strerror(errno),
					 errno == ENOSPC ? "; set TMPDIR to a place with room" : "");
	if (status == NT_OK)
		status = open_rolled_back(out, copy, error);
	if (status == NT_OK)
		sql_show_as(*out, path);
	remove_copy(directory, copy);
	free(directory);
	free(copy);
	return status;
}

enum nt_status sql_open_copy(struct sql **out, const char *path, struct nt_error *error)
{
	const char *places[] = { getenv("TMPDIR"), "/var/tmp", "/tmp" };
	enum nt_status status = NT_EIO;

	*out = NULL;
	for (size_t i = 0; i < sizeof places / sizeof *places && status == NT_EIO; i++)
		if (places[i] && places[i][0])
			status = copy_into(out, path, places[i], error);
	return status;
}
