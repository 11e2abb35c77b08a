#include "capture/decoder.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

/* ---- raw bytes ---- */

static size_t read_memory(struct raw *raw, uint8_t *out, size_t size)
{
	size_t left = raw->memory.size - (size_t)raw->total;

	if (size > left)
		size = left;
	if (size)
		memcpy(out, raw->memory.at + raw->total, size);
	raw->total += size;
	return size;
}

static volatile sig_atomic_t interrupt;

void raw_interrupt(void)
{
	interrupt = 1;
}

size_t raw_read(struct raw *raw, uint8_t *out, size_t size)
{
	ssize_t got;

	if (raw->fd < 0)
		return read_memory(raw, out, size);
	do {
		if (raw->regular)
			got = pread(raw->fd, out, size, (off_t)(raw->start + raw->total));
		else
			got = read(raw->fd, out, size);
	} while (got < 0 && errno == EINTR && !interrupt);
	raw->interrupted = got < 0 && errno == EINTR;
	if (raw->interrupted)
		return 0;
	if (got < 0) {
		raw->error = errno;
		return 0;
	}
	raw->total += (uint64_t)got;
	return (size_t)got;
}

/* ---- decoders ---- */

struct decoder_kind {
	const char *name;
	uint32_t magic, mask; /* of the first four bytes, big-endian */
	bool (*start)(struct decoder *d);
	size_t (*step)(struct decoder *d, uint8_t *out,
		       size_t size); /* bytes made; takes from the chunk; 0: needs more, or failed */
	void (*stop)(struct decoder *d);
};

struct decoder {
	const struct decoder_kind *kind;
	struct raw *raw;
	uint8_t *chunk;    /* compressed bytes */
	size_t used, size; /* of the chunk */
	bool inside;       /* of a member or frame: the input must not end here */
	bool failed;
	char failure[160];
	z_stream gzip;
	ZSTD_DStream *zstd;
};

static void fail(struct decoder *d, const char *what)
{
	d->failed = true;
	snprintf(d->failure, sizeof d->failure, "the %s data %s", d->kind->name, what);
}

static bool gzip_start(struct decoder *d)
{
	return inflateInit2(&d->gzip, 15 + 16) == Z_OK; /* window of 32 KiB, gzip header and trailer */
}

/* After a member (RFC 1952 2.2) another one may come, or zeros that fill up a block of a tape or disk. */
static bool gzip_next_member(struct decoder *d)
{
	while (d->used < d->size && d->chunk[d->used] == 0)
		d->used++;
	if (d->used == d->size)
		return false;
	if (d->chunk[d->used] != 0x1f) {
		fail(d, "is followed by something else");
		return false;
	}
	inflateReset(&d->gzip);
	d->inside = true;
	return true;
}

static size_t gzip_step(struct decoder *d, uint8_t *out, size_t size)
{
	int status;

	if (!d->inside && !gzip_next_member(d))
		return 0;
	d->gzip.next_in = d->chunk + d->used;
	d->gzip.avail_in = (unsigned)(d->size - d->used);
	d->gzip.next_out = out;
	d->gzip.avail_out = size > UINT32_MAX ? UINT32_MAX : (unsigned)size;
	size = d->gzip.avail_out;
	status = inflate(&d->gzip, Z_NO_FLUSH);
	d->used = d->size - d->gzip.avail_in;
	if (status == Z_STREAM_END)
		d->inside = false;
	else if (status == Z_MEM_ERROR)
		fail(d, "needs more memory than there is");
	else if (status != Z_OK && status != Z_BUF_ERROR)
		fail(d, "is damaged");
	return size - d->gzip.avail_out;
}

static void gzip_stop(struct decoder *d)
{
	inflateEnd(&d->gzip);
}

static bool zstd_start(struct decoder *d)
{
	d->zstd = ZSTD_createDStream();
	return d->zstd != NULL;
}

static size_t zstd_step(struct decoder *d, uint8_t *out, size_t size)
{
	ZSTD_inBuffer from = { d->chunk, d->size, d->used };
	ZSTD_outBuffer to = { out, size, 0 };
	size_t used = d->used, status = ZSTD_decompressStream(d->zstd, &to, &from);

	d->used = from.pos;
	if (ZSTD_getErrorCode(status) == ZSTD_error_frameParameter_windowTooLarge) {
		fail(d, "needs more than 128 MiB of memory; decompress it first, with: zstd -d --long=31");
	} else if (ZSTD_isError(status)) {
		char what[100];

		snprintf(what, sizeof what, "is damaged (%s)", ZSTD_getErrorName(status));
		fail(d, what);
	} else if (to.pos || from.pos != used) {
		d->inside = status != 0;
	}
	return to.pos;
}

static void zstd_stop(struct decoder *d)
{
	ZSTD_freeDStream(d->zstd);
}

static const struct decoder_kind kinds[] = {
	{ "gzip", 0x1f8b0000, 0xffff0000, gzip_start, gzip_step, gzip_stop },
	{ "zstd", 0x28b52ffd, 0xffffffff, zstd_start, zstd_step, zstd_stop },
	{ "zstd", 0x502a4d18, 0xf0ffffff, zstd_start, zstd_step, zstd_stop }, /* begins with a skippable frame */
};

const struct decoder_kind *decoder_recognise(struct bytes first)
{
	uint32_t magic;

	if (first.size < 4)
		return NULL;
	magic = (uint32_t)first.at[0] << 24 | (uint32_t)first.at[1] << 16 | (uint32_t)first.at[2] << 8 | first.at[3];
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if ((magic & kinds[i].mask) == kinds[i].magic)
			return &kinds[i];
	return NULL;
}

const char *decoder_kind_name(const struct decoder_kind *kind)
{
	return kind->name;
}

struct decoder *decoder_new(const struct decoder_kind *kind, struct raw *raw, uint8_t *chunk, size_t size)
{
	struct decoder *d = nt_zalloc(sizeof *d);

	d->kind = kind;
	d->raw = raw;
	d->chunk = chunk ? chunk : nt_alloc(DECODER_CHUNK);
	d->size = size;
	d->inside = true;
	if (!kind->start(d))
		fail(d, "needs more memory than there is");
	return d;
}

void decoder_free(struct decoder *d)
{
	if (!d)
		return;
	d->kind->stop(d);
	free(d->chunk);
	free(d);
}

static bool load(struct decoder *d)
{
	d->used = 0;
	d->size = raw_read(d->raw, d->chunk, DECODER_CHUNK);
	return d->size > 0;
}

size_t decoder_read(struct decoder *d, uint8_t *out, size_t size)
{
	while (!d->failed) {
		size_t made = d->kind->step(d, out, size);

		if (made)
			return made;
		if (d->used < d->size || d->failed || load(d))
			continue;
		if (d->inside && !d->raw->error && !d->raw->interrupted)
			fail(d, "is cut short");
		return 0;
	}
	return 0;
}

const char *decoder_failure(const struct decoder *d)
{
	return d->failed ? d->failure : NULL;
}

const char *decoder_name(const struct decoder *d)
{
	return d->kind->name;
}
