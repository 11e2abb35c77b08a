#include "cli/html/html_page.h"
#include "tests/support/scene.h"
#include "tests/unit/suite.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

/* ---- a trace with a record of every kind, all of whose texts are `text` ---- */

static const nt_time begin = INT64_C(1700000000) * NT_SECOND;

static struct bytes text;
static struct trace_list list;
static struct correlate_stats stats;
static struct limit_hits hits;
static struct output output;
static char *written;
static size_t written_size;

static struct trace_resolver_dial resolver;
static struct trace_dial dials[2];
static struct trace_tcp_conn tcp;
static struct trace_udp_conn udp;
static struct trace_quic quic;
static struct trace_dns_question question;
static struct trace_dns_answer answer;
static struct trace_dns_message messages[2];
static struct trace_dns_query query;
static struct trace_certificate certificates[2];
static struct bytes names[2];
static struct trace_tls_alert alert;
static struct trace_tls_tunnel tunnel;
static struct trace_http_field field;
static struct trace_http_request request;
static struct finding_packet packets[2];
static trace_id traces[] = { 3, 2 };
static struct trace_finding findings[2];
static const trace_id attempts[] = { 3 };

static struct packet_ref packet(uint64_t number)
{
	return (struct packet_ref){ .number = number };
}

static struct address_tuple tuple(uint16_t port)
{
	struct address_tuple result = { .ip_version = 4, .source_port = 40000, .destination_port = port };
	uint8_t version;

	ck_assert(ip_address_parse("10.0.0.1", &version, &result.source));
	ck_assert(ip_address_parse("10.0.0.2", &version, &result.destination));
	return result;
}

static void fill_connections(void)
{
	resolver = (struct trace_resolver_dial){
		.begin = begin, .end = begin, .error = text, .ip_version = 4, .nameserver_port = 53, .established_conn = 1
	};
	dials[0] = (struct trace_dial){ .id = 4,
					.begin = begin,
					.end = begin + NT_SECOND,
					.error = text,
					.host = text,
					.port = 443,
					.resolver_dials = &resolver,
					.resolver_dial_count = 1,
					.source_ip_version = 4,
					.host_by = TRACE_BY_HTTP,
					.attempts = attempts,
					.attempt_count = 1,
					.first_packet = packet(1),
					.last_packet = packet(9) };
	dials[1] = dials[0];
	dials[1].id = 7;
	dials[1].error = (struct bytes){ 0 };
	dials[1].established_conn = 3;
	tcp = (struct trace_tcp_conn){ .id = 3,
				       .from_dial = 4,
				       .handshake_begin = begin,
				       .handshake_end = begin + NT_MILLISECOND,
				       .connected = true,
				       .close = NT_TIME_NONE,
				       .tuple = tuple(443),
				       .app_protocol = text,
				       .client_by = TRACE_BY_SYN,
				       .first_packet = packet(3),
				       .last_packet = packet(9),
				       .first = begin,
				       .last = begin + NT_SECOND };
	quic = (struct trace_quic){ .version = 1, .offered_version = 1, .close_count = 1 };
	quic.closes[0] = (struct trace_quic_close){ .reason = text, .time = begin, .packet = packet(2) };
	udp = (struct trace_udp_conn){ .id = 1,
				       .from_dial = 4,
				       .create = begin,
				       .close = begin,
				       .tuple = tuple(53),
				       .app_protocol = text,
				       .quic = &quic,
				       .first_packet = packet(1),
				       .last_packet = packet(2) };
}

