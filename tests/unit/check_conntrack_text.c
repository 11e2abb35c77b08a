#include "capture/conntrack.h"
#include "tests/unit/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char update[] = "[1700000000.250001]\t [UPDATE] ipv4     2 tcp      6 432000 ESTABLISHED src=10.0.0.1 dst=192.0.2.80 "
			     "sport=40000 dport=80 src=192.0.2.80 dst=198.51.100.1 sport=80 dport=61000 [ASSURED] id=77";
static const char destroy[] =
	"[1700000003.5]\t[DESTROY] ipv4     2 tcp      6 119 TIME_WAIT src=10.0.0.1 dst=192.0.2.80 sport=40000 "
	"dport=80 packets=6 bytes=398 src=192.0.2.80 dst=10.0.0.1 sport=80 dport=40000 packets=4 bytes=488 "
	"[ASSURED] mark=513 delta-time=3 [start=Tue Nov 14 22:13:20 2023] [stop=Tue Nov 14 22:13:23 2023] "
	"id=4255193559 [USERSPACE] portid=3234509953 progname=conntrack";
static const char archived[] = "[12]: tcp\t6 src=10.0.0.1 dst=192.0.2.80 sport=40000 dport=80 packets=6 bytes=398\tsrc=192.0.2.80 "
			       "dst=10.0.0.1 sport=80 dport=40000 packets=4 bytes=488 mark=0x80000001 "
			       "start=2023-11-14 22:13:20.123456789 +0000 UTC stop=1970-01-01 00:00:00 +0000 UTC timeout=30(sec)";

/* The line in a block of exactly its size, so that reads beyond it are seen. */
static bool read_bytes(struct bytes line, struct conntrack_entry *out)
{
	uint8_t *exact = nt_alloc(line.size + !line.size);
	bool good;

	memcpy(exact, line.at, line.size);
	good = conntrack_read_line((struct bytes){ exact, line.size }, out);
	free(exact);
	return good;
}

static struct conntrack_entry read_good(const char *line)
{
	struct conntrack_entry entry;

	ck_assert_msg(read_bytes(bytes_of(line), &entry), "%s", line);
	return entry;
}

static void assert_end(const struct ip_address *address, uint16_t port, const char *text, uint16_t want)
{
	char out[IP_ADDRESS_TEXT_SIZE];

	ck_assert_str_eq(ip_address_text(4, address, out), text);
	ck_assert_uint_eq(port, want);
}

START_TEST(event_has_time_kind_and_both_tuples)
{
	struct conntrack_entry e = read_good(update);

	ck_assert_int_eq(e.kind, CONNTRACK_UPDATE);
	ck_assert_int_eq(e.time, 1700000000250001000);
	ck_assert(!e.time_is_kernels);
	ck_assert_uint_eq(e.protocol, 6);
	ck_assert_uint_eq(e.timeout_s, 432000);
	ck_assert_uint_eq(e.id, 77);
	ck_assert_uint_eq(e.original.ip_version, 4);
	ck_assert_uint_eq(e.reply.ip_version, 4);
	assert_end(&e.original.source, e.original.source_port, "10.0.0.1", 40000);
	assert_end(&e.original.destination, e.original.destination_port, "192.0.2.80", 80);
	assert_end(&e.reply.source, e.reply.source_port, "192.0.2.80", 80);
	assert_end(&e.reply.destination, e.reply.destination_port, "198.51.100.1", 61000);
	ck_assert(e.has_tcp_state);
	ck_assert_int_eq(e.tcp_state, CONNTRACK_TCP_ESTABLISHED);
	ck_assert(!e.has_counters);
	ck_assert_int_eq(e.start, NT_TIME_NONE);
}
END_TEST

START_TEST(destroy_has_counters_mark_and_lifetime)
{
	struct conntrack_entry e = read_good(destroy);

	ck_assert_int_eq(e.kind, CONNTRACK_DESTROY);
	ck_assert(e.has_counters);
	ck_assert_uint_eq(e.packets[0], 6);
	ck_assert_uint_eq(e.packets[1], 4);
	ck_assert_uint_eq(e.bytes[0], 398);
	ck_assert_uint_eq(e.bytes[1], 488);
	ck_assert_uint_eq(e.mark, 513);
	ck_assert_uint_eq(e.id, 4255193559u);
	ck_assert_int_eq(e.start, 1700000000 * NT_SECOND);
	ck_assert_int_eq(e.stop, 1700000003 * NT_SECOND);
	ck_assert_int_eq(e.time, 1700000003 * NT_SECOND + NT_SECOND / 2);
}
END_TEST

