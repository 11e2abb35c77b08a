#include "store/trace.h"
#include "tests/unit/suite.h"

#include <stdio.h>
#include <string.h>

static struct trace_list list;

static void clear_list(void)
{
	trace_list_free(&list);
}

/* Text in memory that is overwritten after the sink was called: a copy that is none shows. */
static struct bytes lent(char *memory, const char *text)
{
	memcpy(memory, text, strlen(text) + 1);
	return bytes_of(memory);
}

#define assert_text(bytes, text) ck_assert(bytes_equal(bytes, bytes_of(text)))

START_TEST(evidence_and_close_have_texts)
{
	ck_assert_str_eq(trace_evidence_text(TRACE_BY_SYN), "syn");
	ck_assert_str_eq(trace_evidence_text(TRACE_BY_TLS_HELLO), "tls-hello");
	ck_assert_str_eq(trace_evidence_text(TRACE_BY_ADDRESS), "address");
	ck_assert_str_eq(trace_close_text(TRACE_CLOSE_FIN), "fin");
	ck_assert_str_eq(trace_close_text(TRACE_CLOSE_EVICTED), "evicted");
	for (int i = TRACE_BY_NOTHING; i <= TRACE_BY_ADDRESS; i++)
		ck_assert_ptr_nonnull(trace_evidence_text((enum trace_evidence)i));
	for (int i = TRACE_CLOSE_NONE; i <= TRACE_CLOSE_EVICTED; i++)
		ck_assert_ptr_nonnull(trace_close_text((enum trace_close)i));
}
END_TEST

START_TEST(dial_is_copied_with_all_that_it_points_to)
{
	char host[16], error[16], lookup[16];
	struct trace_resolver_dial resolver = { .error = lent(lookup, "no such host"), .established_conn = 4 };
	trace_id attempts[] = { 7, 8 };
	struct trace_dial dial = { .id = 3,
				   .host = lent(host, "a.example"),
				   .error = lent(error, "refused"),
				   .resolver_dials = &resolver,
				   .resolver_dial_count = 1,
				   .attempts = attempts,
				   .attempt_count = 2 };

	trace_list_sink.dial(&list, &dial);
	memset(host, 'x', sizeof host);
	memset(error, 'x', sizeof error);
	memset(lookup, 'x', sizeof lookup);
	memset(attempts, 0, sizeof attempts);
	memset(&resolver, 0, sizeof resolver);
	ck_assert_uint_eq(list.dial_count, 1);
	assert_text(list.dials[0].host, "a.example");
	assert_text(list.dials[0].error, "refused");
	assert_text(list.dials[0].resolver_dials[0].error, "no such host");
	ck_assert_uint_eq(list.dials[0].resolver_dials[0].established_conn, 4);
	ck_assert_uint_eq(list.dials[0].attempts[0], 7);
	ck_assert_uint_eq(list.dials[0].attempts[1], 8);
}
END_TEST

START_TEST(connections_are_copied)
{
	char protocol[8];
	struct trace_tcp_conn tcp = { .id = 1, .sent_bytes = 9, .app_protocol = lent(protocol, "TLS") };
	struct trace_udp_conn udp = { .id = 2, .recv_bytes = 8, .app_protocol = tcp.app_protocol };

	trace_list_sink.tcp_conn(&list, &tcp);
	trace_list_sink.udp_conn(&list, &udp);
	memset(protocol, 'x', sizeof protocol);
	ck_assert_uint_eq(list.tcp_conns[0].sent_bytes, 9);
	ck_assert_uint_eq(list.udp_conns[0].recv_bytes, 8);
	assert_text(list.tcp_conns[0].app_protocol, "TLS");
	assert_text(list.udp_conns[0].app_protocol, "TLS");
}
END_TEST

START_TEST(dns_conversation_is_copied_with_its_messages)
{
	char asked[16], answered[16], value[16];
	struct trace_dns_question question = { .name = lent(asked, "a.example."), .type = 1 };
	struct trace_dns_answer answer = { .name = lent(answered, "b.example."), .value = lent(value, "192.0.2.1") };
	struct trace_dns_message messages[] = { { .questions = &question, .question_count = 1 },
						{ .is_reply = true, .answers = &answer, .answer_count = 1 } };
	struct trace_dns_query query = { .id = 5, .messages = messages, .message_count = 2 };

	trace_list_sink.dns_query(&list, &query);
	memset(asked, 'x', sizeof asked);
	memset(answered, 'x', sizeof answered);
	memset(value, 'x', sizeof value);
	memset(&question, 0, sizeof question);
	memset(&answer, 0, sizeof answer);
	memset(messages, 0, sizeof messages);
	ck_assert_uint_eq(list.dns_queries[0].message_count, 2);
	ck_assert_uint_eq(list.dns_queries[0].messages[0].questions[0].type, 1);
	assert_text(list.dns_queries[0].messages[0].questions[0].name, "a.example.");
	assert_text(list.dns_queries[0].messages[1].answers[0].name, "b.example.");
	assert_text(list.dns_queries[0].messages[1].answers[0].value, "192.0.2.1");
	ck_assert_ptr_null(list.dns_queries[0].messages[1].questions);
}
END_TEST

