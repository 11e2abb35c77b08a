/*
 * Comparing two traces (cli/diff/): the same request made twice, in records that differ as two runs do; each test changes one thing in the
 * bad one.
 */
#include "cli/diff/diff.h"
#include "tests/support/json_check.h"
#include "tests/unit/suite.h"

#include <stdlib.h>
#include <string.h>

#define AT_MS(ms) (w->output.begin + (ms)*NT_MILLISECOND)

enum { DIAL = 1, UDP, DNS, TCP, TUNNEL, REQUEST, SECOND_REQUEST };

struct world {
	struct trace_dial dial;
	struct trace_resolver_dial resolver;
	struct trace_udp_conn udp;
	struct trace_tcp_conn tcp;
	struct trace_dns_question question;
	struct trace_dns_answer answers[3];
	struct trace_dns_message messages[2];
	struct trace_dns_query dns;
	struct trace_certificate certificates[2];
	struct trace_tls_tunnel tunnel;
	struct trace_http_request requests[2];
	struct trace_finding findings[2];
	trace_id attempts[1];
	struct trace_list list;
	struct correlate_stats stats;
	struct limit_hits hits;
	struct output output;
};

static struct world good, bad;
static struct diff diff;

static struct address_tuple tuple(uint16_t source_port, const char *server, uint16_t port)
{
	struct address_tuple out = { .ip_version = 4, .source_port = source_port, .destination_port = port };
	uint8_t version;

	ck_assert(ip_address_parse(server, &version, &out.destination));
	memcpy(out.source.bytes, "\x0a\0\0\x02", 4);
	return out;
}

static void make_dns(struct world *w, uint16_t id, unsigned ttl)
{
	w->question = (struct trace_dns_question){ BYTES("a.test."), 1, 1 };
	w->answers[0] = (struct trace_dns_answer){ BYTES("a.test."), 1, 1, ttl, BYTES("192.0.2.1") };
	w->answers[1] = (struct trace_dns_answer){ BYTES("a.test."), 1, 1, ttl, BYTES("192.0.2.2") };
	w->messages[0] = (struct trace_dns_message){ .time = AT_MS(0),
						     .id = id,
						     .questions = &w->question,
						     .question_count = 1,
						     .latency_us = -1,
						     .packet = { .number = 1 } };
	w->messages[1] = (struct trace_dns_message){ .is_reply = true,
						     .time = AT_MS(5),
						     .id = id,
						     .questions = &w->question,
						     .question_count = 1,
						     .answers = w->answers,
						     .answer_count = 2,
						     .latency_us = 5000,
						     .packet = { .number = 2 } };
	w->dns = (struct trace_dns_query){
		.id = DNS, .from_dial = DIAL, .connection = UDP, .messages = w->messages, .message_count = 2
	};
	w->udp = (struct trace_udp_conn){ .id = UDP,
					  .from_dial = DIAL,
					  .from_resolver = true,
					  .create = AT_MS(0),
					  .close = AT_MS(5),
					  .tuple = tuple((uint16_t)(id + 1000), "10.0.0.53", 53) };
	w->resolver = (struct trace_resolver_dial){ .begin = AT_MS(0), .end = AT_MS(5), .established_conn = UDP };
}