START_TEST(archived_table_is_read_with_its_go_dates)
{
	struct conntrack_entry e = read_good(archived);

	ck_assert_int_eq(e.kind, CONNTRACK_DUMP);
	ck_assert_int_eq(e.time, NT_TIME_NONE);
	ck_assert_int_eq(e.start, 1700000000123456789);
	ck_assert_int_eq(e.stop, NT_TIME_NONE);
	ck_assert_uint_eq(e.timeout_s, 30);
	ck_assert_uint_eq(e.mark, 0x80000001u);
	ck_assert_uint_eq(e.status, CONNTRACK_SEEN_REPLY | CONNTRACK_CONFIRMED);
	ck_assert(!e.has_tcp_state);
}
END_TEST

#define ENDS "src=10.0.0.1 dst=192.0.2.80 sport=40000 dport=80 "
#define BACK "src=192.0.2.80 dst=10.0.0.1 sport=80 dport=40000 "
#define V6 "src=2001:db8::1 dst=2001:db8::2 sport=40000 dport=53 src=2001:db8::2 dst=2001:db8::1 sport=53 dport=40000 "

static const struct {
	const char *line;
	uint8_t protocol, ip_version;
	uint32_t timeout_s, status;
	int tcp_state; /* -1: none */
} lines[] = {
	{ "tcp      6 431999 ESTABLISHED " ENDS BACK "[ASSURED] mark=0 use=1", 6, 4, 431999,
	  CONNTRACK_SEEN_REPLY | CONNTRACK_ASSURED | CONNTRACK_CONFIRMED, CONNTRACK_TCP_ESTABLISHED },
	{ "ipv4     2 tcp      6 119 SYN_SENT " ENDS "[UNREPLIED] " BACK "mark=0 secctx=a:b:c zone=3 use=2", 6, 4, 119,
	  CONNTRACK_CONFIRMED, CONNTRACK_TCP_SYN_SENT },
	{ "ipv6     10 udp      17 29 " V6 "mark=0 zone=0 use=2", 17, 6, 29, CONNTRACK_SEEN_REPLY | CONNTRACK_CONFIRMED, -1 },
	{ "    [NEW] udp      17 30 " ENDS "[UNREPLIED] " BACK, 17, 4, 30, CONNTRACK_CONFIRMED, -1 },
	{ "udp      17 " ENDS BACK, 17, 4, 0, CONNTRACK_SEEN_REPLY | CONNTRACK_CONFIRMED, -1 },
	{ "unknown  132 30 " ENDS BACK, 132, 4, 30, CONNTRACK_SEEN_REPLY | CONNTRACK_CONFIRMED, -1 },
	{ "tcp      6 " ENDS BACK "[HW_OFFLOAD] mark=1", 6, 4, 0, CONNTRACK_SEEN_REPLY | CONNTRACK_CONFIRMED | CONNTRACK_OFFLOAD,
	  -1 },
	{ "tcp 6 src=10.0.0.1 dst=192.0.2.80 sport=1 dport=80 src=192.0.2.90 dst=10.0.0.1 sport=80 dport=1", 6, 4, 0,
	  CONNTRACK_SEEN_REPLY | CONNTRACK_CONFIRMED | CONNTRACK_DST_NAT, -1 },
	{ "tcp 6 src=10.0.0.1 dst=192.0.2.80 sport=1 dport=80 src=192.0.2.80 dst=10.0.0.1 sport=80 dport=2", 6, 4, 0,
	  CONNTRACK_SEEN_REPLY | CONNTRACK_CONFIRMED | CONNTRACK_SRC_NAT, -1 },
	{ "use=1 mark=0 tcp 6 LISTEN dst=192.0.2.80 dport=80 sport=40000 src=10.0.0.1 dport=40000 dst=10.0.0.1 src=192.0.2.80 "
	  "sport=80 "
	  "later=word [LATER] 7",
	  6, 4, 0, CONNTRACK_SEEN_REPLY | CONNTRACK_CONFIRMED, CONNTRACK_TCP_SYN_SENT2 },
	{ "tcp 6 9 " ENDS BACK "\r", 6, 4, 9, CONNTRACK_SEEN_REPLY | CONNTRACK_CONFIRMED, -1 },
};

