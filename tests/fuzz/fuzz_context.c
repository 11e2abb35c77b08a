#include "cli/context.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

/* The same text as a log, as the status of the ports, and as plain lines. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const paths[] = { "device.log", "eve/dns.json", "linux/arp.txt" };
	struct limit_hits hits = { { 0 } };
	struct context *context = context_new(&hits, 1, false);

	for (int i = 0; i < 3; i++)
		context_add(context, paths[i], paths[i], (struct bytes){ data, size });
	context_read(context, 1000 * NT_SECOND, 1000 * NT_SECOND);
	for (size_t i = 0; i < context_file_count(context); i++)
		if (context_file(context, i)->count > LIMIT_CONTEXT_LINES)
			abort();
	context_free(context);
	return 0;
}
