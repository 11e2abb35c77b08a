#include "dissect/tls/x509.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = { NULL, 0 };
	struct x509_summary summary;
	bool good = x509_summarise((struct bytes){ data, size }, &arena, &summary);
	size_t length = strlen(summary.subject) + strlen(summary.issuer) + strlen(summary.serial) + strlen(summary.key_type);

	for (size_t i = 0; i < summary.name_count; i++)
		length += strlen(summary.names[i]);
	if (strlen(summary.sha256) != 64 || (!good && length > 0))
		abort();
	arena_free(&arena);
	return 0;
}
