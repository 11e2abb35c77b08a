#include "cli/json/json_trace.h"
#include "tests/support/json_check.h"
#include "tests/unit/suite.h"

#include <stdlib.h>
#include <string.h>

static const nt_time begin = INT64_C(1671787065260618344);

static struct output output;
static struct limit_hits hits;

static void set_up(void)
{
	static const struct trace_list empty;

	hits = (struct limit_hits){ { 0 } };
	output = (struct output){ .begin = begin, .end = begin + NT_SECOND, .list = &empty, .hits = &hits };
}

static nt_time after(int64_t microseconds)
{
	return begin + microseconds * NT_MICROSECOND;
}

static struct packet_ref packet(uint64_t number)
{
	return (struct packet_ref){ .number = number };
}

static struct ip_address address(const char *text)
{
	struct ip_address result = { { 0 } };
	uint8_t version;

	ck_assert(ip_address_parse(text, &version, &result));
	return result;
}

static struct address_tuple tuple(void)
{
	return (struct address_tuple){ 4, address("10.0.0.1"), address("10.0.0.2"), 40000, 443 };
}

/* ---- one record, on one line ---- */

static char *written;
static size_t written_size;
static FILE *stream;
static struct json *json;

static void begin_writing(void)
{
	stream = open_memstream(&written, &written_size);
	json = json_new(stream, JSON_COMPACT);
}

static void expect(const char *text)
{
	ck_assert(json_finish(json));
	json_free(json);
	fclose(stream);
	ck_assert(json_check((struct bytes){ (uint8_t *)written, written_size }));
	written[strlen(written) - 1] = 0;
	ck_assert_str_eq(written, text);
	free(written);
}

static void expect_dial(const struct trace_dial *dial, const char *text)
{
	begin_writing();
	json_write_dial(json, &output, dial);
	expect(text);
}

static void expect_tcp(const struct trace_tcp_conn *conn, const char *text)
{
	begin_writing();
	json_write_tcp_conn(json, &output, conn);
	expect(text);
}

static void expect_udp(const struct trace_udp_conn *conn, const char *text)
{
	begin_writing();
	json_write_udp_conn(json, &output, conn);
	expect(text);
}

static void expect_dns(const struct trace_dns_query *query, const char *text)
{
	begin_writing();
	json_write_dns_query(json, &output, query);
	expect(text);
}

static void expect_tls(const struct trace_tls_tunnel *tunnel, const char *text)
{
	begin_writing();
	json_write_tls_tunnel(json, &output, tunnel);
	expect(text);
}

static void expect_http(const struct trace_http_request *request, const char *text)
{
	begin_writing();
	json_write_http_request(json, &output, request);
	expect(text);
}

/* ---- dials ---- */

START_TEST(dial_has_the_fields_of_the_seed_and_wire)
{
	const struct trace_resolver_dial resolver = { .begin = after(0),
						      .end = after(1500),
						      .ip_version = 6,
						      .nameserver = address("2001:db8::53"),
						      .nameserver_port = 53,
						      .established_conn = 3 };
	const trace_id attempts[] = { 8, 9 };
	const struct trace_dial dial = {
		.id = 1,
		.begin = after(0),
		.end = after(2999),
		.host = BYTES("www.example.com"),
		.port = 443,
		.resolver_dials = &resolver,
		.resolver_dial_count = 1,
		.source_ip_version = 4,
		.source = address("10.0.0.1"),
		.established_conn = 9,
		.host_by = TRACE_BY_TLS_HELLO,
		.attempts = attempts,
		.attempt_count = 2,
		.first_packet = packet(1),
		.last_packet = packet(7),
	};

	expect_dial(&dial,
		    "{\"traceID\":\"tid-1\",\"dialBeginAt\":\"+0ms\",\"dialEndAt\":\"+2ms\",\"ctxCloseAt\":\"undefined\","
		    "\"dstAddress\":\"www.example.com:443\",\"resolverDials\":[{\"dialBeginAt\":\"+0ms\",\"dialEndAt\":\"+1ms\","
		    "\"nameserver\":\"[2001:db8::53]:53\",\"establishedConn\":\"tid-3\",\"wire\":{\"beginUs\":0,\"endUs\":1500}}],"
		    "\"sourceIP\":\"10.0.0.1\",\"establishedConn\":\"tid-9\",\"wire\":{\"firstPacket\":1,\"lastPacket\":7,"
		    "\"beginUs\":0,\"endUs\":2999,\"hostBy\":\"tls-hello\",\"attempts\":[\"tid-8\",\"tid-9\"],\"inferred\":true}}");
}
END_TEST

