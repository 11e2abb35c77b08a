/*
 * Messages of the kernel's connection tracking, and the netlink framing that they come in.
 */
#include "capture/conntrack_message.h"
#include "tests/support/netlink_bytes.h"
#include "tests/unit/suite.h"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

enum {
	CONNTRACK_MESSAGE = NFNL_SUBSYS_CTNETLINK << 8,
	EXPECTATION_MESSAGE = NFNL_SUBSYS_CTNETLINK_EXP << 8,
	EVENT_TIME = 27,
	RECEIVED = 777
};

struct tuple {
	const char *source, *destination;
	uint16_t source_port, destination_port;
};
static const struct tuple to_server = { "10.0.0.1", "192.0.2.7", 40000, 443 },
			  from_server = { "192.0.2.7", "198.51.100.1", 443, 61000 };

static void add_tuple(struct netlink_bytes *m, uint16_t type, uint8_t protocol, const struct tuple *tuple)
{
	struct ip_address source, destination;
	uint8_t version;

	ck_assert(ip_address_parse(tuple->source, &version, &source));
	ck_assert(ip_address_parse(tuple->destination, &version, &destination));
	netlink_bytes_begin(m, type);
	netlink_bytes_begin(m, CTA_TUPLE_IP);
	netlink_bytes_attribute(m, version == 4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC, source.bytes, version == 4 ? 4 : 16);
	netlink_bytes_attribute(m, version == 4 ? CTA_IP_V4_DST : CTA_IP_V6_DST, destination.bytes, version == 4 ? 4 : 16);
	netlink_bytes_end(m);
	netlink_bytes_begin(m, CTA_TUPLE_PROTO);
	netlink_bytes_u8(m, CTA_PROTO_NUM, protocol);
	if (tuple->source_port) {
		netlink_bytes_u16(m, CTA_PROTO_SRC_PORT, tuple->source_port);
		netlink_bytes_u16(m, CTA_PROTO_DST_PORT, tuple->destination_port);
	}
	netlink_bytes_end(m);
	netlink_bytes_end(m);
}

static void add_counters(struct netlink_bytes *m, uint16_t type, uint64_t packets, uint64_t bytes)
{
	netlink_bytes_begin(m, type);
	netlink_bytes_u64(m, CTA_COUNTERS_PACKETS, packets);
	netlink_bytes_u64(m, CTA_COUNTERS_BYTES, bytes);
	netlink_bytes_end(m);
}

static void add_tcp_state(struct netlink_bytes *m, uint8_t state)
{
	netlink_bytes_begin(m, CTA_PROTOINFO);
	netlink_bytes_begin(m, CTA_PROTOINFO_TCP);
	netlink_bytes_u8(m, CTA_PROTOINFO_TCP_STATE, state);
	netlink_bytes_end(m);
	netlink_bytes_end(m);
}

static struct netlink_bytes begin_event(uint16_t type, uint16_t flags, const struct tuple *original, const struct tuple *reply)
{
	struct netlink_bytes m = netlink_bytes();

	netlink_bytes_begin_message(&m, type, flags, strchr(original->source, ':') ? AF_INET6 : AF_INET);
	add_tuple(&m, CTA_TUPLE_ORIG, IPPROTO_TCP, original);
	if (reply)
		add_tuple(&m, CTA_TUPLE_REPLY, IPPROTO_TCP, reply);
	return m;
}

/* Of a connection that ended, with all that the kernel can tell. */
static struct netlink_bytes full_event(uint16_t type, uint16_t flags)
{
	struct netlink_bytes m = begin_event(type, flags, &to_server, &from_server);

	netlink_bytes_u32(&m, CTA_STATUS, CONNTRACK_SEEN_REPLY | CONNTRACK_ASSURED | CONNTRACK_SRC_NAT);
	netlink_bytes_u32(&m, CTA_TIMEOUT, 120);
	netlink_bytes_u32(&m, CTA_MARK, 0xbeef);
	netlink_bytes_u32(&m, CTA_ID, 0x12345678);
	netlink_bytes_u16(&m, CTA_ZONE, 7);
	add_tcp_state(&m, CONNTRACK_TCP_TIME_WAIT);
	add_counters(&m, CTA_COUNTERS_ORIG, 10, 1000);
	add_counters(&m, CTA_COUNTERS_REPLY, 20, UINT64_C(1) << 40);
	netlink_bytes_begin(&m, CTA_TIMESTAMP);
	netlink_bytes_u64(&m, CTA_TIMESTAMP_START, 1700000000123456789);
	netlink_bytes_u64(&m, CTA_TIMESTAMP_STOP, 1700000001987654321);
	netlink_bytes_end(&m);
	netlink_bytes_u64(&m, EVENT_TIME, 1700000002000000001);
	netlink_bytes_end(&m);
	return m;
}