static void make_connection(struct world *w, uint16_t port)
{
	w->attempts[0] = TCP;
	w->dial = (struct trace_dial){ .id = DIAL,
				       .begin = AT_MS(0),
				       .end = AT_MS(10),
				       .host = BYTES("a.test"),
				       .port = 443,
				       .resolver_dials = &w->resolver,
				       .resolver_dial_count = 1,
				       .established_conn = TCP,
				       .attempts = w->attempts,
				       .attempt_count = 1,
				       .first_packet = { .number = 1 } };
	w->tcp = (struct trace_tcp_conn){ .id = TCP,
					  .from_dial = DIAL,
					  .handshake_begin = AT_MS(6),
					  .handshake_end = AT_MS(10),
					  .connected = true,
					  .close = AT_MS(90),
					  .tuple = tuple(port, "192.0.2.1", 443),
					  .handshake_us = 4000,
					  .first_packet = { .number = 3 },
					  .last_packet = { .number = 20 } };
	w->certificates[0] = (struct trace_certificate){ .subject = BYTES("CN=a.test"),
							 .issuer = BYTES("CN=An Issuer"),
							 .not_before_s = 1000000,
							 .not_after_s = 2000000,
							 .sha256 = BYTES("aa") };
	w->certificates[1] =
		(struct trace_certificate){ .subject = BYTES("CN=An Issuer"), .issuer = BYTES("CN=A Root"), .is_ca = true };
	w->tunnel = (struct trace_tls_tunnel){ .id = TUNNEL,
					       .tcp_conn = TCP,
					       .handshake_begin = AT_MS(11),
					       .handshake_end = AT_MS(20),
					       .certificates = w->certificates,
					       .certificate_count = 2,
					       .cipher_suite = 0xc02f,
					       .negotiated_protocol = BYTES("http/1.1"),
					       .server_name = BYTES("a.test"),
					       .version = 0x0303,
					       .client_hello = true,
					       .server_hello = true,
					       .done = true,
					       .decrypted = true,
					       .verification = BYTES("ok"),
					       .handshake_us = 9000,
					       .first_packet = { .number = 6 } };
}

static void make_request(struct world *w, size_t index, const char *url, int64_t ms)
{
	w->requests[index] = (struct trace_http_request){ .id = (trace_id)(REQUEST + index),
							  .tcp_conn = TCP,
							  .tls_tunnel = TUNNEL,
							  .proto_major = 1,
							  .proto_minor = 1,
							  .req_sent = AT_MS(ms),
							  .method = BYTES("GET"),
							  .url = bytes_of(url),
							  .resp_recv = AT_MS(ms + 10),
							  .status = 200,
							  .resp_content_size = 100,
							  .req_complete = true,
							  .resp_complete = true,
							  .timing = { .total = 40000, .server = 10000, .transfer = 1000 },
							  .req_packet = { .number = 10 + index },
							  .resp_packet = { .number = 12 + index } };
	w->list.http_request_count = index + 1;
}

static void make_world(struct world *w, nt_time begin, uint16_t chance)
{
	*w = (struct world){ .output = { .description = "x", .begin = begin, .end = begin + NT_SECOND } };
	w->list = (struct trace_list){ .dials = &w->dial,
				       .dial_count = 1,
				       .tcp_conns = &w->tcp,
				       .tcp_conn_count = 1,
				       .udp_conns = &w->udp,
				       .udp_conn_count = 1,
				       .dns_queries = &w->dns,
				       .dns_query_count = 1,
				       .tls_tunnels = &w->tunnel,
				       .tls_tunnel_count = 1,
				       .http_requests = w->requests,
				       .findings = w->findings };
	w->output.list = &w->list;
	w->output.stats = &w->stats;
	w->output.hits = &w->hits;
	make_dns(w, chance, 60 + chance);
	make_connection(w, (uint16_t)(40000 + chance));
	make_request(w, 0, "https://a.test/path", 30);
}

static void set_up(void)
{
	make_world(&good, INT64_C(1767323045) * NT_SECOND, 7);
	make_world(&bad, INT64_C(1767400000) * NT_SECOND, 99);
}

static void tear_down(void)
{
	diff_free(&diff);
}

static void compare(void)
{
	diff_free(&diff);
	diff_make(&diff, &good.output, &bad.output);
}

/* The only pair has this change, and no other that is not named by `also`. */
static const struct diff_change *only_change(enum diff_field field)
{
	compare();
	ck_assert_uint_eq(diff.pair_count, 1);
	ck_assert_uint_eq(diff.pairs[0].change_count, 1);
	ck_assert_int_eq(diff.pairs[0].changes[0].field, field);
	ck_assert_ptr_eq(diff.first, &diff.pairs[0]);
	return &diff.pairs[0].changes[0];
}

