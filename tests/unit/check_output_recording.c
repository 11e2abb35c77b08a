#include "cli/output.h"
#include "tests/support/json_check.h"
#include "tests/unit/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- a session that was read ---- */

static const nt_time begin = INT64_C(1700000000) * NT_SECOND;

static struct recording_session session;
static struct recording_event events[12];
static struct recording_statistics statistics[2];
static struct capture_interface interfaces[1];
static char eth0[] = "eth0";
static struct output_recording recording;
static struct correlate_stats stats;
static struct limit_hits hits;
static struct conntrack_entry entry;
static struct trace_tcp_conn conn;
static struct trace_list list;
static struct output output;

static struct address_tuple tuple(const char *source, uint16_t source_port, const char *destination, uint16_t destination_port)
{
	struct address_tuple t = { .source_port = source_port, .destination_port = destination_port };

	ck_assert(ip_address_parse(source, &t.ip_version, &t.source));
	ck_assert(ip_address_parse(destination, &t.ip_version, &t.destination));
	return t;
}

static void set_up_recording(void)
{
	session = (struct recording_session){ .id = 3,
					      .begin = begin,
					      .end = begin + 5 * NT_SECOND,
					      .host = "gate",
					      .kernel = "6.1",
					      .command = "curl -u me:word 'https://example.com/it'\\''s here'",
					      .has_exit_status = true,
					      .exit_status = 7,
					      .command_begin = begin + NT_SECOND,
					      .command_end = begin + 3 * NT_SECOND,
					      .source = "live",
					      .end_reason = "command" };
	memset(events, 0, sizeof events);
	for (int i = 0; i < 12; i++)
		events[i] = (struct recording_event){ .time = begin + i * NT_SECOND, .kind = "clock-step", .count = -5 };
	events[0].subject = "eth0";
	events[0].text = "The clock went back.";
	statistics[0] = (struct recording_statistics){ .subject = "eth0", .received = 10, .captured = 8, .dropped_by_kernel = 2 };
	statistics[1] = (struct recording_statistics){ .subject = "conntrack", .received = 4, .captured = 4 };
	interfaces[0] = (struct capture_interface){ .link_type = 1, .name = eth0 };
	recording =
		(struct output_recording){ .session = &session,
					   .input = { .name = "trace.db", .format = "recording", .compression = "", .packets = 8 },
					   .interfaces = interfaces,
					   .interface_count = 1,
					   .filtered_out = 1,
					   .events = events,
					   .event_count = 1,
					   .statistics = statistics,
					   .statistics_count = 2 };
}

static void set_up(void)
{
	set_up_recording();
	stats = (struct correlate_stats){ .packets = 7, .smallest_time = begin, .largest_time = begin };
	hits = (struct limit_hits){ { 0 } };
	entry = (struct conntrack_entry){ .time = begin + NT_SECOND,
					  .status = CONNTRACK_CONFIRMED | CONNTRACK_SRC_NAT,
					  .has_tcp_state = true,
					  .tcp_state = CONNTRACK_TCP_CLOSE,
					  .mark = 5,
					  .original = tuple("10.0.0.1", 40000, "192.0.2.80", 80),
					  .reply = tuple("192.0.2.80", 80, "198.51.100.1", 61000),
					  .has_counters = true,
					  .packets = { 6, 4 },
					  .bytes = { 398, 488 } };
	conn = (struct trace_tcp_conn){ .id = 1,
					.connected = true,
					.handshake_begin = begin,
					.handshake_end = begin,
					.close = NT_TIME_NONE,
					.tuple = entry.original,
					.last = begin,
					.rtt_us = -1,
					.handshake_us = -1,
					.conntrack = &entry };
	conn.client.fin = conn.client.rst = conn.server.fin = conn.server.rst = NT_TIME_NONE;
	list = (struct trace_list){ .tcp_conns = &conn, .tcp_conn_count = 1 };
	output = (struct output){ .description = "test",
				  .headers = "none",
				  .begin = begin,
				  .end = begin + 5 * NT_SECOND,
				  .list = &list,
				  .recording = &recording,
				  .stats = &stats,
				  .hits = &hits };
}

