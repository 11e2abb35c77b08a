#include "cli/version.h"

#include <archive.h>
#include <brotli/decode.h>
#include <jansson.h>
#include <ldns/ldns.h>
#include <ndpi_api.h>
#include <nghttp2/nghttp2.h>
#include <openssl/crypto.h>
#include <pcap/pcap.h>
#include <sqlite3.h>
#include <zlib.h>
#include <zstd.h>

void version_print(FILE *out)
{
	const uint32_t brotli = BrotliDecoderVersion(); /* major(8) minor(12) patch(12) */

	fprintf(out, "nettrace-analyze %s\n", NETTRACE_VERSION);
	fprintf(out, "%s\n", pcap_lib_version());
	fprintf(out, "%s\n", OpenSSL_version(OPENSSL_VERSION));
	fprintf(out, "zlib %s\n", zlibVersion());
	fprintf(out, "zstd %s\n", ZSTD_versionString());
	fprintf(out, "brotli %u.%u.%u\n", brotli >> 24, brotli >> 12 & 0xfff, brotli & 0xfff);
	fprintf(out, "nDPI %s\n", ndpi_revision());
	fprintf(out, "ldns %s\n", ldns_version());
	fprintf(out, "nghttp2 %s\n", nghttp2_version(0)->version_str);
	fprintf(out, "SQLite %s\n", sqlite3_libversion());
	fprintf(out, "%s\n", archive_version_string());
	fprintf(out, "Jansson %s\n", jansson_version_str());
}

void version_print_capture(FILE *out)
{
	fprintf(out, "nettrace-capture %s\n", NETTRACE_VERSION);
	fprintf(out, "%s\n", pcap_lib_version());
	fprintf(out, "SQLite %s\n", sqlite3_libversion());
	fprintf(out, "zlib %s\n", zlibVersion());
	fprintf(out, "zstd %s\n", ZSTD_versionString());
}
