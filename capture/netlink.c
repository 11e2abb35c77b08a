#include "capture/netlink.h"

#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>

/* Takes `length` bytes and the padding behind them; false if there are not so many or they cannot hold the header. */
static bool take(struct bytes *rest, size_t length, size_t header, struct bytes *out)
{
	size_t padded = NLMSG_ALIGN(length);

	if (length < header || length > rest->size)
		return false;
	*out = (struct bytes){ rest->at, length };
	if (padded > rest->size)
		padded = rest->size;
	rest->at += padded;
	rest->size -= padded;
	return true;
}

bool netlink_next_message(struct bytes *rest, struct netlink_message *out)
{
	struct nlmsghdr header;

	if (rest->size < sizeof header)
		return false;
	memcpy(&header, rest->at, sizeof header);
	if (!take(rest, header.nlmsg_len, sizeof header, &out->whole))
		return false;
	out->type = header.nlmsg_type;
	out->flags = header.nlmsg_flags;
	out->payload = (struct bytes){ out->whole.at + sizeof header, out->whole.size - sizeof header };
	return true;
}

bool netlink_next_attribute(struct bytes *rest, uint16_t *type, struct bytes *value)
{
	struct nlattr header;

	if (rest->size < sizeof header)
		return false;
	memcpy(&header, rest->at, sizeof header);
	if (!take(rest, header.nla_len, sizeof header, value))
		return false;
	*type = header.nla_type & NLA_TYPE_MASK;
	value->at += sizeof header;
	value->size -= sizeof header;
	return true;
}

struct bytes netlink_attributes(const struct netlink_message *message)
{
	const size_t header = NLMSG_ALIGN(sizeof(struct nfgenmsg));

	if (message->payload.size < header)
		return (struct bytes){ NULL, 0 };
	return (struct bytes){ message->payload.at + header, message->payload.size - header };
}

static uint64_t big_endian(struct bytes value)
{
	uint64_t number = 0;

	for (size_t i = 0; i < value.size; i++)
		number = number << 8 | value.at[i];
	return number;
}

uint16_t netlink_u16(struct bytes value)
{
	return value.size == 2 ? (uint16_t)big_endian(value) : 0;
}

uint32_t netlink_u32(struct bytes value)
{
	return value.size == 4 ? (uint32_t)big_endian(value) : 0;
}

uint64_t netlink_u64(struct bytes value)
{
	return value.size == 8 ? big_endian(value) : 0;
}

void netlink_set_buffer(int fd, int bytes)
{
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) != 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}