START_TEST(variants_of_the_tools_and_of_proc_are_read)
{
	struct conntrack_entry e = read_good(lines[_i].line);

	ck_assert_uint_eq(e.protocol, lines[_i].protocol);
	ck_assert_uint_eq(e.original.ip_version, lines[_i].ip_version);
	ck_assert_uint_eq(e.timeout_s, lines[_i].timeout_s);
	ck_assert_uint_eq(e.status, lines[_i].status);
	ck_assert_int_eq(e.has_tcp_state ? (int)e.tcp_state : -1, lines[_i].tcp_state);
	ck_assert_uint_ne(e.original.source_port, 0);
	ck_assert_uint_ne(e.reply.destination_port, 0);
}
END_TEST

static const char *const others[] = {
	"",
	"   ",
	"conntrack v1.4.7 (conntrack-tools): 3 flow entries have been shown.",
	"tcp 6 30 src=10.0.0.1 dst=192.0.2.80 sport=1 dport=80",
	ENDS BACK,
	"tcp 6 " ENDS BACK ENDS,
	"tcp 6 src=10.0.0.1 dst=192.0.2.80 sport=99999 dport=80 " BACK,
	"tcp 6 src=10.0.0.1 dst=192.0.2.80 sport=1x dport=80 " BACK,
	"tcp 6 src=10.0.0.1.5 dst=192.0.2.80 " BACK,
	"tcp 6 src= dst=192.0.2.80 " BACK,
	"tcp 6 src=2001:db8::1 dst=192.0.2.80 " BACK,
	"tcp 6 " ENDS BACK "packets=18446744073709551616",
	"tcp 6 " ENDS BACK "id=",
	"tcp 6 " ENDS BACK "mark=0x100000000",
};

START_TEST(other_lines_are_refused)
{
	struct conntrack_entry e = { .id = 4711 };

	ck_assert(!read_bytes(bytes_of(others[_i]), &e));
	ck_assert_uint_eq(e.id, 4711); /* nothing is written */
}
END_TEST

START_TEST(id_of_an_echo_request_is_not_that_of_the_entry)
{
	struct conntrack_entry e =
		read_good("icmp 1 29 src=10.0.0.1 dst=10.0.0.2 type=8 code=0 id=5 src=10.0.0.2 dst=10.0.0.1 type=0 "
			  "code=0 id=5 mark=0 use=1");

	ck_assert_uint_eq(e.id, 0);
	e = read_good("icmp 1 29 src=10.0.0.1 dst=10.0.0.2 type=8 code=0 id=5 src=10.0.0.2 dst=10.0.0.1 type=0 code=0 id=5 id=99");
	ck_assert_uint_eq(e.id, 99);
}
END_TEST

START_TEST(counters_of_one_direction_alone_are_none)
{
	struct conntrack_entry e = read_good("udp 17 src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2 packets=1 bytes=60 src=10.0.0.2 "
					     "dst=10.0.0.1 sport=2 dport=1");

	ck_assert(!e.has_counters);
}
END_TEST

START_TEST(zone_of_the_machine_is_found_by_the_stop_of_a_destroyed_entry)
{
	struct conntrack_entry e = read_good("[1700000003.9] [DESTROY] udp 17 " ENDS BACK "[start=Wed Nov 15 03:43:20 2023] "
					     "[stop=Wed Nov 15 03:43:23 2023]"); /* 5 h 30 min east */

	ck_assert_int_eq(e.start, 1700000000 * NT_SECOND);
	ck_assert_int_eq(e.stop, 1700000003 * NT_SECOND);
}
END_TEST

START_TEST(times_too_far_apart_show_no_zone)
{
	struct conntrack_entry e = read_good("[9223372035.9] [DESTROY] udp 17 " ENDS BACK "stop=1970-01-01 00:00:01 +1400");

	ck_assert_int_eq(e.time, 9223372035 * NT_SECOND + 9 * NT_SECOND / 10);
	ck_assert_int_eq(e.stop, NT_SECOND - 14 * 3600 * NT_SECOND);
}
END_TEST

START_TEST(zone_in_a_go_date_counts)
{
	struct conntrack_entry e = read_good("udp 17 " ENDS BACK "start=2023-11-15 00:13:20 +0200 EET timeout=1(sec)");

	ck_assert_int_eq(e.start, 1700000000 * NT_SECOND);
	e = read_good("udp 17 " ENDS BACK "start=2023-11-14 17:43:20.5 -0430 -0430 timeout=1(sec)");
	ck_assert_int_eq(e.start, 1700000000 * NT_SECOND + NT_SECOND / 2);
}
END_TEST