START_TEST(dial_that_failed_in_dns_has_the_host_alone)
{
	const struct trace_dial dial = { .id = 1,
					 .begin = after(0),
					 .end = NT_TIME_NONE,
					 .host = BYTES("nowhere.example"),
					 .error = BYTES("dial tcp: lookup nowhere.example: no such host") };

	expect_dial(&dial, "{\"traceID\":\"tid-1\",\"dialBeginAt\":\"+0ms\",\"dialEndAt\":\"undefined\","
			   "\"dialErr\":\"dial tcp: lookup nowhere.example: no such host\",\"ctxCloseAt\":\"undefined\","
			   "\"dstAddress\":\"nowhere.example\",\"wire\":{\"beginUs\":0,\"inferred\":true}}");
}
END_TEST

static const struct {
	const char *host;
	uint16_t port;
	const char *text;
} host_cases[] = {
	{ "www.example.com", 80, "\"www.example.com:80\"" }, { "192.0.2.1", 65535, "\"192.0.2.1:65535\"" },
	{ "2001:db8::1", 443, "\"[2001:db8::1]:443\"" },     { "2001:db8::1", 0, "\"2001:db8::1\"" },
	{ "b\xff\"d", 1, "\"b\xef\xbf\xbd\\\"d:1\"" },       { "", 80, "\":80\"" },
};

START_TEST(host_and_port_are_joined_as_go_joins_them)
{
	begin_writing();
	json_put_host_port(json, NULL, bytes_of(host_cases[_i].host), host_cases[_i].port);
	expect(host_cases[_i].text);
}
END_TEST

/* ---- connections ---- */

#define TCP_HEAD(from_dial) "{\"traceID\":\"tid-2\",\"fromDial\":\"" from_dial "\","
#define TUPLE "\"addrTuple\":{\"srcIP\":\"10.0.0.1\",\"srcPort\":40000,\"dstIP\":\"10.0.0.2\",\"dstPort\":443},"

static struct trace_tcp_conn unknown_tcp(void)
{
	const struct trace_tcp_side side = { .window_scale = -1, .fin = NT_TIME_NONE, .rst = NT_TIME_NONE };

	return (struct trace_tcp_conn){ .id = 2,
					.handshake_begin = NT_TIME_NONE,
					.handshake_end = NT_TIME_NONE,
					.close = NT_TIME_NONE,
					.tuple = tuple(),
					.client = side,
					.server = side,
					.rtt_us = -1,
					.handshake_us = -1,
					.last = NT_TIME_NONE };
}

START_TEST(tcp_connection_of_which_nothing_is_known_has_no_wire)
{
	struct trace_tcp_conn conn = unknown_tcp();

	conn.connected = conn.reused = true;
	expect_tcp(&conn, TCP_HEAD("") "\"handshakeBeginAt\":\"undefined\",\"handshakeEndAt\":\"undefined\",\"connected\":true,"
				       "\"connCloseAt\":\"undefined\"," TUPLE
				       "\"reused\":true,\"totalSentBytes\":0,\"totalRecvBytes\":0}");
}
END_TEST