static const struct diff_change *first_change(enum diff_field field)
{
	compare();
	ck_assert_uint_eq(diff.pair_count, 1);
	ck_assert_uint_ge(diff.pairs[0].change_count, 1);
	ck_assert_int_eq(diff.pairs[0].changes[0].field, field);
	return &diff.pairs[0].changes[0];
}

static void no_difference(void)
{
	compare();
	ck_assert_uint_eq(diff.pair_count, 1);
	ck_assert_uint_eq(diff.pairs[0].change_count, 0);
	ck_assert_uint_eq(diff_count_only(&diff.good) + diff_count_only(&diff.bad), 0);
	ck_assert_ptr_null(diff.first);
	ck_assert(!diff_found(&diff));
}

static void ck_text(const struct diff_value *value, const char *text)
{
	ck_assert_int_eq(value->kind, DIFF_IS_TEXT);
	ck_assert_uint_eq(value->text.size, strlen(text));
	ck_assert_mem_eq(value->text.at, text, value->text.size);
}

/* ---- no differences ---- */

START_TEST(ports_identifiers_ttls_and_time_of_day_are_no_difference)
{
	no_difference();
}
END_TEST

START_TEST(another_order_of_the_same_addresses_and_one_of_them_is_no_difference)
{
	bad.answers[0].value = BYTES("192.0.2.2");
	bad.answers[1].value = BYTES("192.0.2.1");
	bad.tcp.tuple = tuple(50000, "192.0.2.2", 443);
	no_difference();
}
END_TEST

/* As a trace of the Go library has it. */
static void make_bad_told(void)
{
	static const struct trace_seed told = { .alone = true, .context_close = NT_TIME_NONE };

	bad.dial.seed = bad.tcp.seed = bad.tunnel.seed = bad.requests[0].seed = &told;
	bad.tunnel.version = 0;
	bad.tunnel.verification = (struct bytes){ NULL, 0 };
	bad.certificates[0].sha256 = (struct bytes){ NULL, 0 };
	bad.requests[0].resp_content_size = 2001;
	good.requests[0].resp_complete = false;
}

START_TEST(what_a_program_did_not_tell_is_no_difference)
{
	make_bad_told();
	no_difference();
}
END_TEST

START_TEST(how_a_program_names_a_failed_handshake_is_no_difference)
{
	make_bad_told();
	good.list.http_request_count = bad.list.http_request_count = 0;
	good.tunnel.done = bad.tunnel.done = false;
	good.tunnel.error = BYTES("x509: certificate has expired or is not yet valid");
	bad.tunnel.error =
		BYTES("x509: certificate has expired or is not yet valid: current time 2026-11-22T17:13:15Z is after it");
	bad.tunnel.server_name = (struct bytes){ NULL, 0 };
	bad.certificates[0].subject = BYTES("CN=An Issuer");
	bad.tunnel.certificate_count = 1;
	no_difference();
}
END_TEST

START_TEST(how_a_connection_failed_a_program_does_not_tell)
{
	make_bad_told();
	good.list.http_request_count = bad.list.http_request_count = 0;
	good.list.tls_tunnel_count = bad.list.tls_tunnel_count = 0;
	good.tcp.connected = bad.tcp.connected = false;
	good.tcp.close_reason = TRACE_CLOSE_REFUSED;
	no_difference();
}
END_TEST

START_TEST(what_a_program_tells_is_compared)
{
	make_bad_told();
	bad.tunnel.negotiated_protocol = BYTES("h2");
	ck_text(&only_change(DIFF_FIELD_ALPN)->bad, "h2");
	bad.tunnel.negotiated_protocol = good.tunnel.negotiated_protocol;
	bad.tcp.connected = false;
	ck_text(&first_change(DIFF_FIELD_CONNECTED)->bad, "not connected");
}
END_TEST

