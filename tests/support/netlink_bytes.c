#include "tests/support/netlink_bytes.h"

#include <assert.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <string.h>

struct netlink_bytes netlink_bytes(void)
{
	return (struct netlink_bytes){ .out.max = 1 << 20 };
}

void netlink_bytes_free(struct netlink_bytes *m)
{
	buffer_free(&m->out);
}

static void add(struct netlink_bytes *m, const void *bytes, size_t size)
{
	bool added = buffer_add(&m->out, bytes, size);

	assert(added);
	(void)added;
}

static void pad(struct netlink_bytes *m)
{
	add(m, "\0\0\0", NLMSG_ALIGN(m->out.size) - m->out.size);
}

static void begin(struct netlink_bytes *m)
{
	assert(m->depth < NETLINK_BYTES_DEPTH);
	m->open[m->depth++] = m->out.size;
}

void netlink_bytes_begin_message(struct netlink_bytes *m, uint16_t type, uint16_t flags, uint8_t family)
{
	struct nlmsghdr header = { .nlmsg_type = type, .nlmsg_flags = flags };
	struct nfgenmsg general = { .nfgen_family = family, .version = NFNETLINK_V0 };

	begin(m);
	add(m, &header, sizeof header);
	add(m, &general, sizeof general);
}

void netlink_bytes_begin(struct netlink_bytes *m, uint16_t type)
{
	struct nlattr header = { .nla_type = type | NLA_F_NESTED };

	begin(m);
	add(m, &header, sizeof header);
}

void netlink_bytes_end(struct netlink_bytes *m)
{
	size_t start = m->open[--m->depth];
	uint32_t message_length = (uint32_t)(m->out.size - start);
	uint16_t length = (uint16_t)message_length;

	if (m->depth == 0)
		memcpy(m->out.at + start, &message_length, sizeof message_length);
	else
		memcpy(m->out.at + start, &length, sizeof length);
}

void netlink_bytes_attribute(struct netlink_bytes *m, uint16_t type, const void *value, size_t size)
{
	struct nlattr header = { .nla_len = (uint16_t)(sizeof header + size), .nla_type = type };

	add(m, &header, sizeof header);
	add(m, value, size);
	pad(m);
}

static void add_number(struct netlink_bytes *m, uint16_t type, uint64_t value, size_t size)
{
	uint8_t bytes[8];

	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(value >> 8 * (size - 1 - i));
	netlink_bytes_attribute(m, type, bytes, size);
}

void netlink_bytes_u8(struct netlink_bytes *m, uint16_t type, uint8_t value)
{
	add_number(m, type, value, 1);
}

void netlink_bytes_u16(struct netlink_bytes *m, uint16_t type, uint16_t value)
{
	add_number(m, type, value, 2);
}

void netlink_bytes_u32(struct netlink_bytes *m, uint16_t type, uint32_t value)
{
	add_number(m, type, value, 4);
}

void netlink_bytes_u64(struct netlink_bytes *m, uint16_t type, uint64_t value)
{
	add_number(m, type, value, 8);
}
