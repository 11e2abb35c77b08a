/*
 * Messages of NFLOG.
 */
#include "capture/nflog_message.h"
#include "tests/support/netlink_bytes.h"
#include "tests/unit/suite.h"

#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { PACKET_MESSAGE = NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET, RECEIVED = 777 };

/* What was read, and the datagram that its views point into. */
struct read {
	bool good;
	struct nflog_packet packet;
	struct nflog_sequence sequence;
	uint8_t *copy;
};

static struct read read_bytes(struct bytes datagram)
{
	struct read r = { .copy = malloc(datagram.size ? datagram.size : 1) };
	struct bytes rest = { r.copy, datagram.size };
	struct netlink_message message;

	if (datagram.size)
		memcpy(r.copy, datagram.at, datagram.size);
	r.good = netlink_next_message(&rest, &message) && nflog_message_read(&message, RECEIVED, &r.packet, &r.sequence);
	return r;
}

static struct read finish(struct netlink_bytes *m)
{
	struct read r;

	netlink_bytes_end(m);
	r = read_bytes((struct bytes){ m->out.at, m->out.size });
	netlink_bytes_free(m);
	return r;
}

static struct netlink_bytes begin(uint16_t type)
{
	struct netlink_bytes m = netlink_bytes();

	netlink_bytes_begin_message(&m, type, 0, AF_INET);
	return m;
}

static void add_everything(struct netlink_bytes *m)
{
	struct nfulnl_msg_packet_hdr header = { .hw_protocol = 8, .hook = 1 };
	uint8_t time[16] = { 0, 0, 0, 0, 0x65, 0x53, 0xf1, 0x00, 0, 0, 0, 0, 0, 0x01, 0xe2, 0x40 }; /* 1700000000.123456 */

	netlink_bytes_attribute(m, NFULA_PACKET_HDR, &header, sizeof header);
	netlink_bytes_attribute(m, NFULA_PREFIX, "blocked: ", 10);
	netlink_bytes_u32(m, NFULA_IFINDEX_INDEV, 3);
	netlink_bytes_u32(m, NFULA_IFINDEX_OUTDEV, 4);
	netlink_bytes_u32(m, NFULA_MARK, 0x42);
	netlink_bytes_attribute(m, NFULA_TIMESTAMP, time, sizeof time);
	netlink_bytes_u32(m, NFULA_UID, 1000);
	netlink_bytes_u32(m, NFULA_GID, 100);
	netlink_bytes_u32(m, NFULA_SEQ, 9);
	netlink_bytes_attribute(m, NFULA_PAYLOAD, "\x45\x00\x05\xdc", 4);
}

START_TEST(everything_that_the_kernel_tells_is_read)
{
	struct netlink_bytes m = begin(PACKET_MESSAGE);
	struct read r;

	add_everything(&m);
	r = finish(&m);
	ck_assert(r.good);
	ck_assert_uint_eq(r.packet.hook, 1);
	ck_assert_str_eq(r.packet.prefix, "blocked: ");
	ck_assert_uint_eq(r.packet.in_interface, 3);
	ck_assert_uint_eq(r.packet.out_interface, 4);
	ck_assert_uint_eq(r.packet.mark, 0x42);
	ck_assert(r.packet.time_is_kernels);
	ck_assert_int_eq(r.packet.time, 1700000000123456000);
	ck_assert(r.packet.has_uid);
	ck_assert_uint_eq(r.packet.uid, 1000);
	ck_assert(r.packet.has_gid);
	ck_assert_uint_eq(r.packet.gid, 100);
	ck_assert(r.sequence.told);
	ck_assert_uint_eq(r.sequence.number, 9);
	ck_assert_uint_eq(r.packet.captured, 4);
	ck_assert_mem_eq(r.packet.data, "\x45\x00\x05\xdc", 4);
	free(r.copy);
}
END_TEST