START_TEST(tls_tunnel_is_copied_with_certificates_and_alerts)
{
	char memory[11][16];
	struct bytes name = lent(memory[0], "san.example"), alpn = lent(memory[1], "h2");
	struct trace_certificate certificate = { .subject = lent(memory[2], "CN=s"),
						 .issuer = lent(memory[3], "CN=i"),
						 .serial = lent(memory[4], "01"),
						 .sha256 = lent(memory[5], "ab"),
						 .key_type = lent(memory[6], "RSA 2048"),
						 .names = &name,
						 .name_count = 1 };
	struct trace_tls_alert alert = { .description = 40 };
	struct trace_tls_tunnel tunnel = {
		.id = 6,
		.certificates = &certificate,
		.certificate_count = 1,
		.client_certificates = &certificate,
		.client_certificate_count = 1,
		.alerts = &alert,
		.alert_count = 1,
		.offered_protocols = &alpn,
		.offered_protocol_count = 1,
		.error = lent(memory[7], "EOF"),
		.server_name = lent(memory[8], "sni.example"),
		.ja3 = lent(memory[9], "j3"),
		.ja4 = lent(memory[10], "j4"),
		.negotiated_protocol = alpn,
	};
	const struct trace_tls_tunnel *copy;

	trace_list_sink.tls_tunnel(&list, &tunnel);
	memset(memory, 'x', sizeof memory);
	memset(&certificate, 0, sizeof certificate);
	memset(&alert, 0, sizeof alert);
	name = alpn = BYTES("x");
	copy = list.tls_tunnels;
	assert_text(copy->error, "EOF");
	assert_text(copy->server_name, "sni.example");
	assert_text(copy->negotiated_protocol, "h2");
	assert_text(copy->offered_protocols[0], "h2");
	assert_text(copy->ja3, "j3");
	assert_text(copy->ja4, "j4");
	ck_assert_uint_eq(copy->alerts[0].description, 40);
	assert_text(copy->certificates[0].subject, "CN=s");
	assert_text(copy->certificates[0].issuer, "CN=i");
	assert_text(copy->certificates[0].serial, "01");
	assert_text(copy->certificates[0].sha256, "ab");
	assert_text(copy->certificates[0].key_type, "RSA 2048");
	assert_text(copy->certificates[0].names[0], "san.example");
	assert_text(copy->client_certificates[0].subject, "CN=s");
}
END_TEST

START_TEST(http_request_is_copied_with_its_fields)
{
	char memory[9][24];
	struct trace_http_field sent = { .name = lent(memory[0], "Host"), .value = lent(memory[1], "h.example"), .value_size = 9 };
	struct trace_http_field received = { .name = lent(memory[2], "Server"), .value = lent(memory[3], "s"), .value_size = 1 };
	struct trace_http_request request = {
		.id = 7,
		.method = lent(memory[4], "GET"),
		.url = lent(memory[5], "http://h.example/"),
		.error = lent(memory[6], "EOF"),
		.network_proxy = lent(memory[7], "http://p:3128"),
		.host = lent(memory[8], "h.example"),
		.req_fields = &sent,
		.req_field_count = 1,
		.resp_fields = &received,
		.resp_field_count = 1,
	};
	const struct trace_http_request *copy;

	trace_list_sink.http_request(&list, &request);
	memset(memory, 'x', sizeof memory);
	memset(&sent, 0, sizeof sent);
	memset(&received, 0, sizeof received);
	copy = list.http_requests;
	assert_text(copy->method, "GET");
	assert_text(copy->url, "http://h.example/");
	assert_text(copy->error, "EOF");
	assert_text(copy->network_proxy, "http://p:3128");
	assert_text(copy->host, "h.example");
	assert_text(copy->req_fields[0].name, "Host");
	assert_text(copy->req_fields[0].value, "h.example");
	assert_text(copy->resp_fields[0].name, "Server");
	assert_text(copy->resp_fields[0].value, "s");
	ck_assert_uint_eq(copy->resp_fields[0].value_size, 1);
}
END_TEST

