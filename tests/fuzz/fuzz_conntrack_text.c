/*
 * One line of a connection tracking log.
 */
#include "capture/conntrack.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conntrack_entry entry;

	if (!conntrack_read_line((struct bytes){ data, size }, &entry))
		return 0;
	if (entry.original.ip_version != entry.reply.ip_version ||
	    (entry.original.ip_version != 4 && entry.original.ip_version != 6))
		abort();
	return 0;
}
