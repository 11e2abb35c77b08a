#include "cli/library/nettrace.h"
#include "tests/support/pcap_bytes.h"
#include "tests/support/recordings.h"
#include "tests/support/scene.h"
#include "tests/unit/suite.h"

#include <inttypes.h>
#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct nettrace *trace, *other;

static void set_up(void)
{
	trace = nettrace_new();
	other = nettrace_new();
}

static void tear_down(void)
{
	nettrace_free(trace);
	nettrace_free(other);
}

static void must(struct nettrace *t, enum nettrace_status status)
{
	ck_assert_msg(status >= 0, "%s", nettrace_error(t));
}

static void read_sample(struct nettrace *t, const char *path)
{
	must(t, nettrace_add_input(t, path));
	must(t, nettrace_set_headers(t, NETTRACE_HEADERS_LENGTHS));
	must(t, nettrace_read(t));
}

/* ---- beside the JSON trace, which tests/golden holds ---- */

static json_t *golden(const char *path)
{
	json_error_t error;
	json_t *root = json_load_file(path, 0, &error);

	ck_assert_msg(root != NULL, "%s: %s", path, error.text);
	return root;
}

static json_t *member(json_t *object, const char *name)
{
	char path[80], *part, *next = path;

	snprintf(path, sizeof path, "%s", name);
	while (object && (part = strsep(&next, ".")))
		object = json_object_get(object, part);
	return object;
}

static void same_text(json_t *object, const char *name, const char *text)
{
	json_t *value = member(object, name);

	ck_assert_str_eq(value ? json_string_value(value) : "", text);
}

static void same_id(json_t *object, const char *name, nettrace_id id)
{
	char text[16] = "";

	if (id)
		snprintf(text, sizeof text, "tid-%" PRIu32, id);
	same_text(object, name, text);
}

static void same_number(json_t *object, const char *name, int64_t number, int64_t if_absent)
{
	json_t *value = member(object, name);
	int64_t expected = !value ? if_absent : json_is_boolean(value) ? json_is_true(value) : json_integer_value(value);

	ck_assert_msg(expected == number, "%s is %" PRId64 ", not %" PRId64, name, number, expected);
}

/* Microseconds since the begin of the trace, rounded down. */
static void same_time(json_t *object, const char *name, const struct nettrace *t, nettrace_time_ns time)
{
	json_t *value = member(object, name);

	ck_assert_int_eq(value == NULL, time == NETTRACE_TIME_NONE);
	if (value)
		ck_assert_int_eq(json_integer_value(value), (time - nettrace_begin_ns(t)) / 1000);
}

static void same_packet(json_t *object, const char *name, struct nettrace_packet packet)
{
	same_number(object, name, (int64_t)packet.number, 0);
}

static void same_texts(json_t *list, const struct nettrace_text *texts, size_t count)
{
	ck_assert_uint_eq(json_array_size(list), count);
	for (size_t i = 0; i < count; i++)
		ck_assert_str_eq(json_string_value(json_array_get(list, i)), texts[i].at);
}

static void same_endpoint(json_t *object, const char *address, const char *port, const struct nettrace_endpoint *end)
{
	same_text(object, address, end->address_text);
	same_number(object, port, end->port, 0);
}

static void same_dials(json_t *list, struct nettrace *t)
{
	ck_assert_uint_eq(json_array_size(list), nettrace_dial_count(t));
	for (size_t i = 0; i < nettrace_dial_count(t); i++) {
		const struct nettrace_dial *dial = nettrace_dial_at(t, i);
		json_t *object = json_array_get(list, i);
		char address[300];

		snprintf(address, sizeof address, dial->port ? "%s:%u" : "%s", dial->host.at, dial->port);
		same_id(object, "traceID", dial->id);
		same_text(object, "dialErr", dial->error.at);
		same_text(object, "dstAddress", address);
		same_text(object, "sourceIP", dial->source.address_text);
		same_id(object, "establishedConn", dial->connection);
		same_time(object, "wire.beginUs", t, dial->begin_ns);
		same_time(object, "wire.endUs", t, dial->end_ns);
		same_text(object, "wire.hostBy", dial->host_by);
		same_packet(object, "wire.firstPacket", dial->first_packet);
		same_packet(object, "wire.lastPacket", dial->last_packet);
		ck_assert_ptr_null(dial->go_trace);
		ck_assert_uint_eq(json_array_size(member(object, "wire.attempts")), dial->attempt_count);
		ck_assert_uint_eq(json_array_size(member(object, "resolverDials")), dial->resolver_dial_count);
		for (size_t k = 0; k < dial->resolver_dial_count; k++)
			same_id(json_array_get(member(object, "resolverDials"), k), "establishedConn",
				dial->resolver_dials[k]->connection);
	}
}

#define SAME_SIDES(name, member) \
	(same_number(object, "wire." name "Sent", (int64_t)c->client_side->member, 0), \
	 same_number(object, "wire." name "Recv", (int64_t)c->server_side->member, 0))

static void same_sides(json_t *object, const struct nettrace *t, const struct nettrace_tcp_connection *c)
{
	SAME_SIDES("packets", packets);
	SAME_SIDES("payloadPackets", payload_packets);
	SAME_SIDES("wireBytes", wire_bytes);
	SAME_SIDES("retransmissions", retransmissions);
	SAME_SIDES("outOfOrder", out_of_order);
	SAME_SIDES("duplicateAcks", duplicate_acks);
	SAME_SIDES("zeroWindows", zero_windows);
	SAME_SIDES("keepAlives", keep_alives);
	SAME_SIDES("lostBytes", lost_bytes);
	SAME_SIDES("cutBytes", cut_bytes);
	SAME_SIDES("conflictingOverlaps", conflicting_overlaps);
	SAME_SIDES("mss", mss);
	same_number(object, "wire.windowScaleSent", c->client_side->window_scale, -1);
	same_number(object, "wire.windowScaleRecv", c->server_side->window_scale, -1);
	same_time(object, "wire.finSentUs", t, c->client_side->fin_ns);
	same_time(object, "wire.finRecvUs", t, c->server_side->fin_ns);
	same_time(object, "wire.rstSentUs", t, c->client_side->rst_ns);
	same_time(object, "wire.rstRecvUs", t, c->server_side->rst_ns);
}

static void same_icmp(json_t *object, uint8_t type, uint8_t code, struct nettrace_packet packet)
{
	same_packet(object, "wire.icmp.packet", packet);
	same_number(object, "wire.icmp.type", packet.number ? type : 0, 0);
	same_number(object, "wire.icmp.code", packet.number ? code : 0, 0);
}

/* "none" is left out in the JSON trace. */
static const char *unless(const char *word, const char *left_out)
{
	return strcmp(word, left_out) == 0 ? "" : word;
}

