/* Traces of the Go library, read back into records and findings. */
#include "correlate/seed_join.h"
#include "correlate/seed_values.h"
#include "tests/unit/suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct seed_traces got;
static struct limit_hits hits;
static struct trace_list list;
static uint8_t *block;

static void set_up(void)
{
	memset(&hits, 0, sizeof hits);
}

static void tear_down(void)
{
	seed_traces_free(&got);
	trace_list_free(&list);
	free(block);
	block = NULL;
}

static enum nt_status read_with(const char *text, struct correlate_options options)
{
	size_t size = strlen(text);
	struct nt_error error;

	seed_traces_free(&got);
	free(block);
	block = malloc(size + !size); /* a block of exactly its size */
	memcpy(block, text, size);
	options.hash_seed = 1;
	return seed_traces_read(&got, (struct bytes){ block, size }, &options, &hits, &error);
}

static enum nt_status read_text(const char *text)
{
	return read_with(text, (struct correlate_options){ .headers = CORRELATE_HEADERS_VALUES });
}

static void expect_bytes(struct bytes text, const char *expected)
{
	ck_assert_msg(bytes_equal(text, bytes_of(expected)), "'%.*s' is not '%s'", (int)text.size, (const char *)text.at, expected);
}

#define BEGIN "\"traceBeginAt\":\"2022-12-23T10:17:45.260618344+01:00\""
#define TRACE(members) "{" BEGIN ",\"traceEndAt\":\"+1241ms\"," members "}"

/* ---- values ---- */

START_TEST(times_are_relative_absolute_or_undefined)
{
	const nt_time begin = 1671787065 * NT_SECOND + 260618344;
	nt_time time;

	ck_assert(seed_time(BYTES("2022-12-23T10:17:45.260618344+01:00"), NT_TIME_NONE, &time));
	ck_assert_int_eq(time, begin);
	ck_assert(seed_time(BYTES("2022-12-23T09:17:45.260618344Z"), NT_TIME_NONE, &time));
	ck_assert_int_eq(time, begin);
	ck_assert(seed_time(BYTES("+12ms"), begin, &time));
	ck_assert_int_eq(time, begin + 12 * NT_MILLISECOND);
	ck_assert(seed_time(BYTES("undefined"), begin, &time));
	ck_assert_int_eq(time, NT_TIME_NONE);
	ck_assert(seed_time(BYTES("1969-12-31T23:59:59Z"), begin, &time));
	ck_assert_int_eq(time, -NT_SECOND);
	ck_assert(seed_time(BYTES("2000-02-29T00:00:00.5Z"), begin, &time));
	ck_assert_int_eq(time, 951782400 * NT_SECOND + NT_SECOND / 2);
}
END_TEST

START_TEST(what_is_no_time_is_refused)
{
	static const char *const bad[] = { "12ms",
					   "+ms",
					   "+12",
					   "-12ms",
					   "+99999999999999999999ms",
					   "yesterday",
					   "2022-13-01T00:00:00Z",
					   "2022-12-23T10:17:45",
					   "2022-12-23T10:17:45.Z",
					   "2022-12-23T10:17:45Zx",
					   "0001-01-01T00:00:00Z" };
	nt_time time = 5;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		ck_assert_msg(!seed_time(bytes_of(bad[i]), 0, &time), "%s", bad[i]);
		ck_assert_int_eq(time, NT_TIME_NONE);
	}
}
END_TEST

START_TEST(hosts_and_ports_are_told_apart)
{
	struct bytes host;
	uint16_t port;

	ck_assert(seed_host_port(BYTES("www.google.com:443"), &host, &port));
	expect_bytes(host, "www.google.com");
	ck_assert_uint_eq(port, 443);
	ck_assert(seed_host_port(BYTES("[2001:db8::1]:80"), &host, &port));
	expect_bytes(host, "2001:db8::1");
	ck_assert(!seed_host_port(BYTES("2001:db8::1"), &host, &port));
	expect_bytes(host, "2001:db8::1");
	ck_assert_uint_eq(port, 0);
	ck_assert(!seed_host_port(BYTES("name:99999"), &host, &port));
	ck_assert(!seed_host_port(BYTES(""), &host, &port));
}
END_TEST