START_TEST(tcp_connection_has_what_each_side_sent)
{
	struct trace_tcp_conn conn = unknown_tcp();

	conn.from_dial = 1;
	conn.from_resolver = conn.connected = true;
	conn.handshake_begin = after(0);
	conn.handshake_end = after(20500);
	conn.close = conn.client.fin = after(99999);
	conn.server.rst = after(100001);
	conn.last = after(100002);
	conn.sent_bytes = UINT64_C(5000000000);
	conn.recv_bytes = 7;
	conn.client.packets = 10;
	conn.server.packets = 9;
	conn.client.retransmissions = 3;
	conn.server.lost_bytes = 1460;
	conn.client.mss = 1460;
	conn.client.window_scale = 7;
	conn.server.window_scale = 0;
	conn.rtt_us = 0;
	conn.handshake_us = 20500;
	conn.close_reason = TRACE_CLOSE_RST_SERVER;
	conn.client_by = TRACE_BY_SYN;
	conn.syn_count = 2;
	conn.app_protocol = BYTES("TLS");
	conn.vlan = 100;
	conn.tunnels = 1;
	conn.icmp_type = 3;
	conn.icmp_code = 4;
	conn.icmp_packet = packet(6);
	conn.first_packet = packet(1);
	conn.last_packet = packet(19);
	expect_tcp(
		&conn,
		TCP_HEAD("tid-1") "\"fromResolver\":true,\"handshakeBeginAt\":\"+0ms\",\"handshakeEndAt\":\"+20ms\",\"connected\":"
				  "true,"
				  "\"connCloseAt\":\"+99ms\"," TUPLE
				  "\"reused\":false,\"totalSentBytes\":5000000000,\"totalRecvBytes\":7,\"wire\":{\"firstPacket\":1,"
				  "\"lastPacket\":19,\"handshakeBeginUs\":0,\"handshakeEndUs\":20500,\"closeUs\":99999,"
				  "\"finSentUs\":99999,\"rstRecvUs\":100001,\"lastUs\":100002,\"rttUs\":0,\"handshakeUs\":20500,"
				  "\"packetsSent\":10,\"packetsRecv\":9,\"retransmissionsSent\":3,\"lostBytesRecv\":1460,"
				  "\"mssSent\":1460,\"windowScaleSent\":7,\"windowScaleRecv\":0,\"closeReason\":\"rst-by-server\","
				  "\"synCount\":2,\"clientBy\":\"syn\",\"appProtocol\":\"TLS\",\"vlan\":100,"
				  "\"tunnels\":1,\"icmp\":{\"type\":3,\"code\":4,\"packet\":6}}}");
}
END_TEST

START_TEST(udp_connection_has_its_first_and_last_datagram)
{
	const struct trace_udp_conn conn = { .id = 2,
					     .from_dial = 1,
					     .from_resolver = true,
					     .create = after(0),
					     .close = after(1000),
					     .tuple = tuple(),
					     .sent_bytes = 41,
					     .recv_bytes = 99,
					     .sent_packets = 1,
					     .recv_packets = 1,
					     .client_by = TRACE_BY_DNS,
					     .app_protocol = BYTES("DNS"),
					     .first_packet = packet(1),
					     .last_packet = packet(2) };

	expect_udp(&conn,
		   "{\"traceID\":\"tid-2\",\"fromDial\":\"tid-1\",\"fromResolver\":true,\"socketCreateAt\":\"+0ms\","
		   "\"connCloseAt\":\"+1ms\"," TUPLE "\"totalSentBytes\":41,\"totalRecvBytes\":99,\"wire\":{\"firstPacket\":1,"
		   "\"lastPacket\":2,\"createUs\":0,\"closeUs\":1000,\"packetsSent\":1,\"packetsRecv\":1,\"clientBy\":\"dns\","
		   "\"appProtocol\":\"DNS\"}}");
}
END_TEST

START_TEST(time_before_the_trace_is_absolute_and_its_offset_negative)
{
	const struct trace_udp_conn conn = { .id = 2, .create = begin - 1, .close = begin - NT_MICROSECOND, .tuple = tuple() };

	expect_udp(&conn, "{\"traceID\":\"tid-2\",\"fromDial\":\"\",\"socketCreateAt\":\"2022-12-23T09:17:45.260618343Z\","
			  "\"connCloseAt\":\"2022-12-23T09:17:45.260617344Z\"," TUPLE
			  "\"totalSentBytes\":0,\"totalRecvBytes\":0,\"wire\":{\"createUs\":-1,\"closeUs\":-1}}");
}
END_TEST

/* ---- DNS ---- */