/* Reads one message from a heap block of its exact size. */
static bool read_bytes(struct bytes message, struct conntrack_entry *out)
{
	uint8_t *copy = malloc(message.size ? message.size : 1);
	struct netlink_message framed;
	struct bytes rest = { copy, message.size };
	bool good;

	if (message.size)
		memcpy(copy, message.at, message.size);
	good = netlink_next_message(&rest, &framed) && conntrack_message_read(&framed, RECEIVED, out);
	free(copy);
	return good;
}

static bool finish(struct netlink_bytes *m, struct conntrack_entry *out)
{
	bool good;

	while (m->depth)
		netlink_bytes_end(m);
	good = read_bytes((struct bytes){ m->out.at, m->out.size }, out);
	netlink_bytes_free(m);
	return good;
}

static void assert_tuple(const struct address_tuple *tuple, const struct tuple *expected)
{
	char text[IP_ADDRESS_TEXT_SIZE];

	ck_assert_uint_eq(tuple->ip_version, strchr(expected->source, ':') ? 6 : 4);
	ck_assert_str_eq(ip_address_text(tuple->ip_version, &tuple->source, text), expected->source);
	ck_assert_str_eq(ip_address_text(tuple->ip_version, &tuple->destination, text), expected->destination);
	ck_assert_uint_eq(tuple->source_port, expected->source_port);
	ck_assert_uint_eq(tuple->destination_port, expected->destination_port);
}

START_TEST(everything_that_the_kernel_tells_is_read)
{
	struct netlink_bytes m = full_event(CONNTRACK_MESSAGE | IPCTNL_MSG_CT_DELETE, 0);
	struct conntrack_entry entry;

	ck_assert(finish(&m, &entry));
	ck_assert_int_eq(entry.kind, CONNTRACK_DESTROY);
	assert_tuple(&entry.original, &to_server);
	assert_tuple(&entry.reply, &from_server);
	ck_assert_uint_eq(entry.protocol, IPPROTO_TCP);
	ck_assert_uint_eq(entry.status, CONNTRACK_SEEN_REPLY | CONNTRACK_ASSURED | CONNTRACK_SRC_NAT);
	ck_assert(entry.has_tcp_state);
	ck_assert_int_eq(entry.tcp_state, CONNTRACK_TCP_TIME_WAIT);
	ck_assert_uint_eq(entry.timeout_s, 120);
	ck_assert_uint_eq(entry.mark, 0xbeef);
	ck_assert_uint_eq(entry.id, 0x12345678);
	ck_assert_uint_eq(entry.zone, 7);
	ck_assert(entry.has_counters);
	ck_assert_uint_eq(entry.packets[0], 10);
	ck_assert_uint_eq(entry.bytes[0], 1000);
	ck_assert_uint_eq(entry.packets[1], 20);
	ck_assert_uint_eq(entry.bytes[1], UINT64_C(1) << 40);
	ck_assert_int_eq(entry.start, 1700000000123456789);
	ck_assert_int_eq(entry.stop, 1700000001987654321);
	ck_assert(entry.time_is_kernels);
	ck_assert_int_eq(entry.time, 1700000002000000001);
}
END_TEST

START_TEST(what_the_kernel_does_not_tell_stays_unset)
{
	struct netlink_bytes m = begin_event(CONNTRACK_MESSAGE | IPCTNL_MSG_CT_NEW, 0, &to_server, &from_server);
	struct conntrack_entry entry;

	ck_assert(finish(&m, &entry));
	ck_assert_int_eq(entry.time, RECEIVED);
	ck_assert(!entry.time_is_kernels);
	ck_assert(!entry.has_tcp_state);
	ck_assert(!entry.has_counters);
	ck_assert(entry.start == NT_TIME_NONE);
	ck_assert(entry.stop == NT_TIME_NONE);
	ck_assert_uint_eq(entry.id, 0);
	ck_assert_uint_eq(entry.zone, 0);
}
END_TEST

