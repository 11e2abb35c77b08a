/*
 * Datagrams of the kernel: their framing, and what conntrack and NFLOG messages say.
 */
#include "capture/conntrack_message.h"
#include "capture/nflog_message.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes rest = { data, size };
	struct netlink_message message;
	struct conntrack_entry entry;
	struct nflog_packet packet;
	struct nflog_sequence sequence;
	static uint8_t sink;

	while (netlink_next_message(&rest, &message)) {
		(void)conntrack_message_read(&message, 0, &entry);
		if (!nflog_message_read(&message, 0, &packet, &sequence))
			continue;
		for (uint32_t i = 0; i < packet.captured; i++)
			sink ^= packet.data[i];
		for (const char *p = packet.prefix; p && *p; p++)
			sink ^= (uint8_t)*p;
	}
	return 0;
}
