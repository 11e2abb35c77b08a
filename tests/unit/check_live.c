/*
 * Packets from network interfaces: in a network namespace of our own, as root; and the filter expression of the switches.
 */
#include "capture/filter.h"
#include "capture/live.h"
#include "tests/support/packet.h"
#include "tests/support/private_net.h"
#include "tests/unit/suite.h"

#include <linux/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SOON = 5000, NEVER = 300, LINKTYPE_ETHERNET = 1, LINKTYPE_RAW = 101, LINKTYPE_LINUX_SLL2 = 276, UDP_OVER_IP = 28 };

static struct nt_error error;

static struct live *open_live(const struct live_options *options)
{
	struct live *live = NULL;
	enum nt_status status = live_open(&live, options, &error);

	ck_assert_msg(status == NT_OK, "%s", error.text);
	return live;
}

static void assert_refused(const struct live_options *options, enum nt_status status, const char *part)
{
	struct live *live;

	ck_assert_int_eq(live_open(&live, options, &error), status);
	ck_assert_ptr_null(live);
	ck_assert_msg(strstr(error.text, part) != NULL, "'%s' is not in '%s'", part, error.text);
}

/* Waits for the next packet, or whatever else is next; NT_AGAIN when nothing comes. */
static enum nt_status next(struct live *live, struct packet *out, int timeout_ms)
{
	enum nt_status status;

	while ((status = live_next(live, out, &error)) == NT_AGAIN)
		if (!private_net_wait(live_descriptor(live), timeout_ms))
			return NT_AGAIN;
	return status;
}

static void assert_packets(struct live *live, size_t count)
{
	struct packet packet;

	for (size_t i = 0; i < count; i++) {
		enum nt_status status = next(live, &packet, SOON);

		ck_assert_msg(status == NT_OK, "packet %zu of %zu: %s", i + 1, count, nt_status_text(status));
	}
}

static void assert_no_more(struct live *live)
{
	struct packet packet;

	ck_assert_int_eq(next(live, &packet, NEVER), NT_AGAIN);
}

static void send_datagrams(size_t count)
{
	int udp = private_net_udp("127.0.0.1");

	for (size_t i = 0; i < count; i++)
		private_net_send(udp, "127.0.0.1", 9, "hello", 5);
	close(udp);
}

/* A datagram that comes in on a tun. */
static void write_datagram(int tun)
{
	const struct test_packet p = { .raw = true, .source_port = 1, .destination_port = 2 };
	static uint8_t frame[TEST_FRAME_SIZE];
	size_t size = test_packet_udp(&p, "hello", 5, frame);

	ck_assert_int_eq(write(tun, frame, size), (ssize_t)size);
}

/* ---- capturing ---- */

START_TEST(packets_come_whole_and_with_the_kernels_time)
{
	struct live *live;
	struct packet packet;
	nt_time before;

	private_net();
	live = open_live(&(struct live_options){ .interface = "lo", .filter = "udp" });
	before = private_net_now();
	send_datagrams(1);
	ck_assert_int_eq(next(live, &packet, SOON), NT_OK);
	ck_assert_uint_eq(packet.size, 14 + UDP_OVER_IP + 5);
	ck_assert_uint_eq(packet.captured, packet.size);
	ck_assert_mem_eq(packet.data + packet.size - 5, "hello", 5);
	ck_assert_int_ge(packet.time, before);
	ck_assert_int_le(packet.time, private_net_now());
	live_free(live);
}
END_TEST

START_TEST(every_packet_is_counted)
{
	enum { COUNT = 3000 };
	struct live_statistics statistics;
	struct live *live;
	int tun;

	private_net();
	tun = private_net_tun("tun7");
	live = open_live(&(struct live_options){ .interface = "tun7", .filter = "udp" });
	for (size_t i = 0; i < COUNT; i++)
		write_datagram(tun);
	assert_packets(live, COUNT);
	assert_no_more(live);
	live_statistics(live, &statistics);
	ck_assert_uint_eq(statistics.received, COUNT);
	ck_assert_uint_eq(statistics.dropped_by_kernel, 0);
	live_statistics(live, &statistics); /* asking does not count again */
	ck_assert_uint_eq(statistics.received, COUNT);
	live_free(live);
	close(tun);
}
END_TEST

