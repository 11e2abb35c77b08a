/*
 * Events and listings of the kernel's connection tracking: in a network namespace of our own, as root.
 */
#include "capture/conntrack.h"
#include "tests/support/private_net.h"
#include "tests/unit/suite.h"

#include <fcntl.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SOON = 5000, NEVER = 300, MOST = 4096 };

static struct nt_error error;

/* Nothing is tracked until a rule asks for it. */
static const char tracking[] = "table ip t { chain out { type filter hook output priority 0; ct state new counter\n }\n}\n";

static struct conntrack *open_conntrack(const struct conntrack_options *options)
{
	struct conntrack *conntrack = NULL;
	enum nt_status status = conntrack_open(&conntrack, options, &error);

	ck_assert_msg(status == NT_OK, "%s", error.text);
	return conntrack;
}

static struct conntrack *open_all(void)
{
	return open_conntrack(&(struct conntrack_options){ .keep_sysctls = false });
}

static enum nt_status next(struct conntrack *conntrack, struct conntrack_entry *out, int timeout_ms)
{
	enum nt_status status;

	while ((status = conntrack_next(conntrack, out, &error)) == NT_AGAIN)
		if (!private_net_wait(conntrack_descriptor(conntrack), timeout_ms))
			return NT_AGAIN;
	return status;
}

static void assert_next(struct conntrack *conntrack, enum conntrack_kind kind, struct conntrack_entry *out)
{
	ck_assert_int_eq(next(conntrack, out, SOON), NT_OK);
	ck_assert_int_eq(out->kind, kind);
}

static void send_once(const char *to, uint16_t port)
{
	int udp = private_net_udp("127.0.0.1");

	private_net_send(udp, to, port, "hello", 5);
	close(udp);
}

/* Ends all entries, as if their time was over. */
static void flush(void)
{
	struct nfct_handle *handle = nfct_open(CONNTRACK, 0);
	const uint32_t family = AF_INET;

	ck_assert_ptr_nonnull(handle);
	ck_assert_int_eq(nfct_query(handle, NFCT_Q_FLUSH, &family), 0);
	nfct_close(handle);
}

struct entries {
	size_t count;
	struct conntrack_entry last;
	bool ports[MOST]; /* destination ports that were listed, from 1000 on */
};

static void take_entry(void *context, const struct conntrack_entry *entry)
{
	struct entries *entries = context;
	uint16_t port = entry->original.destination_port;

	entries->count++;
	entries->last = *entry;
	if (port >= 1000 && port < 1000 + MOST)
		entries->ports[port - 1000] = true;
}

static void list(struct conntrack *conntrack, struct entries *out)
{
	enum nt_status status;

	memset(out, 0, sizeof *out);
	status = conntrack_dump(conntrack, take_entry, out, &error);
	ck_assert_msg(status == NT_OK, "%s", error.text);
}

/* ---- events ---- */

START_TEST(entry_is_new_and_then_destroyed_with_counters)
{
	struct conntrack *conntrack;
	struct conntrack_entry begun, end;
	nt_time before;

	private_net();
	private_net_nft(tracking);
	conntrack = open_all();
	before = private_net_now();
	send_once("127.0.0.1", 9);
	assert_next(conntrack, CONNTRACK_NEW, &begun);
	ck_assert_uint_eq(begun.protocol, IPPROTO_UDP);
	ck_assert_uint_eq(begun.original.ip_version, 4);
	ck_assert_uint_eq(begun.original.destination_port, 9);
	ck_assert_mem_eq(begun.original.destination.bytes, "\x7f\0\0\1", 4);
	ck_assert_uint_eq(begun.reply.source_port, 9);
	ck_assert_uint_eq(begun.reply.destination_port, begun.original.source_port);
	ck_assert_uint_ne(begun.status & CONNTRACK_CONFIRMED, 0);
	ck_assert(begun.id != 0);
	ck_assert_uint_gt(begun.timeout_s, 0);
	ck_assert(!begun.has_counters);
	ck_assert_int_ge(begun.time, before);
	ck_assert_int_le(begun.time, private_net_now());

	flush();
	assert_next(conntrack, CONNTRACK_DESTROY, &end);
	ck_assert_uint_eq(end.id, begun.id);
	ck_assert(end.has_counters);
	ck_assert_uint_eq(end.packets[0], 1);
	ck_assert_uint_eq(end.bytes[0], 20 + 8 + 5);
	ck_assert_int_ge(end.start, before);
	ck_assert_int_ge(end.stop, end.start);
	ck_assert_int_le(end.stop, private_net_now());
	ck_assert_int_ge(end.time, begun.time);
	ck_assert_uint_eq(conntrack_received(conntrack), 2);
	ck_assert_uint_eq(conntrack_overruns(conntrack), 0);
	conntrack_free(conntrack);
}
END_TEST