START_TEST(words_of_the_library_are_known)
{
	enum conntrack_tcp_state state;
	bool known;

	ck_assert_uint_eq(seed_conntrack_status(BYTES("assured|confirmed|seen-reply"), &known),
			  CONNTRACK_ASSURED | CONNTRACK_CONFIRMED | CONNTRACK_SEEN_REPLY);
	ck_assert(known);
	seed_conntrack_status(BYTES("assured|bogus"), &known);
	ck_assert(!known);
	ck_assert(seed_conntrack_tcp_state(BYTES("sync-recv"), &state));
	ck_assert_int_eq(state, CONNTRACK_TCP_SYN_RECV);
	ck_assert(!seed_conntrack_tcp_state(BYTES("nowhere"), &state));
	ck_assert_uint_eq(seed_dns_type(BYTES("AAAA")), 28);
	ck_assert_uint_eq(seed_dns_type(BYTES("ALL")), 255);
	ck_assert_uint_eq(seed_dns_type(BYTES("TYPE65400")), 65400);
	ck_assert_uint_eq(seed_dns_type(BYTES("unrecognized-type")), 0);
	ck_assert_uint_eq(seed_dns_rcode(BYTES("non-existent-domain")), 3);
	ck_assert_uint_eq(seed_dns_rcode(BYTES("unrecognized-rcode")), SEED_RCODE_UNKNOWN);
}
END_TEST

/* ---- records ---- */

static const char one_request[] = TRACE(
	"\"dials\":[{\"traceID\":\"tid-3\",\"dialBeginAt\":\"+1ms\",\"dialEndAt\":\"+9ms\",\"ctxCloseAt\":\"+20ms\",\"dstAddress\":"
	"\"www.example.org:443\","
	"\"resolverDials\":[{\"dialBeginAt\":\"+1ms\",\"dialEndAt\":\"+2ms\",\"nameserver\":\"8.8.8.8:53\",\"establishedConn\":"
	"\"tid-5\"}],"
	"\"establishedConn\":\"tid-8\"}],"
	"\"tcpConns\":[{\"traceID\":\"tid-8\",\"fromDial\":\"tid-3\",\"handshakeBeginAt\":\"+5ms\",\"handshakeEndAt\":\"+9ms\","
	"\"connected\":true,"
	"\"connCloseAt\":\"undefined\",\"addrTuple\":{\"srcIP\":\"192.0.2.7\",\"srcPort\":40000,\"dstIP\":\"192.0.2.1\","
	"\"dstPort\":443},"
	"\"reused\":false,\"totalSentBytes\":735,\"totalRecvBytes\":12657,"
	"\"socketTrace\":{\"socketOps\":[{\"type\":\"write\",\"callAt\":\"+9ms\",\"returnAt\":\"+9ms\",\"dataLen\":280}]}}],"
	"\"udpConns\":[{\"traceID\":\"tid-5\",\"fromDial\":\"tid-3\",\"fromResolver\":true,\"socketCreateAt\":\"+1ms\","
	"\"connCloseAt\":\"+4ms\","
	"\"addrTuple\":{\"srcIP\":\"192.0.2.7\",\"srcPort\":40001,\"dstIP\":\"8.8.8.8\",\"dstPort\":53},\"totalSentBytes\":33,"
	"\"totalRecvBytes\":49}],"
	"\"dnsQueries\":[{\"traceID\":\"tid-6\",\"fromDial\":\"tid-3\",\"connection\":\"tid-5\",\"dnsQueryMsgs\":[{\"sentAt\":\"+"
	"1ms\",\"id\":77,"
	"\"recursionDesired\":true,\"truncated\":false,\"size\":33,\"questions\":[{\"name\":\"www.example.org.\",\"type\":\"A\","
	"\"class\":1}]}],"
	"\"dnsReplyMsgs\":[{\"recvAt\":\"+4ms\",\"id\":77,\"authoritative\":false,\"recursionAvailable\":true,\"truncated\":false,"
	"\"size\":49,"
	"\"rCode\":\"no-error\",\"answers\":[{\"name\":\"www.example.org.\",\"type\":\"A\",\"class\":1,\"ttl\":60,\"resolvedVal\":"
	"\"192.0.2.1\"}]}]}],"
	"\"tlsTunnels\":[{\"traceID\":\"tid-9\",\"tcpConn\":\"\",\"handshakeBeginAt\":\"+9ms\",\"handshakeEndAt\":\"+12ms\","
	"\"handshakeErr\":\"x509: certificate signed by unknown "
	"authority\",\"didResume\":false,\"peerCerts\":null,\"cipherSuite\":0,\"serverName\":\"\"}],"
	"\"httpRequests\":[{\"traceID\":\"tid-2\",\"tcpConn\":\"tid-8\",\"tlsTunnel\":\"tid-9\",\"protoMajor\":1,\"protoMinor\":1,"
	"\"networkProxy\":\"http://bob:secret@proxy.example.org:3128\",\"reqSentAt\":\"+0ms\",\"reqMethod\":\"GET\","
	"\"reqURL\":\"https://www.example.org/"
	"?token=abc\",\"reqHeader\":[{\"fieldName\":\"Cookie\",\"fieldVal\":\"id=7\",\"fieldValLen\":4},"
	"{\"fieldName\":\"Accept\",\"fieldVal\":\"*/*\",\"fieldValLen\":3}],\"reqContentLen\":0,"
	"\"reqError\":\"x509: certificate signed by unknown "
	"authority\",\"respRecvAt\":\"undefined\",\"respStatusCode\":0,\"RespContentLen\":0}]");