START_TEST(loopback_packets_are_counted_once)
{
	struct live_statistics statistics;
	struct live *live;

	private_net();
	live = open_live(&(struct live_options){ .interface = "lo", .filter = "udp" });
	send_datagrams(10);
	assert_packets(live, 10);
	assert_no_more(live);
	live_statistics(live, &statistics);
	ck_assert_uint_eq(statistics.received, 10);
	live_free(live);
}
END_TEST

START_TEST(drops_are_counted_when_nobody_reads)
{
	enum { COUNT = 10000 };
	struct live_statistics statistics;
	struct packet packet;
	struct live *live;
	size_t captured = 0;
	int tun;

	private_net();
	tun = private_net_tun("tun7");
	live = open_live(&(struct live_options){ .interface = "tun7", .filter = "udp", .ring_bytes = 1 });
	for (size_t i = 0; i < COUNT; i++)
		write_datagram(tun);
	while (next(live, &packet, NEVER) == NT_OK)
		captured++;
	live_statistics(live, &statistics);
	ck_assert_uint_gt(captured, 0);
	ck_assert_uint_lt(captured, COUNT);
	ck_assert_uint_eq(statistics.received, COUNT);
	ck_assert_uint_eq(captured + statistics.dropped_by_kernel, COUNT);
	live_free(live);
	close(tun);
}
END_TEST

START_TEST(snaplen_cuts_what_is_kept_but_not_the_size)
{
	struct live *live;
	struct packet packet;

	private_net();
	live = open_live(&(struct live_options){ .interface = "lo", .snaplen = 42 });
	send_datagrams(1);
	ck_assert_int_eq(next(live, &packet, SOON), NT_OK);
	ck_assert_uint_eq(packet.captured, 42);
	ck_assert_uint_eq(packet.size, 47);
	live_free(live);
}
END_TEST

START_TEST(filter_selects)
{
	struct live *live;

	private_net();
	live = open_live(&(struct live_options){ .interface = "lo", .filter = "udp port 10" });
	send_datagrams(3); /* to port 9 */
	assert_no_more(live);
	live_free(live);
}
END_TEST

START_TEST(link_types_are_those_of_files)
{
	struct live *lo, *any, *tun;
	int tun_fd;

	private_net();
	tun_fd = private_net_tun("tun7");
	lo = open_live(&(struct live_options){ .interface = "lo" });
	any = open_live(&(struct live_options){ .interface = "any", .promiscuous = true });
	tun = open_live(&(struct live_options){ .interface = "tun7", .promiscuous = true });
	ck_assert_uint_eq(live_link_type(lo), LINKTYPE_ETHERNET);
	ck_assert_uint_eq(live_link_type(any), LINKTYPE_LINUX_SLL2);
	ck_assert_uint_eq(live_link_type(tun), LINKTYPE_RAW);
	ck_assert_str_eq(live_name(any), "any");
	write_datagram(tun_fd);
	assert_packets(any, 1);
	assert_packets(tun, 1);
	live_free(lo);
	live_free(any);
	live_free(tun);
	close(tun_fd);
}
END_TEST

/* ---- what cannot be opened ---- */

START_TEST(filter_that_does_not_compile_is_told_in_the_compilers_words)
{
	private_net();
	assert_refused(&(struct live_options){ .interface = "lo", .filter = "no such thing" }, NT_EUSAGE, "syntax error");
}
END_TEST

START_TEST(missing_interface_is_told)
{
	private_net();
	assert_refused(&(struct live_options){ .interface = "eth7" }, NT_EIO, "no interface eth7");
}
END_TEST