static int connect_tcp(int *listener)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof address;
	int tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(*listener, (struct sockaddr *)&address, size), 0);
	ck_assert_int_eq(listen(*listener, 1), 0);
	ck_assert_int_eq(getsockname(*listener, (struct sockaddr *)&address, &size), 0);
	ck_assert_int_eq(connect(tcp, (struct sockaddr *)&address, size), 0);
	return tcp;
}

START_TEST(tcp_states_come_in_their_order)
{
	static const enum conntrack_tcp_state expected[] = { CONNTRACK_TCP_SYN_SENT, CONNTRACK_TCP_SYN_RECV,
							     CONNTRACK_TCP_ESTABLISHED, CONNTRACK_TCP_FIN_WAIT };
	struct conntrack *conntrack;
	struct conntrack_entry entry;
	int tcp, listener;
	uint32_t id = 0;

	private_net();
	private_net_nft(tracking);
	conntrack = open_all();
	tcp = connect_tcp(&listener);
	close(tcp);
	for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
		assert_next(conntrack, i == 0 ? CONNTRACK_NEW : CONNTRACK_UPDATE, &entry);
		ck_assert(entry.has_tcp_state);
		ck_assert_int_eq(entry.tcp_state, expected[i]);
		ck_assert(i == 0 || entry.id == id);
		id = entry.id;
	}
	ck_assert_uint_ne(entry.status & CONNTRACK_ASSURED, 0);
	close(listener);
	conntrack_free(conntrack);
}
END_TEST

START_TEST(translation_zone_and_mark_are_seen)
{
	struct conntrack *conntrack;
	struct conntrack_entry entry;

	private_net();
	private_net_nft("table ip t {\n"
			" chain raw { type filter hook output priority -300; udp dport 7000 ct zone set 3\n }\n"
			" chain nat { type nat hook output priority -100; udp dport 7000 dnat to 127.0.0.1:7001\n }\n"
			" chain out { type filter hook output priority 0; ct mark set 0x42\n }\n"
			"}\n");
	conntrack = open_all();
	send_once("127.0.0.2", 7000);
	assert_next(conntrack, CONNTRACK_NEW, &entry);
	ck_assert_mem_eq(entry.original.destination.bytes, "\x7f\0\0\2", 4);
	ck_assert_uint_eq(entry.original.destination_port, 7000);
	ck_assert_mem_eq(entry.reply.source.bytes, "\x7f\0\0\1", 4);
	ck_assert_uint_eq(entry.reply.source_port, 7001);
	ck_assert_uint_ne(entry.status & CONNTRACK_DST_NAT, 0);
	ck_assert_uint_eq(entry.zone, 3);
	ck_assert_uint_eq(entry.mark, 0x42);
	conntrack_free(conntrack);
}
END_TEST

START_TEST(only_wanted_addresses_come)
{
	const struct ip_address wanted[] = { { { 127, 0, 0, 9 } }, { { 127, 0, 0, 2 } } };
	const uint8_t versions[] = { 4, 4 };
	struct conntrack *conntrack;
	struct conntrack_entry entry;
	static struct entries entries;

	private_net();
	private_net_nft(tracking);
	conntrack = open_conntrack(
		&(struct conntrack_options){ .addresses = wanted, .address_versions = versions, .address_count = 2 });
	send_once("127.0.0.1", 9);
	send_once("127.0.0.2", 9);
	assert_next(conntrack, CONNTRACK_NEW, &entry);
	ck_assert_mem_eq(entry.original.destination.bytes, "\x7f\0\0\2", 4);
	ck_assert_uint_eq(conntrack_received(conntrack), 1);
	list(conntrack, &entries);
	ck_assert_uint_eq(entries.count, 1);
	conntrack_free(conntrack);
}
END_TEST

/* ---- listing ---- */

START_TEST(listing_tells_counters_and_start)
{
	static struct entries entries;
	struct conntrack *conntrack;

	private_net();
	private_net_nft(tracking);
	conntrack = open_all();
	list(conntrack, &entries);
	ck_assert_uint_eq(entries.count, 0); /* an empty table is no error */
	send_once("127.0.0.1", 9);
	list(conntrack, &entries);
	ck_assert_uint_eq(entries.count, 1);
	ck_assert_int_eq(entries.last.kind, CONNTRACK_DUMP);
	ck_assert(entries.last.has_counters);
	ck_assert_uint_eq(entries.last.packets[0], 1);
	ck_assert(entries.last.start != NT_TIME_NONE);
	ck_assert(entries.last.stop == NT_TIME_NONE);
	conntrack_free(conntrack);
}
END_TEST