static void same_tcp(json_t *list, struct nettrace *t)
{
	ck_assert_uint_eq(json_array_size(list), nettrace_tcp_connection_count(t));
	for (size_t i = 0; i < nettrace_tcp_connection_count(t); i++) {
		const struct nettrace_tcp_connection *c = nettrace_tcp_connection_at(t, i);
		json_t *object = json_array_get(list, i);

		same_id(object, "traceID", c->id);
		same_id(object, "fromDial", c->dial);
		same_number(object, "connected", c->connected, 0);
		same_number(object, "reused", c->reused, 0);
		same_endpoint(object, "addrTuple.srcIP", "addrTuple.srcPort", &c->client);
		same_endpoint(object, "addrTuple.dstIP", "addrTuple.dstPort", &c->server);
		same_number(object, "totalSentBytes", (int64_t)c->sent_bytes, 0);
		same_number(object, "totalRecvBytes", (int64_t)c->received_bytes, 0);
		same_time(object, "wire.handshakeBeginUs", t, c->handshake_begin_ns);
		same_time(object, "wire.handshakeEndUs", t, c->handshake_end_ns);
		same_time(object, "wire.closeUs", t, c->close_ns);
		same_time(object, "wire.lastUs", t, c->last_packet_ns);
		same_number(object, "wire.rttUs", c->rtt_us, -1);
		same_number(object, "wire.handshakeUs", c->handshake_us, -1);
		same_sides(object, t, c);
		same_text(object, "wire.closeReason", unless(c->close_reason, "none"));
		same_number(object, "wire.halfOpen", c->unanswered, 0);
		same_number(object, "wire.synCount", c->syn_count, 0);
		same_number(object, "wire.vlan", c->vlan, 0);
		same_number(object, "wire.tunnels", c->tunnels, 0);
		same_icmp(object, c->icmp_type, c->icmp_code, c->icmp_packet);
		same_packet(object, "wire.firstPacket", c->first_packet);
		same_packet(object, "wire.lastPacket", c->last_packet);
		ck_assert_uint_lt(c->interface, nettrace_interface_count(t));
		ck_assert_uint_eq(json_array_size(member(object, "wire.views")), c->view_count);
		ck_assert_ptr_null(c->conntrack);
		same_text(object, "wire.clientBy", c->client_by);
		same_text(object, "wire.appProtocol", c->app_protocol.at);
	}
}

static void same_quic(json_t *object, const struct nettrace *t, const struct nettrace_quic *quic)
{
	json_t *expected = member(object, "wire.quic");

	ck_assert_int_eq(expected != NULL, quic != NULL);
	if (!quic)
		return;
	same_text(expected, "version", quic->version_name);
	same_number(expected, "answered", quic->answered, 1);
	same_number(expected, "retry", quic->retry, 0);
	ck_assert_uint_eq(json_array_size(member(expected, "serverVersions")), quic->server_version_count);
	ck_assert_uint_eq(json_array_size(member(expected, "closes")), quic->close_count);
	for (size_t i = 0; i < quic->close_count; i++) {
		json_t *close = json_array_get(member(expected, "closes"), i);

		same_number(close, "code", (int64_t)quic->closes[i]->code, -1);
		same_text(close, "error", quic->closes[i]->code_name);
		same_text(close, "reason", quic->closes[i]->reason.at);
		same_time(close, "atUs", t, quic->closes[i]->time_ns);
		same_packet(close, "packet", quic->closes[i]->packet);
	}
}

static void same_udp(json_t *list, struct nettrace *t)
{
	ck_assert_uint_eq(json_array_size(list), nettrace_udp_connection_count(t));
	for (size_t i = 0; i < nettrace_udp_connection_count(t); i++) {
		const struct nettrace_udp_connection *c = nettrace_udp_connection_at(t, i);
		json_t *object = json_array_get(list, i);

		same_id(object, "traceID", c->id);
		same_id(object, "fromDial", c->dial);
		same_number(object, "fromResolver", c->is_resolver, 0);
		same_endpoint(object, "addrTuple.srcIP", "addrTuple.srcPort", &c->client);
		same_endpoint(object, "addrTuple.dstIP", "addrTuple.dstPort", &c->server);
		same_number(object, "totalRecvBytes", (int64_t)c->received_bytes, 0);
		same_number(object, "wire.packetsSent", (int64_t)c->sent_packets, 0);
		same_number(object, "wire.packetsRecv", (int64_t)c->received_packets, 0);
		same_quic(object, t, c->quic);
		same_icmp(object, c->icmp_type, c->icmp_code, c->icmp_packet);
		same_packet(object, "wire.firstPacket", c->first_packet);
		same_packet(object, "wire.lastPacket", c->last_packet);
		same_text(object, "wire.appProtocol", c->app_protocol.at);
		same_time(object, "wire.createUs", t, c->first_packet_ns);
		same_time(object, "wire.closeUs", t, c->last_packet_ns);
	}
}

static void same_answers(json_t *list, const struct nettrace_dns_message *message)
{
	ck_assert_uint_eq(json_array_size(list), message->answer_count);
	for (size_t i = 0; i < message->answer_count; i++) {
		json_t *object = json_array_get(list, i);

		same_text(object, "name", message->answers[i]->name.at);
		same_text(object, "type", message->answers[i]->type_name);
		same_text(object, "resolvedVal", message->answers[i]->value.at);
		same_number(object, "class", message->answers[i]->dns_class, -1);
		same_number(object, "ttl", message->answers[i]->ttl_s, -1);
	}
}

static void same_questions(json_t *list, const struct nettrace_dns_message *message)
{
	ck_assert_uint_eq(json_array_size(list), message->question_count);
	for (size_t i = 0; i < message->question_count; i++) {
		same_text(json_array_get(list, i), "name", message->questions[i]->name.at);
		same_text(json_array_get(list, i), "type", message->questions[i]->type_name);
		same_number(json_array_get(list, i), "class", message->questions[i]->dns_class, -1);
	}
}

/* The JSON trace has queries and replies in lists of their own. */
static void same_message(json_t *object, struct nettrace *t, const struct nettrace_dns_message *message)
{
	same_number(object, "id", message->id, 0);
	same_number(object, "size", message->size_bytes, 0);
	same_number(object, "truncated", message->truncated, 0);
	same_packet(object, "wire.packet", message->packet);
	same_number(object, "wire.opcode", message->opcode, 0);
	same_number(object, "wire.malformed", message->malformed, 0);
	same_number(object, "wire.cut", message->cut, 0);
	same_time(object, message->is_reply ? "wire.recvUs" : "wire.sentUs", t, message->time_ns);
	if (message->is_reply) {
		same_text(object, "rCode", message->rcode_name);
		same_number(object, "authoritative", message->authoritative, -1);
		same_number(object, "recursionAvailable", message->recursion_available, -1);
		same_number(object, "wire.latencyUs", message->latency_us, -1);
		same_number(object, "wire.unmatched", message->unmatched, 0);
		same_answers(member(object, "answers"), message);
	} else {
		same_number(object, "recursionDesired", message->recursion_desired, -1);
		same_number(object, "optUDPPayloadSize", message->edns_udp_size, 0);
		same_questions(member(object, "questions"), message);
	}
}

static void same_dns(json_t *list, struct nettrace *t)
{
	ck_assert_uint_eq(json_array_size(list), nettrace_dns_conversation_count(t));
	for (size_t i = 0; i < nettrace_dns_conversation_count(t); i++) {
		const struct nettrace_dns_conversation *c = nettrace_dns_conversation_at(t, i);
		json_t *object = json_array_get(list, i);
		size_t seen[2] = { 0, 0 };

		same_id(object, "traceID", c->id);
		same_id(object, "connection", c->connection);
		same_text(object, "wire.kind", unless(c->kind, "dns"));
		same_number(object, "wire.overTcp", strcmp(c->over, "udp") != 0, 0);
		same_number(object, "wire.overTls", strcmp(c->over, "tls") == 0, 0);
		same_id(object, "wire.tlsTunnel", c->tls_tunnel);
		same_id(object, "fromDial", c->dial);
		for (size_t k = 0; k < c->message_count; k++) {
			const bool is_reply = c->messages[k]->is_reply;

			same_message(json_array_get(member(object, is_reply ? "dnsReplyMsgs" : "dnsQueryMsgs"), seen[is_reply]++),
				     t, c->messages[k]);
		}
		ck_assert_uint_eq(seen[0], json_array_size(member(object, "dnsQueryMsgs")));
		ck_assert_uint_eq(seen[1], json_array_size(member(object, "dnsReplyMsgs")));
	}
}