START_TEST(records_are_read_with_their_references)
{
	const struct trace_list *records;

	ck_assert_int_eq(read_text(one_request), NT_OK);
	ck_assert_uint_eq(got.count, 1);
	ck_assert_uint_eq(got.damage.odd, 0);
	records = &got.at[0].list;
	ck_assert_uint_eq(records->dial_count, 1);
	ck_assert_uint_eq(records->dials[0].id, 3);
	expect_bytes(records->dials[0].host, "www.example.org");
	ck_assert_uint_eq(records->dials[0].established_conn, 8);
	ck_assert_uint_eq(records->dials[0].attempt_count, 1);
	ck_assert_uint_eq(records->dials[0].attempts[0], 8);
	ck_assert_uint_eq(records->dials[0].resolver_dials[0].established_conn, 5);
	ck_assert_int_eq(records->dials[0].seed->context_close, got.at[0].begin + 20 * NT_MILLISECOND);
	ck_assert_uint_eq(records->tcp_conns[0].tuple.destination_port, 443);
	ck_assert_int_eq(records->tcp_conns[0].close, NT_TIME_NONE);
	ck_assert_uint_eq(records->tcp_conns[0].seed->socket_op_count, 1);
	ck_assert_uint_eq(records->tcp_conns[0].seed->socket_ops[0].size, 280);
	ck_assert(records->tcp_conns[0].seed->alone);
	ck_assert(records->udp_conns[0].from_resolver);
	ck_assert_uint_eq(records->dns_queries[0].message_count, 2);
	ck_assert(records->dns_queries[0].messages[1].is_reply);
	ck_assert_uint_eq(records->dns_queries[0].messages[1].question_count, 1);
	ck_assert_int_eq(got.at[0].end, got.at[0].begin + 1241 * NT_MILLISECOND);
}
END_TEST

START_TEST(a_failed_tunnel_gets_the_connection_of_its_request)
{
	ck_assert_int_eq(read_text(one_request), NT_OK);
	ck_assert_uint_eq(got.at[0].list.tls_tunnels[0].tcp_conn, 8);
}
END_TEST

START_TEST(credentials_are_not_shown)
{
	const struct trace_http_request *request;

	ck_assert_int_eq(read_text(one_request), NT_OK);
	request = &got.at[0].list.http_requests[0];
	expect_bytes(request->network_proxy, "http://proxy.example.org:3128");
	expect_bytes(request->url, "https://www.example.org/?token=***");
	ck_assert_uint_eq(request->req_field_count, 2);
	ck_assert_uint_eq(request->req_fields[0].value.size, 0);
	ck_assert_uint_eq(request->req_fields[0].value_size, 4);
	expect_bytes(request->req_fields[1].value, "*/*");
	ck_assert_int_eq(read_with(one_request, (struct correlate_options){ .headers = CORRELATE_HEADERS_NONE }), NT_OK);
	ck_assert_uint_eq(got.at[0].list.http_requests[0].req_field_count, 0);
}
END_TEST

START_TEST(credentials_are_not_shown_wherever_a_program_may_have_put_them)
{
	const struct trace_list *records;

	ck_assert_int_eq(read_text(TRACE("\"dials\":[{\"traceID\":\"tid-1\",\"dstAddress\":\"bob:secret@a.test:80\","
					 "\"skippedNameservers\":[\"10.0.0.1: http://bob:secret@a.test/\"]}],"
					 "\"tcpConns\":[{\"traceID\":\"tid-2\",\"socketTrace\":{\"socketOps\":[{\"type\":\"read\","
					 "\"returnErr\":\"http://bob:secret@a.test/\",\"remoteAddr\":\"bob:secret@a.test:80\"}]}}],"
					 "\"httpRequests\":[{\"traceID\":\"tid-3\",\"networkProxy\":\"bob:secret@proxy:3128\"}]")),
			 NT_OK);
	records = &got.at[0].list;
	expect_bytes(records->dials[0].host, "bob:***@a.test:80");
	expect_bytes(records->dials[0].seed->skipped_nameservers[0], "10.0.0.1: http://bob:***@a.test/");
	expect_bytes(records->tcp_conns[0].seed->socket_ops[0].error, "http://bob:***@a.test/");
	expect_bytes(records->tcp_conns[0].seed->socket_ops[0].remote_address, "bob:***@a.test:80");
	expect_bytes(records->http_requests[0].network_proxy, ""); /* no URL */
	ck_assert_str_eq(got.damage.first_odd, "networkProxy");
}
END_TEST

START_TEST(what_is_no_json_is_not_quoted)
{
	read_text(TRACE("\"dials\":[{\"dialErr\":secret}]"));
	ck_assert(got.damage.damaged);
	ck_assert_str_eq(got.damage.text, "invalid token");
}
END_TEST

