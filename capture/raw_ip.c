#include "capture/raw_ip.h"

enum { LOOK_AT = 16, LINKTYPE_ETHERNET = 1, ETHERTYPE_AT = 12 };

static unsigned two_bytes(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

static bool is_ip(const struct packet *packet)
{
	const uint8_t *at = packet->data;

	if (packet->captured < 20)
		return false;
	if (at[0] >> 4 == 4)
		return (at[0] & 15) >= 5 && two_bytes(at + 2) >= 20 && two_bytes(at + 2) <= packet->size;
	return at[0] >> 4 == 6 && packet->captured >= 40 && two_bytes(at + 4) + 40u <= packet->size;
}

/* IP, ARP, a VLAN tag or PPPoE (IEEE 802 numbers), or the length of an IEEE 802.3 frame. */
static bool is_ethernet(const struct packet *packet)
{
	unsigned type;

	if (packet->captured < ETHERTYPE_AT + 2)
		return false;
	type = two_bytes(packet->data + ETHERTYPE_AT);
	return type == 0x0800 || type == 0x0806 || type == 0x86dd || type == 0x8100 || type == 0x88a8 || type == 0x8863 ||
	       type == 0x8864;
}

bool raw_ip_looks_like(struct bytes capture)
{
	struct capture_source *source;
	struct packet packet;
	unsigned seen = 0, ip = 0;
	bool other = false;

	if (capture_open_memory(&source, capture.at, capture.size, NULL, NULL) != NT_OK)
		return false;
	while (!other && seen < LOOK_AT && capture_next(source, &packet) == NT_OK) {
		seen++;
		ip += is_ip(&packet);
		other = packet.interface->link_type != LINKTYPE_ETHERNET || is_ethernet(&packet);
	}
	capture_free(source);
	return !other && seen && ip == seen;
}