/* "Jan  2 15:04:05 2026 GMT" and the like are of the outputs: here they are numbers. */
static void same_certificates(json_t *list, const struct nettrace_certificate *const *certificates, size_t count)
{
	ck_assert_uint_eq(json_array_size(list), count);
	for (size_t i = 0; i < count; i++) {
		json_t *object = json_array_get(list, i);
		struct tm date;
		char text[40];
		const time_t not_after = (time_t)certificates[i]->not_after_s;

		same_text(object, "subject", certificates[i]->subject.at);
		same_text(object, "issuer", certificates[i]->issuer.at);
		same_number(object, "isCA", certificates[i]->is_ca, -1);
		ck_assert_ptr_nonnull(gmtime_r(&not_after, &date));
		strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &date);
		same_text(object, "notAfter", text);
		ck_assert_int_lt(certificates[i]->not_before_s, certificates[i]->not_after_s);
		same_text(object, "wire.serial", certificates[i]->serial.at);
		same_text(object, "wire.sha256", certificates[i]->sha256.at);
		same_text(object, "wire.keyType", certificates[i]->key_type.at);
		same_texts(member(object, "wire.names"), certificates[i]->names, certificates[i]->name_count);
	}
}

static void same_alerts(json_t *list, const struct nettrace *t, const struct nettrace_tls_tunnel *tunnel)
{
	ck_assert_uint_eq(json_array_size(list), tunnel->alert_count);
	for (size_t i = 0; i < tunnel->alert_count; i++) {
		const struct nettrace_tls_alert *alert = tunnel->alerts[i];
		json_t *object = json_array_get(list, i);

		same_text(object, "from", alert->by_server ? "server" : "client");
		same_number(object, "encrypted", alert->encrypted, 0);
		same_text(object, "description", alert->description_name);
		same_number(object, "number", alert->encrypted ? 0 : alert->description, 0);
		same_time(object, "atUs", t, alert->time_ns);
		same_packet(object, "packet", alert->packet);
	}
}

static void same_handshake(json_t *object, const struct nettrace_tls_tunnel *tunnel)
{
	same_number(object, "didResume", tunnel->resumed, 0);
	same_number(object, "wire.clientHello", tunnel->client_hello, 1);
	same_number(object, "wire.serverHello", tunnel->server_hello, 1);
	same_number(object, "wire.handshakeDone", tunnel->done, 1);
	same_number(object, "wire.helloRetry", tunnel->hello_retry, 0);
	same_number(object, "wire.earlyData", tunnel->early_data, 0);
	same_number(object, "wire.certificateRequested", tunnel->certificate_requested, 0);
	same_number(object, "wire.midStream", tunnel->mid_stream, 0);
	same_number(object, "wire.decrypted", tunnel->decrypted, 0);
	same_number(object, "wire.appDataSentBytes", (int64_t)tunnel->client_data_bytes, 0);
	same_number(object, "wire.appDataRecvBytes", (int64_t)tunnel->server_data_bytes, 0);
}

static void same_tls(json_t *list, struct nettrace *t)
{
	ck_assert_uint_eq(json_array_size(list), nettrace_tls_tunnel_count(t));
	for (size_t i = 0; i < nettrace_tls_tunnel_count(t); i++) {
		const struct nettrace_tls_tunnel *tunnel = nettrace_tls_tunnel_at(t, i);
		json_t *object = json_array_get(list, i);

		same_id(object, "traceID", tunnel->id);
		same_id(object, "tcpConn", tunnel->tcp_connection);
		same_id(object, "wire.udpConn", tunnel->udp_connection);
		same_text(object, "handshakeErr", tunnel->error.at);
		same_text(object, "serverName", tunnel->server_name.at);
		same_text(object, "negotiatedProto", tunnel->alpn.at);
		same_number(object, "cipherSuite", tunnel->cipher_suite, 0);
		same_text(object, "wire.cipherSuiteName", tunnel->cipher_suite_name);
		same_text(object, "wire.version", tunnel->version_name);
		same_text(object, "wire.group", tunnel->group_name);
		same_texts(member(object, "wire.offeredAlpn"), tunnel->offered_alpn, tunnel->offered_alpn_count);
		same_time(object, "wire.handshakeBeginUs", t, tunnel->handshake_begin_ns);
		same_number(object, "wire.handshakeUs", tunnel->handshake_us, -1);
		same_text(object, "wire.ja3", tunnel->ja3.at);
		same_text(object, "wire.ja4", tunnel->ja4.at);
		same_text(object, "wire.chainVerification.result", tunnel->verification.at);
		same_text(object, "wire.chainVerification.detail", tunnel->verification_detail.at);
		same_handshake(object, tunnel);
		same_alerts(member(object, "wire.alerts"), t, tunnel);
		same_certificates(member(object, "peerCerts"), tunnel->certificates, tunnel->certificate_count);
		same_certificates(member(object, "wire.clientCerts"), tunnel->client_certificates,
				  tunnel->client_certificate_count);
	}
}

static void same_fields(json_t *list, const struct nettrace_http_field *const *fields, size_t count)
{
	ck_assert_uint_eq(json_array_size(list), count);
	for (size_t i = 0; i < count; i++) {
		same_text(json_array_get(list, i), "fieldName", fields[i]->name.at);
		same_number(json_array_get(list, i), "fieldValLen", fields[i]->value_bytes, 0);
		ck_assert_uint_eq(fields[i]->value.size, 0);
	}
}

static void same_timing(json_t *object, const struct nettrace_http_timing *timing)
{
	same_number(object, "totalUs", timing->total_us, -1);
	if (timing->total_us < 0)
		return;
	same_number(object, "dnsUs", timing->dns_us, 0);
	same_number(object, "connectUs", timing->connect_us, 0);
	same_number(object, "tlsUs", timing->tls_us, 0);
	same_number(object, "idleUs", timing->idle_us, 0);
	same_number(object, "requestUs", timing->request_us, 0);
	same_number(object, "serverUs", timing->server_us, 0);
	same_number(object, "transferUs", timing->transfer_us, 0);
	same_number(object, "stalledUs", timing->stalled_us, 0);
}

static void same_http(json_t *list, struct nettrace *t)
{
	ck_assert_uint_eq(json_array_size(list), nettrace_http_request_count(t));
	for (size_t i = 0; i < nettrace_http_request_count(t); i++) {
		const struct nettrace_http_request *request = nettrace_http_request_at(t, i);
		json_t *object = json_array_get(list, i);

		same_id(object, "traceID", request->id);
		same_id(object, "tcpConn", request->tcp_connection);
		same_text(object, "reqMethod", request->method.at);
		same_text(object, "reqURL", request->url.at);
		same_id(object, "tlsTunnel", request->tls_tunnel);
		same_id(object, "proxyTLSTunnel", request->proxy_tls_tunnel);
		same_text(object, "networkProxy", request->proxy.at);
		same_text(object, "wire.host", request->host.at);
		same_text(object, "reqError", request->error.at);
		same_number(object, "protoMajor", request->version_major, -1);
		same_number(object, "protoMinor", request->version_minor, -1);
		same_number(object, "respStatusCode", request->status, 0);
		same_number(object, "reqContentLen", (int64_t)request->request_body_bytes, -1);
		same_number(object, "RespContentLen", (int64_t)request->response_body_bytes, -1);
		same_time(object, "wire.reqSentUs", t, request->request_begin_ns);
		same_time(object, "wire.reqEndUs", t, request->request_end_ns);
		same_time(object, "wire.respBeginUs", t, request->response_begin_ns);
		same_time(object, "wire.respRecvUs", t, request->response_received_ns);
		same_time(object, "wire.respEndUs", t, request->response_end_ns);
		same_timing(member(object, "wire.timing"), request->timing);
		same_id(object, "wire.redirectedFrom", request->redirected_from);
		same_id(object, "wire.retryOf", request->retry_of);
		same_number(object, "wire.connect", request->is_connect, 0);
		same_number(object, "wire.responseWithoutRequest", request->response_without_request, 0);
		same_number(object, "wire.truncated", request->truncated, 0);
		same_number(object, "wire.malformed", request->malformed, 0);
		same_number(object, "wire.interimStatus", request->interim_status, 0);
		same_number(object, "wire.gapBytes", (int64_t)request->gap_bytes, 0);
		same_packet(object, "wire.reqPacket", request->request_packet);
		same_packet(object, "wire.respPacket", request->response_packet);
		same_packet(object, "wire.lastPacket", request->last_packet);
		same_fields(member(object, "reqHeader"), request->request_fields, request->request_field_count);
		same_fields(member(object, "respHeader"), request->response_fields, request->response_field_count);
	}
}