static const struct kind {
	uint16_t type, flags;
	bool is_entry;
	enum conntrack_kind kind;
} kinds[] = {
	{ CONNTRACK_MESSAGE | IPCTNL_MSG_CT_NEW, NLM_F_CREATE | NLM_F_EXCL, true, CONNTRACK_NEW },
	{ CONNTRACK_MESSAGE | IPCTNL_MSG_CT_NEW, 0, true, CONNTRACK_UPDATE },
	{ CONNTRACK_MESSAGE | IPCTNL_MSG_CT_DELETE, 0, true, CONNTRACK_DESTROY },
	{ CONNTRACK_MESSAGE | IPCTNL_MSG_CT_GET_STATS, 0, false, 0 },
	{ EXPECTATION_MESSAGE | IPCTNL_MSG_EXP_NEW, NLM_F_CREATE, false, 0 },
	{ NLMSG_ERROR, 0, false, 0 },
};

START_TEST(type_and_flags_tell_the_kind)
{
	struct netlink_bytes m = full_event(kinds[_i].type, kinds[_i].flags);
	struct conntrack_entry entry;

	ck_assert_int_eq(finish(&m, &entry), kinds[_i].is_entry);
	if (kinds[_i].is_entry)
		ck_assert_int_eq(entry.kind, kinds[_i].kind);
}
END_TEST

START_TEST(ipv6_entry_is_read)
{
	const struct tuple there = { "2001:db8::1", "2001:db8::2", 50000, 53 }, back = { "2001:db8::2", "2001:db8::1", 53, 50000 };
	struct netlink_bytes m = begin_event(CONNTRACK_MESSAGE | IPCTNL_MSG_CT_NEW, 0, &there, &back);
	struct conntrack_entry entry;

	ck_assert(finish(&m, &entry));
	assert_tuple(&entry.original, &there);
	assert_tuple(&entry.reply, &back);
}
END_TEST

START_TEST(icmp_has_no_ports)
{
	const struct tuple there = { "10.0.0.1", "10.0.0.2", 0, 0 }, back = { "10.0.0.2", "10.0.0.1", 0, 0 };
	struct netlink_bytes m = netlink_bytes();
	struct conntrack_entry entry;

	netlink_bytes_begin_message(&m, CONNTRACK_MESSAGE | IPCTNL_MSG_CT_NEW, 0, AF_INET);
	add_tuple(&m, CTA_TUPLE_ORIG, IPPROTO_ICMP, &there);
	add_tuple(&m, CTA_TUPLE_REPLY, IPPROTO_ICMP, &back);
	ck_assert(finish(&m, &entry));
	ck_assert_uint_eq(entry.protocol, IPPROTO_ICMP);
	assert_tuple(&entry.original, &there);
}
END_TEST

START_TEST(entry_without_reply_tuple_is_none)
{
	struct netlink_bytes m = begin_event(CONNTRACK_MESSAGE | IPCTNL_MSG_CT_NEW, 0, &to_server, NULL);
	struct conntrack_entry entry;

	ck_assert(!finish(&m, &entry));
}
END_TEST

START_TEST(unknown_tcp_state_is_not_shown)
{
	struct netlink_bytes m = begin_event(CONNTRACK_MESSAGE | IPCTNL_MSG_CT_NEW, 0, &to_server, &from_server);
	struct conntrack_entry entry;

	add_tcp_state(&m, 200);
	ck_assert(finish(&m, &entry));
	ck_assert(!entry.has_tcp_state);
}
END_TEST

START_TEST(event_time_of_wrong_size_is_not_believed)
{
	struct netlink_bytes m = begin_event(CONNTRACK_MESSAGE | IPCTNL_MSG_CT_NEW, 0, &to_server, &from_server);
	struct conntrack_entry entry;

	netlink_bytes_u32(&m, EVENT_TIME, 1700000002);
	ck_assert(finish(&m, &entry));
	ck_assert_int_eq(entry.time, RECEIVED);
}
END_TEST

/* ---- framing ---- */

START_TEST(messages_of_a_datagram_come_one_by_one)
{
	struct netlink_bytes first = full_event(CONNTRACK_MESSAGE | IPCTNL_MSG_CT_NEW, NLM_F_MULTI);
	struct netlink_bytes second = full_event(CONNTRACK_MESSAGE | IPCTNL_MSG_CT_DELETE, 0);
	struct netlink_message message;
	struct bytes rest;

	ck_assert(buffer_add(&first.out, second.out.at, second.out.size));
	rest = (struct bytes){ first.out.at, first.out.size };
	ck_assert(netlink_next_message(&rest, &message));
	ck_assert_uint_eq(message.type, CONNTRACK_MESSAGE | IPCTNL_MSG_CT_NEW);
	ck_assert_uint_eq(message.flags, NLM_F_MULTI);
	ck_assert(netlink_next_message(&rest, &message));
	ck_assert_uint_eq(message.type, CONNTRACK_MESSAGE | IPCTNL_MSG_CT_DELETE);
	ck_assert_uint_eq(rest.size, 0);
	ck_assert(!netlink_next_message(&rest, &message));
	netlink_bytes_free(&first);
	netlink_bytes_free(&second);
}
END_TEST