static void fill_exchanges(void)
{
	question = (struct trace_dns_question){ text, 1, 1 };
	answer = (struct trace_dns_answer){ text, 16, 1, 60, text };
	messages[0] = (struct trace_dns_message){
		.time = begin, .questions = &question, .question_count = 1, .latency_us = -1, .packet = packet(1)
	};
	messages[1] = messages[0];
	messages[1].is_reply = true;
	messages[1].answers = &answer;
	messages[1].answer_count = 1;
	messages[1].packet = packet(2);
	query = (struct trace_dns_query){ .id = 2, .from_dial = 4, .connection = 1, .messages = messages, .message_count = 2 };
	names[0] = names[1] = text;
	certificates[0] = (struct trace_certificate){ .subject = text,
						      .issuer = text,
						      .not_before_s = 0,
						      .not_after_s = 1,
						      .serial = text,
						      .sha256 = text,
						      .key_type = text,
						      .names = names,
						      .name_count = 2 };
	certificates[1] = certificates[0];
	alert = (struct trace_tls_alert){ true, false, 2, 42, begin, packet(6) };
	tunnel = (struct trace_tls_tunnel){ .id = 5,
					    .tcp_conn = 3,
					    .handshake_begin = begin,
					    .handshake_end = begin + NT_MILLISECOND,
					    .error = text,
					    .certificates = certificates,
					    .certificate_count = 2,
					    .client_certificates = certificates,
					    .client_certificate_count = 1,
					    .negotiated_protocol = text,
					    .server_name = text,
					    .offered_protocols = names,
					    .offered_protocol_count = 2,
					    .client_hello = true,
					    .server_hello = true,
					    .version = 0x303,
					    .verification = text,
					    .verification_detail = text,
					    .alerts = &alert,
					    .alert_count = 1,
					    .ja3 = text,
					    .ja4 = text,
					    .handshake_us = 1000,
					    .first_packet = packet(5),
					    .last_packet = packet(6) };
	field = (struct trace_http_field){ text, text, 7 };
	request = (struct trace_http_request){ .id = 6,
					       .tcp_conn = 3,
					       .tls_tunnel = 5,
					       .proto_major = 1,
					       .proto_minor = 1,
					       .network_proxy = text,
					       .req_sent = begin,
					       .method = text,
					       .url = text,
					       .req_fields = &field,
					       .req_field_count = 1,
					       .error = text,
					       .resp_recv = begin + NT_MILLISECOND,
					       .status = 503,
					       .resp_fields = &field,
					       .resp_field_count = 1,
					       .host = text,
					       .timing = { .total = 1000, .server = 1000, .dns = 0, .connect = 0, .tls = 0 },
					       .req_end = begin,
					       .resp_begin = begin + NT_MILLISECOND,
					       .resp_end = begin + NT_MILLISECOND,
					       .req_packet = packet(7),
					       .resp_packet = packet(8),
					       .last_packet = packet(8) };
}

static void fill(struct bytes with)
{
	text = with;
	fill_connections();
	fill_exchanges();
	packets[0] = (struct finding_packet){ packet(7), text };
	packets[1] = (struct finding_packet){ packet(8), text };
	findings[0] = (struct trace_finding){ .code = FINDING_HTTP_5XX,
					      .severity = FINDING_ERROR,
					      .root_cause = true,
					      .message = text,
					      .traces = traces,
					      .trace_count = 2,
					      .packets = packets,
					      .packet_count = 2,
					      .at = begin + NT_MILLISECOND,
					      .dial = 4,
					      .request = 6 };
	findings[1] = (struct trace_finding){
		.code = FINDING_TLS_KEYS_MISSING, .severity = FINDING_INFO, .message = text, .at = NT_TIME_NONE
	};
	list = (struct trace_list){ .dials = dials,
				    .dial_count = 2,
				    .tcp_conns = &tcp,
				    .tcp_conn_count = 1,
				    .udp_conns = &udp,
				    .udp_conn_count = 1,
				    .dns_queries = &query,
				    .dns_query_count = 1,
				    .tls_tunnels = &tunnel,
				    .tls_tunnel_count = 1,
				    .http_requests = &request,
				    .http_request_count = 1,
				    .findings = findings,
				    .finding_count = 2 };
}

static void set_up(void)
{
	stats = (struct correlate_stats){ .packets = 9, .smallest_time = begin, .largest_time = begin + NT_SECOND };
	hits = (struct limit_hits){ { 0 } };
	output = (struct output){ .description = "a test",
				  .headers = "none",
				  .begin = begin,
				  .end = begin + NT_SECOND,
				  .list = &list,
				  .stats = &stats,
				  .hits = &hits };
	fill(BYTES("word"));
}

static void clear(void)
{
	free(written);
	written = NULL;
}

static const char *page(void)
{
	FILE *out;

	clear();
	out = open_memstream(&written, &written_size);
	ck_assert(html_write(out, &output));
	fclose(out);
	return written;
}

static void assert_has(const char *whole, const char *part)
{
	ck_assert_msg(strstr(whole, part) != NULL, "no %s", part);
}

static void assert_lacks(const char *whole, const char *part)
{
	ck_assert_msg(strstr(whole, part) == NULL, "there is %s", part);
}