START_TEST(message_without_a_name_is_no_look_up)
{
	bad.messages[0].question_count = bad.messages[1].question_count = bad.messages[1].answer_count = 0;
	bad.dns.from_dial = 0;
	bad.dial.resolver_dial_count = 0;
	no_difference();
}
END_TEST

START_TEST(reply_code_that_the_library_has_no_word_for_is_no_difference)
{
	good.messages[1].answer_count = bad.messages[1].answer_count = 0;
	good.messages[1].rcode = 9;
	bad.messages[1].rcode = 0xffff;
	no_difference();
}
END_TEST

START_TEST(name_that_was_cached_is_no_difference)
{
	bad.list.dns_query_count = 0;
	bad.list.udp_conn_count = 0;
	bad.dial.resolver_dial_count = 0;
	bad.tcp.tuple = tuple(50000, "192.0.2.2", 443);
	no_difference();
}
END_TEST

START_TEST(connection_that_was_open_before_is_no_difference)
{
	bad.list.dns_query_count = bad.list.udp_conn_count = bad.list.tls_tunnel_count = bad.list.dial_count = 0;
	bad.tcp.reused = true;
	bad.tcp.connected = true;
	bad.tcp.from_dial = 0;
	bad.requests[0].tls_tunnel = 0;
	no_difference();
}
END_TEST

START_TEST(resumed_handshake_without_certificates_is_no_difference)
{
	bad.tunnel.certificate_count = 0;
	bad.tunnel.did_resume = true;
	no_difference();
}
END_TEST

START_TEST(retry_at_a_second_name_server_is_no_difference)
{
	struct trace_dns_query queries[2] = { bad.dns, bad.dns };
	struct trace_udp_conn udps[2] = { bad.udp, bad.udp };

	udps[1].id = 20;
	udps[1].tuple = tuple(1, "10.0.0.54", 53);
	queries[1].id = 21;
	queries[1].connection = 20;
	bad.list.dns_queries = queries;
	bad.list.dns_query_count = 2;
	bad.list.udp_conns = udps;
	bad.list.udp_conn_count = 2;
	no_difference();
}
END_TEST

START_TEST(encrypted_requests_of_one_side_are_no_difference)
{
	make_request(&good, 1, "https://a.test/other", 50);
	bad.list.http_request_count = 0;
	bad.tunnel.decrypted = false;
	compare();
	ck_assert_uint_eq(diff.pair_count, 1);
	ck_assert_uint_eq(diff.pairs[0].change_count, 0);
	ck_assert_uint_eq(diff_count_only(&diff.good), 0);
	ck_assert(diff.good.subjects[1].unseen);
}
END_TEST

START_TEST(query_of_a_url_does_not_keep_requests_apart)
{
	bad.requests[0].url = BYTES("https://a.test/path?nonce=17");
	no_difference();
}
END_TEST

/* ---- one difference each ---- */

START_TEST(other_resolver_is_the_first_difference)
{
	const struct diff_change *change;

	bad.udp.tuple = tuple(1, "10.0.0.99", 53);
	change = only_change(DIFF_FIELD_RESOLVERS);
	ck_assert_uint_eq(change->good.count, 1);
	ck_assert(bytes_equal(change->good.texts[0], BYTES("10.0.0.53")));
	ck_assert(bytes_equal(change->bad.texts[0], BYTES("10.0.0.99")));
	ck_assert_uint_eq(change->good_packet.number, 2);
}
END_TEST

START_TEST(other_answer_comes_before_the_address_that_it_leads_to)
{
	bad.answers[0].value = BYTES("198.51.100.9");
	bad.messages[1].answer_count = 1;
	bad.tcp.tuple = tuple(1, "198.51.100.9", 443);
	first_change(DIFF_FIELD_ANSWERS);
	ck_assert_uint_eq(diff.pairs[0].change_count, 2);
	ck_assert_int_eq(diff.pairs[0].changes[1].field, DIFF_FIELD_PEER);
	ck_text(&diff.pairs[0].changes[1].bad, "198.51.100.9");
}
END_TEST