static char *written;

static void tear_down(void)
{
	free(written);
	written = NULL;
}

/* Without the white space that lays it out. */
static void write_json(void)
{
	size_t size, kept = 0;
	FILE *stream = open_memstream(&written, &size);

	ck_assert(output_json(stream, &output));
	fclose(stream);
	ck_assert(json_check((struct bytes){ (uint8_t *)written, size }));
	for (size_t i = 0; i < size; i++)
		if (written[i] != '\n' && !(written[i] == ' ' && i && (written[i - 1] == ' ' || written[i - 1] == '\n')))
			written[kept++] = written[i];
	written[kept] = 0;
}

static void write_report(bool verbose)
{
	size_t size;
	FILE *stream = open_memstream(&written, &size);

	output.verbose = verbose;
	ck_assert(output_report(stream, &output));
	fclose(stream);
}

static void assert_has(const char *part)
{
	ck_assert_msg(strstr(written, part) != NULL, "no %s in %s", part, written);
}

static void assert_has_not(const char *part)
{
	ck_assert_msg(strstr(written, part) == NULL, "%s in %s", part, written);
}

/* ---- JSON ---- */

START_TEST(json_has_the_session)
{
	write_json();
	assert_has("\"name\": \"trace.db\"");
	assert_has("\"read\": 8,\"filteredOut\": 1");
	assert_has("\"session\": {\"id\": 3,\"begin\": \"2023-11-14T22:13:20.000000000Z\",\"end\": "
		   "\"2023-11-14T22:13:25.000000000Z\"");
	assert_has("\"host\": \"gate\",\"kernel\": \"6.1\",\"source\": \"live\"");
	assert_has("\"command\": {\"program\": \"curl\",\"begin\": \"2023-11-14T22:13:21.000000000Z\"");
	assert_has_not("word");
	assert_has("\"exitStatus\": 7");
	assert_has("{\"at\": \"+0ms\",\"kind\": \"clock-step\",\"subject\": \"eth0\",\"count\": -5,\"text\": \"The clock went "
		   "back.\"}");
	assert_has("{\"subject\": \"eth0\",\"received\": 10,\"captured\": 8,\"droppedByKernel\": 2}");
	assert_has("\"interface\": \"eth0\"");
}
END_TEST

START_TEST(command_line_is_whole_where_secrets_are_wanted)
{
	output.secrets = true;
	write_json();
	assert_has("\"command\": {\"program\": \"curl\",\"line\": \"curl -u me:word 'https://example.com/it'\\\\''s here'\",");
	free(written);
	write_report(false);
	assert_has("command  curl -u me:word 'https://example.com/it'\\''s here', 2.0 s, status 7\n");
}
END_TEST

static const struct {
	const char *command, *shown;
} commands[] = {
	{ "curl", "curl" },
	{ "curl ''", "curl … (1 argument)" },
	{ "curl a\\ b c", "curl … (2 arguments)" },
	{ "'my '\\''own'\\'' curl' 'a\nb'", "'my '\\''own'\\'' curl' … (1 argument)" },
	{ "'never ends", "'never ends" },
	{ "ends\\", "ends\\" },
	{ "", "" },
};

START_TEST(report_shows_the_program_and_counts_its_arguments)
{
	char line[80];

	session.command = commands[_i].command;
	snprintf(line, sizeof line, "command  %s, 2.0 s, status 7\n", commands[_i].shown);
	write_report(false);
	assert_has(line);
}
END_TEST

START_TEST(json_of_a_crashed_session_has_no_end)
{
	session.end = NT_TIME_NONE;
	session.command = NULL;
	recording.event_count = recording.statistics_count = 0;
	write_json();
	assert_has("\"session\": {\"id\": 3,\"begin\": \"2023-11-14T22:13:20.000000000Z\",\"endReason\"");
	assert_has_not("\"command\": {");
	assert_has_not("\"events\"");
	assert_has_not("\"statistics\"");
}
END_TEST