START_TEST(dns_messages_are_split_into_queries_and_replies)
{
	const struct trace_dns_question question = { BYTES("a.example."), 28, 1 };
	const struct trace_dns_answer answers[] = { { BYTES("a.example."), 1, 1, 60, BYTES("192.0.2.1") },
						    { BYTES("a.example."), 65280, 1, 0, BYTES("") } };
	const struct trace_dns_message messages[] = {
		{ .time = after(0),
		  .id = 7,
		  .recursion_desired = true,
		  .size = 41,
		  .edns_udp_size = 1232,
		  .questions = &question,
		  .question_count = 1,
		  .latency_us = -1,
		  .packet = packet(1) },
		{ .is_reply = true,
		  .time = after(1500),
		  .id = 7,
		  .recursion_available = true,
		  .size = 57,
		  .questions = &question,
		  .question_count = 1,
		  .answers = answers,
		  .answer_count = 2,
		  .latency_us = 1500,
		  .packet = packet(2) },
	};
	const struct trace_dns_query query = { .id = 4, .from_dial = 1, .connection = 2, .messages = messages, .message_count = 2 };

	expect_dns(&query,
		   "{\"traceID\":\"tid-4\",\"fromDial\":\"tid-1\",\"connection\":\"tid-2\",\"dnsQueryMsgs\":[{\"sentAt\":\"+0ms\","
		   "\"id\":7,\"recursionDesired\":true,\"truncated\":false,\"size\":41,\"questions\":[{\"name\":\"a.example.\","
		   "\"type\":\"AAAA\",\"class\":1}],\"optUDPPayloadSize\":1232,\"wire\":{\"packet\":1,\"sentUs\":0}}],"
		   "\"dnsReplyMsgs\":[{\"recvAt\":\"+1ms\",\"id\":7,\"authoritative\":false,\"recursionAvailable\":true,"
		   "\"truncated\":false,\"size\":57,\"rCode\":\"no-error\",\"answers\":[{\"name\":\"a.example.\",\"type\":\"A\","
		   "\"class\":1,\"ttl\":60,\"resolvedVal\":\"192.0.2.1\"},{\"name\":\"a.example.\",\"type\":\"TYPE65280\","
		   "\"class\":1,\"ttl\":0}],\"wire\":{\"packet\":2,\"recvUs\":1500,\"latencyUs\":1500}}]}");
}
END_TEST

START_TEST(dns_reply_without_query_shows_its_questions)
{
	const struct trace_dns_question question = { BYTES("."), 255, 255 };
	const struct trace_dns_message reply = { .is_reply = true,
						 .time = NT_TIME_NONE,
						 .opcode = 5,
						 .rcode = 23,
						 .truncated = true,
						 .authoritative = true,
						 .malformed = true,
						 .cut = true,
						 .unmatched = true,
						 .questions = &question,
						 .question_count = 1,
						 .latency_us = -1 };
	const struct trace_dns_query query = {
		.id = 4, .messages = &reply, .message_count = 1, .kind = TRACE_MDNS, .over = TRACE_OVER_TCP
	};

	expect_dns(
		&query,
		"{\"traceID\":\"tid-4\",\"fromDial\":\"\",\"connection\":\"\",\"dnsQueryMsgs\":[],\"dnsReplyMsgs\":[{"
		"\"recvAt\":\"undefined\",\"id\":0,\"authoritative\":true,\"recursionAvailable\":false,\"truncated\":true,"
		"\"size\":0,\"rCode\":\"unrecognized-rcode\",\"answers\":[],\"wire\":{\"malformed\":true,\"cut\":true,"
		"\"opcode\":5,\"rcode\":23,\"unmatched\":true,\"questions\":[{\"name\":\".\",\"type\":\"ALL\",\"class\":255}]}}],"
		"\"wire\":{\"kind\":\"mdns\",\"overTcp\":true}}");
}
END_TEST

/* ---- TLS ---- */