START_TEST(overrun_is_told_and_a_listing_makes_up_for_it)
{
	enum { COUNT = 2000 };
	static struct entries entries;
	const int least = 1;
	struct conntrack *conntrack;
	struct conntrack_entry entry;
	enum nt_status status;
	size_t told = 0, events = 0;
	int udp;

	private_net();
	private_net_nft(tracking);
	conntrack = open_all();
	setsockopt(conntrack_descriptor(conntrack), SOL_SOCKET, SO_RCVBUF, &least, sizeof least);
	udp = private_net_udp("127.0.0.1");
	for (uint16_t i = 0; i < COUNT; i++)
		private_net_send(udp, "127.0.0.1", 1000 + i, "x", 1);
	while ((status = next(conntrack, &entry, NEVER)) != NT_AGAIN) {
		told += status == NT_ELIMIT;
		events += status == NT_OK;
	}
	ck_assert_uint_gt(told, 0);
	ck_assert_uint_eq(conntrack_overruns(conntrack), told);
	ck_assert_uint_lt(events, COUNT);
	list(conntrack, &entries);
	for (size_t i = 0; i < COUNT; i++)
		ck_assert_msg(entries.ports[i], "port %zu is missing", 1000 + i);
	close(udp);
	conntrack_free(conntrack);
}
END_TEST

/* ---- switches ---- */

static int read_switch(const char *name)
{
	char path[128], value = 0;
	int fd;

	snprintf(path, sizeof path, "/proc/sys/net/netfilter/%s", name);
	fd = open(path, O_RDONLY);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(read(fd, &value, 1), 1);
	close(fd);
	return value - '0';
}

static void assert_switches(int acct, int timestamp, int events)
{
	ck_assert_int_eq(read_switch("nf_conntrack_acct"), acct);
	ck_assert_int_eq(read_switch("nf_conntrack_timestamp"), timestamp);
	ck_assert_int_eq(read_switch("nf_conntrack_events"), events);
}

START_TEST(switches_are_on_while_it_runs_and_then_as_before)
{
	struct conntrack *conntrack;

	private_net();
	assert_switches(0, 0, 2);
	conntrack = open_all();
	assert_switches(1, 1, 1);
	ck_assert_ptr_null(conntrack_warning(conntrack));
	conntrack_free(conntrack);
	assert_switches(0, 0, 2);
}
END_TEST

START_TEST(switches_that_are_kept_are_warned_of)
{
	struct conntrack *conntrack;

	private_net();
	conntrack = open_conntrack(&(struct conntrack_options){ .keep_sysctls = true });
	assert_switches(0, 0, 2);
	ck_assert_ptr_nonnull(conntrack_warning(conntrack));
	ck_assert_ptr_nonnull(strstr(conntrack_warning(conntrack), "nf_conntrack_acct is not 1"));
	conntrack_free(conntrack);
	assert_switches(0, 0, 2);
}
END_TEST

static int refused_without_permission(void)
{
	struct conntrack *conntrack;

	return conntrack_open(&conntrack, &(struct conntrack_options){ .keep_sysctls = true }, &error) == NT_EIO &&
			       strstr(error.text, "setcap")
		       ? 0
		       : 1;
}

START_TEST(missing_permission_is_told_with_what_to_do)
{
	private_net();
	ck_assert_int_eq(private_net_as_nobody(refused_without_permission), 0);
}
END_TEST

static TCase *kernel_tests(void)
{
	TCase *conntrack = tcase_create("kernel");

	tcase_set_timeout(conntrack, 30);
	tcase_add_test(conntrack, entry_is_new_and_then_destroyed_with_counters);
	tcase_add_test(conntrack, tcp_states_come_in_their_order);
	tcase_add_test(conntrack, translation_zone_and_mark_are_seen);
	tcase_add_test(conntrack, only_wanted_addresses_come);
	tcase_add_test(conntrack, listing_tells_counters_and_start);
	tcase_add_test(conntrack, overrun_is_told_and_a_listing_makes_up_for_it);
	tcase_add_test(conntrack, switches_are_on_while_it_runs_and_then_as_before);
	tcase_add_test(conntrack, switches_that_are_kept_are_warned_of);
	tcase_add_test(conntrack, missing_permission_is_told_with_what_to_do);
	return conntrack;
}

Suite *nettrace_suite(void)
{
	const char *missing = private_net_missing(true);
	Suite *suite = suite_create("conntrack");

	if (missing)
		printf("SKIPPED: %s\n", missing);
	else
		suite_add_tcase(suite, kernel_tests());
	return suite;
}
