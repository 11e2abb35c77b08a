#include "cli/agent/keylog.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_SIZE = 64 * 1024 };

struct keylog {
	char *path;
	int file, watch;
	off_t offset;   /* of the first byte that was not handed over */
	uint64_t taken; /* bytes */
};

static struct keylog *keylog_new(const char *path)
{
	struct keylog *keylog = nt_zalloc(sizeof *keylog);

	keylog->path = nt_strdup(path);
	keylog->file = keylog->watch = -1;
	return keylog;
}

void keylog_free(struct keylog *keylog)
{
	if (!keylog)
		return;
	if (keylog->file >= 0)
		close(keylog->file);
	if (keylog->watch >= 0)
		close(keylog->watch);
	free(keylog->path);
	free(keylog);
}

static bool watch(struct keylog *keylog)
{
	keylog->watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	return keylog->watch >= 0 && inotify_add_watch(keylog->watch, keylog->path, IN_MODIFY) >= 0;
}

enum nt_status keylog_open(struct keylog **out, const char *path, bool from_end, struct nt_error *error)
{
	struct keylog *keylog = keylog_new(path);
	struct stat about;

	*out = NULL;
	keylog->file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (keylog->file < 0 || fstat(keylog->file, &about) != 0 || !watch(keylog)) {
		nt_fail(error, NT_EIO, "cannot follow the key log %s: %s", path, strerror(errno));
	} else if (!S_ISREG(about.st_mode)) {
		nt_fail(error, NT_EIO, "cannot follow the key log %s: it is not a file", path);
	} else {
		keylog->offset = from_end ? about.st_size : 0;
		*out = keylog;
		return NT_OK;
	}
	keylog_free(keylog);
	return NT_EIO;
}

/* ---- a file of our own ---- */

/*
 * The directory stays ours, and the command's user may but enter it: so the file can be removed whoever we are by then, and nobody can put
 * another in its place.
 */
static bool make_file(const char *directory, const char *path, const struct user *owner)
{
	int file = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	bool good =
		file >= 0 && (owner->uid == geteuid() || fchown(file, owner->uid, owner->gid) == 0) && chmod(directory, 0711) == 0;

	if (file >= 0)
		close(file);
	return good;
}

enum nt_status keylog_make(struct keylog **out, const struct user *owner, struct nt_error *error)
{
	struct arena arena = { 0 };
	const char *parent = getenv("TMPDIR");
	char *directory = arena_printf(&arena, "%s/nettrace-keys.XXXXXX", parent && parent[0] == '/' ? parent : "/tmp");
	enum nt_status status = NT_EIO;

	*out = NULL;
	if (!mkdtemp(directory)) {
		nt_fail(error, NT_EIO, "cannot make the key log %s: %s", directory, strerror(errno));
	} else {
		const char *path = arena_printf(&arena, "%s/keys", directory);

		if (make_file(directory, path, owner))
			status = keylog_open(out, path, false, error);
		else
			nt_fail(error, NT_EIO, "cannot make the key log %s: %s", path, strerror(errno));
		if (status != NT_OK)
			keylog_remove(path);
	}
	arena_free(&arena);
	return status;
}

void keylog_remove(const char *path)
{
	char *directory = nt_strdup(path);
	char *slash = strrchr(directory, '/');

	unlink(path);
	if (slash) {
		*slash = 0;
		rmdir(directory);
	}
	free(directory);
}

/* ---- reading ---- */

const char *keylog_path(const struct keylog *keylog)
{
	return keylog->path;
}

int keylog_descriptor(const struct keylog *keylog)
{
	return keylog->watch;
}

static void drain_watch(const struct keylog *keylog)
{
	uint8_t events[4096];

	while (read(keylog->watch, events, sizeof events) > 0)
		continue;
}

/* A program that opens it anew may cut it; then it is read from its beginning. */
static void notice_cut(struct keylog *keylog)
{
	struct stat about;

	if (fstat(keylog->file, &about) == 0 && about.st_size < keylog->offset)
		keylog->offset = 0;
}

/* How much of what was read is handed over: up to the last line's end.  A line that fills all of it is none. */
static size_t whole_lines(const uint8_t *text, size_t size, bool last)
{
	const uint8_t *end = memrchr(text, '\n', size);

	if (end)
		return (size_t)(end - text) + 1;
	return last || size == READ_SIZE ? size : 0;
}

bool keylog_read(struct keylog *keylog, bool last, void (*take)(void *context, struct bytes lines), void *context)
{
	uint8_t *text = nt_alloc(READ_SIZE);
	ssize_t size;

	drain_watch(keylog);
	notice_cut(keylog);
	while (keylog->taken < LIMIT_SECRETS && (size = pread(keylog->file, text, READ_SIZE, keylog->offset)) > 0) {
		size_t lines = whole_lines(text, (size_t)size, last);

		if (lines == 0)
			break;
		take(context, (struct bytes){ text, lines });
		keylog->offset += (off_t)lines;
		keylog->taken += lines;
	}
	free(text);
	return keylog->taken < LIMIT_SECRETS;
}