START_TEST(address_that_was_not_answered_is_a_difference)
{
	bad.tcp.tuple = tuple(1, "198.51.100.9", 443);
	only_change(DIFF_FIELD_PEER);
}
END_TEST

START_TEST(name_that_does_not_exist_ends_the_comparison)
{
	bad.messages[1].rcode = 3;
	bad.messages[1].answer_count = 0;
	bad.dial.port = 0;
	bad.dial.established_conn = 0;
	bad.dial.attempt_count = 0;
	bad.dial.error = BYTES("dial tcp: lookup a.test on 10.0.0.53:53: no such host");
	bad.list.tcp_conn_count = bad.list.tls_tunnel_count = bad.list.http_request_count = 0;
	ck_assert(bytes_equal(first_change(DIFF_FIELD_RCODES)->bad.texts[0], BYTES("A: non-existent-domain")));
	ck_assert_uint_eq(diff.pairs[0].change_count, 3);
	ck_assert_int_eq(diff.pairs[0].changes[1].field, DIFF_FIELD_ANSWERS);
	ck_assert_int_eq(diff.pairs[0].changes[2].field, DIFF_FIELD_DIALED);
	ck_text(&diff.pairs[0].changes[2].bad, "no such host");
}
END_TEST

START_TEST(refused_connection_stands_for_the_request_that_was_not_sent)
{
	bad.tcp.connected = false;
	bad.tcp.close_reason = TRACE_CLOSE_REFUSED;
	bad.dial.established_conn = 0;
	bad.list.tls_tunnel_count = bad.list.http_request_count = 0;
	ck_text(&only_change(DIFF_FIELD_CONNECTED)->bad, "refused");
	ck_assert_uint_eq(diff.pairs[0].changes[0].bad_packet.number, 20);
}
END_TEST

START_TEST(renewed_certificate_is_told_by_its_members)
{
	bad.certificates[0].not_before_s = 1500000;
	bad.certificates[0].not_after_s = 2500000;
	bad.certificates[0].sha256 = BYTES("bb");
	ck_assert_int_eq(first_change(DIFF_FIELD_CERT_NOT_BEFORE)->bad.number, 1500000);
	ck_assert_uint_eq(diff.pairs[0].change_count, 3);
	ck_assert_int_eq(diff.pairs[0].changes[1].field, DIFF_FIELD_CERT_NOT_AFTER);
	ck_assert_int_eq(diff.pairs[0].changes[2].field, DIFF_FIELD_CERT_SHA256);
}
END_TEST

START_TEST(missing_intermediate_is_told_before_the_handshake_fails)
{
	bad.tunnel.certificate_count = 1;
	bad.tunnel.done = false;
	bad.tunnel.error = BYTES("x509: certificate signed by unknown authority");
	bad.list.http_request_count = 0;
	ck_assert_uint_eq(first_change(DIFF_FIELD_CHAIN)->bad.count, 0);
	ck_assert_uint_eq(diff.pairs[0].change_count, 2);
	ck_text(&diff.pairs[0].changes[1].bad, "certificate signed by unknown authority");
}
END_TEST

START_TEST(alpn_inside_tls_13_that_was_not_decrypted_is_not_known)
{
	bad.tunnel.version = 0x0304;
	bad.tunnel.decrypted = false;
	bad.tunnel.negotiated_protocol = BYTES("");
	bad.list.http_request_count = 0;
	only_change(DIFF_FIELD_TLS_VERSION);
}
END_TEST