/* ---- what a browser makes of it: its elements and attributes, without their texts ---- */

/* A tag from its '<' on: its name and the names of its attributes; values only of those whose value makes the page. */
static const char *add_tag(const char *at, FILE *out)
{
	at++;
	while (*at && !strchr(" >\n", *at))
		fputc(*at++, out);
	while (*at && *at != '>') {
		char quote = 0;

		if (strchr(" \n/", *at)) {
			at++;
			continue;
		}
		fputc(' ', out);
		while (*at && !strchr("=> \n", *at))
			fputc(*at++, out);
		if (*at != '=')
			continue;
		at++;
		if (*at == '"')
			quote = *at++;
		while (*at && (quote ? *at != quote : !strchr("> \n", *at)))
			at++;
		at += quote && *at;
	}
	fputc('\n', out);
	return *at ? at + 1 : at;
}

/* Caller frees.  What is within <style> and <script> is ours, and no markup. */
static char *skeleton_of(const char *page_text)
{
	char *skeleton;
	size_t size;
	FILE *out = open_memstream(&skeleton, &size);
	const char *at = page_text;

	while ((at = strchr(at, '<'))) {
		const char *close = strncmp(at, "<style", 6) == 0 ? "</style" : strncmp(at, "<script", 7) == 0 ? "</script" : NULL;

		at = add_tag(at, out);
		if (close)
			at = strstr(at, close);
		ck_assert_ptr_nonnull(at);
	}
	fclose(out);
	return skeleton;
}

static void remove_all(char *from, const char *part)
{
	size_t size = strlen(part);

	for (char *at = from; (at = strstr(at, part));)
		memmove(at, at + size, strlen(at + size) + 1);
}

static void assert_same_skeleton(const char *expected, struct bytes hostile)
{
	char *skeleton;

	fill(hostile);
	skeleton = skeleton_of(page());
	remove_all(skeleton, "bdi dir\n");
	remove_all(skeleton, "/bdi\n");
	ck_assert_msg(strcmp(skeleton, expected) == 0, "%.*s changed the page", (int)hostile.size, (const char *)hostile.at);
	free(skeleton);
}

static const char *const hostile[] = {
	"<script>alert(1)</script>",
	"</script><script>alert(1)</script>",
	"</style><img src=x onerror=alert(1)>",
	"</title></head><body onload=alert(1)>",
	"\" onmouseover=\"alert(1)",
	"' onfocus='alert(1)' autofocus='",
	"javascript:alert(1)",
	"<!--",
	"-->",
	"<![CDATA[",
	"]]>",
	"&lt;script&gt;",
	"&#60;script&#62;",
	"</td></tr></table><h1>",
	"</svg></details>",
	"<base href=//evil.test/>",
	"\r\n\r\n<a href=//evil.test>",
	"\033[31m\033[0m<b>",
	"\u202e\u2066<i>",
	"\xff\xfe<\x80>",
	"%s%n%p",
	"\\x3cscript\\x3e",
	"דוגמה<script>",
	"{{constructor.constructor('alert(1)')()}}",
};

START_TEST(hostile_words_change_no_element)
{
	char *expected = skeleton_of(page());

	for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++)
		assert_same_skeleton(expected, bytes_of(hostile[i]));
	free(expected);
}
END_TEST

START_TEST(no_mixture_of_hostile_words_changes_an_element)
{
	char *expected = skeleton_of(page());

	srand(1);
	for (int round = 0; round < 300; round++) {
		uint8_t mixture[300];
		size_t size = 0;

		while (size < sizeof mixture / 2) {
			const char *word = hostile[(size_t)rand() % (sizeof hostile / sizeof *hostile)];
			size_t part = 1 + (size_t)rand() % strlen(word);

			memcpy(mixture + size, word, part);
			size += part;
			mixture[size++] = (uint8_t)rand();
		}
		assert_same_skeleton(expected, (struct bytes){ mixture, size });
	}
	free(expected);
}
END_TEST

/* Names of attributes that the policy would refuse, or that reach out. */
START_TEST(page_has_no_attribute_that_runs_or_loads)
{
	char *skeleton = skeleton_of(page());

	assert_lacks(skeleton, " on");
	assert_lacks(skeleton, " style");
	assert_lacks(skeleton, " src");
	assert_lacks(skeleton, " action");
	assert_lacks(skeleton, "img");
	assert_lacks(skeleton, "link");
	assert_lacks(skeleton, "iframe");
	for (const char *at = written; (at = strstr(at, " href="));) {
		at += strlen(" href=");
		ck_assert_int_eq(strncmp(at, "\"#", 2), 0);
	}
	free(skeleton);
}
END_TEST