START_TEST(tls_tunnel_has_certificates_and_parameters)
{
	const struct bytes names[] = { BYTES("s.example"), BYTES("*.s.example") }, alpn[] = { BYTES("h2"), BYTES("http/1.1") };
	const struct trace_certificate certificates[] = {
		{ .subject = BYTES("CN=s"),
		  .issuer = BYTES("CN=i"),
		  .not_before_s = 0,
		  .not_after_s = INT64_MAX,
		  .is_ca = true,
		  .serial = BYTES("2a"),
		  .key_type = BYTES("EC P-256"),
		  .names = names,
		  .name_count = 2 },
		{ .not_before_s = INT64_MIN, .not_after_s = INT64_MIN, .unreadable = true },
	};
	const struct trace_tls_tunnel tunnel = {
		.id = 5,
		.tcp_conn = 2,
		.handshake_begin = after(1000),
		.handshake_end = after(3000),
		.certificates = certificates,
		.certificate_count = 2,
		.cipher_suite = 0x1301,
		.negotiated_protocol = BYTES("h2"),
		.server_name = BYTES("s.example"),
		.version = 0x0304,
		.offered_version = 0x0304,
		.offered_protocols = alpn,
		.offered_protocol_count = 2,
		.group = 29,
		.client_hello = true,
		.server_hello = true,
		.done = true,
		.certificate_compression = 2,
		.client_certificate_compression = 0x4001,
		.client_data_bytes = 10,
		.server_data_bytes = 20,
		.handshake_us = 2000,
		.first_packet = packet(4),
		.last_packet = packet(8),
	};

	expect_tls(&tunnel,
		   "{\"traceID\":\"tid-5\",\"tcpConn\":\"tid-2\",\"handshakeBeginAt\":\"+1ms\",\"handshakeEndAt\":\"+3ms\","
		   "\"didResume\":false,\"peerCerts\":[{\"subject\":\"CN=s\",\"issuer\":\"CN=i\",\"notBefore\":\"1970-01-01T00:00:"
		   "00Z\","
		   "\"notAfter\":\"9999-12-31T23:59:59Z\",\"isCA\":true,\"wire\":{\"serial\":\"2a\",\"keyType\":\"EC P-256\","
		   "\"names\":[\"s.example\",\"*.s.example\"]}},{\"subject\":\"\",\"issuer\":\"\",\"notBefore\":\"undefined\","
		   "\"notAfter\":\"undefined\",\"isCA\":false,\"wire\":{\"unreadable\":true}}],\"cipherSuite\":4865,"
		   "\"negotiatedProto\":\"h2\",\"serverName\":\"s.example\",\"wire\":{\"firstPacket\":4,\"lastPacket\":8,"
		   "\"handshakeBeginUs\":1000,\"handshakeEndUs\":3000,\"handshakeUs\":2000,\"version\":\"TLS 1.3\","
		   "\"offeredVersion\":\"TLS "
		   "1.3\",\"offeredAlpn\":[\"h2\",\"http/1.1\"],\"cipherSuiteName\":\"TLS_AES_128_GCM_SHA256\","
		   "\"group\":\"x25519\",\"certCompression\":\"brotli\",\"clientCertCompression\":\"0x4001\","
		   "\"appDataSentBytes\":10,\"appDataRecvBytes\":20}}");
}
END_TEST

START_TEST(failed_tls_handshake_has_its_error_and_alerts)
{
	const struct trace_tls_alert alerts[] = {
		{ .by_server = true, .level = 2, .description = 40, .time = after(2500), .packet = packet(6) },
		{ .level = 9, .description = 255, .time = after(2600) },
		{ .encrypted = true, .time = NT_TIME_NONE },
	};
	const struct trace_tls_tunnel tunnel = {
		.id = 5,
		.udp_conn = 3,
		.handshake_begin = NT_TIME_NONE,
		.handshake_end = NT_TIME_NONE,
		.error = BYTES("remote error: tls: handshake failure"),
		.group = 0xfefe,
		.hello_retry = true,
		.alerts = alerts,
		.alert_count = 3,
		.handshake_us = -1,
		.mid_stream = true,
	};

	expect_tls(
		&tunnel,
		"{\"traceID\":\"tid-5\",\"tcpConn\":\"\",\"handshakeBeginAt\":\"undefined\",\"handshakeEndAt\":\"undefined\","
		"\"handshakeErr\":\"remote error: tls: handshake failure\",\"didResume\":false,\"peerCerts\":[],\"cipherSuite\":0,"
		"\"serverName\":\"\",\"wire\":{\"udpConn\":\"tid-3\",\"group\":65278,\"clientHello\":false,\"serverHello\":false,"
		"\"handshakeDone\":false,\"helloRetry\":true,\"midStream\":true,\"alerts\":[{\"from\":\"server\",\"level\":"
		"\"fatal\","
		"\"description\":\"handshake failure\",\"number\":40,\"at\":\"+2ms\",\"atUs\":2500,\"packet\":6},"
		"{\"from\":\"client\",\"level\":9,\"number\":255,\"at\":\"+2ms\",\"atUs\":2600},"
		"{\"from\":\"client\",\"encrypted\":true,\"at\":\"undefined\"}]}}");
}
END_TEST

/* ---- HTTP ---- */

