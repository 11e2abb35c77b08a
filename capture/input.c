#include "capture/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct shown_name input_show_name(const char *path)
{
	enum { LONGEST = 240 };
	struct shown_name shown;
	size_t size = strlen(path);

	if (strcmp(path, "-") == 0)
		snprintf(shown.text, sizeof shown.text, "standard input");
	else if (size <= LONGEST)
		snprintf(shown.text, sizeof shown.text, "'%s'", path);
	else
		snprintf(shown.text, sizeof shown.text, "'...%s'", path + size - LONGEST);
	return shown;
}

/* ---- opening ---- */

static const struct {
	int number;
	const char *text;
} open_errors[] = {
	{ ENOENT, "no such file; check the path" },
	{ ENOTDIR, "a part of the path is no directory; check the path" },
	{ EACCES, "permission denied; run as a user who may read it" },
	{ EISDIR, "it is a directory; name the files in it" },
	{ EMFILE, "too many open files; name fewer at once, or raise the limit with ulimit -n" },
	{ ENXIO, "it is a socket or a device without driver; name a file or pipe" },
};

static enum nt_status cannot_open(const char *path, int number, struct nt_error *error)
{
	struct shown_name name = input_show_name(path);

	for (size_t i = 0; i < sizeof open_errors / sizeof *open_errors; i++)
		if (open_errors[i].number == number)
			return nt_fail(error, NT_EIO, "cannot open %s: %s", name.text, open_errors[i].text);
	return nt_fail(error, NT_EIO, "cannot open %s: %s", name.text, strerror(number));
}

static int open_raw(struct raw *raw, const char *path)
{
	struct stat info;
	off_t position;

	raw->owned = strcmp(path, "-") != 0;
	raw->fd = raw->owned ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY) : STDIN_FILENO;
	if (raw->fd < 0)
		return errno;
	if (fstat(raw->fd, &info) != 0)
		return errno;
	if (S_ISDIR(info.st_mode))
		return EISDIR;
	position = S_ISREG(info.st_mode) ? lseek(raw->fd, 0, SEEK_CUR) : -1;
	if (position < 0)
		return 0;
	raw->regular = true;
	raw->start = (uint64_t)position; /* standard input may have been read in part */
	(void)posix_fadvise(raw->fd, position, 0, POSIX_FADV_SEQUENTIAL);
	return 0;
}

/* Looks at the first bytes; if they are compressed, the window that holds them becomes the decoder's and a new one is begun. */
static void find_compression(struct input *in)
{
	const struct decoder_kind *kind;

	(void)input_need(in, 4);
	kind = decoder_recognise((struct bytes){ in->at, in->left });
	if (!kind)
		return;
	in->decoder = decoder_new(kind, &in->raw, in->buffer, in->buffer ? in->left : 0);
	in->buffer = NULL;
	in->capacity = 0;
	in->at = NULL;
	in->left = 0;
	in->ended = false;
}

enum nt_status input_open(struct input *in, const char *path, struct nt_error *error)
{
	int number;

	*in = (struct input){ .raw.fd = -1 };
	number = open_raw(&in->raw, path);
	if (number) {
		input_close(in);
		return cannot_open(path, number, error);
	}
	find_compression(in);
	return NT_OK;
}

void input_open_memory(struct input *in, const void *bytes, size_t size)
{
	*in = (struct input){ .at = bytes, .left = size, .ended = true, .raw = { .fd = -1, .memory = { bytes, size } } };
	find_compression(in);
}

bool input_open_again(struct input *again, const struct input *in)
{
	if (in->decoder)
		return false;
	if (in->raw.fd < 0) {
		input_open_memory(again, in->raw.memory.at, in->raw.memory.size);
		return true;
	}
	if (!in->raw.regular)
		return false;
	*again = (struct input){ .raw = { .fd = in->raw.fd, .regular = true, .start = in->raw.start } };
	return true;
}

void input_close(struct input *in)
{
	decoder_free(in->decoder);
	free(in->buffer);
	if (in->raw.owned && in->raw.fd >= 0)
		close(in->raw.fd);
	*in = (struct input){ .ended = true, .raw.fd = -1 };
}

/* ---- the window ---- */

static void make_room(struct input *in)
{
	size_t used = in->buffer ? (size_t)(in->at - in->buffer) : 0;

	if (used)
		memmove(in->buffer, in->at, in->left);
	if (in->left == in->capacity) {
		in->capacity = in->capacity ? in->capacity * 2 : INPUT_WINDOW;
		in->buffer = nt_realloc(in->buffer, in->capacity);
	}
	in->at = in->buffer;
}

static void end(struct input *in)
{
	const char *failure = in->decoder ? decoder_failure(in->decoder) : NULL;

	in->ended = true;
	if (in->raw.error)
		snprintf(in->failure, sizeof in->failure, "reading failed: %s", strerror(in->raw.error));
	else if (failure)
		snprintf(in->failure, sizeof in->failure, "%s", failure);
}

bool input_refill(struct input *in, size_t n)
{
	while (in->left < n && !in->ended) {
		uint8_t *to;
		size_t room, got;

		make_room(in);
		to = in->buffer + in->left;
		room = in->capacity - in->left;
		got = in->decoder ? decoder_read(in->decoder, to, room) : raw_read(&in->raw, to, room);
		if (got == 0)
			end(in);
		in->left += got;
	}
	return in->left >= n;
}

bool input_skip(struct input *in, uint64_t n)
{
	while (n > in->left) {
		n -= in->left;
		input_advance(in, in->left);
		if (!input_need(in, 1))
			return false;
	}
	input_advance(in, (size_t)n);
	return true;
}

uint64_t input_drain(struct input *in)
{
	uint64_t begin = in->offset, size = input_size_on_disk(in);

	if (!in->decoder && in->raw.regular)
		return in->left + (size > in->raw.total ? size - in->raw.total : 0);
	(void)input_skip(in, UINT64_MAX);
	return in->offset - begin;
}

const char *input_failure(const struct input *in)
{
	return in->failure[0] ? in->failure : NULL;
}

const char *input_compression(const struct input *in)
{
	return in->decoder ? decoder_name(in->decoder) : "";
}

uint64_t input_size_on_disk(const struct input *in)
{
	struct stat info;

	if (in->raw.fd < 0)
		return in->raw.memory.size;
	if (!in->raw.regular || fstat(in->raw.fd, &info) != 0 || (uint64_t)info.st_size < in->raw.start)
		return 0;
	return (uint64_t)info.st_size - in->raw.start;
}