/* ---- the policy ---- */

static void assert_hashed(const char *open, const char *close)
{
	const char *from = strstr(written, open) + strlen(open), *to = strstr(from, close);
	uint8_t digest[EVP_MAX_MD_SIZE];
	char encoded[2 * EVP_MAX_MD_SIZE], expected[3 * EVP_MAX_MD_SIZE];
	unsigned size;

	ck_assert_int_gt(to - from, 1000);
	ck_assert_int_eq(EVP_Digest(from, (size_t)(to - from), digest, &size, EVP_sha256(), NULL), 1);
	EVP_EncodeBlock((uint8_t *)encoded, digest, (int)size);
	snprintf(expected, sizeof expected, "-src 'sha256-%s'", encoded);
	assert_has(written, expected);
}

START_TEST(policy_allows_nothing_but_the_style_and_script_that_are_there)
{
	page();
	assert_has(written, "http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-");
	assert_hashed("<style>", "</style>");
	assert_hashed("<script>", "</script>");
	assert_lacks(written, "unsafe-");
}
END_TEST

/* ---- references ---- */

static size_t count(const char *whole, const char *part)
{
	size_t found = 0;

	for (const char *at = whole; (at = strstr(at, part)); at += strlen(part))
		found++;
	return found;
}

static void assert_links_lead_somewhere(void)
{
	for (const char *at = written; (at = strstr(at, "href=\"#"));) {
		char id[64];
		size_t size;

		at += strlen("href=\"#");
		size = strcspn(at, "\"");
		ck_assert_uint_lt(size, 40);
		snprintf(id, sizeof id, " id=\"%.*s\"", (int)size, at);
		ck_assert_msg(count(written, id) == 1, "%zu elements have%s", count(written, id), id);
	}
}

START_TEST(every_link_leads_to_one_element)
{
	page();
	ck_assert_uint_gt(count(written, "href=\"#tid-"), 10);
	assert_has(written, "href=\"#chain-5\"");
	assert_links_lead_somewhere();
}
END_TEST

START_TEST(finding_names_its_packets_and_leads_to_its_records)
{
	const char *finding = strstr(page(), "<li class=\"error\">"), *next = strstr(finding, "<li class=\"info\">");
	char *one = strndup(finding, (size_t)(next - finding));

	assert_has(one, "<p class=\"message\">word</p>");
	assert_has(one, "<span class=\"severity\">error</span>");
	assert_has(one, "root cause");
	assert_has(one, "<code>http-5xx</code>");
	assert_has(one, "#7</span> word");
	assert_has(one, "frame.number in {7, 8}");
	assert_has(one, "dial <a href=\"#tid-4\">tid-4</a>");
	assert_has(one, "HTTP <a href=\"#tid-6\">tid-6</a>");
	assert_has(one, "TCP <a href=\"#tid-3\">tid-3</a>");
	assert_has(one, "DNS <a href=\"#tid-2\">tid-2</a>");
	free(one);
}
END_TEST

START_TEST(kinds_that_are_left_out_have_no_table_and_no_link)
{
	output.omit = (struct output_omit){ .dials = true, .tcp = true, .udp = true, .tls = true, .http = true };
	page();
	assert_has(written, "id=\"dnsQueries\"");
	assert_has(written, "<tr id=\"tid-2\"");
	assert_lacks(written, "id=\"dials\"");
	assert_lacks(written, "id=\"tcpConns\"");
	assert_lacks(written, "id=\"udpConns\"");
	assert_lacks(written, "id=\"tlsTunnels\"");
	assert_lacks(written, "id=\"httpRequests\"");
	assert_lacks(written, "id=\"certificates\"");
	assert_links_lead_somewhere();
}
END_TEST

/* ---- content ---- */

START_TEST(trace_without_packets_is_a_page)
{
	list = (struct trace_list){ 0 };
	stats = (struct correlate_stats){ .smallest_time = NT_TIME_NONE, .largest_time = NT_TIME_NONE };
	output.begin = output.end = NT_TIME_NONE;
	page();
	assert_has(written, "no connections and no look-ups to judge");
	assert_has(written, "No connections and no look-ups.");
	assert_links_lead_somewhere();
	assert_has(written, "</html>\n");
}
END_TEST