START_TEST(status_redirect_and_body_are_compared)
{
	bad.requests[0].status = 302;
	bad.requests[0].resp_content_size = 7;
	make_request(&bad, 1, "http://portal.test/", 70);
	bad.requests[1].redirected_from = REQUEST;
	compare();
	ck_assert_uint_eq(diff.pair_count, 1);
	ck_assert_uint_eq(diff.pairs[0].change_count, 3);
	ck_assert_int_eq(diff.pairs[0].changes[0].field, DIFF_FIELD_STATUS);
	ck_text(&diff.pairs[0].changes[1].bad, "http://portal.test/");
	ck_assert_int_eq(diff.pairs[0].changes[2].bad.number, 7);
	ck_assert_uint_eq(diff_count_only(&diff.bad), 1);
}
END_TEST

START_TEST(ports_in_errors_are_no_difference_but_their_words_are)
{
	for (int i = 0; i < 2; i++)
		(i ? &bad : &good)->requests[0].error =
			i ? BYTES("read tcp 10.0.0.2:1->192.0.2.1:443: read: connection reset by peer")
			  : BYTES("read tcp 10.0.0.2:9->192.0.2.1:443: read: connection reset by peer");
	no_difference();
	bad.requests[0].error = BYTES("unexpected EOF");
	only_change(DIFF_FIELD_REQUEST_ERROR);
}
END_TEST

static const struct {
	int64_t good_us, bad_us;
	bool differs;
} times[] = {
	{ 10000, 10000 + DIFF_TIME_US, true },
	{ 10000 + DIFF_TIME_US, 10000, true },
	{ 10000, 9999 + DIFF_TIME_US, false },           /* by a factor alone */
	{ 10 * DIFF_TIME_US, 12 * DIFF_TIME_US, false }, /* by an amount alone */
	{ DIFF_TIME_US, DIFF_TIME_FACTOR *DIFF_TIME_US, true },
	{ 0, DIFF_TIME_US, true },
};

START_TEST(times_differ_by_a_factor_and_an_amount)
{
	good.requests[0].timing.server = times[_i].good_us;
	bad.requests[0].timing.server = times[_i].bad_us;
	if (!times[_i].differs) {
		no_difference();
		return;
	}
	ck_assert_int_eq(only_change(DIFF_FIELD_SERVER_TIME)->bad.number, times[_i].bad_us);
	ck_assert_int_eq(diff.first->changes[0].good.number, times[_i].good_us);
}
END_TEST

/* ---- pairs ---- */

START_TEST(repeated_requests_are_paired_in_their_order)
{
	make_request(&good, 1, "https://a.test/path", 50);
	make_request(&bad, 1, "https://a.test/path", 50);
	bad.requests[1].status = 500;
	compare();
	ck_assert_uint_eq(diff.pair_count, 2);
	ck_assert_uint_eq(diff.pairs[0].change_count, 0);
	ck_assert_int_eq(diff.pairs[1].changes[0].field, DIFF_FIELD_STATUS);
	ck_assert_ptr_eq(diff.first, &diff.pairs[1]);
}
END_TEST

START_TEST(connection_of_several_requests_is_compared_once)
{
	make_request(&good, 1, "https://a.test/other", 50);
	make_request(&bad, 1, "https://a.test/other", 50);
	bad.tunnel.cipher_suite = 0xc030;
	compare();
	ck_assert_uint_eq(diff.pair_count, 2);
	ck_assert_int_eq(diff.pairs[0].changes[0].field, DIFF_FIELD_CIPHER);
	ck_assert_uint_eq(diff.pairs[1].change_count, 0);
}
END_TEST

START_TEST(same_method_is_paired_before_another_one)
{
	make_request(&good, 1, "https://a.test/path", 50);
	make_request(&bad, 1, "https://a.test/path", 50);
	good.requests[0].method = bad.requests[1].method = BYTES("POST");
	compare();
	ck_assert_uint_eq(diff.pair_count, 2);
	ck_assert_uint_eq(diff.differing_count, 0);
	ck_assert_ptr_eq(diff.pairs[0].bad->request, &bad.requests[1]);
}
END_TEST

