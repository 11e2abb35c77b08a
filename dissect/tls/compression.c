#include "dissect/tls/compression.h"

#include <brotli/decode.h>
#include <zlib.h>
#include <zstd.h>

/* Each fills at most `size` bytes of `out` and says how many it has filled; false if the content is broken, or longer. */

static bool undo_zlib(struct bytes compressed, uint8_t *out, size_t *size)
{
	uLongf done = *size;
	bool good = uncompress(out, &done, compressed.at, compressed.size) == Z_OK;

	*size = done;
	return good;
}

static bool undo_brotli(struct bytes compressed, uint8_t *out, size_t *size)
{
	return BrotliDecoderDecompress(compressed.size, compressed.at, size, out) == BROTLI_DECODER_RESULT_SUCCESS;
}

static bool undo_zstd(struct bytes compressed, uint8_t *out, size_t *size)
{
	*size = ZSTD_decompress(out, *size, compressed.at, compressed.size);
	return !ZSTD_isError(*size);
}

static bool (*const algorithms[])(struct bytes compressed, uint8_t *out, size_t *size) = {
	[TLS_COMPRESSION_ZLIB] = undo_zlib,
	[TLS_COMPRESSION_BROTLI] = undo_brotli,
	[TLS_COMPRESSION_ZSTD] = undo_zstd,
};

bool tls_compression_known(uint16_t algorithm)
{
	return algorithm < sizeof(algorithms) / sizeof(algorithms[0]) && algorithms[algorithm];
}

bool tls_decompress(uint16_t algorithm, struct bytes compressed, uint8_t *out, size_t size)
{
	size_t done = size;

	return tls_compression_known(algorithm) && algorithms[algorithm](compressed, out, &done) && done == size;
}