START_TEST(records_of_every_kind_have_a_row)
{
	page();
	for (int id = 1; id <= 7; id++) {
		char row[32];

		snprintf(row, sizeof row, "<tr id=\"tid-%d\"", id);
		ck_assert_uint_eq(count(written, row), 1);
	}
	assert_has(written, "<tr id=\"tid-6\" class=\"failed\">");
	assert_has(written, "expired at the time of the handshake");
	assert_has(written, "alert by the server: bad certificate #6");
	assert_has(written, "1 header field of the request");
}
END_TEST

START_TEST(bars_stand_where_the_steps_were)
{
	/* A second: the handshake is the first thousandth, the whole connection all of it. */
	page();
	assert_has(written, "<rect class=\"tls f\" x=\"0%\" width=\"0.1%\"/>");
	assert_has(written, "<rect class=\"http f\" x=\"0%\" width=\"0.1%\"/>");
	assert_has(written, "aria-label=\"DNS 0.00 ms");
	assert_has(written, ">+0.2 s</text>");
}
END_TEST

START_TEST(bar_of_no_length_is_drawn)
{
	/* The look-up: SVG draws nothing of the width 0. */
	page();
	assert_has(written, "<rect class=\"dns");
	assert_lacks(written, "width=\"0%\"");
}
END_TEST

START_TEST(record_of_a_go_trace_alone_is_told_not_inferred)
{
	struct trace_seed seed = { .alone = true };

	page();
	assert_has(written, "<dd>2 dials: no packet says");
	assert_lacks(written, "by a Go trace only");
	dials[0].seed = dials[1].seed = tunnel.seed = &seed;
	page();
	assert_has(written, "3 records by a Go trace only");
	assert_lacks(written, "no packet says");
	assert_lacks(written, "TLS 1.2,");
}
END_TEST

START_TEST(time_is_summed_by_phase)
{
	page();
	assert_has(written, "server</th><td>100.0 %</td><td>1</td><td>1.0 ms</td><td>1.0 ms</td><td>1.0 ms</td>");
}
END_TEST

START_TEST(damage_and_limits_are_shown)
{
	hits.count[LIMIT_FLOWS_HIT] = 3;
	page();
	assert_has(written, "flows reached 3 times");
}
END_TEST

START_TEST(chain_that_several_handshakes_showed_is_there_once)
{
	struct trace_tls_tunnel tunnels[2] = { tunnel, tunnel };

	tunnels[1].id = 9;
	list.tls_tunnels = tunnels;
	list.tls_tunnel_count = 2;
	page();
	ck_assert_uint_eq(count(written, "<article"), 1);
	assert_has(written, "shown in 2 handshakes: <a href=\"#tid-5\">tid-5</a> <a href=\"#tid-9\">tid-9</a>");
	ck_assert_uint_eq(count(written, "href=\"#chain-5\""), 2);
	assert_links_lead_somewhere();
}
END_TEST

START_TEST(chains_without_fingerprints_are_told_apart_by_what_is_known)
{
	const struct trace_seed told = { .alone = true, .context_close = NT_TIME_NONE };
	struct trace_certificate others[2] = { certificates[0], certificates[1] };
	struct trace_tls_tunnel tunnels[2] = { tunnel, tunnel };

	for (int i = 0; i < 2; i++) {
		certificates[i].sha256 = others[i].sha256 = (struct bytes){ NULL, 0 };
		tunnels[i].seed = &told;
	}
	others[0].subject = BYTES("CN=another");
	tunnels[0].client_data_bytes = tunnels[1].client_data_bytes = 7654321; /* as if it were known */
	tunnels[1].id = 9;
	tunnels[1].certificates = others;
	list.tls_tunnels = tunnels;
	list.tls_tunnel_count = 2;
	page();
	ck_assert_uint_eq(count(written, "<article"), 2);
	assert_has(written, "CN=another");
	assert_lacks(written, "<td>7654321");
}
END_TEST

