/*
 * A whole capture file, in any format and compression.
 */
#include "capture/source.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct capture_source *source;
	struct limit_hits hits = { 0 };
	struct packet packet;

	if (capture_open_memory(&source, data, size, &hits, NULL) != NT_OK)
		return 0;
	if (size % 2)
		(void)capture_set_filter(source, "tcp port 80 or vlan 5", NULL);
	while (capture_next(source, &packet) == NT_OK) {
		uint8_t *exact = nt_alloc(packet.captured); /* the view must be readable whole */

		for (uint32_t i = 0; i < packet.captured; i++)
			exact[i] = packet.data[i];
		free(exact);
		if (packet.captured > packet.size || !packet.interface)
			abort();
	}
	capture_free(source);
	return 0;
}