static void same_findings(json_t *list, struct nettrace *t)
{
	static const char *const severities[] = { "error", "warning", "info" };

	ck_assert_uint_eq(json_array_size(list), nettrace_finding_count(t));
	for (size_t i = 0; i < nettrace_finding_count(t); i++) {
		const struct nettrace_finding *finding = nettrace_finding_at(t, i);
		json_t *object = json_array_get(list, i);

		same_text(object, "code", finding->code);
		same_text(object, "severity", severities[finding->severity]);
		same_number(object, "rootCause", finding->is_root_cause, 0);
		same_text(object, "message", finding->message.at);
		same_id(object, "dial", finding->dial);
		same_id(object, "request", finding->request);
		ck_assert_uint_eq(json_array_size(member(object, "traceIDs")), finding->record_count);
		ck_assert_uint_eq(json_array_size(member(object, "packets")), finding->packet_count);
		for (size_t k = 0; k < finding->packet_count; k++) {
			same_packet(json_array_get(member(object, "packets"), k), "packet", finding->packets[k]->packet);
			same_text(json_array_get(member(object, "packets"), k), "shows", finding->packets[k]->shows.at);
		}
	}
}

static void same_counts(json_t *capture, struct nettrace *t)
{
	const struct nettrace_counts *counts = nettrace_capture_counts(t);

	same_number(capture, "packets.read", (int64_t)counts->read, -1);
	same_number(capture, "packets.filteredOut", (int64_t)counts->filtered_out, -1);
	same_number(capture, "packets.ip", (int64_t)counts->ip, -1);
	same_number(capture, "packets.tcp", (int64_t)counts->tcp, -1);
	same_number(capture, "packets.udp", (int64_t)counts->udp, -1);
	same_number(capture, "packets.icmp", (int64_t)counts->icmp, -1);
	same_number(capture, "packets.cut", (int64_t)counts->cut, -1);
	same_number(capture, "packets.fragments", (int64_t)counts->fragments, -1);
	same_number(capture, "packets.reassembled", (int64_t)counts->reassembled, -1);
	same_number(capture, "skipped.notIp", (int64_t)counts->not_ip, 0);
	same_number(capture, "skipped.unknownKind", (int64_t)counts->unknown_kind, 0);
	same_number(capture, "skipped.malformed", (int64_t)counts->malformed, 0);
	same_number(capture, "skipped.otherProtocol", (int64_t)counts->other_protocol, 0);
	ck_assert_uint_eq(json_array_size(member(capture, "skipped.unknown")), counts->unknown_count);
	for (size_t i = 0; i < counts->unknown_count; i++) {
		json_t *object = json_array_get(member(capture, "skipped.unknown"), i);

		same_text(object, "registry", counts->unknown[i]->registry);
		same_text(object, "name", counts->unknown[i]->name);
		same_number(object, "packets", (int64_t)counts->unknown[i]->packets, -1);
	}
}

static void same_inputs(json_t *capture, struct nettrace *t)
{
	json_t *input = json_array_get(member(capture, "inputs"), 0), *interface = json_array_get(member(capture, "interfaces"), 0);
	const struct nettrace_input *about = nettrace_input_at(t, 0);

	ck_assert_uint_eq(json_array_size(member(capture, "inputs")), nettrace_input_count(t));
	same_text(input, "name", about->name.at);
	same_text(input, "format", about->format);
	same_text(input, "compression", about->compression);
	same_number(input, "packets", (int64_t)about->packets, -1);
	same_number(input, "bytes", (int64_t)about->bytes, -1);
	same_number(input, "packetsCut", (int64_t)about->cut_packets, 0);
	same_text(input, "damage.reason", about->damage.at);
	same_number(input, "damage.byteOffset", (int64_t)about->damage_offset, 0);
	same_number(input, "damage.packetNumber", (int64_t)about->damage_after_packet, 0);
	same_number(input, "damage.bytesLost", (int64_t)about->lost_bytes, 0);
	ck_assert_uint_eq(json_array_size(member(capture, "interfaces")), nettrace_interface_count(t));
	same_text(interface, "name", nettrace_interface_at(t, 0)->name.at);
	same_number(interface, "linkType", nettrace_interface_at(t, 0)->link_type, -1);
	same_number(interface, "snaplen", nettrace_interface_at(t, 0)->snaplen, 0);
}

static void same_as_golden(struct nettrace *t, const char *path)
{
	json_t *root = golden(path);

	same_dials(member(root, "dials"), t);
	same_tcp(member(root, "tcpConns"), t);
	same_udp(member(root, "udpConns"), t);
	same_dns(member(root, "dnsQueries"), t);
	same_tls(member(root, "tlsTunnels"), t);
	same_http(member(root, "httpRequests"), t);
	same_findings(member(root, "findings"), t);
	same_counts(member(root, "capture"), t);
	same_inputs(member(root, "capture"), t);
	json_decref(root);
}

static const char *const samples[] = {
	"connect-proxy.pcap",
	"cut.pcap",
	"dns-nxdomain.pcap",
	"dns-types.pcap",
	"fragments.pcap",
	"http-chunked.pcap",
	"http-get.pcap.gz",
	"http-get.pcap.zst",
	"http-post.pcap",
	"https-client-cert.pcap",
	"https-download.pcapng",
	"https-tls12.pcap",
	"https-tls12-resumed.pcap",
	"https-tls13-hrr.pcap",
	"icmp-udp-port.pcap",
	"icmp-unreachable.pcap",
	"ipv6-http.pcap",
	"loss.pcap",
	"mid-connection.pcap",
	"quic-blocked.pcap",
	"quic-h3.pcapng",
	"reset.pcap",
	"sll2-any.pcap",
	"snaplen-96.pcap",
	"tcp-refused.pcap",
	"tcp-timeout.pcap",
	"tls-alert.pcap",
	"vlan.pcap",
};

START_TEST(records_are_those_of_the_json_trace)
{
	char sample[80], expected[80];

	snprintf(sample, sizeof sample, "samples/%s", samples[_i]);
	snprintf(expected, sizeof expected, "tests/golden/%s.json", samples[_i]);
	read_sample(trace, sample);
	same_as_golden(trace, expected);
}
END_TEST

/* ---- asking ---- */

START_TEST(every_id_has_a_kind)
{
	read_sample(trace, "samples/https-download.pcapng");
	ck_assert_int_eq(nettrace_kind_of(trace, nettrace_dial_at(trace, 0)->id), NETTRACE_DIAL);
	ck_assert_int_eq(nettrace_kind_of(trace, nettrace_tcp_connection_at(trace, 0)->id), NETTRACE_TCP_CONNECTION);
	ck_assert_int_eq(nettrace_kind_of(trace, nettrace_udp_connection_at(trace, 0)->id), NETTRACE_UDP_CONNECTION);
	ck_assert_int_eq(nettrace_kind_of(trace, nettrace_dns_conversation_at(trace, 0)->id), NETTRACE_DNS_CONVERSATION);
	ck_assert_int_eq(nettrace_kind_of(trace, nettrace_tls_tunnel_at(trace, 0)->id), NETTRACE_TLS_TUNNEL);
	ck_assert_int_eq(nettrace_kind_of(trace, nettrace_http_request_at(trace, 0)->id), NETTRACE_HTTP_REQUEST);
	ck_assert_int_eq(nettrace_kind_of(trace, 0), NETTRACE_NOTHING);
	ck_assert_int_eq(nettrace_kind_of(trace, 4000), NETTRACE_NOTHING);
}
END_TEST

