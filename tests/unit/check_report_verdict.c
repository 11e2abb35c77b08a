#include "cli/output.h"
#include "tests/unit/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- a trace of findings only ---- */

static struct trace_finding findings[24];
static struct trace_list list;
static struct correlate_stats stats;
static struct limit_hits hits;
static struct output output;
static char *printed;

static void begin_trace(void)
{
	list = (struct trace_list){ .findings = findings };
	stats = (struct correlate_stats){ 0 };
	hits = (struct limit_hits){ { 0 } };
	output = (struct output){
		.description = "x", .begin = NT_TIME_NONE, .end = NT_TIME_NONE, .list = &list, .stats = &stats, .hits = &hits
	};
}

static void end_trace(void)
{
	free(printed);
	printed = NULL;
}

static struct trace_finding *add(enum finding_code code, enum finding_severity severity, struct bytes message)
{
	struct trace_finding *finding = &findings[list.finding_count++];

	*finding = (struct trace_finding){ .code = code, .severity = severity, .message = message, .at = NT_TIME_NONE };
	return finding;
}

/* The lines before that of the input. */
static const char *print(void)
{
	size_t size;
	FILE *file;
	char *end;

	free(printed);
	file = open_memstream(&printed, &size);
	ck_assert(output_report(file, &output));
	fclose(file);
	end = strstr(printed, "trace    ");
	ck_assert_ptr_nonnull(end);
	end[output.colour ? -(int)strlen("\033[1m") : 0] = 0;
	return printed;
}

static void assert_has(const char *text, const char *part)
{
	ck_assert_msg(strstr(text, part) != NULL, "'%s' is missing in:\n%.3000s", part, text);
}

static void assert_lacks(const char *text, const char *part)
{
	ck_assert_msg(strstr(text, part) == NULL, "'%s' should not be in:\n%.3000s", part, text);
}

static size_t count_lines(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += *text == '\n';
	return count;
}

static const struct finding_packet proof[] = { { { .number = 5 }, BYTES("SYN") }, { { .number = 6 }, { 0 } } };

static struct trace_finding *add_refused(void)
{
	struct trace_finding *finding = add(FINDING_TCP_REFUSED, FINDING_ERROR, BYTES("It refused."));

	finding->packets = proof;
	finding->packet_count = 2;
	finding->root_cause = true;
	return finding;
}

/* ---- what is said ---- */

START_TEST(failure_comes_first_with_its_packets)
{
	add_refused();
	ck_assert_str_eq(print(), "verdict  It refused.\n"
				  "         tcp-refused  [#5 SYN, #6]\n");
}
END_TEST

START_TEST(finding_without_packets_has_its_code_alone)
{
	add(FINDING_DNS_TIMEOUT, FINDING_ERROR, BYTES("Nobody answered."));
	ck_assert_str_eq(print(), "verdict  Nobody answered.\n         dns-timeout\n");
}
END_TEST

START_TEST(failures_have_one_title)
{
	add_refused();
	add(FINDING_HTTP_5XX, FINDING_ERROR, BYTES("It was answered 503."));
	ck_assert_str_eq(print(), "verdict  It refused.\n"
				  "         tcp-refused  [#5 SYN, #6]\n"
				  "         It was answered 503.\n"
				  "         http-5xx\n");
}
END_TEST

START_TEST(root_cause_is_a_failure_whatever_its_severity)
{
	add(FINDING_SYN_RETRANSMITTED, FINDING_WARNING, BYTES("It took 2 SYNs."))->root_cause = true;
	assert_has(print(), "verdict  It took 2 SYNs.\n");
	assert_lacks(printed, "warning");
}
END_TEST

START_TEST(warnings_follow_the_verdict)
{
	add(FINDING_SYN_RETRANSMITTED, FINDING_WARNING, BYTES("It took 2 SYNs."));
	ck_assert_str_eq(print(), "verdict  no connections and no look-ups to judge, 1 warning\n"
				  "warning  It took 2 SYNs.\n"
				  "         syn-retransmitted\n");
	add_refused();
	assert_has(print(), "verdict  It refused.\n");
	assert_lacks(printed, "judge");
	ck_assert(strstr(printed, "verdict") < strstr(printed, "warning"));
}
END_TEST

START_TEST(notes_are_for_verbose)
{
	add(FINDING_TLS_KEYS_MISSING, FINDING_INFO, BYTES("No keys."));
	assert_lacks(print(), "No keys");
	output.verbose = true;
	assert_has(print(), "note     No keys.\n         tls-keys-missing\n");
}
END_TEST

START_TEST(findings_that_are_only_counted_are_said)
{
	add_refused()->more = 7;
	assert_has(print(), "verdict  It refused. (and 7 more of this kind)\n");
}
END_TEST

static const struct bytes different[12] = {
	BYTES("One."),   BYTES("Two."),   BYTES("Three."), BYTES("Four."), BYTES("Five."),   BYTES("Six."),
	BYTES("Seven."), BYTES("Eight."), BYTES("Nine."),  BYTES("Ten."),  BYTES("Eleven."), BYTES("Twelve."),
};