START_TEST(a_query_over_tcp_is_taken_for_what_it_was)
{
	const struct trace_dns_message *query;

	ck_assert_int_eq(
		read_text(TRACE(
			"\"tcpConns\":[{\"traceID\":\"tid-1\",\"addrTuple\":{\"srcIP\":\"192.0.2.7\",\"dstIP\":\"8.8.8.8\"}}],"
			"\"dnsQueries\":[{\"traceID\":\"tid-2\",\"connection\":\"tid-1\",\"dnsQueryMsgs\":[{\"sentAt\":\"+1ms\","
			"\"id\":41,"
			"\"truncated\":true,\"size\":43,\"questions\":[{\"name\":\".\",\"type\":\"unrecognized-type\",\"class\":"
			"30583}]}],"
			"\"dnsReplyMsgs\":[{\"recvAt\":\"+2ms\",\"id\":513,\"size\":90,\"rCode\":\"no-error\",\"answers\":null}]}"
			"]")),
		NT_OK);
	query = &got.at[0].list.dns_queries[0].messages[0];
	ck_assert_uint_eq(query->size, 41);
	ck_assert_uint_eq(query->id, 513);
	ck_assert_uint_eq(query->question_count, 0);
	ck_assert(!query->truncated);
	ck_assert(!got.at[0].list.dns_queries[0].messages[1].unmatched);
}
END_TEST

START_TEST(ids_that_come_twice_are_made_unique)
{
	const struct trace_list *records;

	ck_assert_int_eq(
		read_text(TRACE("\"dials\":[{\"traceID\":\"tid-1\"},{\"traceID\":\"tid-1\"},{\"traceID\":\"other\"},{}],"
				"\"tcpConns\":[{\"traceID\":\"tid-1\",\"fromDial\":\"tid-1\"},"
				"{\"traceID\":\"tid-2\",\"fromDial\":\"other\"},{\"traceID\":\"tid-3\",\"fromDial\":\"tid-2\"}]")),
		NT_OK);
	records = &got.at[0].list;
	ck_assert_uint_eq(records->dial_count, 4);
	ck_assert_uint_eq(records->tcp_conn_count, 3);
	for (size_t i = 0; i < records->dial_count; i++)
		for (size_t j = 0; j < records->tcp_conn_count; j++)
			ck_assert_uint_ne(records->dials[i].id, records->tcp_conns[j].id);
	for (size_t i = 1; i < records->dial_count; i++)
		ck_assert_uint_lt(records->dials[i - 1].id, records->dials[i].id);
	ck_assert_ptr_nonnull(trace_find_dial(records, trace_find_tcp_conn(records, 2)->from_dial));
	ck_assert_uint_eq(trace_find_tcp_conn(records, 3)->from_dial, 0); /* tid-2 is no dial */
}
END_TEST

/* ---- forms ---- */

START_TEST(arrays_and_lines_of_traces_are_read)
{
	ck_assert_int_eq(read_text("[{" BEGIN "},{" BEGIN "},7]"), NT_OK);
	ck_assert_uint_eq(got.count, 2);
	ck_assert_int_eq(read_text("{" BEGIN ",\"dials\":null}\n{" BEGIN "}\n"), NT_OK);
	ck_assert_uint_eq(got.count, 2);
	ck_assert(!got.damage.damaged);
}
END_TEST

START_TEST(lists_by_id_are_read_as_well)
{
	ck_assert_int_eq(read_text(TRACE("\"dials\":{\"tid-1\":{\"traceID\":\"tid-1\",\"dstAddress\":\"a:1\"},"
					 "\"tid-2\":{\"traceID\":\"tid-2\",\"dstAddress\":\"b:2\"}}")),
			 NT_OK);
	ck_assert_uint_eq(got.at[0].list.dial_count, 2);
}
END_TEST

START_TEST(a_device_without_a_clock_begins_in_1970)
{
	ck_assert_int_eq(
		read_text(
			"{\"traceBeginAt\":\"0001-01-01T00:00:00Z\",\"dials\":[{\"traceID\":\"tid-1\",\"dialBeginAt\":\"+5ms\"}]}"),
		NT_OK);
	ck_assert(!got.at[0].has_clock);
	ck_assert_int_eq(got.at[0].list.dials[0].begin, 5 * NT_MILLISECOND);
}
END_TEST

START_TEST(other_json_is_refused)
{
	ck_assert_int_eq(read_text("{\"name\":\"value\"}"), NT_EFORMAT);
	ck_assert_int_eq(read_text("[1,2,3]"), NT_EFORMAT);
	ck_assert_int_eq(read_text("{]"), NT_EDAMAGED);
	ck_assert_int_eq(read_text(""), NT_EFORMAT);
}
END_TEST