START_TEST(interface_that_is_down_is_told)
{
	private_net();
	private_net_set_up("lo", false);
	assert_refused(&(struct live_options){ .interface = "lo" }, NT_EIO, "lo is down");
}
END_TEST

START_TEST(link_type_that_cannot_be_read_is_told)
{
	int tun;

	private_net();
	tun = private_net_tun_of_type("irda0", ARPHRD_IRDA);
	private_net_set_up("irda0", true);
	assert_refused(&(struct live_options){ .interface = "irda0" }, NT_ENOTSUP, "LINUX_IRDA");
	close(tun);
}
END_TEST

static int refused_without_permission(void)
{
	struct live *live;

	return live_open(&live, &(struct live_options){ .interface = "lo" }, &error) == NT_EIO && strstr(error.text, "setcap") ? 0
															       : 1;
}

START_TEST(missing_permission_is_told_with_what_to_do)
{
	private_net();
	ck_assert_int_eq(private_net_as_nobody(refused_without_permission), 0);
}
END_TEST

/* ---- interfaces that go and come ---- */

/*
 * Reads until it is quiet: so many packets, and once the news.  The news may come first, as the kernel hands over what it has only after
 * a while.
 */
static void assert_fall(struct live *live, size_t count, const char *news)
{
	struct packet packet;
	size_t packets = 0, told = 0;
	enum nt_status status;

	while ((status = next(live, &packet, NEVER)) != NT_AGAIN) {
		packets += status == NT_OK;
		told += status == NT_EIO && strcmp(error.text, news) == 0;
	}
	ck_assert_uint_eq(packets, count);
	ck_assert_uint_eq(told, 1);
}

START_TEST(interface_that_goes_down_comes_back)
{
	struct live *live;

	private_net();
	live = open_live(&(struct live_options){ .interface = "lo", .filter = "udp" });
	send_datagrams(2);
	private_net_set_up("lo", false);
	assert_fall(live, 2, "the interface lo went down");
	ck_assert_int_eq(live_reopen(live, &error), NT_AGAIN);

	private_net_set_up("lo", true);
	ck_assert(private_net_wait(live_descriptor(live), SOON)); /* no need to ask now and then */
	ck_assert_int_eq(live_reopen(live, &error), NT_OK);
	send_datagrams(3);
	assert_packets(live, 3);
	live_free(live);
}
END_TEST

START_TEST(short_fall_is_told)
{
	struct packet packet;
	struct live *live;

	private_net();
	live = open_live(&(struct live_options){ .interface = "lo" });
	private_net_set_up("lo", false);
	private_net_set_up("lo", true);
	ck_assert_int_eq(next(live, &packet, SOON), NT_EIO);
	ck_assert_int_eq(live_reopen(live, &error), NT_OK);
	send_datagrams(1);
	assert_packets(live, 1);
	live_free(live);
}
END_TEST

START_TEST(interface_that_goes_away_comes_back)
{
	struct live_statistics statistics;
	struct live *live;
	int tun, descriptor;

	private_net();
	tun = private_net_tun("tun7");
	live = open_live(&(struct live_options){ .interface = "tun7", .filter = "udp" });
	descriptor = live_descriptor(live);
	write_datagram(tun);
	close(tun);
	assert_fall(live, 1, "the interface tun7 went away");
	ck_assert_int_eq(live_reopen(live, &error), NT_AGAIN);

	tun = private_net_tun("tun7");
	ck_assert(private_net_wait(live_descriptor(live), SOON));
	ck_assert_int_eq(live_reopen(live, &error), NT_OK);
	ck_assert_int_eq(live_descriptor(live), descriptor);
	write_datagram(tun);
	write_datagram(tun);
	assert_packets(live, 2);
	live_statistics(live, &statistics);
	ck_assert_uint_eq(statistics.received, 3);
	live_free(live);
	close(tun);
}
END_TEST

/* ---- idle ---- */