START_TEST(sorted_list_is_in_the_order_of_ids)
{
	enum { COUNT = 1000 };

	for (trace_id i = 0; i < COUNT; i++) {
		trace_id id = 1 + i * 387 % COUNT; /* 387 and 1000 have no common divisor: every id once */

		trace_list_sink.dial(&list, &(struct trace_dial){ .id = id });
		trace_list_sink.tcp_conn(&list, &(struct trace_tcp_conn){ .id = id });
		trace_list_sink.udp_conn(&list, &(struct trace_udp_conn){ .id = id });
		trace_list_sink.dns_query(&list, &(struct trace_dns_query){ .id = id });
		trace_list_sink.tls_tunnel(&list, &(struct trace_tls_tunnel){ .id = id });
		trace_list_sink.http_request(&list, &(struct trace_http_request){ .id = id });
	}
	trace_list_sort(&list);
	for (trace_id i = 0; i < COUNT; i++) {
		ck_assert_uint_eq(list.dials[i].id, i + 1);
		ck_assert_uint_eq(list.tcp_conns[i].id, i + 1);
		ck_assert_uint_eq(list.udp_conns[i].id, i + 1);
		ck_assert_uint_eq(list.dns_queries[i].id, i + 1);
		ck_assert_uint_eq(list.tls_tunnels[i].id, i + 1);
		ck_assert_uint_eq(list.http_requests[i].id, i + 1);
	}
}
END_TEST

START_TEST(records_beyond_the_limit_are_counted)
{
	struct limit_hits hits = { { 0 } };

	list.hits = &hits;
	list.dial_count = list.tcp_conn_count = list.udp_conn_count = LIMIT_RECORDS;
	list.dns_query_count = list.tls_tunnel_count = list.http_request_count = LIMIT_RECORDS;
	trace_list_sink.dial(&list, &(struct trace_dial){ .id = 1 });
	trace_list_sink.tcp_conn(&list, &(struct trace_tcp_conn){ .id = 2 });
	trace_list_sink.udp_conn(&list, &(struct trace_udp_conn){ .id = 3 });
	trace_list_sink.dns_query(&list, &(struct trace_dns_query){ .id = 4 });
	trace_list_sink.tls_tunnel(&list, &(struct trace_tls_tunnel){ .id = 5 });
	trace_list_sink.http_request(&list, &(struct trace_http_request){ .id = 6 });
	ck_assert_uint_eq(hits.count[LIMIT_RECORDS_HIT], 6);
	ck_assert_uint_eq(list.dial_count, LIMIT_RECORDS);
	ck_assert_ptr_null(list.dials);
	list.hits = NULL;
	trace_list_sink.tcp_conn(&list, &(struct trace_tcp_conn){ .id = 7 });
	ck_assert_uint_eq(hits.count[LIMIT_RECORDS_HIT], 6);
	ck_assert_uint_eq(list.tcp_conn_count, LIMIT_RECORDS);
}
END_TEST

START_TEST(record_is_found_by_its_id)
{
	static const trace_id ids[] = { 9, 2, 7, 4 };

	ck_assert_ptr_null(trace_find_tls_tunnel(&list, 2));
	for (size_t i = 0; i < 4; i++) {
		trace_list_sink.udp_conn(&list, &(struct trace_udp_conn){ .id = ids[i] });
		trace_list_sink.http_request(&list, &(struct trace_http_request){ .id = ids[i] + 1 });
	}
	trace_list_sort(&list);
	for (size_t i = 0; i < 4; i++) {
		ck_assert_uint_eq(trace_find_udp_conn(&list, ids[i])->id, ids[i]);
		ck_assert_uint_eq(trace_find_http_request(&list, ids[i] + 1)->id, ids[i] + 1);
		ck_assert_ptr_null(trace_find_udp_conn(&list, ids[i] + 1));
	}
	ck_assert_ptr_null(trace_find_udp_conn(&list, 0));
	ck_assert_ptr_null(trace_find_dial(&list, 9));
}
END_TEST

START_TEST(empty_list_can_be_sorted_and_freed)
{
	trace_list_sort(&list);
	trace_list_free(&list);
	ck_assert_ptr_null(list.dials);
}
END_TEST

START_TEST(freed_list_is_usable_again)
{
	struct trace_dial dial = { .id = 1, .host = BYTES("host") };

	trace_list_sink.dial(&list, &dial);
	trace_list_free(&list);
	ck_assert_uint_eq(list.dial_count, 0);
	trace_list_sink.dial(&list, &dial);
	ck_assert_uint_eq(list.dial_count, 1);
	assert_text(list.dials[0].host, "host");
}
END_TEST