START_TEST(values_of_another_type_are_counted)
{
	ck_assert_int_eq(read_text(TRACE("\"dials\":[{\"traceID\":7,\"dialBeginAt\":\"soon\"},8],\"tcpConns\":\"none\"")), NT_OK);
	ck_assert_uint_ge(got.damage.odd, 4);
	ck_assert_uint_eq(got.at[0].list.dial_count, 1);
}
END_TEST

/* ---- damage and limits ---- */

START_TEST(a_cut_trace_is_read_up_to_the_cut)
{
	size_t most = 0;

	for (size_t size = 1; size < sizeof one_request - 1; size++) {
		char *cut = strndup(one_request, size);
		enum nt_status status = read_text(cut);

		free(cut);
		if (status != NT_OK)
			continue;
		ck_assert(got.damage.damaged);
		ck_assert_uint_ge(got.at[0].list.dial_count + got.at[0].list.tcp_conn_count,
				  most); /* never less of a longer text */
		most = got.at[0].list.dial_count + got.at[0].list.tcp_conn_count;
	}
	ck_assert_uint_eq(most, 2);
}
END_TEST

START_TEST(deep_nesting_ends_the_reading)
{
	char text[400] = "{" BEGIN ",\"dials\":[{\"traceID\":\"tid-1\"}],\"x\":";

	memset(text + strlen(text), '[', 100);
	ck_assert_int_eq(read_text(text), NT_OK);
	ck_assert(got.damage.damaged);
	ck_assert_uint_eq(got.at[0].list.dial_count, 1);
	ck_assert_uint_gt(hits.count[LIMIT_JSON_NESTING_HIT], 0);
}
END_TEST

START_TEST(too_many_values_end_the_reading)
{
	size_t size = 3 * (size_t)LIMIT_JSON_VALUES;
	char *text = malloc(size + 100);
	size_t at = (size_t)snprintf(text, 100, "[0");

	memset(text + at, ',', size);
	text[at + size] = 0;
	read_text(text);
	ck_assert_uint_gt(hits.count[LIMIT_JSON_VALUES_HIT], 0);
	free(text);
}
END_TEST

START_TEST(long_texts_are_cut)
{
	const size_t size = LIMIT_SEED_TEXT + 10;
	char *text = malloc(size + 200);
	int at = snprintf(text, 200, "{" BEGIN ",\"dials\":[{\"traceID\":\"tid-1\",\"dialErr\":\"");

	memset(text + at, 'x', size);
	memcpy(text + at + size, "\"}]}", 5);
	ck_assert_int_eq(read_text(text), NT_OK);
	ck_assert_uint_eq(got.at[0].list.dials[0].error.size, LIMIT_SEED_TEXT);
	ck_assert_uint_eq(hits.count[LIMIT_SEED_TEXT_HIT], 1);
	free(text);
}
END_TEST

START_TEST(json_is_told_by_its_first_bytes)
{
	ck_assert(seed_trace_looks_like(BYTES("{\"description\":\"x\"")));
	ck_assert(seed_trace_looks_like(BYTES("\xef\xbb\xbf [\n {")));
	ck_assert(!seed_trace_looks_like(BYTES("")));
	ck_assert(!seed_trace_looks_like(BYTES("\x0a\x0d\x0d\x0a{")));
	ck_assert(!seed_trace_looks_like(BYTES("{\x01")));
}
END_TEST

/* ---- findings ---- */

static const struct trace_finding *only_finding(const char *text)
{
	ck_assert_int_eq(read_text(text), NT_OK);
	trace_list_free(&list);
	seed_join(&list, &got.at[0], 0);
	seed_findings(&list);
	ck_assert_uint_eq(list.finding_count, 1);
	ck_assert_msg(memmem(list.findings[0].message.at, list.findings[0].message.size, "Go trace", 8),
		      "it does not say who says so");
	ck_assert_uint_eq(list.findings[0].packet_count, 0);
	return &list.findings[0];
}

START_TEST(a_failure_is_told_once_by_its_first_cause)
{
	const struct trace_finding *finding = only_finding(one_request);

	ck_assert_int_eq(finding->code, FINDING_TLS_CERT_UNKNOWN_ISSUER);
	ck_assert(finding->root_cause);
	ck_assert_uint_eq(finding->dial, 3);
}
END_TEST

static const struct {
	const char *error;
	enum finding_code code;
} dial_errors[] = {
	{ "dial tcp 192.0.2.1:80: connect: connection refused", FINDING_TCP_REFUSED },
	{ "dial tcp 192.0.2.1:80: connect: no route to host", FINDING_ICMP_HOST_UNREACHABLE },
	{ "dial tcp 192.0.2.1:80: connect: network is unreachable", FINDING_ICMP_NET_UNREACHABLE },
	{ "dial tcp 192.0.2.1:80: i/o timeout", FINDING_TCP_TIMEOUT },
	{ "dial tcp: lookup a.example.org on 8.8.8.8:53: no such host", FINDING_DNS_NXDOMAIN },
	{ "dial tcp: lookup a.example.org on 8.8.8.8:53: server misbehaving", FINDING_DNS_SERVFAIL },
	{ "dial tcp: lookup a.example.org on 8.8.8.8:53: read udp 1.2.3.4:5->8.8.8.8:53: i/o timeout", FINDING_DNS_TIMEOUT },
};

