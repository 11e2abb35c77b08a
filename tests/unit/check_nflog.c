/*
 * NFLOG with real rules: in a network namespace of our own, as root.
 */
#include "capture/nflog.h"
#include "tests/support/private_net.h"
#include "tests/unit/suite.h"

#include <linux/netfilter.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SOON = 5000, NEVER = 300, GROUP = 5, UDP_OVER_IP = 28, MARK = 0x42 };

static struct nt_error error;

static struct nflog *open_group(uint32_t snaplen)
{
	struct nflog *nflog = NULL;
	enum nt_status status = nflog_open(&nflog, GROUP, snaplen, &error);

	ck_assert_msg(status == NT_OK, "%s", error.text);
	return nflog;
}

static enum nt_status next(struct nflog *nflog, struct nflog_packet *out, int timeout_ms)
{
	enum nt_status status;

	while ((status = nflog_next(nflog, out, &error)) == NT_AGAIN)
		if (!private_net_wait(nflog_descriptor(nflog), timeout_ms))
			return NT_AGAIN;
	return status;
}

static void log_output(void)
{
	private_net_nft("table ip t {\n"
			" chain out { type filter hook output priority 0;\n"
			"  udp dport 9 meta mark set 0x42 log prefix \"to discard: \" group 5\n"
			" }\n"
			"}\n");
}

static void send_datagrams(size_t count)
{
	int udp = private_net_udp("127.0.0.1");

	for (size_t i = 0; i < count; i++)
		private_net_send(udp, "127.0.0.1", 9, "hello", 5);
	close(udp);
}

START_TEST(packet_comes_with_all_that_is_known_of_it)
{
	struct nflog *nflog;
	struct nflog_packet packet;
	nt_time before;
	int udp;

	private_net();
	log_output();
	nflog = open_group(0);
	before = private_net_now();
	udp = private_net_udp("127.0.0.1");
	private_net_send(udp, "127.0.0.1", 9, "hello", 5);
	ck_assert_int_eq(next(nflog, &packet, SOON), NT_OK);
	ck_assert_uint_eq(packet.captured, UDP_OVER_IP + 5);
	ck_assert_uint_eq(packet.size, packet.captured);
	ck_assert_mem_eq(packet.data + UDP_OVER_IP, "hello", 5);
	ck_assert_str_eq(packet.prefix, "to discard: ");
	ck_assert_uint_eq(packet.mark, MARK);
	ck_assert(packet.has_uid && packet.uid == 0);
	ck_assert(packet.has_gid && packet.gid == 0);
	ck_assert_uint_eq(packet.hook, NF_INET_LOCAL_OUT);
	ck_assert_uint_eq(packet.out_interface, if_nametoindex("lo"));
	ck_assert_uint_eq(packet.in_interface, 0);
	ck_assert_int_ge(packet.time, before);
	ck_assert_int_le(packet.time, private_net_now());
	ck_assert_uint_eq(nflog_received(nflog), 1);
	close(udp);
	nflog_free(nflog);
}
END_TEST

START_TEST(kernel_tells_the_time_of_packets_that_come_in)
{
	struct nflog *nflog;
	struct nflog_packet packet;

	private_net();
	private_net_nft("table ip t { chain in { type filter hook input priority 0; udp dport 9 log group 5\n }\n}\n");
	nflog = open_group(0);
	send_datagrams(1);
	ck_assert_int_eq(next(nflog, &packet, SOON), NT_OK);
	ck_assert(packet.time_is_kernels);
	ck_assert_uint_eq(packet.hook, NF_INET_LOCAL_IN);
	ck_assert_uint_eq(packet.in_interface, if_nametoindex("lo"));
	ck_assert_ptr_null(packet.prefix);
	nflog_free(nflog);
}
END_TEST

START_TEST(snaplen_cuts_what_is_kept_but_not_the_size)
{
	struct nflog *nflog;
	struct nflog_packet packet;

	private_net();
	log_output();
	nflog = open_group(30);
	send_datagrams(1);
	ck_assert_int_eq(next(nflog, &packet, SOON), NT_OK);
	ck_assert_uint_eq(packet.captured, 30);
	ck_assert_uint_eq(packet.size, UDP_OVER_IP + 5);
	nflog_free(nflog);
}
END_TEST