static const uint32_t lengths[] = { 0, 1, sizeof(struct nlmsghdr) - 1, sizeof(struct nlmsghdr) + 5, 0x7fffffff, UINT32_MAX };

START_TEST(message_with_lying_length_ends_the_datagram)
{
	struct nlmsghdr header = { .nlmsg_len = lengths[_i], .nlmsg_type = CONNTRACK_MESSAGE };
	uint8_t *datagram = calloc(1, sizeof header + 4);
	struct bytes rest = { datagram, sizeof header + 4 };
	struct netlink_message message;

	memcpy(datagram, &header, sizeof header);
	ck_assert(!netlink_next_message(&rest, &message));
	free(datagram);
}
END_TEST

START_TEST(last_message_may_lack_its_padding)
{
	struct nlmsghdr header = { .nlmsg_len = sizeof header + 1 };
	uint8_t *datagram = calloc(1, sizeof header + 1);
	struct bytes rest = { datagram, sizeof header + 1 };
	struct netlink_message message;

	memcpy(datagram, &header, sizeof header);
	ck_assert(netlink_next_message(&rest, &message));
	ck_assert_uint_eq(message.payload.size, 1);
	ck_assert_uint_eq(rest.size, 0);
	free(datagram);
}
END_TEST

START_TEST(attribute_with_lying_length_ends_the_list)
{
	static const uint16_t bad[] = { 0, 3, 9, UINT16_MAX };
	uint8_t *list = calloc(1, 8);
	struct bytes rest, value;
	uint16_t type;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		memcpy(list, &bad[i], sizeof bad[i]);
		rest = (struct bytes){ list, 8 };
		ck_assert(!netlink_next_attribute(&rest, &type, &value));
	}
	free(list);
}
END_TEST

/* ---- any input gives some result ---- */

START_TEST(every_prefix_of_a_message_is_survived)
{
	struct netlink_bytes m = full_event(CONNTRACK_MESSAGE | IPCTNL_MSG_CT_DELETE, 0);
	struct conntrack_entry entry;

	for (uint32_t size = 0; size < m.out.size; size++) {
		ck_assert(!read_bytes((struct bytes){ m.out.at, size }, &entry));
		if (size >= sizeof size) /* and as a message that is really so short */
			memcpy(m.out.at, &size, sizeof size);
		(void)read_bytes((struct bytes){ m.out.at, size }, &entry);
		memcpy(m.out.at, &(uint32_t){ (uint32_t)m.out.size }, sizeof size);
	}
	netlink_bytes_free(&m);
}
END_TEST

START_TEST(every_bit_flip_is_survived)
{
	struct netlink_bytes m = full_event(CONNTRACK_MESSAGE | IPCTNL_MSG_CT_DELETE, 0);
	struct conntrack_entry entry;

	for (size_t bit = 0; bit < m.out.size * 8; bit++) {
		m.out.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
		(void)read_bytes((struct bytes){ m.out.at, m.out.size }, &entry);
		m.out.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	netlink_bytes_free(&m);
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("conntrack messages");
	TCase *entries = tcase_create("entries"), *framing = tcase_create("framing"), *any = tcase_create("any input");

	tcase_add_test(entries, everything_that_the_kernel_tells_is_read);
	tcase_add_test(entries, what_the_kernel_does_not_tell_stays_unset);
	tcase_add_loop_test(entries, type_and_flags_tell_the_kind, 0, sizeof kinds / sizeof *kinds);
	tcase_add_test(entries, ipv6_entry_is_read);
	tcase_add_test(entries, icmp_has_no_ports);
	tcase_add_test(entries, entry_without_reply_tuple_is_none);
	tcase_add_test(entries, unknown_tcp_state_is_not_shown);
	tcase_add_test(entries, event_time_of_wrong_size_is_not_believed);
	suite_add_tcase(suite, entries);
	tcase_add_test(framing, messages_of_a_datagram_come_one_by_one);
	tcase_add_loop_test(framing, message_with_lying_length_ends_the_datagram, 0, sizeof lengths / sizeof *lengths);
	tcase_add_test(framing, last_message_may_lack_its_padding);
	tcase_add_test(framing, attribute_with_lying_length_ends_the_list);
	suite_add_tcase(suite, framing);
	tcase_add_test(any, every_prefix_of_a_message_is_survived);
	tcase_add_test(any, every_bit_flip_is_survived);
	suite_add_tcase(suite, any);
	return suite;
}