START_TEST(http_request_has_the_fields_of_the_seed_and_wire)
{
	const struct trace_http_field sent[] = { { BYTES("Host"), BYTES("h.example"), 9 }, { BYTES("Accept"), BYTES(""), 3 } };
	const struct trace_http_field received[] = { { BYTES("X-Empty"), BYTES(""), 0 } };
	const struct trace_http_request request = {
		.id = 6,
		.tcp_conn = 2,
		.tls_tunnel = 5,
		.proxy_tls_tunnel = 4,
		.proto_major = 1,
		.proto_minor = 1,
		.network_proxy = BYTES("http://p.example:3128"),
		.req_sent = after(1000),
		.method = BYTES("GET"),
		.url = BYTES("https://h.example/?a=\"1\""),
		.req_fields = sent,
		.req_field_count = 2,
		.resp_recv = after(5000),
		.status = 200,
		.resp_fields = received,
		.resp_field_count = 1,
		.resp_content_size = 2001,
		.host = BYTES("h.example"),
		.resp_complete = true,
		.req_complete = true,
		.interim_status = 103,
		.redirected_from = 3,
		.retry_of = 1,
		.timing = { .total = 9000, .dns = 500, .connect = 400, .tls = -1, .idle = 100, .server = 3000, .transfer = 5000 },
		.req_end = after(1000),
		.resp_begin = after(4999),
		.resp_end = after(9000),
		.req_packet = packet(4),
		.resp_packet = packet(6),
		.last_packet = packet(9),
	};

	expect_http(
		&request,
		"{\"traceID\":\"tid-6\",\"tcpConn\":\"tid-2\",\"tlsTunnel\":\"tid-5\",\"proxyTLSTunnel\":\"tid-4\",\"protoMajor\":"
		"1,"
		"\"protoMinor\":1,\"networkProxy\":\"http://p.example:3128\",\"reqSentAt\":\"+1ms\",\"reqMethod\":\"GET\","
		"\"reqURL\":\"https://h.example/?a=\\\"1\\\"\",\"reqHeader\":[{\"fieldName\":\"Host\",\"fieldVal\":\"h.example\","
		"\"fieldValLen\":9},{\"fieldName\":\"Accept\",\"fieldValLen\":3}],\"reqContentLen\":0,\"respRecvAt\":\"+5ms\","
		"\"respStatusCode\":200,\"respHeader\":[{\"fieldName\":\"X-Empty\"}],\"RespContentLen\":2001,\"wire\":{"
		"\"reqPacket\":4,\"respPacket\":6,\"lastPacket\":9,\"reqSentUs\":1000,\"reqEndUs\":1000,\"respBeginUs\":4999,"
		"\"respRecvUs\":5000,\"respEndUs\":9000,\"timeToFirstByteUs\":3999,\"durationUs\":8000,\"timing\":{\"totalUs\":"
		"9000,"
		"\"dnsUs\":500,\"connectUs\":400,\"idleUs\":100,\"requestUs\":0,\"serverUs\":3000,\"transferUs\":5000,"
		"\"stalledUs\":0},"
		"\"redirectedFrom\":\"tid-3\",\"retryOf\":\"tid-1\",\"host\":\"h.example\","
		"\"interimStatus\":103}}");
}
END_TEST

START_TEST(http_response_without_request_has_no_durations)
{
	const struct trace_http_request request = {
		.id = 6,
		.tcp_conn = 2,
		.proto_major = 1,
		.req_sent = NT_TIME_NONE,
		.resp_recv = after(5000),
		.status = 503,
		.resp_content_size = 12,
		.resp_without_request = true,
		.truncated = true,
		.malformed = true,
		.suspicious_framing = true,
		.gap_bytes = 5,
		.timing = { .total = -1 },
		.req_end = NT_TIME_NONE,
		.resp_begin = after(5000),
		.resp_end = NT_TIME_NONE,
		.resp_packet = packet(6),
	};

	expect_http(&request,
		    "{\"traceID\":\"tid-6\",\"tcpConn\":\"tid-2\",\"protoMajor\":1,\"protoMinor\":0,\"reqSentAt\":\"undefined\","
		    "\"reqMethod\":\"\",\"reqURL\":\"\",\"reqContentLen\":0,\"respRecvAt\":\"+5ms\",\"respStatusCode\":503,"
		    "\"RespContentLen\":12,\"wire\":{\"respPacket\":6,\"respBeginUs\":5000,\"respRecvUs\":5000,"
		    "\"responseWithoutRequest\":true,\"respComplete\":false,\"truncated\":true,\"malformed\":true,"
		    "\"suspiciousFraming\":true,\"gapBytes\":5}}");
}
END_TEST