START_TEST(packets_come_in_order_and_none_is_lost)
{
	enum { COUNT = 3000 };
	struct nflog *nflog;
	struct nflog_packet packet;
	int udp;

	private_net();
	log_output();
	nflog = open_group(0);
	udp = private_net_udp("127.0.0.1");
	for (uint32_t i = 0; i < COUNT; i++)
		private_net_send(udp, "127.0.0.1", 9, (const char *)&i, sizeof i);
	for (uint32_t i = 0; i < COUNT; i++) {
		ck_assert_int_eq(next(nflog, &packet, SOON), NT_OK);
		ck_assert_mem_eq(packet.data + UDP_OVER_IP, &i, sizeof i);
	}
	ck_assert_int_eq(next(nflog, &packet, NEVER), NT_AGAIN);
	ck_assert_uint_eq(nflog_received(nflog), COUNT);
	ck_assert_uint_eq(nflog_lost(nflog), 0);
	close(udp);
	nflog_free(nflog);
}
END_TEST

static size_t count_told(struct nflog *nflog)
{
	struct nflog_packet packet;
	enum nt_status status;
	size_t told = 0;

	while ((status = next(nflog, &packet, NEVER)) != NT_AGAIN)
		told += status == NT_ELIMIT;
	return told;
}

START_TEST(what_the_kernel_drops_is_told_and_counted)
{
	enum { COUNT = 5000, TIMES = 2 };
	const int least = 1;
	struct nflog *nflog;
	size_t told;

	private_net();
	log_output();
	nflog = open_group(0);
	setsockopt(nflog_descriptor(nflog), SOL_SOCKET, SO_RCVBUF, &least, sizeof least);
	for (int i = 0; i < TIMES; i++) {
		send_datagrams(COUNT);
		told = count_told(nflog);
		send_datagrams(1); /* its number tells how many are missing */
		told += count_told(nflog);
		ck_assert_uint_gt(told, 0);
	}
	ck_assert_uint_gt(nflog_lost(nflog), COUNT);
	ck_assert_uint_eq(nflog_received(nflog) + nflog_lost(nflog), TIMES * (COUNT + 1));
	nflog_free(nflog);
}
END_TEST

/* The library makes the buffer smaller when it is told the size of batches. */
START_TEST(receive_buffer_is_large)
{
	struct nflog *nflog;
	socklen_t length = sizeof(int);
	int size = 0;

	private_net();
	nflog = open_group(0);
	ck_assert_int_eq(getsockopt(nflog_descriptor(nflog), SOL_SOCKET, SO_RCVBUF, &size, &length), 0);
	ck_assert_int_ge(size, 16 * 1024 * 1024);
	nflog_free(nflog);
}
END_TEST

START_TEST(group_of_another_program_is_told)
{
	struct nflog *first, *second;

	private_net();
	first = open_group(0);
	ck_assert_int_eq(nflog_open(&second, GROUP, 0, &error), NT_EIO);
	ck_assert_ptr_null(second);
	ck_assert_msg(strstr(error.text, "group 5 is taken") != NULL, "%s", error.text);
	nflog_free(first);
	nflog_free(open_group(0)); /* free again */
}
END_TEST

static int refused_without_permission(void)
{
	struct nflog *nflog;

	return nflog_open(&nflog, GROUP, 0, &error) == NT_EIO && strstr(error.text, "setcap") ? 0 : 1;
}

START_TEST(missing_permission_is_told_with_what_to_do)
{
	private_net();
	ck_assert_int_eq(private_net_as_nobody(refused_without_permission), 0);
}
END_TEST

static TCase *group_tests(void)
{
	TCase *nflog = tcase_create("groups");

	tcase_set_timeout(nflog, 30);
	tcase_add_test(nflog, packet_comes_with_all_that_is_known_of_it);
	tcase_add_test(nflog, kernel_tells_the_time_of_packets_that_come_in);
	tcase_add_test(nflog, snaplen_cuts_what_is_kept_but_not_the_size);
	tcase_add_test(nflog, packets_come_in_order_and_none_is_lost);
	tcase_add_test(nflog, what_the_kernel_drops_is_told_and_counted);
	tcase_add_test(nflog, receive_buffer_is_large);
	tcase_add_test(nflog, group_of_another_program_is_told);
	tcase_add_test(nflog, missing_permission_is_told_with_what_to_do);
	return nflog;
}

Suite *nettrace_suite(void)
{
	const char *missing = private_net_missing(true);
	Suite *suite = suite_create("NFLOG");

	if (missing)
		printf("SKIPPED: %s\n", missing);
	else
		suite_add_tcase(suite, group_tests());
	return suite;
}
