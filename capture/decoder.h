/*
 * Decompression: gzip (RFC 1952, any number of members) and zstd (RFC 8878, any number of frames, skippable ones too).
 *
 * Costs a bounded amount of memory whatever the input claims: zstd frames that ask for a window above 128 MiB are refused, as the
 * zstd tool does.  What could be decompressed before damage is yielded.
 */
#ifndef NETTRACE_CAPTURE_DECODER_H
#define NETTRACE_CAPTURE_DECODER_H

#include "store/base.h"

/* Where compressed or plain bytes come from: a file descriptor, or memory. */
struct raw {
	int fd;              /* -1: memory */
	bool regular;        /* a file that can be read at any position, so that it can be read twice */
	bool owned;          /* close the descriptor at the end */
	struct bytes memory; /* all of it */
	uint64_t start;      /* position of the first byte */
	uint64_t total;      /* bytes read so far */
	int error;           /* errno of the read that failed, 0 if none did */
	bool interrupted;    /* a read was waiting when raw_interrupt() was called */
};

size_t raw_read(struct raw *raw, uint8_t *out, size_t size); /* 0 at the end, on failure, and when interrupted */
void raw_interrupt(void);                                    /* capture_interrupt() of source.h */

enum { DECODER_CHUNK = 256 * 1024 };

struct decoder;      /* handle */
struct decoder_kind; /* a compressed format */

const struct decoder_kind *decoder_recognise(struct bytes first); /* NULL: not compressed */
const char *decoder_kind_name(const struct decoder_kind *kind);   /* "gzip", "zstd" */

/*
 * Continues `raw`, of which `chunk` (malloc'ed, DECODER_CHUNK bytes large, owned by the decoder from now on; NULL for none) holds
 * the first `size` bytes.  `raw` must outlive the decoder.
 */
struct decoder *decoder_new(const struct decoder_kind *kind, struct raw *raw, uint8_t *chunk, size_t size);
void decoder_free(struct decoder *decoder); /* NULL is fine */

size_t decoder_read(struct decoder *decoder, uint8_t *out, size_t size); /* 0 at the end, and on failure */
const char *decoder_failure(const struct decoder *decoder); /* why it ended early, "the gzip data …"; NULL if it did not */
const char *decoder_name(const struct decoder *decoder);

#endif