START_TEST(errors_of_dials_have_their_codes)
{
	char text[800];

	snprintf(text, sizeof text,
		 TRACE("\"dials\":[{\"traceID\":\"tid-1\",\"dstAddress\":\"a.example.org:80\",\"dialErr\":\"%s\"}],"
		       "\"httpRequests\":[{\"traceID\":\"tid-2\",\"reqMethod\":\"GET\",\"reqURL\":\"http://a.example.org/"
		       "\",\"reqError\":\"%s\"}]"),
		 dial_errors[_i].error, dial_errors[_i].error);
	ck_assert_int_eq(only_finding(text)->code, dial_errors[_i].code);
}
END_TEST

static const struct {
	const char *member;
	enum finding_code code;
} request_failures[] = {
	{ "\"respStatusCode\":503", FINDING_HTTP_5XX },
	{ "\"respStatusCode\":404", FINDING_HTTP_4XX },
	{ "\"reqError\":\"Proxy Authentication Required\"", FINDING_PROXY_AUTH_REQUIRED },
	{ "\"reqError\":\"net/http: timeout awaiting response headers\"", FINDING_HTTP_TIMEOUT },
	{ "\"reqError\":\"EOF\"", FINDING_HTTP_EMPTY_REPLY },
	{ "\"reqError\":\"read tcp 1.2.3.4:5->6.7.8.9:80: read: connection reset by peer\"", FINDING_TCP_RESET_BEFORE_RESPONSE },
};

START_TEST(failures_of_requests_have_their_codes)
{
	char text[400];
	const struct trace_finding *finding;

	snprintf(text, sizeof text,
		 TRACE("\"httpRequests\":[{\"traceID\":\"tid-2\",\"reqMethod\":\"GET\",\"reqURL\":\"http://a/\",%s}]"),
		 request_failures[_i].member);
	finding = only_finding(text);
	ck_assert_int_eq(finding->code, request_failures[_i].code);
	ck_assert_uint_eq(finding->request, 2);
}
END_TEST

START_TEST(names_without_an_address_are_told_apart_from_unknown_ones)
{
	ck_assert_int_eq(
		only_finding(
			TRACE("\"dials\":[{\"traceID\":\"tid-1\",\"dstAddress\":\"a:80\",\"dialErr\":\"lookup a: no such host\"}],"
			      "\"dnsQueries\":[{\"traceID\":\"tid-2\",\"fromDial\":\"tid-1\",\"dnsReplyMsgs\":"
			      "[{\"rCode\":\"no-error\",\"answers\":null}]}]"))
			->code,
		FINDING_DNS_NODATA);
}
END_TEST

START_TEST(what_worked_has_no_finding)
{
	ck_assert_int_eq(read_text(TRACE("\"httpRequests\":[{\"traceID\":\"tid-2\",\"respStatusCode\":304}]")), NT_OK);
	seed_join(&list, &got.at[0], 0);
	seed_findings(&list);
	ck_assert_uint_eq(list.finding_count, 0);
	ck_assert_uint_eq(list.http_request_count, 1);
}
END_TEST

START_TEST(several_traces_keep_their_records_apart)
{
	char *later = strdup(one_request);

	memcpy(strstr(later, "2022-"), "2023-", 5);
	ck_assert_int_eq(read_text(one_request), NT_OK);
	seed_join(&list, &got.at[0], 0);
	ck_assert_int_eq(read_text(later), NT_OK);
	seed_join(&list, &got.at[0], 1);
	free(later);
	ck_assert_uint_eq(list.dial_count, 2);
	ck_assert_uint_lt(list.dials[0].id, list.dials[1].id);
	ck_assert_uint_eq(list.dials[1].established_conn, list.tcp_conns[1].id);
	ck_assert_uint_eq(list.dials[1].attempts[0], list.tcp_conns[1].id);
	ck_assert_uint_eq(list.dns_queries[1].connection, list.udp_conns[1].id);
	ck_assert_uint_eq(list.http_requests[1].tls_tunnel, list.tls_tunnels[1].id);
	ck_assert_uint_eq(list.dials[1].seed->input, 1);
}
END_TEST

/* ---- joined with packets ---- */