START_TEST(records_are_found_by_their_id)
{
	const struct nettrace_http_request *request;

	read_sample(trace, "samples/https-download.pcapng");
	request = nettrace_http_request_at(trace, 0);
	ck_assert_ptr_eq(nettrace_find_http_request(trace, request->id), request);
	ck_assert_uint_eq(nettrace_find_tcp_connection(trace, request->tcp_connection)->id, request->tcp_connection);
	ck_assert_ptr_null(nettrace_find_dial(trace, request->id));
	ck_assert_ptr_null(nettrace_find_dial(trace, 0));
	ck_assert_ptr_null(nettrace_http_request_at(trace, nettrace_http_request_count(trace)));
}
END_TEST

START_TEST(a_record_asked_for_again_is_the_same)
{
	read_sample(trace, "samples/https-download.pcapng");
	ck_assert_ptr_eq(nettrace_dial_at(trace, 1), nettrace_dial_at(trace, 1));
	ck_assert_ptr_ne(nettrace_dial_at(trace, 0), nettrace_dial_at(trace, 1));
}
END_TEST

START_TEST(only_packets_that_match_the_filter_are_taken)
{
	must(trace, nettrace_set_filter(trace, "udp port 53"));
	read_sample(trace, "samples/https-download.pcapng");
	ck_assert_uint_eq(nettrace_tcp_connection_count(trace), 0);
	ck_assert_uint_eq(nettrace_dns_conversation_count(trace), 2);
	ck_assert_uint_eq(nettrace_capture_counts(trace)->read, 51);
	ck_assert_uint_eq(nettrace_capture_counts(trace)->filtered_out, 43);
}
END_TEST

START_TEST(header_fields_are_kept_only_when_asked_for)
{
	const struct nettrace_http_request *request;

	must(trace, nettrace_add_input(trace, "samples/http-get.pcap"));
	must(trace, nettrace_read(trace));
	ck_assert_uint_eq(nettrace_http_request_at(trace, 0)->request_field_count, 0);
	must(other, nettrace_add_input(other, "samples/http-get.pcap"));
	must(other, nettrace_set_headers(other, NETTRACE_HEADERS_VALUES));
	must(other, nettrace_exclude_header(other, "user-agent"));
	must(other, nettrace_read(other));
	request = nettrace_http_request_at(other, 0);
	ck_assert_uint_gt(request->request_field_count, 0);
	for (size_t i = 0; i < request->request_field_count; i++) {
		ck_assert_str_ne(request->request_fields[i]->name.at, "User-Agent");
		ck_assert_uint_eq(request->request_fields[i]->value.size, request->request_fields[i]->value_bytes);
	}
}
END_TEST

START_TEST(a_cut_capture_is_read_and_said_to_be_damaged)
{
	read_sample(trace, "samples/cut.pcap");
	ck_assert(nettrace_input_at(trace, 0)->damaged);
	ck_assert_str_ne(nettrace_input_at(trace, 0)->damage.at, "");
	ck_assert_uint_gt(nettrace_tcp_connection_count(trace), 0);
}
END_TEST

START_TEST(an_undamaged_capture_reached_no_limit)
{
	read_sample(trace, "samples/http-get.pcap");
	ck_assert(!nettrace_input_at(trace, 0)->damaged);
	ck_assert_str_eq(nettrace_input_at(trace, 0)->damage.at, "");
	ck_assert_uint_eq(nettrace_limit_count(trace), 0);
	ck_assert_ptr_null(nettrace_limit_at(trace, 0));
	ck_assert_ptr_null(nettrace_input_at(trace, 1));
}
END_TEST

/* ---- files that are made ---- */

/* A scene as a capture; its path lives until recordings_remove(). */
static const char *capture_of(const struct scene *s)
{
	static char path[128];
	struct pcap_bytes file = pcap_bytes_little();
	FILE *out;

	file.nanoseconds = true;
	pcap_bytes_header(&file, 1, 0);
	for (uint64_t i = 1; i <= s->frames; i++)
		pcap_bytes_record(&file, s->kept[i].time, s->kept[i].at, s->kept[i].captured, s->kept[i].size);
	recordings_make();
	snprintf(path, sizeof path, "%s", recordings_path("scene.pcap"));
	out = fopen(path, "w");
	ck_assert_ptr_nonnull(out);
	ck_assert_uint_eq(fwrite(file.out.at, 1, file.out.size, out), file.out.size);
	fclose(out);
	pcap_bytes_free(&file);
	return path;
}

static const char *text_file(const char *text)
{
	static char path[128];
	FILE *out;

	recordings_make();
	snprintf(path, sizeof path, "%s", recordings_path("text"));
	out = fopen(path, "w");
	ck_assert_ptr_nonnull(out);
	fputs(text, out);
	fclose(out);
	return path;
}

/* ---- settings ---- */

START_TEST(only_connections_of_the_clients_are_told)
{
	must(trace, nettrace_add_client(trace, "10.77.0.1"));
	read_sample(trace, "samples/https-download.pcapng");
	ck_assert_uint_eq(nettrace_tcp_connection_count(trace) + nettrace_udp_connection_count(trace), 0);
	must(other, nettrace_add_client(other, "2001:db8::/32"));
	must(other, nettrace_add_client(other, "10.77.0.2/31"));
	read_sample(other, "samples/https-download.pcapng");
	ck_assert_uint_eq(nettrace_tcp_connection_count(other), 2);
}
END_TEST

START_TEST(what_is_no_client_is_an_error)
{
	static const char *const wrong[] = { "www.example.test", "10.0.0.0/33", "10.0.0.0/", "", NULL };

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		ck_assert_int_eq(nettrace_add_client(trace, wrong[i]), NETTRACE_EUSAGE);
		ck_assert_ptr_nonnull(strstr(nettrace_error(trace), "not an IP address"));
	}
}
END_TEST

START_TEST(a_conntrack_log_is_joined_with_connections_and_its_other_lines_are_noted)
{
	const struct nettrace_conntrack *entry;

	must(trace,
	     nettrace_add_conntrack(
		     trace, text_file("tcp 6 99 ESTABLISHED src=10.77.0.2 dst=10.77.0.1 sport=50566 dport=80 packets=5 bytes=400 "
				      "src=192.0.2.7 dst=10.77.0.2 sport=8080 dport=50566 packets=4 bytes=700 [ASSURED] mark=7\n"
				      "what is this?\n")));
	read_sample(trace, "samples/https-download.pcapng");
	entry = nettrace_find_tcp_connection(trace, nettrace_http_request_at(trace, 0)->tcp_connection)->conntrack;
	ck_assert_ptr_nonnull(entry);
	ck_assert_str_eq(entry->source.address_text, "10.77.0.2");
	ck_assert_uint_eq(entry->destination.port, 80);
	ck_assert_str_eq(entry->reply_source.address_text, "192.0.2.7");
	ck_assert_uint_eq(entry->reply_source.port, 8080);
	ck_assert_str_eq(entry->tcp_state, "established");
	ck_assert_str_eq(entry->status_text, "seen-reply|assured|confirmed|dst-nat");
	ck_assert_uint_eq(entry->mark, 7);
	ck_assert(entry->has_counters);
	ck_assert_uint_eq(entry->received_bytes, 700);
	ck_assert_uint_eq(nettrace_note_count(trace), 1);
	ck_assert_ptr_nonnull(strstr(nettrace_note_at(trace, 0), "1 line is no connection tracking entry"));
	ck_assert_ptr_null(nettrace_note_at(trace, 1));
	recordings_remove();
}
END_TEST