START_TEST(unanswered_connect_is_a_record)
{
	const struct trace_http_request request = {
		.id = 6,
		.tcp_conn = 2,
		.proto_major = 1,
		.proto_minor = 1,
		.req_sent = after(0),
		.method = BYTES("CONNECT"),
		.url = BYTES("h.example:443"),
		.error = BYTES("EOF"),
		.resp_recv = NT_TIME_NONE,
		.is_connect = true,
		.timing = { .total = -1 },
		.req_end = NT_TIME_NONE,
		.resp_begin = NT_TIME_NONE,
		.resp_end = NT_TIME_NONE,
	};

	expect_http(&request,
		    "{\"traceID\":\"tid-6\",\"tcpConn\":\"tid-2\",\"protoMajor\":1,\"protoMinor\":1,\"reqSentAt\":\"+0ms\","
		    "\"reqMethod\":\"CONNECT\",\"reqURL\":\"h.example:443\",\"reqContentLen\":0,\"reqError\":\"EOF\","
		    "\"respRecvAt\":\"undefined\",\"respStatusCode\":0,\"RespContentLen\":0,\"wire\":{\"reqSentUs\":0,"
		    "\"connect\":true,\"reqComplete\":false}}");
}
END_TEST

/* ---- kinds left out ---- */

/* On request, or as they were beyond the limit: the list is empty. */
START_TEST(references_to_records_left_out_are_empty)
{
	const struct trace_tls_tunnel tunnel = { .id = 5,
						 .tcp_conn = 2,
						 .udp_conn = 3,
						 .handshake_begin = NT_TIME_NONE,
						 .handshake_end = NT_TIME_NONE,
						 .handshake_us = -1,
						 .client_hello = true,
						 .server_hello = true,
						 .done = true };
	const trace_id attempt = 2;
	const struct trace_dial dial = {
		.id = 1, .begin = NT_TIME_NONE, .end = NT_TIME_NONE, .established_conn = 2, .attempts = &attempt, .attempt_count = 1
	};
	const struct trace_dns_query query = { .id = 4, .from_dial = 1, .connection = 2 };

	if (_i == 0)
		output.omit = (struct output_omit){ .dials = true, .tcp = true, .udp = true };
	else
		hits.count[LIMIT_RECORDS_HIT] = 1;
	expect_tls(&tunnel,
		   "{\"traceID\":\"tid-5\",\"tcpConn\":\"\",\"handshakeBeginAt\":\"undefined\","
		   "\"handshakeEndAt\":\"undefined\",\"didResume\":false,\"peerCerts\":[],\"cipherSuite\":0,\"serverName\":\"\"}");
	expect_dial(&dial,
		    "{\"traceID\":\"tid-1\",\"dialBeginAt\":\"undefined\",\"dialEndAt\":\"undefined\",\"ctxCloseAt\":\"undefined\","
		    "\"dstAddress\":\"\",\"wire\":{\"inferred\":true}}");
	expect_dns(&query, "{\"traceID\":\"tid-4\",\"fromDial\":\"\",\"connection\":\"\",\"dnsQueryMsgs\":[],\"dnsReplyMsgs\":[]}");
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("json_records");
	TCase *tcase = tcase_create("record");

	tcase_add_checked_fixture(tcase, set_up, NULL);
	tcase_add_test(tcase, dial_has_the_fields_of_the_seed_and_wire);
	tcase_add_test(tcase, dial_that_failed_in_dns_has_the_host_alone);
	tcase_add_loop_test(tcase, host_and_port_are_joined_as_go_joins_them, 0, sizeof host_cases / sizeof host_cases[0]);
	tcase_add_test(tcase, tcp_connection_of_which_nothing_is_known_has_no_wire);
	tcase_add_test(tcase, tcp_connection_has_what_each_side_sent);
	tcase_add_test(tcase, udp_connection_has_its_first_and_last_datagram);
	tcase_add_test(tcase, time_before_the_trace_is_absolute_and_its_offset_negative);
	tcase_add_test(tcase, dns_messages_are_split_into_queries_and_replies);
	tcase_add_test(tcase, dns_reply_without_query_shows_its_questions);
	tcase_add_test(tcase, tls_tunnel_has_certificates_and_parameters);
	tcase_add_test(tcase, failed_tls_handshake_has_its_error_and_alerts);
	tcase_add_test(tcase, http_request_has_the_fields_of_the_seed_and_wire);
	tcase_add_test(tcase, http_response_without_request_has_no_durations);
	tcase_add_test(tcase, unanswered_connect_is_a_record);
	tcase_add_loop_test(tcase, references_to_records_left_out_are_empty, 0, 2);
	suite_add_tcase(suite, tcase);
	return suite;
}