/* What packets give of `one_request`: the connection, encrypted, and its dial; the look-up is not in the capture. */
static void add_from_packets(nt_time shift)
{
	const nt_time begin = 1671787065 * NT_SECOND + 260618344 + shift;
	const trace_id attempts[] = { 1 };
	struct trace_tcp_conn conn = { .id = 1,
				       .from_dial = 2,
				       .first = begin + 5 * NT_MILLISECOND,
				       .handshake_begin = begin + 5 * NT_MILLISECOND,
				       .last = begin + 30 * NT_MILLISECOND,
				       .close = NT_TIME_NONE,
				       .tuple = { .ip_version = 4,
						  .source = { { 192, 0, 2, 7 } },
						  .destination = { { 192, 0, 2, 1 } },
						  .source_port = 40000,
						  .destination_port = 443 } };
	struct trace_tls_tunnel tunnel = { .id = 3, .tcp_conn = 1, .handshake_begin = begin + 9 * NT_MILLISECOND };

	trace_list_sink.tcp_conn(&list, &conn);
	trace_list_sink.dial(&list, &(struct trace_dial){ .id = 2,
							  .begin = begin,
							  .host = BYTES("192.0.2.1"),
							  .port = 443,
							  .attempts = attempts,
							  .attempt_count = 1 });
	trace_list_sink.tls_tunnel(&list, &tunnel);
}

static void add_finding(enum finding_code code, trace_id about)
{
	trace_list_sink.finding(&list, &(struct trace_finding){ .code = code,
								.severity = FINDING_ERROR,
								.root_cause = true,
								.dial = 2,
								.message = BYTES("The client broke off."),
								.traces = &about,
								.trace_count = 1 });
}

START_TEST(a_record_of_both_is_one_record)
{
	ck_assert_int_eq(read_text(one_request), NT_OK);
	add_from_packets(0);
	seed_join(&list, &got.at[0], 4);
	ck_assert_uint_eq(list.tcp_conn_count, 1);
	ck_assert_uint_eq(list.dial_count, 1);
	ck_assert_uint_eq(list.tls_tunnel_count, 1);
	ck_assert(!list.tcp_conns[0].seed->alone);
	ck_assert_uint_eq(list.tcp_conns[0].seed->id, 8);
	ck_assert_uint_eq(list.tcp_conns[0].seed->input, 4);
	ck_assert_uint_eq(list.tcp_conns[0].seed->filled, 1u << TRACE_SEED_SOCKET_TRACE);
	ck_assert_uint_eq(list.dials[0].seed->filled, 1u << TRACE_SEED_CONTEXT_CLOSE);
	expect_bytes(list.tls_tunnels[0].error, "x509: certificate signed by unknown authority");
	ck_assert_uint_eq(list.tls_tunnels[0].seed->filled, 1u << TRACE_SEED_HANDSHAKE_ERROR);
}
END_TEST

START_TEST(what_no_packet_shows_is_added_and_leads_to_what_they_show)
{
	ck_assert_int_eq(read_text(one_request), NT_OK);
	add_from_packets(0);
	seed_join(&list, &got.at[0], 4);
	ck_assert_uint_eq(list.dns_query_count, 1);
	ck_assert(list.dns_queries[0].seed->alone);
	ck_assert_uint_eq(list.dns_queries[0].from_dial, 2);
	ck_assert_uint_eq(list.dns_queries[0].connection, list.udp_conns[0].id);
	ck_assert_uint_gt(list.udp_conns[0].id, 3);
	ck_assert_uint_eq(list.http_request_count, 1);
	ck_assert_uint_eq(list.http_requests[0].tcp_conn, 1);
	ck_assert_uint_eq(list.http_requests[0].tls_tunnel, 3);
}
END_TEST

START_TEST(the_same_addresses_at_another_time_are_another_connection)
{
	ck_assert_int_eq(read_text(one_request), NT_OK);
	add_from_packets(3600 * NT_SECOND);
	seed_join(&list, &got.at[0], 4);
	ck_assert_uint_eq(list.tcp_conn_count, 2);
	ck_assert_uint_eq(list.dial_count, 2);
}
END_TEST

START_TEST(times_at_the_ends_of_the_scale_meet_nothing)
{
	static const char *const times[] = { "1677-09-21T00:12:45Z", "2262-04-11T23:47:14Z", "undefined" };
	char text[600];

	for (size_t i = 0; i < 9; i++) {
		snprintf(text, sizeof text,
			 TRACE("\"tcpConns\":[{\"traceID\":\"tid-1\",\"handshakeBeginAt\":\"%s\",\"connCloseAt\":\"%s\","
			       "\"addrTuple\":"
			       "{\"srcIP\":\"192.0.2.7\",\"srcPort\":40000,\"dstIP\":\"192.0.2.1\",\"dstPort\":443}}]"),
			 times[i / 3], times[i % 3]);
		ck_assert_int_eq(read_text(text), NT_OK);
		seed_join(&list, &got.at[0], (uint32_t)i);
		ck_assert_uint_le(list.tcp_conn_count, i + 1);
	}
}
END_TEST

