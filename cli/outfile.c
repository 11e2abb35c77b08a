#include "cli/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* What outfile_abandon() removes. */
static const char *volatile unfinished[OUTFILES];

static enum nt_status cannot_write(const char *name, int why, struct nt_error *error)
{
	return nt_fail(error, NT_EIO, "cannot write %s: %s", name, strerror(why ? why : EIO));
}

static bool is_standard_output(const char *path)
{
	return !path || strcmp(path, "-") == 0 || strcmp(path, "/dev/stdout") == 0;
}

static void note_unfinished(const char *temporary)
{
	for (int i = 0; i < OUTFILES; i++)
		if (!unfinished[i]) {
			unfinished[i] = temporary;
			return;
		}
}

static enum nt_status open_directly(struct outfile *out, const char *path, struct nt_error *error)
{
	out->name = path;
	out->file = fopen(path, "we");
	return out->file ? NT_OK : cannot_write(path, errno, error);
}

/* Two strings behind each other, each with its 0, in pages of their own: the size of all stands before them. */
struct sealed {
	size_t size; /* of the mapping */
	char text[];
};

static bool seal(struct outfile *out, const char *temporary, const char *path)
{
	const size_t first = strlen(temporary) + 1, second = strlen(path) + 1, size = sizeof(struct sealed) + first + second;
	struct sealed *sealed = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (sealed == MAP_FAILED)
		return false;
	sealed->size = size;
	memcpy(sealed->text, temporary, first);
	memcpy(sealed->text + first, path, second);
	mprotect(sealed, size, PROT_READ);
	out->temporary = sealed->text;
	out->path = sealed->text + first;
	return true;
}

static void unseal(const char *temporary)
{
	if (temporary) {
		void *sealed = (char *)temporary - offsetof(struct sealed, text);

		munmap(sealed, ((struct sealed *)sealed)->size);
	}
}

static void forget(struct outfile *out)
{
	for (int i = 0; i < OUTFILES; i++)
		if (unfinished[i] == out->temporary)
			unfinished[i] = NULL;
	unseal(out->temporary);
	*out = (struct outfile){ 0 };
}

/* "dir/.name.1234.tmp" for "dir/name" */
static char *temporary_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t folder = slash ? (size_t)(slash + 1 - path) : 0;
	size_t size = strlen(path) + 32;
	char *name = nt_alloc(size);

	snprintf(name, size, "%.*s.%s.%ld.tmp", (int)folder, path, path + folder, (long)getpid());
	return name;
}

/* A file that is replaced keeps its owner and mode; what the system refuses of that is no reason not to write. */
static void inherit(int fd, const struct stat *old)
{
	if (fchown(fd, old->st_uid, old->st_gid) != 0)
		errno = 0;
	if (fchmod(fd, old->st_mode & 07777) != 0)
		errno = 0;
}

static bool open_temporary(struct outfile *out, const char *path, mode_t mode, const struct stat *old)
{
	char *temporary = temporary_name(path);
	int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

	if (fd >= 0 && old)
		inherit(fd, old);
	if (fd >= 0 && (!seal(out, temporary, path) || !(out->file = fdopen(fd, "w")))) {
		close(fd);
		unlink(temporary);
		forget(out);
		fd = -1;
	}
	free(temporary);
	if (fd < 0)
		return false;
	out->name = path;
	note_unfinished(out->temporary);
	return true;
}

enum nt_status outfile_open(struct outfile *out, const char *path, mode_t mode, struct nt_error *error)
{
	struct stat old;
	bool exists;

	*out = (struct outfile){ 0 };
	if (is_standard_output(path)) {
		out->file = stdout;
		out->name = "standard output";
		return NT_OK;
	}
	exists = lstat(path, &old) == 0;
	if (exists && !S_ISREG(old.st_mode))
		return open_directly(out, path, error);
	if (exists && access(path, W_OK) != 0)
		return cannot_write(path, errno, error);
	if (open_temporary(out, path, mode, exists ? &old : NULL))
		return NT_OK;
	/* A folder that takes no new files may still hold one that can be written. */
	return exists ? open_directly(out, path, error) : cannot_write(path, errno, error);
}

static bool flush(struct outfile *out)
{
	bool good = fflush(out->file) == 0 && !ferror(out->file);

	if (out->file == stdout)
		return good;
	return fclose(out->file) == 0 && good;
}

enum nt_status outfile_finish(struct outfile *out, bool complete, struct nt_error *error)
{
	enum nt_status status = NT_OK;
	int why = complete ? 0 : errno;

	if (!flush(out) && complete) {
		complete = false;
		why = errno;
	}
	if (complete && out->temporary && rename(out->temporary, out->path) != 0) {
		complete = false;
		why = errno;
	}
	if (!complete) {
		status = cannot_write(out->name, why, error);
		if (out->temporary)
			unlink(out->temporary);
	}
	forget(out);
	return status;
}

bool outfile_is_same(const char *a, const char *b)
{
	struct stat about_a, about_b;

	if (stat(a, &about_a) != 0 || stat(b, &about_b) != 0 || !S_ISREG(about_a.st_mode))
		return false;
	return about_a.st_dev == about_b.st_dev && about_a.st_ino == about_b.st_ino;
}

void outfile_abandon(void)
{
	for (int i = 0; i < OUTFILES; i++)
		if (unfinished[i])
			unlink(unfinished[i]);
}
