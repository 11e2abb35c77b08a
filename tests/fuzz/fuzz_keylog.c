#include "dissect/tls/keylog.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

/* The first 32 bytes are looked up in what the rest says; it comes in two pieces, of which the first ends with a line. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t random[32] = { 0 };
	struct limit_hits hits = { { 0 } };
	struct tls_keylog *keylog = tls_keylog_new(3, &hits);
	struct tls_secret secret;
	const uint8_t *end;
	size_t first;

	if (size > sizeof(random)) {
		memcpy(random, data, sizeof(random));
		data += sizeof(random);
		size -= sizeof(random);
	}
	end = memchr(data, '\n', size);
	first = end ? (size_t)(end - data) + 1 : size;
	tls_keylog_add(keylog, (struct bytes){ data, first });
	tls_keylog_add(keylog, (struct bytes){ data + first, size - first });
	for (unsigned label = 0; label < TLS_SECRET_LABEL_COUNT; label++)
		if (tls_keylog_find(keylog, random, label, &secret) && (secret.size == 0 || secret.size > TLS_SECRET_MAX))
			abort();
	if (tls_keylog_connections(keylog) + tls_keylog_malformed(keylog) > size)
		abort();
	tls_keylog_free(keylog);
	return 0;
}