START_TEST(other_method_of_the_same_path_is_a_difference)
{
	bad.requests[0].method = BYTES("POST");
	only_change(DIFF_FIELD_METHOD);
}
END_TEST

START_TEST(other_paths_are_on_one_side_only)
{
	bad.requests[0].url = BYTES("https://a.test/elsewhere");
	compare();
	ck_assert_uint_eq(diff.pair_count, 0);
	ck_assert_uint_eq(diff_count_only(&diff.good), 1);
	ck_assert_uint_eq(diff_count_only(&diff.bad), 1);
	ck_assert(diff_found(&diff));
}
END_TEST

START_TEST(case_of_hosts_does_not_matter)
{
	bad.requests[0].url = BYTES("https://A.Test:443/path");
	no_difference();
}
END_TEST

START_TEST(difference_of_time_is_first_only_without_another_one)
{
	make_request(&good, 1, "https://a.test/other", 50);
	make_request(&bad, 1, "https://a.test/other", 50);
	bad.requests[0].timing.server = 10 * DIFF_TIME_US;
	compare();
	ck_assert_ptr_eq(diff.first, &diff.pairs[0]);
	bad.requests[1].status = 500;
	compare();
	ck_assert_ptr_eq(diff.first, &diff.pairs[1]);
}
END_TEST

/* ---- findings ---- */

static void add_finding(struct world *w, enum finding_code code, enum finding_severity severity)
{
	w->findings[w->list.finding_count++] = (struct trace_finding){
		.code = code, .severity = severity, .message = BYTES("it failed"), .at = AT_MS(40), .request = REQUEST
	};
}

START_TEST(findings_of_both_sides_are_no_difference)
{
	add_finding(&good, FINDING_HTTP_4XX, FINDING_ERROR);
	add_finding(&bad, FINDING_HTTP_4XX, FINDING_ERROR);
	no_difference();
	ck_assert_uint_eq(diff.good.finding_count + diff.bad.finding_count, 0);
}
END_TEST

START_TEST(findings_of_one_side_are_told_with_their_subject)
{
	add_finding(&bad, FINDING_HTTP_SLOW_RESPONSE, FINDING_WARNING);
	compare();
	ck_assert_uint_eq(diff.bad.finding_count, 1);
	ck_assert_ptr_eq(diff.bad.findings[0].subject, diff.pairs[0].bad);
	ck_assert(diff_found(&diff));
}
END_TEST

START_TEST(notes_alone_are_no_difference)
{
	add_finding(&bad, FINDING_TLS_KEYS_MISSING, FINDING_INFO);
	compare();
	ck_assert_uint_eq(diff.bad.finding_count, 1);
	ck_assert(!diff_found(&diff));
}
END_TEST

/* ---- outputs ---- */

static char *print(bool (*write)(FILE *, const struct diff *))
{
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	compare();
	ck_assert(write(file, &diff));
	fclose(file);
	return text;
}

START_TEST(report_begins_with_the_first_difference_and_is_harmless)
{
	char *text;

	good.requests[0].url = bad.requests[0].url = BYTES("https://a.test/\x1b[2J");
	bad.requests[0].status = 500;
	text = print(diff_report);
	ck_assert_ptr_eq(
		strstr(text, "verdict  first difference: GET https://a.test/\\x1b[2J: response: status: 200 in GOOD, 500 in BAD"),
		text);
	ck_assert_ptr_null(strchr(text, 0x1b));
	free(text);
}
END_TEST

START_TEST(json_is_valid_whatever_bytes_are_in_it)
{
	char *text;

	bad.requests[0].url = BYTES("https://\xff\"/\x01");
	bad.requests[0].network_proxy = BYTES("\xfe");
	text = print(diff_json);
	ck_assert(json_check(bytes_of(text)));
	free(text);
}
END_TEST

