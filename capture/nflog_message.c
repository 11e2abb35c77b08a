#include "capture/nflog_message.h"

#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <string.h>

enum { PACKET_MESSAGE = NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET, NO_HOOK = 255 };

/* NFULA_TIMESTAMP: seconds and microseconds, 64 bits each. */
static void read_time(struct bytes value, struct nflog_packet *out)
{
	if (value.size != 16)
		return;
	out->time = (nt_time)(netlink_u64((struct bytes){ value.at, 8 }) * (uint64_t)NT_SECOND +
			      netlink_u64((struct bytes){ value.at + 8, 8 }) * (uint64_t)NT_MICROSECOND);
	out->time_is_kernels = true;
}

static void read_attribute(uint16_t type, struct bytes value, struct nflog_packet *out, struct nflog_sequence *sequence)
{
	switch (type) {
	case NFULA_PACKET_HDR: /* protocol of the link layer (16), hook (8), padding (8) */
		out->hook = value.size >= 3 ? value.at[2] : NO_HOOK;
		break;
	case NFULA_MARK:
		out->mark = netlink_u32(value);
		break;
	case NFULA_TIMESTAMP:
		read_time(value, out);
		break;
	case NFULA_IFINDEX_INDEV:
		out->in_interface = netlink_u32(value);
		break;
	case NFULA_IFINDEX_OUTDEV:
		out->out_interface = netlink_u32(value);
		break;
	case NFULA_PAYLOAD:
		out->data = value.at;
		out->captured = (uint32_t)value.size;
		break;
	case NFULA_PREFIX:
		out->prefix = value.size > 1 && value.at[value.size - 1] == 0 ? (const char *)value.at : NULL;
		break;
	case NFULA_UID:
		out->uid = netlink_u32(value);
		out->has_uid = true;
		break;
	case NFULA_GID:
		out->gid = netlink_u32(value);
		out->has_gid = true;
		break;
	case NFULA_SEQ:
		sequence->number = netlink_u32(value);
		sequence->told = true;
		break;
	default:
		break;
	}
}

/* The message does not tell how long a packet was that is cut by the copy range: its IP header does. */
static uint32_t size_by_header(const uint8_t *data, uint32_t captured)
{
	enum { IPV6_HEADER = 40 };
	uint32_t size = 0;

	if (captured >= 4 && data[0] >> 4 == 4)
		size = (uint32_t)data[2] << 8 | data[3];
	else if (captured >= 6 && data[0] >> 4 == 6)
		size = IPV6_HEADER + ((uint32_t)data[4] << 8 | data[5]);
	return size > captured ? size : captured;
}

bool nflog_message_read(const struct netlink_message *message, nt_time received, struct nflog_packet *out,
			struct nflog_sequence *sequence)
{
	struct bytes attributes = netlink_attributes(message), value;
	uint16_t type;

	if (message->type != PACKET_MESSAGE)
		return false;
	*out = (struct nflog_packet){ .time = received, .hook = NO_HOOK };
	*sequence = (struct nflog_sequence){ .told = false };
	while (netlink_next_attribute(&attributes, &type, &value))
		read_attribute(type, value, out, sequence);
	out->size = size_by_header(out->data, out->captured);
	return true;
}
