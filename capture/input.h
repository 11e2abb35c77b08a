/*
 * The bytes of one input, plain or decompressed, through one window.
 *
 * Reads are large; what a reader is given are views into the window.  When a record is not whole, only what is there of it moves to
 * the front before the next read.  The window grows with the bytes that come, not with a length that is announced.
 */
#ifndef NETTRACE_CAPTURE_INPUT_H
#define NETTRACE_CAPTURE_INPUT_H

#include "capture/decoder.h"

enum { INPUT_WINDOW = DECODER_CHUNK };

/* The first three and raw.interrupted may be read from outside; the rest belongs to input.c.  An open input must not move. */
struct input {
	const uint8_t *at; /* the next byte */
	size_t left;       /* bytes in the window from there on */
	uint64_t offset;   /* of `at` in the uncompressed input */

	uint8_t *buffer; /* the window; NULL over plain memory */
	size_t capacity;
	bool ended; /* nothing more will come into the window */
	struct raw raw;
	struct decoder *decoder; /* NULL: plain */
	char failure[160];
};

/* A path as messages show it: quoted, "standard input" for "-", and only its end when it is very long. */
struct shown_name {
	char text[280];
};
struct shown_name input_show_name(const char *path);

/* Opens a file, or standard input for "-", and finds out whether it is compressed.  On failure there is nothing to close. */
enum nt_status input_open(struct input *in, const char *path, struct nt_error *error);
void input_open_memory(struct input *in, const void *bytes, size_t size);
void input_close(struct input *in);

bool input_refill(struct input *in, size_t n); /* the slow part of input_need() */

/* The next n bytes, or NULL when the input ends before.  Valid until the next call. */
static inline const uint8_t *input_need(struct input *in, size_t n)
{
	return in->left >= n || input_refill(in, n) ? in->at : NULL;
}

/* Goes n bytes ahead, at most in->left. */
static inline void input_advance(struct input *in, size_t n)
{
	in->at += n;
	in->left -= n;
	in->offset += n;
}

/* Goes n bytes ahead, however many; false when the input ended before. */
bool input_skip(struct input *in, uint64_t n);

/* Bytes from here to the end.  They are read, and lost, unless the size of the file tells. */
uint64_t input_drain(struct input *in);

/* Why the input ended before its end, NULL if it did not (or has not yet). */
const char *input_failure(const struct input *in);

const char *input_compression(const struct input *in); /* "" for none */
uint64_t input_size_on_disk(const struct input *in);   /* 0 when it has none */

/* Opens the same bytes a second time, from the start; false when they can be had only once, or only by decompressing them twice. */
bool input_open_again(struct input *again, const struct input *in);

#endif