/* Otherwise joining takes time without end. */
START_TEST(many_connections_that_look_alike_are_joined_in_order)
{
	enum { MANY = 60000 };
	char *text = malloc(MANY * 200);
	size_t size = (size_t)snprintf(text, 200, "{" BEGIN ",\"tcpConns\":[");

	for (int i = 0; i < MANY; i++)
		size += (size_t)snprintf(
			text + size, 200,
			"%s{\"traceID\":\"tid-%d\",\"handshakeBeginAt\":\"+5ms\",\"connCloseAt\":\"+9ms\",\"addrTuple\":"
			"{\"srcIP\":\"192.0.2.7\",\"dstIP\":\"192.0.2.1\"}}",
			i ? "," : "", i + 1);
	memcpy(text + size, "]}", 3);
	ck_assert_int_eq(read_text(text), NT_OK);
	free(text);
	seed_join(&list, &got.at[0], 0);
	seed_join(&list, &got.at[0], 1);
	ck_assert_uint_eq(list.tcp_conn_count, MANY);
}
END_TEST

START_TEST(what_packets_prove_is_not_told_again)
{
	ck_assert_int_eq(read_text(one_request), NT_OK);
	add_from_packets(0);
	add_finding(FINDING_TLS_CERT_EXPIRED, 3);
	seed_join(&list, &got.at[0], 4);
	seed_findings(&list);
	ck_assert_uint_eq(list.finding_count, 1);
	ck_assert_int_eq(list.findings[0].code, FINDING_TLS_CERT_EXPIRED);
}
END_TEST

START_TEST(why_a_client_broke_off_is_told_by_the_client)
{
	ck_assert_int_eq(read_text(one_request), NT_OK);
	add_from_packets(0);
	add_finding(FINDING_TLS_HANDSHAKE_ABORTED_BY_CLIENT, 3);
	seed_join(&list, &got.at[0], 4);
	seed_findings(&list);
	ck_assert_uint_eq(list.finding_count, 1);
	ck_assert_int_eq(list.findings[0].code, FINDING_TLS_CERT_UNKNOWN_ISSUER);
	ck_assert_ptr_nonnull(memmem(list.findings[0].message.at, list.findings[0].message.size, "The Go trace says why", 21));
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("seed_trace");
	TCase *tests = tcase_create("all");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, times_are_relative_absolute_or_undefined);
	tcase_add_test(tests, what_is_no_time_is_refused);
	tcase_add_test(tests, hosts_and_ports_are_told_apart);
	tcase_add_test(tests, words_of_the_library_are_known);
	tcase_add_test(tests, records_are_read_with_their_references);
	tcase_add_test(tests, a_failed_tunnel_gets_the_connection_of_its_request);
	tcase_add_test(tests, credentials_are_not_shown);
	tcase_add_test(tests, credentials_are_not_shown_wherever_a_program_may_have_put_them);
	tcase_add_test(tests, what_is_no_json_is_not_quoted);
	tcase_add_test(tests, a_query_over_tcp_is_taken_for_what_it_was);
	tcase_add_test(tests, ids_that_come_twice_are_made_unique);
	tcase_add_test(tests, arrays_and_lines_of_traces_are_read);
	tcase_add_test(tests, lists_by_id_are_read_as_well);
	tcase_add_test(tests, a_device_without_a_clock_begins_in_1970);
	tcase_add_test(tests, other_json_is_refused);
	tcase_add_test(tests, values_of_another_type_are_counted);
	tcase_add_test(tests, a_cut_trace_is_read_up_to_the_cut);
	tcase_add_test(tests, deep_nesting_ends_the_reading);
	tcase_add_test(tests, too_many_values_end_the_reading);
	tcase_add_test(tests, long_texts_are_cut);
	tcase_add_test(tests, json_is_told_by_its_first_bytes);
	tcase_add_test(tests, a_failure_is_told_once_by_its_first_cause);
	tcase_add_loop_test(tests, errors_of_dials_have_their_codes, 0, sizeof dial_errors / sizeof *dial_errors);
	tcase_add_loop_test(tests, failures_of_requests_have_their_codes, 0, sizeof request_failures / sizeof *request_failures);
	tcase_add_test(tests, names_without_an_address_are_told_apart_from_unknown_ones);
	tcase_add_test(tests, what_worked_has_no_finding);
	tcase_add_test(tests, several_traces_keep_their_records_apart);
	tcase_add_test(tests, a_record_of_both_is_one_record);
	tcase_add_test(tests, what_no_packet_shows_is_added_and_leads_to_what_they_show);
	tcase_add_test(tests, the_same_addresses_at_another_time_are_another_connection);
	tcase_add_test(tests, times_at_the_ends_of_the_scale_meet_nothing);
	tcase_add_test(tests, many_connections_that_look_alike_are_joined_in_order);
	tcase_add_test(tests, what_packets_prove_is_not_told_again);
	tcase_add_test(tests, why_a_client_broke_off_is_told_by_the_client);
	suite_add_tcase(suite, tests);
	return suite;
}