START_TEST(empty_traces_can_be_compared)
{
	char *text;

	good.list = bad.list = (struct trace_list){ 0 };
	text = print(diff_report);
	ck_assert_ptr_nonnull(strstr(text, "verdict  no difference in what was compared: 0 pairs"));
	free(text);
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("diff");
	TCase *same = tcase_create("same"), *other = tcase_create("other"), *pairs = tcase_create("pairs"),
	      *said = tcase_create("said");

	tcase_add_checked_fixture(same, set_up, tear_down);
	tcase_add_test(same, ports_identifiers_ttls_and_time_of_day_are_no_difference);
	tcase_add_test(same, another_order_of_the_same_addresses_and_one_of_them_is_no_difference);
	tcase_add_test(same, what_a_program_did_not_tell_is_no_difference);
	tcase_add_test(same, how_a_program_names_a_failed_handshake_is_no_difference);
	tcase_add_test(same, how_a_connection_failed_a_program_does_not_tell);
	tcase_add_test(same, what_a_program_tells_is_compared);
	tcase_add_test(same, message_without_a_name_is_no_look_up);
	tcase_add_test(same, reply_code_that_the_library_has_no_word_for_is_no_difference);
	tcase_add_test(same, name_that_was_cached_is_no_difference);
	tcase_add_test(same, connection_that_was_open_before_is_no_difference);
	tcase_add_test(same, resumed_handshake_without_certificates_is_no_difference);
	tcase_add_test(same, retry_at_a_second_name_server_is_no_difference);
	tcase_add_test(same, encrypted_requests_of_one_side_are_no_difference);
	tcase_add_test(same, query_of_a_url_does_not_keep_requests_apart);
	suite_add_tcase(suite, same);

	tcase_add_checked_fixture(other, set_up, tear_down);
	tcase_add_test(other, other_resolver_is_the_first_difference);
	tcase_add_test(other, other_answer_comes_before_the_address_that_it_leads_to);
	tcase_add_test(other, address_that_was_not_answered_is_a_difference);
	tcase_add_test(other, name_that_does_not_exist_ends_the_comparison);
	tcase_add_test(other, refused_connection_stands_for_the_request_that_was_not_sent);
	tcase_add_test(other, renewed_certificate_is_told_by_its_members);
	tcase_add_test(other, missing_intermediate_is_told_before_the_handshake_fails);
	tcase_add_test(other, alpn_inside_tls_13_that_was_not_decrypted_is_not_known);
	tcase_add_test(other, status_redirect_and_body_are_compared);
	tcase_add_test(other, ports_in_errors_are_no_difference_but_their_words_are);
	tcase_add_loop_test(other, times_differ_by_a_factor_and_an_amount, 0, sizeof times / sizeof *times);
	suite_add_tcase(suite, other);

	tcase_add_checked_fixture(pairs, set_up, tear_down);
	tcase_add_test(pairs, repeated_requests_are_paired_in_their_order);
	tcase_add_test(pairs, connection_of_several_requests_is_compared_once);
	tcase_add_test(pairs, same_method_is_paired_before_another_one);
	tcase_add_test(pairs, other_method_of_the_same_path_is_a_difference);
	tcase_add_test(pairs, other_paths_are_on_one_side_only);
	tcase_add_test(pairs, case_of_hosts_does_not_matter);
	tcase_add_test(pairs, difference_of_time_is_first_only_without_another_one);
	tcase_add_test(pairs, findings_of_both_sides_are_no_difference);
	tcase_add_test(pairs, findings_of_one_side_are_told_with_their_subject);
	tcase_add_test(pairs, notes_alone_are_no_difference);
	suite_add_tcase(suite, pairs);

	tcase_add_checked_fixture(said, set_up, tear_down);
	tcase_add_test(said, report_begins_with_the_first_difference_and_is_harmless);
	tcase_add_test(said, json_is_valid_whatever_bytes_are_in_it);
	tcase_add_test(said, empty_traces_can_be_compared);
	suite_add_tcase(suite, said);
	return suite;
}