static const char *const bad_dates[] = { "start=yesterday",
					 "[start=]",
					 "start=2023-13-45 99:99:99 +0000",
					 "start=1023-01-01 00:00:00",
					 "[start=Sun Foo 22 16:24:33 2026]",
					 "[start=Sun Nov 22 16:24:33]",
					 "stop=" };

START_TEST(dates_that_make_no_sense_are_not_known)
{
	char line[400];
	struct conntrack_entry e;

	snprintf(line, sizeof line, "udp 17 %s%s%s", ENDS, BACK, bad_dates[_i]);
	e = read_good(line);
	ck_assert_int_eq(e.start, NT_TIME_NONE);
	ck_assert_int_eq(e.stop, NT_TIME_NONE);
}
END_TEST

START_TEST(leap_day_and_century_are_counted)
{
	struct conntrack_entry e =
		read_good("udp 17 " ENDS BACK "start=2000-02-29 12:00:00 +0000 UTC stop=2100-03-01 00:00:00 +0000 UTC");

	ck_assert_int_eq(e.start, 951825600 * NT_SECOND);
	ck_assert_int_eq(e.stop, 4107542400 * NT_SECOND);
}
END_TEST

START_TEST(longest_line_has_an_end)
{
	char *line = nt_alloc(10000);
	struct conntrack_entry e;

	memset(line, ' ', 10000);
	memcpy(line + 9000, update, sizeof update - 1);
	ck_assert(!read_bytes((struct bytes){ (uint8_t *)line, 10000 }, &e));
	memset(line, '[', 4000);
	ck_assert(!read_bytes((struct bytes){ (uint8_t *)line, 4000 }, &e));
	free(line);
}
END_TEST

static const char *const good[] = { update, destroy, archived };

START_TEST(every_prefix_gives_some_result)
{
	struct conntrack_entry e;
	size_t size = strlen(good[_i]);

	for (size_t i = 0; i < size; i++)
		(void)read_bytes((struct bytes){ (const uint8_t *)good[_i], i }, &e);
	ck_assert(read_bytes((struct bytes){ (const uint8_t *)good[_i], size }, &e));
}
END_TEST

START_TEST(changed_bytes_give_some_result)
{
	static const uint8_t bytes[] = { 0, ' ', '[', ']', '=', '0', '9', 0xff, '\n', '-' };
	uint8_t line[600];
	size_t size = strlen(good[_i]);
	struct conntrack_entry e;

	for (size_t i = 0; i < size; i++)
		for (size_t j = 0; j < sizeof bytes; j++) {
			memcpy(line, good[_i], size);
			line[i] = bytes[j];
			if (read_bytes((struct bytes){ line, size }, &e))
				ck_assert(e.original.ip_version == 4 && e.reply.ip_version == 4);
		}
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("conntrack_text");
	TCase *tcase = tcase_create("all");

	tcase_add_test(tcase, event_has_time_kind_and_both_tuples);
	tcase_add_test(tcase, destroy_has_counters_mark_and_lifetime);
	tcase_add_test(tcase, archived_table_is_read_with_its_go_dates);
	tcase_add_loop_test(tcase, variants_of_the_tools_and_of_proc_are_read, 0, sizeof lines / sizeof *lines);
	tcase_add_loop_test(tcase, other_lines_are_refused, 0, sizeof others / sizeof *others);
	tcase_add_test(tcase, id_of_an_echo_request_is_not_that_of_the_entry);
	tcase_add_test(tcase, counters_of_one_direction_alone_are_none);
	tcase_add_test(tcase, zone_of_the_machine_is_found_by_the_stop_of_a_destroyed_entry);
	tcase_add_test(tcase, times_too_far_apart_show_no_zone);
	tcase_add_test(tcase, zone_in_a_go_date_counts);
	tcase_add_loop_test(tcase, dates_that_make_no_sense_are_not_known, 0, sizeof bad_dates / sizeof *bad_dates);
	tcase_add_test(tcase, leap_day_and_century_are_counted);
	tcase_add_test(tcase, longest_line_has_an_end);
	tcase_add_loop_test(tcase, every_prefix_gives_some_result, 0, sizeof good / sizeof *good);
	tcase_add_loop_test(tcase, changed_bytes_give_some_result, 0, sizeof good / sizeof *good);
	suite_add_tcase(suite, tcase);
	return suite;
}