START_TEST(different_strings_are_packed)
{
	enum { COUNT = 50000 };

	for (trace_id i = 1; i <= COUNT; i++) {
		char protocol[16];

		snprintf(protocol, sizeof protocol, "%05u", i);
		trace_list_sink.udp_conn(&list, &(struct trace_udp_conn){ .id = i, .app_protocol = bytes_of(protocol) });
	}
	ck_assert_uint_lt(list.strings.used, COUNT * 6);
	for (trace_id i = 1; i <= COUNT; i++) {
		char protocol[16];

		snprintf(protocol, sizeof protocol, "%05u", i);
		assert_text(list.udp_conns[i - 1].app_protocol, protocol);
	}
}
END_TEST

START_TEST(strings_that_come_again_are_kept_once)
{
	for (trace_id i = 1; i <= 1000; i++)
		trace_list_sink.udp_conn(&list, &(struct trace_udp_conn){ .id = i, .app_protocol = BYTES("DNS") });
	ck_assert_ptr_eq(list.udp_conns[0].app_protocol.at, list.udp_conns[999].app_protocol.at);
}
END_TEST

START_TEST(long_strings_are_copied_whole)
{
	static uint8_t text[100000];

	for (size_t size = 1; size <= sizeof text; size = size * 3 + 1) {
		memset(text, (int)(size % 251), size);
		trace_list_sink.http_request(&list, &(struct trace_http_request){ .url = { text, size } });
	}
	for (size_t size = 1, i = 0; i < list.http_request_count; size = size * 3 + 1, i++) {
		memset(text, (int)(size % 251), size);
		ck_assert(bytes_equal(list.http_requests[i].url, (struct bytes){ text, size }));
	}
}
END_TEST

/* Orders of every kind: as they are, backwards, shuffled, and two that are swapped at the end. */
static trace_id id_in_order(int order, trace_id i, trace_id count)
{
	switch (order) {
	case 0:
		return i;
	case 1:
		return count + 1 - i;
	case 2:
		return (trace_id)(i * 7919ull % (count + 1)); /* count + 1 is a prime */
	default:
		return i == count ? count - 1 : i == count - 1 ? count : i;
	}
}

START_TEST(records_are_sorted_whole_from_any_order)
{
	enum { COUNT = 1008 };

	for (trace_id i = 1; i <= COUNT; i++) {
		trace_id id = id_in_order(_i, i, COUNT);

		trace_list_sink.http_request(
			&list,
			&(struct trace_http_request){ .id = id, .status = (uint16_t)(id % 997), .resp_content_size = id * 3ull });
	}
	trace_list_sort(&list);
	ck_assert_uint_eq(list.http_request_count, COUNT);
	for (trace_id i = 1; i <= COUNT; i++) {
		ck_assert_uint_eq(list.http_requests[i - 1].id, i);
		ck_assert_uint_eq(list.http_requests[i - 1].status, i % 997);
		ck_assert_uint_eq(list.http_requests[i - 1].resp_content_size, i * 3ull);
		ck_assert_ptr_eq(trace_find_http_request(&list, i), &list.http_requests[i - 1]);
	}
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("trace");
	TCase *tcase = tcase_create("list");

	tcase_add_checked_fixture(tcase, NULL, clear_list);
	tcase_add_loop_test(tcase, records_are_sorted_whole_from_any_order, 0, 4);
	tcase_add_test(tcase, evidence_and_close_have_texts);
	tcase_add_test(tcase, dial_is_copied_with_all_that_it_points_to);
	tcase_add_test(tcase, connections_are_copied);
	tcase_add_test(tcase, dns_conversation_is_copied_with_its_messages);
	tcase_add_test(tcase, tls_tunnel_is_copied_with_certificates_and_alerts);
	tcase_add_test(tcase, http_request_is_copied_with_its_fields);
	tcase_add_test(tcase, sorted_list_is_in_the_order_of_ids);
	tcase_add_test(tcase, records_beyond_the_limit_are_counted);
	tcase_add_test(tcase, record_is_found_by_its_id);
	tcase_add_test(tcase, empty_list_can_be_sorted_and_freed);
	tcase_add_test(tcase, freed_list_is_usable_again);
	tcase_add_test(tcase, different_strings_are_packed);
	tcase_add_test(tcase, strings_that_come_again_are_kept_once);
	tcase_add_test(tcase, long_strings_are_copied_whole);
	suite_add_tcase(suite, tcase);
	return suite;
}