START_TEST(what_the_kernel_does_not_tell_stays_unset)
{
	struct netlink_bytes m = begin(PACKET_MESSAGE);
	struct read r = finish(&m);

	ck_assert(r.good);
	ck_assert_uint_eq(r.packet.hook, 255);
	ck_assert_ptr_null(r.packet.prefix);
	ck_assert(!r.packet.time_is_kernels);
	ck_assert_int_eq(r.packet.time, RECEIVED);
	ck_assert(!r.packet.has_uid && !r.packet.has_gid);
	ck_assert(!r.sequence.told);
	ck_assert_uint_eq(r.packet.captured, 0);
	ck_assert_uint_eq(r.packet.size, 0);
	free(r.copy);
}
END_TEST

START_TEST(prefix_that_is_not_terminated_is_none)
{
	struct netlink_bytes m = begin(PACKET_MESSAGE);
	struct read r;

	netlink_bytes_attribute(&m, NFULA_PREFIX, "abcd", 4);
	r = finish(&m);
	ck_assert_ptr_null(r.packet.prefix);
	free(r.copy);
}
END_TEST

START_TEST(configuration_answer_is_no_packet)
{
	struct netlink_bytes m = begin(NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_CONFIG);
	struct read r = finish(&m);

	ck_assert(!r.good);
	free(r.copy);
}
END_TEST

static const struct size {
	const char *payload;
	size_t captured;
	uint32_t size;
} sizes[] = {
	{ "\x45\x00\x05\xdc\x00\x00", 6, 1500 }, /* cut by the copy range */
	{ "\x45\x00\x00\x00\x00\x00", 6, 6 },    /* segmentation offload: the length is not known yet */
	{ "\x45\x00\x05", 3, 3 },                /* the length is cut */
	{ "\x60\x00\x00\x00\x04\x00", 6, 1064 }, /* IPv6 counts without its header */
	{ "\x60\x00\x00\x00\x04", 5, 5 },        /* */
	{ "\x00\x01\x08\x00\x06\x04", 6, 6 },    /* ARP */
};

START_TEST(ip_header_tells_the_size_on_the_wire)
{
	struct netlink_bytes m = begin(PACKET_MESSAGE);
	struct read r;

	netlink_bytes_attribute(&m, NFULA_PAYLOAD, sizes[_i].payload, sizes[_i].captured);
	r = finish(&m);
	ck_assert_uint_eq(r.packet.captured, sizes[_i].captured);
	ck_assert_uint_eq(r.packet.size, sizes[_i].size);
	free(r.copy);
}
END_TEST

START_TEST(every_prefix_and_bit_flip_is_survived)
{
	struct netlink_bytes m = begin(PACKET_MESSAGE);

	add_everything(&m);
	netlink_bytes_end(&m);
	for (uint32_t size = 0; size < m.out.size; size++) {
		if (size >= sizeof size)
			memcpy(m.out.at, &size, sizeof size);
		free(read_bytes((struct bytes){ m.out.at, size }).copy);
	}
	memcpy(m.out.at, &(uint32_t){ (uint32_t)m.out.size }, sizeof(uint32_t));
	for (size_t bit = 0; bit < m.out.size * 8; bit++) {
		m.out.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
		free(read_bytes((struct bytes){ m.out.at, m.out.size }).copy);
		m.out.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	netlink_bytes_free(&m);
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("NFLOG messages");
	TCase *messages = tcase_create("messages");

	tcase_add_test(messages, everything_that_the_kernel_tells_is_read);
	tcase_add_test(messages, what_the_kernel_does_not_tell_stays_unset);
	tcase_add_test(messages, prefix_that_is_not_terminated_is_none);
	tcase_add_test(messages, configuration_answer_is_no_packet);
	tcase_add_loop_test(messages, ip_header_tells_the_size_on_the_wire, 0, sizeof sizes / sizeof *sizes);
	tcase_add_test(messages, every_prefix_and_bit_flip_is_survived);
	suite_add_tcase(suite, messages);
	return suite;
}