START_TEST(malformed_lines_of_a_key_log_are_noted)
{
	must(trace,
	     nettrace_add_key_log(trace, text_file("# keys\nCLIENT_RANDOM "
						   "0123456789012345678901234567890123456789012345678901234567890123 00\n")));
	read_sample(trace, "samples/https-tls12.pcap");
	ck_assert_uint_eq(nettrace_note_count(trace), 1);
	ck_assert_ptr_nonnull(strstr(nettrace_note_at(trace, 0), "malformed"));
	recordings_remove();
}
END_TEST

/* A client's packet of NTP (RFC 5905 7.3): of what is not dissected here. */
static const char *capture_of_ntp(void)
{
	static const uint8_t packet[48] = { 0x23 };
	const char *path;
	struct scene s;

	scene_begin(&s);
	scene_udp(&s, "10.0.0.1", 50000, "10.0.0.2", 123, packet, sizeof packet);
	scene_end(&s);
	path = capture_of(&s);
	scene_free(&s);
	return path;
}

START_TEST(ndpi_is_asked_unless_told_otherwise)
{
	const char *path = capture_of_ntp();

	read_sample(trace, path);
	ck_assert_str_eq(nettrace_udp_connection_at(trace, 0)->app_protocol.at, "NTP");
	must(other, nettrace_set_app_protocol(other, false));
	read_sample(other, path);
	ck_assert_str_eq(nettrace_udp_connection_at(other, 0)->app_protocol.at, "");
	recordings_remove();
}
END_TEST

/* ---- privacy ---- */

#define SECRET "s3cr3t"

/* Every place of a request where a credential can stand. */
static const char *capture_of_secrets(void)
{
	const char *path;
	struct scene_tcp t;
	struct scene s;

	scene_begin(&s);
	t = scene_tcp(&s, 40000, 80);
	scene_open(&t);
	scene_send(&t, CLIENT,
		   "GET http://u:" SECRET "@a.test/b?x=1&token=" SECRET " HTTP/1.1\r\nHost: a.test\r\nCookie: id=" SECRET
		   "\r\nAuthorization: Bearer " SECRET "\r\nReferer: http://a.test/?password=" SECRET "\r\n\r\n");
	scene_send(&t, SERVER,
		   "HTTP/1.1 302 See /?token=" SECRET "\r\nSet-Cookie: id=" SECRET "\r\nLocation: http://u:" SECRET
		   "@a.test/c?access_token=" SECRET "\r\nContent-Length: 0\r\n\r\n");
	scene_send(&t, CLIENT, "GET http://a.test/c?access_token=" SECRET " HTTP/1.1\r\nHost: a.test\r\n\r\n");
	scene_rst(&t, SERVER);
	scene_end(&s);
	path = capture_of(&s);
	scene_free(&s);
	return path;
}

/* How many texts of the trace have the secret. */
static size_t told_secrets(struct nettrace *t)
{
	size_t count = 0;

	for (size_t i = 0; i < nettrace_http_request_count(t); i++) {
		const struct nettrace_http_request *request = nettrace_http_request_at(t, i);

		count += strstr(request->url.at, SECRET) != NULL;
		count += strstr(request->reason.at, SECRET) != NULL;
		count += strstr(request->error.at, SECRET) != NULL;
		for (size_t k = 0; k < request->request_field_count; k++)
			count += strstr(request->request_fields[k]->value.at, SECRET) != NULL;
		for (size_t k = 0; k < request->response_field_count; k++)
			count += strstr(request->response_fields[k]->value.at, SECRET) != NULL;
	}
	for (size_t i = 0; i < nettrace_finding_count(t); i++) {
		const struct nettrace_finding *finding = nettrace_finding_at(t, i);

		count += strstr(finding->message.at, SECRET) != NULL;
		for (size_t k = 0; k < finding->packet_count; k++)
			count += strstr(finding->packets[k]->shows.at, SECRET) != NULL;
	}
	return count;
}

START_TEST(no_credential_is_told_unless_asked_for)
{
	const char *path = capture_of_secrets();

	must(trace, nettrace_add_input(trace, path));
	must(trace, nettrace_set_headers(trace, (enum nettrace_headers)_i));
	must(trace, nettrace_read(trace));
	ck_assert_uint_eq(nettrace_http_request_count(trace), 2);
	ck_assert_uint_eq(told_secrets(trace), 0);
	ck_assert_ptr_nonnull(strstr(nettrace_http_request_at(trace, 0)->url.at, "token=***"));
	must(other, nettrace_add_input(other, path));
	must(other, nettrace_set_headers(other, (enum nettrace_headers)_i));
	must(other, nettrace_set_secrets(other, true));
	must(other, nettrace_read(other));
	ck_assert_uint_ge(told_secrets(other), _i == NETTRACE_HEADERS_VALUES ? 5 : 2);
	recordings_remove();
}
END_TEST

/* ---- texts ---- */

static void safe(const char *text, size_t size, size_t room, const char *expected, size_t needed)
{
	char out[64];

	memset(out, '#', sizeof out);
	ck_assert_uint_eq(nettrace_text_safe((struct nettrace_text){ text, size }, out, room), needed);
	ck_assert(!room || memchr(out, 0, room));
	ck_assert_str_eq(room ? out : "", expected);
	ck_assert_int_eq(out[room], '#');
}

START_TEST(safe_text_does_nothing_to_a_terminal)
{
	safe("www.example.test", 16, 60, "www.example.test", 16);
	safe("gr\xc3\xbc\xc3\x9f", 6, 60, "gr\xc3\xbc\xc3\x9f", 6);
	safe("a\33[2Jb\n\0", 8, 60, "a\\x1b[2Jb\\x0a\\x00", 17);
	safe("\xff\xe2\x80\xae", 4, 60, "\\xff\\xe2\\x80\\xae", 16);
	safe("", 0, 60, "", 0);
}
END_TEST

START_TEST(safe_text_that_does_not_fit_ends_before_a_character)
{
	safe("abc", 3, 4, "abc", 3);
	safe("abc", 3, 3, "ab", 3);
	safe("a\nb", 3, 5, "a", 6);
	safe("a\xc3\xbc"
	     "b",
	     4, 3, "a", 4);
	safe("abc", 3, 1, "", 3);
	safe("abc", 3, 0, "", 3);
}
END_TEST

/* ---- traces of the Go library ---- */

START_TEST(records_that_only_a_go_trace_tells_say_so)
{
	const struct nettrace_dial *dial;

	read_sample(trace, "tests/golden/http-get.pcap.json"); /* of the same form */
	ck_assert_str_eq(nettrace_input_at(trace, 0)->format, "go-trace");
	dial = nettrace_dial_at(trace, 0);
	ck_assert_ptr_nonnull(dial->go_trace);
	ck_assert(dial->go_trace->alone);
	ck_assert_uint_eq(dial->go_trace->id, dial->id);
	ck_assert_uint_eq(dial->go_trace->filled_count, 0);
	ck_assert_int_eq(dial->context_close_ns, NETTRACE_TIME_NONE);
	ck_assert_str_eq(dial->host.at, "www.example.test");
}
END_TEST

START_TEST(records_of_packets_and_a_go_trace_are_one)
{
	must(trace, nettrace_add_input(trace, "tests/golden/http-get.pcap.json"));
	read_sample(trace, "samples/http-get.pcap");
	ck_assert_uint_eq(nettrace_http_request_count(trace), 1);
	ck_assert_ptr_nonnull(nettrace_http_request_at(trace, 0)->go_trace);
	ck_assert(!nettrace_http_request_at(trace, 0)->go_trace->alone);
	ck_assert_uint_eq(nettrace_http_request_at(trace, 0)->go_trace->input, 1);
}
END_TEST