START_TEST(many_findings_are_cut_without_verbose)
{
	for (int i = 0; i < 12; i++)
		add(FINDING_HTTP_5XX, FINDING_ERROR, different[i]);
	for (int i = 0; i < 7; i++)
		add(FINDING_DNS_SLOW, FINDING_WARNING, different[i]);
	assert_has(print(), "         … and 2 more (-v shows all)\nwarning  One.\n");
	ck_assert_uint_eq(count_lines(printed), 10 * 2 + 1 + 5 * 2 + 1);
	output.verbose = true;
	assert_lacks(print(), "more (-v");
	ck_assert_uint_eq(count_lines(printed), 19 * 2);
}
END_TEST

START_TEST(equal_findings_are_told_once_without_verbose)
{
	for (int i = 0; i < 12; i++) {
		add(FINDING_HTTP_5XX, FINDING_ERROR, BYTES("It was answered 503."));
		add(FINDING_HTTP_4XX, FINDING_ERROR, i % 2 ? BYTES("It was answered 404.") : BYTES("It was answered 403."));
	}
	ck_assert_str_eq(print(), "verdict  It was answered 503. (12 times)\n"
				  "         http-5xx\n"
				  "         It was answered 403. (6 times)\n"
				  "         http-4xx\n"
				  "         It was answered 404. (6 times)\n"
				  "         http-4xx\n");
	output.verbose = true;
	assert_lacks(print(), "times");
	ck_assert_uint_eq(count_lines(printed), 24 * 2);
}
END_TEST

START_TEST(long_sentence_is_told_whole)
{
	static const char words[] =
		"GET http://www.example.test/ggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggg"
		"gggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggg"
		" got no answer in the 68 s that the capture went on.";

	add(FINDING_HTTP_TIMEOUT, FINDING_ERROR, BYTES(words));
	assert_has(print(), "in the 68 s that the capture went on.\n");
}
END_TEST

START_TEST(failure_is_red_and_a_warning_is_not)
{
	add_refused();
	add(FINDING_DNS_SLOW, FINDING_WARNING, BYTES("Slow."));
	output.colour = true;
	assert_has(print(), "\033[1mverdict  \033[0m\033[31mIt refused.\033[0m\n");
	assert_has(printed, "\033[1mwarning  \033[0mSlow.\n");
}
END_TEST

START_TEST(message_cannot_control_the_terminal)
{
	static const struct finding_packet packet = { { .number = 1 }, BYTES("\033b") };
	struct trace_finding *finding = add(FINDING_HTTP_5XX, FINDING_ERROR, BYTES("\033a\n"));

	finding->packets = &packet;
	finding->packet_count = 1;
	ck_assert_str_eq(print(), "verdict  \\x1ba\\x0a\n         http-5xx  [#1 \\x1bb]\n");
}
END_TEST

/* ---- nothing went wrong ---- */

START_TEST(healthy_trace_says_what_was_judged)
{
	struct trace_http_request requests[2] = { { .id = 3 }, { .id = 4 } };
	struct trace_tcp_conn conn = { .id = 2 };
	struct trace_dns_query query = { .id = 1 };
	struct trace_udp_conn udp = { .id = 5 };

	ck_assert_str_eq(print(), "verdict  no connections and no look-ups to judge\n");
	list.udp_conns = &udp;
	list.udp_conn_count = 1;
	ck_assert_str_eq(print(), "verdict  no failure seen in 1 UDP flow\n");
	list.dns_queries = &query;
	list.dns_query_count = 1;
	ck_assert_str_eq(print(), "verdict  no failure seen in 1 DNS conversation\n");
	list.tcp_conns = &conn;
	list.tcp_conn_count = 1;
	ck_assert_str_eq(print(), "verdict  no failure seen in 1 TCP connection\n");
	list.http_requests = requests;
	list.http_request_count = 2;
	ck_assert_str_eq(print(), "verdict  no failure seen in 2 HTTP requests\n");
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("report_verdict");
	TCase *tcase = tcase_create("verdict");

	tcase_add_checked_fixture(tcase, begin_trace, end_trace);
	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, failure_comes_first_with_its_packets);
	tcase_add_test(tcase, finding_without_packets_has_its_code_alone);
	tcase_add_test(tcase, failures_have_one_title);
	tcase_add_test(tcase, root_cause_is_a_failure_whatever_its_severity);
	tcase_add_test(tcase, warnings_follow_the_verdict);
	tcase_add_test(tcase, notes_are_for_verbose);
	tcase_add_test(tcase, findings_that_are_only_counted_are_said);
	tcase_add_test(tcase, many_findings_are_cut_without_verbose);
	tcase_add_test(tcase, equal_findings_are_told_once_without_verbose);
	tcase_add_test(tcase, long_sentence_is_told_whole);
	tcase_add_test(tcase, failure_is_red_and_a_warning_is_not);
	tcase_add_test(tcase, message_cannot_control_the_terminal);
	tcase_add_test(tcase, healthy_trace_says_what_was_judged);
	return suite;
}