START_TEST(json_has_conntrack)
{
	write_json();
	assert_has(
		"\"conntrack\": {\"capturedAt\": \"+1000ms\",\"status\": \"confirmed|src-nat\",\"tcpState\": \"close\",\"mark\": 5,"
		"\"addrOrig\": {\"srcIP\": \"10.0.0.1\",\"srcPort\": 40000,\"dstIP\": \"192.0.2.80\",\"dstPort\": 80},"
		"\"addrReply\": {\"srcIP\": \"192.0.2.80\",\"srcPort\": 80,\"dstIP\": \"198.51.100.1\",\"dstPort\": 61000},"
		"\"packetsSent\": 6,\"packetsRecv\": 4,\"bytesSent\": 398,\"bytesRecv\": 488}");
	assert_has_not("conntrackUncounted");
}
END_TEST

START_TEST(json_says_that_counters_are_not_known)
{
	entry.has_counters = false;
	write_json();
	assert_has("\"conntrackUncounted\": true");
}
END_TEST

/* ---- report ---- */

START_TEST(report_names_session_command_and_losses)
{
	write_report(false);
	assert_has("session  3, on gate, ended by command\n");
	assert_has("command  curl … (3 arguments), 2.0 s, status 7\n");
	assert_has_not("word");
	assert_has("captured eth0: 8 of 10, 2 dropped by the kernel\n");
	assert_has("events   clock-step eth0 (-5), after 0.00 ms: The clock went back.\n");
	assert_has_not("conntrack: 4 of 4");
}
END_TEST

START_TEST(report_of_a_crashed_session_says_so)
{
	session.end = NT_TIME_NONE;
	write_report(false);
	assert_has("it crashed");
}
END_TEST

START_TEST(report_lists_some_events_and_all_with_verbose)
{
	recording.event_count = 12;
	write_report(false);
	assert_has("and 2 more\n");
	free(written);
	write_report(true);
	assert_has_not("and 2 more\n");
	assert_has("conntrack: 4 of 4");
}
END_TEST

START_TEST(report_shows_translation_in_one_line)
{
	write_report(false);
	assert_has("NAT                             10.0.0.1:40000 -> 192.0.2.80:80 became 198.51.100.1:61000 -> 192.0.2.80:80\n");
	assert_has_not("conntrack:");
}
END_TEST

START_TEST(verbose_report_shows_the_entry)
{
	write_report(true);
	assert_has("conntrack: confirmed|src-nat, close, mark 0x5, 6 packets with 398 bytes there, 4 with 488 bytes back; as of "
		   "1.0 s\n");
}
END_TEST

START_TEST(report_without_translation_is_silent_about_it)
{
	entry.status = CONNTRACK_CONFIRMED;
	write_report(false);
	assert_has_not("NAT");
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("output_recording");
	TCase *tcase = tcase_create("all");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, json_has_the_session);
	tcase_add_test(tcase, command_line_is_whole_where_secrets_are_wanted);
	tcase_add_loop_test(tcase, report_shows_the_program_and_counts_its_arguments, 0, sizeof commands / sizeof *commands);
	tcase_add_test(tcase, json_of_a_crashed_session_has_no_end);
	tcase_add_test(tcase, json_has_conntrack);
	tcase_add_test(tcase, json_says_that_counters_are_not_known);
	tcase_add_test(tcase, report_names_session_command_and_losses);
	tcase_add_test(tcase, report_of_a_crashed_session_says_so);
	tcase_add_test(tcase, report_lists_some_events_and_all_with_verbose);
	tcase_add_test(tcase, report_shows_translation_in_one_line);
	tcase_add_test(tcase, verbose_report_shows_the_entry);
	tcase_add_test(tcase, report_without_translation_is_silent_about_it);
	suite_add_tcase(suite, tcase);
	return suite;
}