/* ---- recordings ---- */

static const char *recording_of_two_sessions(void)
{
	static char path[128];

	recordings_make();
	snprintf(path, sizeof path, "%s", recordings_path("trace.db"));
	for (int i = 0; i < 2; i++) {
		struct recording *r = writer_with_session(path);

		put_packets(r, 1, (uint64_t)i + 1, 60);
		close_recording(r);
	}
	return path;
}

START_TEST(the_last_session_is_read_unless_another_is_chosen)
{
	const char *path = recording_of_two_sessions();

	read_sample(trace, path);
	ck_assert_uint_eq(nettrace_capture_counts(trace)->read, 2);
	ck_assert_str_eq(nettrace_input_at(trace, 0)->format, "recording");
	must(other, nettrace_set_session(other, "1"));
	read_sample(other, path);
	ck_assert_uint_eq(nettrace_capture_counts(other)->read, 1);
	recordings_remove();
}
END_TEST

/* A live session with a command, an event and statistics. */
static const char *recording_of_a_command(void)
{
	static char path[128];
	struct recording_session session = { .begin = PACKETS_BEGIN,
					     .end = NT_TIME_NONE,
					     .host = "vm",
					     .command = "curl -u u:" SECRET " http://a.test/",
					     .command_begin = PACKETS_BEGIN + 1,
					     .command_end = NT_TIME_NONE,
					     .source = "live" };
	const struct recording_interface interface = { .id = 0, .link_type = 1, .name = "eth0" };
	const struct recording_event event = { .time = PACKETS_BEGIN + 5, .kind = "kernel-drops", .subject = "eth0", .count = 3 };
	const struct recording_statistics statistics = {
		.time = PACKETS_BEGIN, .subject = "eth0", .received = 9, .dropped_by_kernel = 3
	};
	struct recording *r;

	recordings_make();
	snprintf(path, sizeof path, "%s", recordings_path("command.db"));
	r = writer_of(path);
	begin_session(r, &session);
	ck_assert_int_eq(recording_put_interface(r, &interface, NULL), NT_OK);
	put_packets(r, 1, 2, 60);
	ck_assert_int_eq(recording_put_event(r, &event, NULL), NT_OK);
	ck_assert_int_eq(recording_put_statistics(r, &statistics, NULL), NT_OK);
	session.end = session.command_end = PACKETS_BEGIN + NT_SECOND;
	session.end_reason = "command";
	session.has_exit_status = true;
	session.exit_status = 6;
	ck_assert_int_eq(recording_end_session(r, &session, NULL), NT_OK);
	close_recording(r);
	return path;
}

START_TEST(the_session_of_a_recording_is_told_without_arguments_of_the_command)
{
	const char *path = recording_of_a_command();
	const struct nettrace_session *session;

	read_sample(trace, path);
	session = nettrace_recorded_session(trace);
	ck_assert_int_eq(session->number, 1);
	ck_assert_int_eq(session->end_ns, PACKETS_BEGIN + NT_SECOND);
	ck_assert_str_eq(session->host.at, "vm");
	ck_assert_str_eq(session->kernel.at, "");
	ck_assert_str_eq(session->end_reason.at, "command");
	ck_assert_str_eq(session->program.at, "curl");
	ck_assert_str_eq(session->command.at, "");
	ck_assert(session->has_exit_status);
	ck_assert_int_eq(session->exit_status, 6);
	ck_assert_uint_eq(session->event_count, 1);
	ck_assert_str_eq(session->events[0]->kind.at, "kernel-drops");
	ck_assert_int_eq(session->events[0]->count, 3);
	ck_assert_uint_eq(session->statistics_count, 1);
	ck_assert_uint_eq(session->statistics[0]->dropped_by_kernel, 3);
	ck_assert_str_eq(nettrace_interface_at(trace, 0)->name.at, "eth0");
	ck_assert_int_eq(nettrace_begin_ns(trace), PACKETS_BEGIN);
	must(other, nettrace_set_secrets(other, true));
	read_sample(other, path);
	ck_assert_str_eq(nettrace_recorded_session(other)->command.at, "curl -u u:" SECRET " http://a.test/");
	recordings_remove();
}
END_TEST

/* ---- errors ---- */

/* The status, and that there is a sentence and no record. */
static void fails(struct nettrace *t, enum nettrace_status expected, const char *words)
{
	ck_assert_int_eq(nettrace_read(t), expected);
	ck_assert_msg(strstr(nettrace_error(t), words) != NULL, "'%s' does not say '%s'", nettrace_error(t), words);
	ck_assert_uint_eq(nettrace_input_count(t), 0);
	ck_assert_uint_eq(nettrace_finding_count(t), 0);
	ck_assert_ptr_null(nettrace_dial_at(t, 0));
	ck_assert_ptr_null(nettrace_capture_counts(t));
	ck_assert_ptr_null(nettrace_recorded_session(t));
}

START_TEST(a_missing_file_is_an_error_with_its_name)
{
	ck_assert_str_eq(nettrace_error(trace), "");
	must(trace, nettrace_add_input(trace, "/nowhere/a.pcap"));
	fails(trace, NETTRACE_EIO, "/nowhere/a.pcap");
}
END_TEST

START_TEST(what_is_no_capture_is_an_error)
{
	must(trace, nettrace_add_input(trace, "Makefile"));
	fails(trace, NETTRACE_EFORMAT, "Makefile");
}
END_TEST

START_TEST(an_input_that_is_not_named_is_an_error)
{
	ck_assert_int_eq(nettrace_add_input(trace, NULL), NETTRACE_EUSAGE);
	ck_assert_int_eq(nettrace_add_input(trace, ""), NETTRACE_EUSAGE);
	ck_assert_int_eq(nettrace_add_key_log(trace, NULL), NETTRACE_EUSAGE);
	ck_assert_int_eq(nettrace_add_conntrack(trace, NULL), NETTRACE_EUSAGE);
	ck_assert_int_eq(nettrace_exclude_header(trace, ""), NETTRACE_EUSAGE);
	ck_assert_str_ne(nettrace_error(trace), "");
	fails(trace, NETTRACE_EUSAGE, "no input");
}
END_TEST

START_TEST(standard_input_is_read_only_once)
{
	must(trace, nettrace_add_input(trace, "-"));
	must(trace, nettrace_add_input(trace, "-"));
	fails(trace, NETTRACE_EUSAGE, "only once");
}
END_TEST

START_TEST(a_conntrack_log_that_cannot_be_read_is_told_at_once)
{
	ck_assert_int_eq(nettrace_add_conntrack(trace, "/nowhere/conntrack"), NETTRACE_EIO);
	ck_assert_ptr_nonnull(strstr(nettrace_error(trace), "/nowhere/conntrack"));
}
END_TEST

START_TEST(a_filter_that_does_not_compile_is_an_error)
{
	must(trace, nettrace_add_input(trace, "samples/http-get.pcap"));
	must(trace, nettrace_set_filter(trace, "port port"));
	fails(trace, NETTRACE_EUSAGE, "port port");
}
END_TEST

START_TEST(no_input_is_an_error)
{
	fails(trace, NETTRACE_EUSAGE, "no input");
}
END_TEST

START_TEST(a_session_of_what_is_no_recording_is_an_error)
{
	must(trace, nettrace_add_input(trace, "samples/http-get.pcap"));
	must(trace, nettrace_set_session(trace, "1"));
	fails(trace, NETTRACE_EUSAGE, "samples/http-get.pcap is none");
}
END_TEST