START_TEST(records_beyond_the_maximum_are_counted_unless_a_finding_names_them)
{
	enum { MANY = HTML_RECORDS + 100 };
	struct trace_http_request *many = nt_zalloc(MANY * sizeof *many);
	trace_id last = 1000 + MANY - 1;

	for (trace_id i = 0; i < MANY; i++) {
		many[i] = request;
		many[i].id = 1000 + i;
		many[i].tls_tunnel = 0;
	}
	list.http_requests = many;
	list.http_request_count = MANY;
	findings[0].request = last;
	page();
	ck_assert_uint_eq(count(written, "<span>20100</span></h2>"), 1);
	assert_has(written, "… and 99 more, which are not in this page");
	assert_has(written, "<tr id=\"tid-21099\"");
	assert_lacks(written, "<tr id=\"tid-21098\"");
	assert_lacks(written, "#tid-21098\"");
	free(many);
}
END_TEST

START_TEST(two_runs_give_the_same_bytes)
{
	char *first;
	size_t size;

	page();
	first = written;
	size = written_size;
	written = NULL;
	page();
	ck_assert_uint_eq(size, written_size);
	ck_assert_int_eq(memcmp(first, written, size), 0);
	free(first);
}
END_TEST

START_TEST(page_that_cannot_be_written_is_a_failure)
{
	FILE *full = fopen("/dev/full", "w");

	if (!full)
		return;
	setvbuf(full, NULL, _IONBF, 0);
	ck_assert(!html_write(full, &output));
	fclose(full);
}
END_TEST

/* ---- privacy ---- */

START_TEST(credentials_of_a_capture_are_not_in_the_page)
{
	struct scene scene;
	struct scene_tcp conn;

	scene_begin(&scene);
	scene.options.headers = CORRELATE_HEADERS_VALUES;
	conn = scene_tcp(&scene, 40000, 80);
	scene_open(&conn);
	scene_send(&conn, CLIENT,
		   "GET http://user:HUSHHUSH@a.test/x?token=HUSHHUSH&ok=SHOWN HTTP/1.1\r\nHost: a.test\r\n"
		   "Authorization: Basic HUSHHUSH\r\nProxy-Authorization: Basic HUSHHUSH\r\nCookie: a=HUSHHUSH\r\n"
		   "Referer: http://b.test/?password=HUSHHUSH\r\n\r\n");
	scene_send(&conn, SERVER,
		   "HTTP/1.1 302 Found\r\nSet-Cookie: a=HUSHHUSH\r\nLocation: http://c.test/?signature=HUSHHUSH\r\n"
		   "Content-Length: 0\r\n\r\n");
	scene_close(&conn);
	scene_end(&scene);
	output.list = &scene.got;
	output.headers = "values";
	output.begin = SCENE_START;
	page();
	assert_has(written, "ok=SHOWN");
	assert_has(written, "Referer");
	assert_lacks(written, "HUSHHUSH");
	scene_free(&scene);
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("html_page");
	TCase *tcase = tcase_create("page");

	tcase_add_checked_fixture(tcase, set_up, clear);
	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, hostile_words_change_no_element);
	tcase_add_test(tcase, no_mixture_of_hostile_words_changes_an_element);
	tcase_add_test(tcase, page_has_no_attribute_that_runs_or_loads);
	tcase_add_test(tcase, policy_allows_nothing_but_the_style_and_script_that_are_there);
	tcase_add_test(tcase, every_link_leads_to_one_element);
	tcase_add_test(tcase, finding_names_its_packets_and_leads_to_its_records);
	tcase_add_test(tcase, kinds_that_are_left_out_have_no_table_and_no_link);
	tcase_add_test(tcase, trace_without_packets_is_a_page);
	tcase_add_test(tcase, records_of_every_kind_have_a_row);
	tcase_add_test(tcase, bars_stand_where_the_steps_were);
	tcase_add_test(tcase, bar_of_no_length_is_drawn);
	tcase_add_test(tcase, record_of_a_go_trace_alone_is_told_not_inferred);
	tcase_add_test(tcase, time_is_summed_by_phase);
	tcase_add_test(tcase, damage_and_limits_are_shown);
	tcase_add_test(tcase, chain_that_several_handshakes_showed_is_there_once);
	tcase_add_test(tcase, chains_without_fingerprints_are_told_apart_by_what_is_known);
	tcase_add_test(tcase, records_beyond_the_maximum_are_counted_unless_a_finding_names_them);
	tcase_add_test(tcase, two_runs_give_the_same_bytes);
	tcase_add_test(tcase, page_that_cannot_be_written_is_a_failure);
	tcase_add_test(tcase, credentials_of_a_capture_are_not_in_the_page);
	return suite;
}
