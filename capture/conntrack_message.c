/*
 * Decoded here, as nfct_nlmsg_parse() of libnetfilter_conntrack ends the process when an attribute has not the size it expects.
 */
#include "capture/conntrack_message.h"

#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>

enum {
	MESSAGE_NEW = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW,
	MESSAGE_DELETE = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE,
	EVENT_TIME = 27 /* CTA_TIMESTAMP_EVENT since Linux 6.14 */
};

/* The value of the first attribute of this type; empty if there is none. */
static struct bytes find(struct bytes list, uint16_t wanted)
{
	struct bytes value;
	uint16_t type;

	while (netlink_next_attribute(&list, &type, &value))
		if (type == wanted)
			return value;
	return (struct bytes){ NULL, 0 };
}

/* ---- tuples ---- */

static bool read_address(struct bytes value, uint8_t ip_version, struct ip_address *out)
{
	if (value.size != (ip_version == 4 ? 4 : 16))
		return false;
	memcpy(out->bytes, value.at, value.size);
	return true;
}

static bool read_addresses(struct bytes list, struct address_tuple *out)
{
	const bool is_ipv4 = out->ip_version == 4;

	return read_address(find(list, is_ipv4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC), out->ip_version, &out->source) &&
	       read_address(find(list, is_ipv4 ? CTA_IP_V4_DST : CTA_IP_V6_DST), out->ip_version, &out->destination);
}

static bool read_tuple(struct bytes list, uint8_t ip_version, struct address_tuple *out)
{
	struct bytes ports = find(list, CTA_TUPLE_PROTO);

	out->ip_version = ip_version;
	out->source_port = netlink_u16(find(ports, CTA_PROTO_SRC_PORT));
	out->destination_port = netlink_u16(find(ports, CTA_PROTO_DST_PORT));
	return read_addresses(find(list, CTA_TUPLE_IP), out);
}

static uint8_t read_protocol(struct bytes tuple)
{
	struct bytes number = find(find(tuple, CTA_TUPLE_PROTO), CTA_PROTO_NUM);

	return number.size == 1 ? number.at[0] : 0;
}

static bool read_tuples(const struct netlink_message *message, struct bytes attributes, struct conntrack_entry *out)
{
	const uint8_t family = message->payload.at[0]; /* of struct nfgenmsg */
	const uint8_t ip_version = family == AF_INET ? 4 : 6;
	struct bytes original = find(attributes, CTA_TUPLE_ORIG);

	if (family != AF_INET && family != AF_INET6)
		return false;
	out->protocol = read_protocol(original);
	out->zone = netlink_u16(find(original, CTA_TUPLE_ZONE)); /* a zone of one direction only; the usual one is CTA_ZONE */
	return read_tuple(original, ip_version, &out->original) &&
	       read_tuple(find(attributes, CTA_TUPLE_REPLY), ip_version, &out->reply);
}

/* ---- what else is told ---- */

static void read_tcp_state(struct bytes protocol_info, struct conntrack_entry *out)
{
	struct bytes state = find(find(protocol_info, CTA_PROTOINFO_TCP), CTA_PROTOINFO_TCP_STATE);

	out->has_tcp_state = state.size == 1 && state.at[0] <= CONNTRACK_TCP_SYN_SENT2;
	if (out->has_tcp_state)
		out->tcp_state = (enum conntrack_tcp_state)state.at[0];
}

static void read_counters(struct bytes list, size_t direction, struct conntrack_entry *out)
{
	out->has_counters = true;
	out->packets[direction] = netlink_u64(find(list, CTA_COUNTERS_PACKETS));
	out->bytes[direction] = netlink_u64(find(list, CTA_COUNTERS_BYTES));
}

static nt_time read_time(struct bytes value)
{
	uint64_t time = netlink_u64(value);

	return time ? (nt_time)time : NT_TIME_NONE;
}

static void read_attribute(uint16_t type, struct bytes value, struct conntrack_entry *out)
{
	switch (type) {
	case CTA_STATUS:
		out->status = netlink_u32(value);
		break;
	case CTA_PROTOINFO:
		read_tcp_state(value, out);
		break;
	case CTA_TIMEOUT:
		out->timeout_s = netlink_u32(value);
		break;
	case CTA_MARK:
		out->mark = netlink_u32(value);
		break;
	case CTA_COUNTERS_ORIG:
		read_counters(value, 0, out);
		break;
	case CTA_COUNTERS_REPLY:
		read_counters(value, 1, out);
		break;
	case CTA_ID:
		out->id = netlink_u32(value);
		break;
	case CTA_ZONE:
		out->zone = netlink_u16(value);
		break;
	case CTA_TIMESTAMP:
		out->start = read_time(find(value, CTA_TIMESTAMP_START));
		out->stop = read_time(find(value, CTA_TIMESTAMP_STOP));
		break;
	case EVENT_TIME:
		out->time_is_kernels = read_time(value) != NT_TIME_NONE;
		if (out->time_is_kernels)
			out->time = read_time(value);
		break;
	default:
		break;
	}
}

static bool read_kind(const struct netlink_message *message, enum conntrack_kind *kind)
{
	switch (message->type) {
	case MESSAGE_NEW:
		*kind = message->flags & NLM_F_CREATE ? CONNTRACK_NEW : CONNTRACK_UPDATE;
		return true;
	case MESSAGE_DELETE:
		*kind = CONNTRACK_DESTROY;
		return true;
	default:
		return false;
	}
}

bool conntrack_message_read(const struct netlink_message *message, nt_time received, struct conntrack_entry *out)
{
	struct bytes attributes = netlink_attributes(message), value;
	uint16_t type;

	memset(out, 0, sizeof *out);
	out->time = received;
	out->start = out->stop = NT_TIME_NONE;
	if (attributes.size == 0 || !read_kind(message, &out->kind) || !read_tuples(message, attributes, out))
		return false;
	while (netlink_next_attribute(&attributes, &type, &value))
		read_attribute(type, value, out);
	return true;
}