START_TEST(a_wrong_key_log_or_trust_store_is_told_at_once)
{
	ck_assert_int_eq(nettrace_add_key_log(trace, "/nowhere/keys.log"), NETTRACE_EIO);
	ck_assert_ptr_nonnull(strstr(nettrace_error(trace), "/nowhere/keys.log"));
	ck_assert_int_eq(nettrace_set_trust_store(trace, "Makefile"), NETTRACE_EFORMAT);
	ck_assert_ptr_nonnull(strstr(nettrace_error(trace), "Makefile"));
}
END_TEST

START_TEST(a_handle_reads_once_and_its_settings_come_before)
{
	read_sample(trace, "samples/http-get.pcap");
	ck_assert_int_eq(nettrace_add_input(trace, "samples/http-get.pcap"), NETTRACE_EUSAGE);
	ck_assert_int_eq(nettrace_set_seed(trace, 1), NETTRACE_EUSAGE);
	ck_assert_int_eq(nettrace_read(trace), NETTRACE_EUSAGE);
	ck_assert_uint_eq(nettrace_http_request_count(trace), 1);
}
END_TEST

START_TEST(nothing_is_printed)
{
	const char *path = recording_of_two_sessions();
	struct nettrace *last_session = nettrace_new();
	FILE *printed = tmpfile();
	int old[2] = { dup(1), dup(2) };

	ck_assert_ptr_nonnull(printed);
	fflush(NULL);
	dup2(fileno(printed), 1);
	dup2(fileno(printed), 2);
	nettrace_add_input(last_session, path);
	nettrace_read(last_session);
	nettrace_free(last_session);
	nettrace_add_input(trace, path);
	nettrace_set_session(trace, "9");
	nettrace_read(trace);
	nettrace_add_input(other, "samples/cut.pcap");
	nettrace_read(other);
	fflush(NULL);
	dup2(old[0], 1);
	dup2(old[1], 2);
	close(old[0]);
	close(old[1]);
	ck_assert_int_eq(lseek(fileno(printed), 0, SEEK_END), 0);
	ck_assert_ptr_nonnull(strstr(nettrace_error(trace), "no session 9"));
	fclose(printed);
	recordings_remove();
}
END_TEST

/* ---- early stop, and several at once ---- */

static bool ten_packets(void *context, uint64_t packets)
{
	*(uint64_t *)context = packets;
	return packets < 10;
}

START_TEST(what_was_read_before_a_stop_is_there)
{
	uint64_t packets = 0;

	must(trace, nettrace_add_input(trace, "samples/https-download.pcapng"));
	must(trace, nettrace_set_progress(trace, ten_packets, &packets));
	ck_assert_int_eq(nettrace_read(trace), NETTRACE_STOPPED);
	ck_assert_uint_eq(packets, 10);
	ck_assert_uint_eq(nettrace_tcp_connection_count(trace), 1);
	ck_assert_uint_eq(nettrace_http_request_at(trace, 0)->status, 301);
}
END_TEST

START_TEST(two_handles_do_not_know_of_each_other)
{
	must(trace, nettrace_add_input(trace, "samples/https-download.pcapng"));
	read_sample(other, "samples/tcp-refused.pcap");
	must(trace, nettrace_set_headers(trace, NETTRACE_HEADERS_LENGTHS));
	must(trace, nettrace_read(trace));
	same_as_golden(other, "tests/golden/tcp-refused.pcap.json");
	same_as_golden(trace, "tests/golden/https-download.pcapng.json");
	nettrace_free(other);
	other = NULL;
	same_as_golden(trace, "tests/golden/https-download.pcapng.json");
}
END_TEST

static void *read_often(void *path)
{
	size_t requests = 0;

	for (int i = 0; i < 4; i++) {
		struct nettrace *t = nettrace_new();

		if (nettrace_add_input(t, path) == NETTRACE_OK && nettrace_read(t) == NETTRACE_OK && nettrace_http_request_at(t, 0))
			requests += nettrace_http_request_at(t, 0)->status > 0;
		nettrace_free(t);
	}
	return (void *)requests;
}

START_TEST(each_thread_can_have_a_handle)
{
	static char paths[2][40] = { "samples/https-download.pcapng", "samples/http-get.pcap" };
	pthread_t threads[2];

	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, read_often, paths[i]), 0);
	for (int i = 0; i < 2; i++) {
		void *requests;

		ck_assert_int_eq(pthread_join(threads[i], &requests), 0);
		ck_assert_uint_eq((size_t)requests, 4);
	}
}
END_TEST

START_TEST(the_parts_of_the_version_agree)
{
	char text[32];

	snprintf(text, sizeof text, "%d.%d.%d", NETTRACE_VERSION_MAJOR, NETTRACE_VERSION_MINOR, NETTRACE_VERSION_PATCH);
	ck_assert_str_eq(NETTRACE_VERSION, text);
	ck_assert_str_eq(nettrace_version(), text);
	ck_assert_int_eq(nettrace_version_number(), NETTRACE_VERSION_NUMBER);
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("library");
	TCase *tcase = tcase_create("library");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_loop_test(tcase, records_are_those_of_the_json_trace, 0, sizeof samples / sizeof *samples);
	tcase_add_test(tcase, only_connections_of_the_clients_are_told);
	tcase_add_test(tcase, what_is_no_client_is_an_error);
	tcase_add_test(tcase, a_conntrack_log_is_joined_with_connections_and_its_other_lines_are_noted);
	tcase_add_test(tcase, malformed_lines_of_a_key_log_are_noted);
	tcase_add_test(tcase, ndpi_is_asked_unless_told_otherwise);
	tcase_add_loop_test(tcase, no_credential_is_told_unless_asked_for, 0, NETTRACE_HEADERS_VALUES + 1);
	tcase_add_test(tcase, safe_text_does_nothing_to_a_terminal);
	tcase_add_test(tcase, safe_text_that_does_not_fit_ends_before_a_character);
	tcase_add_test(tcase, records_that_only_a_go_trace_tells_say_so);
	tcase_add_test(tcase, records_of_packets_and_a_go_trace_are_one);
	tcase_add_test(tcase, the_session_of_a_recording_is_told_without_arguments_of_the_command);
	tcase_add_test(tcase, an_input_that_is_not_named_is_an_error);
	tcase_add_test(tcase, standard_input_is_read_only_once);
	tcase_add_test(tcase, a_conntrack_log_that_cannot_be_read_is_told_at_once);
	tcase_add_test(tcase, every_id_has_a_kind);
	tcase_add_test(tcase, records_are_found_by_their_id);
	tcase_add_test(tcase, a_record_asked_for_again_is_the_same);
	tcase_add_test(tcase, only_packets_that_match_the_filter_are_taken);
	tcase_add_test(tcase, header_fields_are_kept_only_when_asked_for);
	tcase_add_test(tcase, a_cut_capture_is_read_and_said_to_be_damaged);
	tcase_add_test(tcase, an_undamaged_capture_reached_no_limit);
	tcase_add_test(tcase, the_last_session_is_read_unless_another_is_chosen);
	tcase_add_test(tcase, a_missing_file_is_an_error_with_its_name);
	tcase_add_test(tcase, what_is_no_capture_is_an_error);
	tcase_add_test(tcase, a_filter_that_does_not_compile_is_an_error);
	tcase_add_test(tcase, no_input_is_an_error);
	tcase_add_test(tcase, a_session_of_what_is_no_recording_is_an_error);
	tcase_add_test(tcase, a_wrong_key_log_or_trust_store_is_told_at_once);
	tcase_add_test(tcase, a_handle_reads_once_and_its_settings_come_before);
	tcase_add_test(tcase, nothing_is_printed);
	tcase_add_test(tcase, what_was_read_before_a_stop_is_there);
	tcase_add_test(tcase, two_handles_do_not_know_of_each_other);
	tcase_add_test(tcase, each_thread_can_have_a_handle);
	tcase_add_test(tcase, the_parts_of_the_version_agree);
	suite_add_tcase(suite, tcase);
	return suite;
}