static unsigned long voluntary_switches(void)
{
	FILE *file = fopen("/proc/self/status", "r");
	unsigned long count = 0;
	char line[128];

	ck_assert_ptr_nonnull(file);
	while (fgets(line, sizeof line, file))
		sscanf(line, "voluntary_ctxt_switches: %lu", &count);
	fclose(file);
	return count;
}

START_TEST(idle_interface_wakes_nobody)
{
	struct live *lo, *any;
	unsigned long before;

	private_net();
	lo = open_live(&(struct live_options){ .interface = "lo" });
	any = open_live(&(struct live_options){ .interface = "any" });
	assert_no_more(lo);
	assert_no_more(any);
	before = voluntary_switches();
	ck_assert(!private_net_wait(live_descriptor(lo), NEVER));
	ck_assert(!private_net_wait(live_descriptor(any), NEVER));
	ck_assert_uint_le(voluntary_switches() - before, 2); /* one for each wait */
	live_free(lo);
	live_free(any);
}
END_TEST

/* ---- the filter of the switches ---- */

enum sample {
	UDP4,
	TCP4_SYN,
	TCP4_DATA,
	TCP4_LATER_FRAGMENT,
	TCP4_OFFLOADED,
	ICMP4,
	TCP6_ACK,
	TCP6_DATA,
	TCP6_FRAGMENT,
	ICMP6_ECHO,
	ICMP6_NEIGHBOR,
	ARP
};

static size_t build(enum sample sample, bool raw, uint8_t *frame)
{
	static const struct test_packet v4 = { .source_port = 40000, .destination_port = 80 };
	static const struct test_packet v6 = { .source = "2001:db8::1", .destination = "2001:db8::2", .destination_port = 80 };
	struct test_packet p = sample >= TCP6_ACK && sample <= ICMP6_NEIGHBOR ? v6 : v4;
	size_t size;

	p.raw = raw;
	switch (sample) {
	case TCP4_SYN:
		p.tcp_options = BYTES("\2\4\5\xb4");
		p.ip_options = BYTES("\1\1\1\1");
		/* fallthrough */
	case TCP6_ACK:
		return test_packet_tcp(&p, NULL, 0, frame);
	case TCP4_DATA:
	case TCP6_DATA:
		return test_packet_tcp(&p, "x", 1, frame);
	case TCP6_FRAGMENT: /* a sequence number that looks like a data offset without payload, if taken for one */
		p.more_fragments = true;
		p.sequence = 0x80000000;
		return test_packet_tcp(&p, "data", 4, frame);
	case TCP4_LATER_FRAGMENT:
		p.fragment_offset = 1480;
		return test_packet_ip(&p, 6, "01234567890123456789", 20, frame);
	case TCP4_OFFLOADED:
		size = test_packet_tcp(&p, "x", 1, frame);
		memset(frame + (raw ? 0 : 14) + 2, 0, 2);
		return size;
	case ICMP4:
		p.icmp_type = 8;
		return test_packet_icmp(&p, "ping", 4, frame);
	case ICMP6_ECHO:
		p.icmp_type = 128;
		return test_packet_icmp(&p, "ping", 4, frame);
	case ICMP6_NEIGHBOR:
		p.icmp_type = 135;
		return test_packet_icmp(&p, "0123456789abcdef", 16, frame);
	case ARP:
		size = test_packet_udp(&p, NULL, 0, frame);
		memcpy(frame + 12, "\x08\x06", 2);
		return size;
	default:
		return test_packet_udp(&p, "x", 1, frame);
	}
}

#define BIT(sample) (1U << (sample))
#define TCP_PAYLOAD (BIT(TCP4_DATA) | BIT(TCP4_LATER_FRAGMENT) | BIT(TCP4_OFFLOADED) | BIT(TCP6_DATA) | BIT(TCP6_FRAGMENT))
#define ALL_ICMP (BIT(ICMP4) | BIT(ICMP6_ECHO) | BIT(ICMP6_NEIGHBOR))

static const struct switches {
	const char *expression;
	bool icmp, arp, no_payload;
	unsigned not_taken; /* bits of enum sample */
} switches[] = {
	{ NULL, true, true, true, TCP_PAYLOAD },
	{ NULL, false, true, false, BIT(ICMP4) | BIT(ICMP6_ECHO) },
	{ NULL, true, false, false, BIT(ARP) },
	{ NULL, false, false, false, ALL_ICMP | BIT(ARP) },
	{ "udp or tcp", true, true, true, TCP_PAYLOAD | ALL_ICMP | BIT(ARP) },
	{ "udp or arp", false, false, true, ~BIT(UDP4) },
	{ " \t", true, true, true, TCP_PAYLOAD },
};

static void assert_takes(const char *expression, uint32_t link_type, unsigned not_taken)
{
	const struct capture_interface interface = { .link_type = link_type };
	static uint8_t frame[TEST_FRAME_SIZE];
	struct filter *filter;

	ck_assert_int_eq(filter_new(&filter, expression, &link_type, 1, &error), NT_OK);
	for (unsigned sample = 0; sample <= (link_type == LINKTYPE_RAW ? ICMP6_NEIGHBOR : ARP); sample++) {
		size_t size = build(sample, link_type == LINKTYPE_RAW, frame);
		struct packet packet = {
			.captured = (uint32_t)size, .size = (uint32_t)size, .data = frame, .interface = &interface
		};

		ck_assert_msg(filter_takes(filter, &packet) == !(not_taken & BIT(sample)), "sample %u, link type %u, %s", sample,
			      link_type, expression);
	}
	filter_free(filter);
}

START_TEST(switches_select_as_they_say)
{
	const struct switches *s = &switches[_i];
	char *filter = live_filter(s->expression, s->icmp, s->arp, s->no_payload);

	ck_assert_ptr_nonnull(filter);
	assert_takes(filter, LINKTYPE_ETHERNET, s->not_taken);
	assert_takes(filter, LINKTYPE_RAW, s->not_taken);
	free(filter);
}
END_TEST

START_TEST(no_switch_is_no_filter)
{
	char *filter = live_filter("tcp port 80", true, true, false);

	ck_assert_ptr_null(live_filter(NULL, true, true, false));
	ck_assert_str_eq(filter, "(tcp port 80)");
	free(filter);
}
END_TEST

static TCase *live_tests(void)
{
	TCase *live = tcase_create("live");

	tcase_set_timeout(live, 30);
	tcase_add_test(live, packets_come_whole_and_with_the_kernels_time);
	tcase_add_test(live, every_packet_is_counted);
	tcase_add_test(live, loopback_packets_are_counted_once);
	tcase_add_test(live, drops_are_counted_when_nobody_reads);
	tcase_add_test(live, snaplen_cuts_what_is_kept_but_not_the_size);
	tcase_add_test(live, filter_selects);
	tcase_add_test(live, link_types_are_those_of_files);
	tcase_add_test(live, filter_that_does_not_compile_is_told_in_the_compilers_words);
	tcase_add_test(live, missing_interface_is_told);
	tcase_add_test(live, interface_that_is_down_is_told);
	tcase_add_test(live, link_type_that_cannot_be_read_is_told);
	tcase_add_test(live, missing_permission_is_told_with_what_to_do);
	tcase_add_test(live, interface_that_goes_down_comes_back);
	tcase_add_test(live, short_fall_is_told);
	tcase_add_test(live, interface_that_goes_away_comes_back);
	tcase_add_test(live, idle_interface_wakes_nobody);
	return live;
}

Suite *nettrace_suite(void)
{
	const char *missing = private_net_missing(false);
	Suite *suite = suite_create("live");
	TCase *filters = tcase_create("filters");

	tcase_add_loop_test(filters, switches_select_as_they_say, 0, sizeof switches / sizeof *switches);
	tcase_add_test(filters, no_switch_is_no_filter);
	suite_add_tcase(suite, filters);
	if (missing)
		printf("SKIPPED: %s\n", missing);
	else
		suite_add_tcase(suite, live_tests());
	return suite;
}
