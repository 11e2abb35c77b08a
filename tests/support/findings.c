#include "tests/support/findings.h"
#include "tests/support/net_frame.h"
#include "tests/support/quic_wire.h"

#include <check.h>
#include <ctype.h>
#include <string.h>

/* ---- one frame again ---- */

enum { FIRST_CLIENT_PORT = 40000, DNS_HEADER = 12, RESPONSE = 0x80, TRUNCATED = 0x02, ALERT = 21, HANDSHAKE = 22 };

struct seen {
	const struct scene *scene;
	uint64_t number;
	struct net_frame frame;
	uint8_t protocol;
	struct tcp_segment tcp;
	uint16_t source_port, destination_port;
	struct bytes data; /* payload of TCP or UDP */
	struct icmp_message icmp;
};

enum { PROTOCOL_ICMP = 1, PROTOCOL_TCP = 6, PROTOCOL_UDP = 17, PROTOCOL_ICMPV6 = 58 };

static void look_at_ports(struct seen *p)
{
	struct udp_datagram udp;

	if (p->protocol == PROTOCOL_TCP && tcp_read(p->frame.packet.payload, &p->tcp) != CUR_BAD) {
		p->source_port = p->tcp.source_port;
		p->destination_port = p->tcp.destination_port;
		p->data = cur_rest(&p->tcp.payload);
	} else if (p->protocol == PROTOCOL_UDP && udp_read(p->frame.packet.payload, &udp) == CUR_OK) {
		p->source_port = udp.source_port;
		p->destination_port = udp.destination_port;
		p->data = cur_rest(&udp.payload);
	}
}

static struct seen look_at(const struct scene *s, uint64_t number)
{
	struct seen p = { .scene = s, .number = number };
	const struct scene_kept *kept;

	ck_assert_msg(number >= 1 && number <= s->frames, "frame %llu was never sent", (unsigned long long)number);
	kept = &s->kept[number];
	p.frame = net_frame_cut(s->interface.link_type, (struct bytes){ kept->at, kept->captured }, kept->captured, kept->size);
	p.protocol = p.frame.packet.protocol;
	look_at_ports(&p);
	if (p.protocol == PROTOCOL_ICMP || p.protocol == PROTOCOL_ICMPV6)
		icmp_read(p.frame.packet.ip_version, p.frame.packet.payload, &p.icmp);
	return p;
}

static void look_away(struct seen *p)
{
	net_frame_free(&p->frame);
}

/* ---- what a frame can show ---- */

static bool by_server(const struct seen *p)
{
	return p->source_port < FIRST_CLIENT_PORT;
}

static bool is_tcp(const struct seen *p)
{
	return p->protocol == PROTOCOL_TCP;
}

static bool is_syn(const struct seen *p)
{
	return is_tcp(p) && !by_server(p) && (p->tcp.flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN;
}

static bool is_syn_to_name_server(const struct seen *p)
{
	return is_syn(p) && p->destination_port == 53;
}

static bool is_rst(const struct seen *p)
{
	return is_tcp(p) && by_server(p) && p->tcp.flags & TCP_RST;
}

static bool is_fin(const struct seen *p)
{
	return is_tcp(p) && by_server(p) && p->tcp.flags & TCP_FIN;
}

static bool is_client_closing(const struct seen *p)
{
	return is_tcp(p) && !by_server(p) && p->tcp.flags & (TCP_FIN | TCP_RST);
}

static bool is_data(const struct seen *p)
{
	return is_tcp(p) && p->data.size;
}

static bool is_client_data(const struct seen *p)
{
	return is_data(p) && !by_server(p);
}

static bool is_server_data(const struct seen *p)
{
	return is_data(p) && by_server(p);
}

static bool begins_with(const struct seen *p, const char *text)
{
	return p->data.size >= strlen(text) && memcmp(p->data.at, text, strlen(text)) == 0;
}

/* Whether one of the HTTP/2 frames (RFC 9113 4.1) that begin in this segment is of this type. */
static bool has_http2_frame(const struct seen *p, uint8_t type)
{
	const size_t preface = 24, header = 9;
	size_t at = begins_with(p, "PRI * HTTP/2.0") ? preface : 0;

	while (at + header <= p->data.size) {
		const uint8_t *frame = p->data.at + at;

		if (frame[3] == type)
			return true;
		at += header + ((size_t)frame[0] << 16 | (size_t)frame[1] << 8 | frame[2]);
	}
	return false;
}

/* What a record of TLS holds cannot be seen here: that it is application data has to do. */
static bool is_sealed(const struct seen *p)
{
	return begins_with(p, "\x17\3\3");
}

static bool is_request(const struct seen *p)
{
	return is_client_data(p) && (is_sealed(p) || (memmem(p->data.at, p->data.size, " HTTP/1.", 8) && isupper(p->data.at[0])) ||
				     has_http2_frame(p, 1)); /* HEADERS */
}

static bool is_rst_stream(const struct seen *p)
{
	return is_data(p) && has_http2_frame(p, 3);
}

static bool is_goaway(const struct seen *p)
{
	return is_server_data(p) && has_http2_frame(p, 7);
}

static bool is_response(const struct seen *p)
{
	return is_server_data(p) && (is_sealed(p) || begins_with(p, "HTTP/1.") || has_http2_frame(p, 1));
}

static bool is_redirect(const struct seen *p)
{
	return is_server_data(p) && (begins_with(p, "HTTP/1.1 3") || begins_with(p, "HTTP/1.0 3"));
}

static bool is_end_of_body(const struct seen *p)
{
	return is_server_data(p) || is_fin(p);
}

/* An Initial packet with such a frame; the keys are those of every client of quic_wire.h. */
static bool has_quic_frame(const struct seen *p, enum quic_side side, enum quic_frame_type type)
{
	struct cursor datagram = cur_of(p->data.at, p->data.size, 0), frames;
	struct quic_wire_end client = quic_wire_client(1);
	struct quic_frame frame;
	struct quic_header header;
	struct quic_keys keys;
	struct bytes content;
	uint64_t number;
	uint8_t out[2000];

	if (p->protocol != PROTOCOL_UDP || by_server(p) != (side == QUIC_SERVER) ||
	    quic_read_header(&datagram, &header) != CUR_OK || header.type != QUIC_INITIAL)
		return false;
	if (!quic_keys_initial(header.version, client.origin, side, &keys) || !quic_open(&keys, &header, 0, out, &content, &number))
		return false;
	frames = cur_of(content.at, content.size, 0);
	while ((frame = quic_next_frame(&frames)).type != QUIC_FRAME_NONE)
		if (frame.type == type)
			return true;
	return false;
}

static bool is_quic_hello(const struct seen *p)
{
	return has_quic_frame(p, QUIC_CLIENT, QUIC_FRAME_CRYPTO);
}

static bool is_quic_close_by_client(const struct seen *p)
{
	return has_quic_frame(p, QUIC_CLIENT, QUIC_FRAME_CLOSE);
}

static bool is_quic_close_by_server(const struct seen *p)
{
	return has_quic_frame(p, QUIC_SERVER, QUIC_FRAME_CLOSE);
}

static bool is_version_negotiation(const struct seen *p)
{
	return p->protocol == PROTOCOL_UDP && by_server(p) && p->data.size > 5 && memcmp(p->data.at + 1, "\0\0\0\0", 4) == 0;
}

static bool is_client_hello(const struct seen *p)
{
	return is_quic_hello(p) || (is_client_data(p) && p->data.size > 5 && p->data.at[0] == HANDSHAKE && p->data.at[5] == 1);
}

static bool has_record(const struct seen *p, uint8_t type)
{
	size_t at = 0;

	while (p->data.size >= 5 && at <= p->data.size - 5) {
		if (p->data.at[at] == type)
			return true;
		at += 5 + ((size_t)p->data.at[at + 3] << 8) + p->data.at[at + 4];
	}
	return false;
}

static bool is_client_alert(const struct seen *p)
{
	return is_quic_close_by_client(p) || (is_client_data(p) && has_record(p, ALERT));
}

static bool is_server_alert(const struct seen *p)
{
	return is_quic_close_by_server(p) || (is_server_data(p) && has_record(p, ALERT));
}

static bool is_server_record(const struct seen *p)
{
	return is_server_data(p) && p->data.size > 2 && p->data.at[0] >= 20 && p->data.at[0] <= 24 && p->data.at[1] == 3;
}

static bool is_handshake(const struct seen *p)
{
	return is_data(p) && has_record(p, HANDSHAKE);
}

static struct bytes dns_of(const struct seen *p)
{
	struct bytes message = p->data;

	if (is_tcp(p) && message.size >= 2) {
		message.at += 2;
		message.size -= 2;
	}
	return message.size >= DNS_HEADER ? message : (struct bytes){ NULL, 0 };
}

static bool is_query(const struct seen *p)
{
	struct bytes message = dns_of(p);

	return p->destination_port == 53 && message.size && !(message.at[2] & RESPONSE);
}

/* From the name server's port, or (in a reply that fits no query) from another one. */
static bool is_reply(const struct seen *p)
{
	struct bytes message = dns_of(p);

	return p->protocol != PROTOCOL_ICMP && message.size && message.at[2] & RESPONSE;
}

static bool is_negative_reply(const struct seen *p)
{
	return is_reply(p) && dns_of(p).at[6] == 0 && dns_of(p).at[7] == 0;
}

static bool is_truncated_reply(const struct seen *p)
{
	return is_reply(p) && p->protocol == PROTOCOL_UDP && dns_of(p).at[2] & TRUNCATED;
}

static bool quotes(const struct seen *p, uint8_t protocol)
{
	struct net_packet quoted;

	if (!p->icmp.is_error)
		return false;
	net_decode_quoted(p->frame.packet.ip_version, p->icmp.quoted, &quoted);
	return quoted.protocol == protocol;
}

static bool quotes_tcp(const struct seen *p)
{
	return quotes(p, PROTOCOL_TCP);
}

static bool quotes_syn(const struct seen *p)
{
	return quotes_tcp(p);
}

static bool is_client_zero_window(const struct seen *p)
{
	return p->protocol == PROTOCOL_TCP && p->tcp.window == 0 && !by_server(p);
}

static bool is_server_zero_window(const struct seen *p)
{
	return p->protocol == PROTOCOL_TCP && p->tcp.window == 0 && by_server(p);
}

static bool quotes_datagram(const struct seen *p)
{
	return quotes(p, PROTOCOL_UDP);
}

static bool is_cut(const struct seen *p)
{
	return p->scene->kept[p->number].captured < p->scene->kept[p->number].size;
}

static bool is_older_than_before(const struct seen *p)
{
	return p->number > 1 && p->scene->kept[p->number].time < p->scene->kept[p->number - 1].time;
}

/* ---- what an earlier frame must have shown too ---- */

static bool same_segment(const struct seen *p, const struct seen *earlier)
{
	return is_tcp(earlier) && earlier->source_port == p->source_port && earlier->tcp.sequence == p->tcp.sequence &&
	       earlier->tcp.flags & p->tcp.flags && bytes_equal(earlier->data, p->data);
}

/* Whether both have bytes for one place in the stream, and other ones. */
static bool other_content(const struct seen *p, const struct seen *earlier)
{
	const int32_t ahead = (int32_t)(p->tcp.sequence - earlier->tcp.sequence);
	const size_t skip = ahead > 0 ? (size_t)ahead : 0, skip_here = ahead < 0 ? (size_t)-ahead : 0;
	size_t size;

	if (!is_data(earlier) || earlier->source_port != p->source_port || skip >= earlier->data.size || skip_here >= p->data.size)
		return false;
	size = earlier->data.size - skip < p->data.size - skip_here ? earlier->data.size - skip : p->data.size - skip_here;
	return memcmp(earlier->data.at + skip, p->data.at + skip_here, size) != 0;
}

static bool same_question(const struct seen *p, const struct seen *earlier)
{
	struct bytes a = dns_of(p), b = dns_of(earlier);

	return is_query(earlier) && bytes_equal((struct bytes){ a.at + DNS_HEADER, a.size - DNS_HEADER },
						(struct bytes){ b.at + DNS_HEADER, b.size - DNS_HEADER });
}

static bool same_datagram(const struct seen *p, const struct seen *earlier)
{
	return is_reply(earlier) && bytes_equal(p->data, earlier->data);
}

static bool refers_to_syn(const struct seen *p, const struct seen *earlier)
{
	return is_syn(earlier) && earlier->tcp.sequence + 1 == p->tcp.acknowledgment && earlier->source_port == p->destination_port;
}

static bool came_before(const struct seen *p, bool (*same)(const struct seen *, const struct seen *))
{
	bool found = false;

	for (uint64_t number = 1; number < p->number && !found; number++) {
		struct seen earlier = look_at(p->scene, number);

		found = same(p, &earlier);
		look_away(&earlier);
	}
	return found;
}

static bool is_sent_again(const struct seen *p)
{
	return is_data(p) && came_before(p, same_segment);
}

static bool is_other_copy(const struct seen *p)
{
	return is_data(p) && came_before(p, other_content);
}

static bool is_client_sending_again(const struct seen *p)
{
	return is_client_data(p) && is_sent_again(p);
}

static bool is_server_sending_again(const struct seen *p)
{
	return is_server_data(p) && is_sent_again(p);
}

static bool is_large_sent_again(const struct seen *p)
{
	return p->data.size >= 1000 && is_sent_again(p);
}

static bool is_syn_again(const struct seen *p)
{
	return is_syn(p) && came_before(p, same_segment);
}

static bool is_refusal(const struct seen *p)
{
	return is_rst(p) && came_before(p, refers_to_syn);
}

static bool is_query_again(const struct seen *p)
{
	return is_query(p) && came_before(p, same_question);
}

static bool is_second_copy(const struct seen *p)
{
	return is_reply(p) && came_before(p, same_datagram);
}

static bool is_fragment(const struct seen *p)
{
	return p->frame.result == NET_FRAGMENT;
}

static bool is_any(const struct seen *p)
{
	return p->number != 0;
}

/* ---- the words of findings ---- */

static const struct {
	const char *shows;
	bool (*really)(const struct seen *);
} evidence[] = {
	{ "ClientHello", is_client_hello },
	{ "first ClientHello", is_client_hello },
	{ "ClientHello, sent again", is_quic_hello },
	{ "CONNECTION_CLOSE by the client", is_quic_close_by_client },
	{ "CONNECTION_CLOSE by the server", is_quic_close_by_server },
	{ "Version Negotiation by the server", is_version_negotiation },
	{ "ICMP error that quotes the datagram", quotes_datagram },
	{ "FIN by the server", is_fin },
	{ "close_notify by the server", is_server_record },
	{ "RST by the server", is_rst },
	{ "RST in answer to the SYN", is_refusal },
	{ "ICMP error that quotes the SYN", quotes_syn },
	{ "ICMP error that quotes the query", quotes_datagram },
	{ "SYN", is_syn },
	{ "first SYN", is_syn },
	{ "last SYN", is_syn_again },
	{ "SYN sent again", is_syn_again },
	{ "SYN to the name server", is_syn_to_name_server },
	{ "a packet of a connection without its other direction", is_tcp },
	{ "first packet of the connection that was captured", is_tcp },
	{ "a packet that is older than the one before it", is_older_than_before },
	{ "a segment beyond the missing bytes", is_server_data },
	{ "a segment of the client that came late", is_client_data },
	{ "a segment of the server that came late", is_server_data },
	{ "zero window of the client", is_client_zero_window },
	{ "zero window of the server", is_server_zero_window },
	{ "ICMP error", quotes_tcp },
	{ "a segment sent again by the client", is_client_sending_again },
	{ "a segment sent again by the server", is_server_sending_again },
	{ "the segment, sent again", is_sent_again },
	{ "the large segment, sent again", is_large_sent_again },
	{ "the first copy", is_data },
	{ "the same bytes with other content", is_other_copy },
	{ "alert by the client", is_client_alert },
	{ "the client's alert", is_client_alert },
	{ "alert by the server", is_server_alert },
	{ "data of the client", is_client_data },
	{ "data of the server", is_server_data },
	{ "last data", is_data },
	{ "request", is_request },
	{ "response", is_response },
	{ "RST_STREAM", is_rst_stream },
	{ "GOAWAY", is_goaway },
	{ "one more redirect", is_redirect },
	{ "end of the body", is_end_of_body },
	{ "handshake", is_handshake },
	{ "the server's answer", is_server_data },
	{ "the server's answer: a TLS record", is_server_record },
	{ "the server's part of the handshake", is_server_record },
	{ "first query", is_query },
	{ "last query", is_query_again },
	{ "query sent again", is_query_again },
	{ "reply", is_reply },
	{ "second copy of a reply", is_second_copy },
	{ "negative reply to the name before", is_negative_reply },
	{ "truncated reply", is_truncated_reply },
	{ "the client closes", is_client_closing },
	{ "the client gives up", is_client_closing },
	{ "data sent again after the entry was gone", is_sent_again },
	{ "a packet that proves such bytes", is_tcp },
	{ "the first fragment", is_fragment },
	{ "a fragment with other content", is_fragment },
	{ "the first packet that was cut", is_cut },
	{ "the last packet before it", is_any },
};

static void check_packet(const struct scene *s, const struct trace_finding *f, const struct finding_packet *packet)
{
	struct seen p = look_at(s, packet->packet.number);
	size_t i = 0;

	while (i < sizeof evidence / sizeof *evidence && !bytes_equal(packet->shows, bytes_of(evidence[i].shows)))
		i++;
	ck_assert_msg(i < sizeof evidence / sizeof *evidence, "nobody knows what shows \"%.*s\"", (int)packet->shows.size,
		      (const char *)packet->shows.at);
	ck_assert_msg(evidence[i].really(&p), "%s: frame %llu is no \"%s\"", finding_code_text(f->code),
		      (unsigned long long)p.number, evidence[i].shows);
	look_away(&p);
}

static bool is_record(const struct scene *s, trace_id id)
{
	const struct trace_list *got = &s->got;
	bool found = false;

	for (size_t i = 0; i < got->dial_count; i++)
		found |= got->dials[i].id == id;
	for (size_t i = 0; i < got->tcp_conn_count; i++)
		found |= got->tcp_conns[i].id == id;
	for (size_t i = 0; i < got->udp_conn_count; i++)
		found |= got->udp_conns[i].id == id;
	for (size_t i = 0; i < got->tls_tunnel_count; i++)
		found |= got->tls_tunnels[i].id == id;
	for (size_t i = 0; i < got->http_request_count; i++)
		found |= got->http_requests[i].id == id;
	return found;
}

/* ---- assertions ---- */

static void end(struct scene *s)
{
	if (!s->correlator)
		return;
	scene_end(s);
	for (size_t i = 0; i < s->got.finding_count; i++) {
		const struct trace_finding *f = &s->got.findings[i];

		for (size_t j = 0; j < f->packet_count; j++)
			check_packet(s, f, &f->packets[j]);
		for (size_t j = 0; j < f->trace_count; j++)
			ck_assert_msg(is_record(s, f->traces[j]), "%s names a record that there is not",
				      finding_code_text(f->code));
		ck_assert_int_ge(f->at, SCENE_START);
	}
}

static void say(const struct trace_finding *f, const char *why)
{
	ck_abort_msg("%s: %s: %.*s", why, finding_code_text(f->code), (int)f->message.size, (const char *)f->message.at);
}

static bool has_dial(const struct scene *s, trace_id id)
{
	for (size_t i = 0; i < s->got.dial_count; i++)
		if (s->got.dials[i].id == id)
			return true;
	return false;
}

static bool has_request(const struct scene *s, trace_id id)
{
	for (size_t i = 0; i < s->got.http_request_count; i++)
		if (s->got.http_requests[i].id == id)
			return true;
	return false;
}

const struct trace_finding *findings_expect_root(struct scene *s, enum finding_code code)
{
	const struct trace_finding *f;

	end(s);
	ck_assert_msg(s->got.finding_count && s->got.findings[0].root_cause, "no root cause, %s expected", finding_code_text(code));
	f = &s->got.findings[0];
	if (f->code != code)
		say(f, finding_code_text(code));
	for (size_t i = 1; i < s->got.finding_count; i++)
		if (s->got.findings[i].root_cause || s->got.findings[i].severity == FINDING_ERROR)
			say(&s->got.findings[i], "one error too many");
	ck_assert_int_eq(f->severity, FINDING_ERROR);
	ck_assert_uint_eq((f->dial != 0) + (f->request != 0), 1);
	ck_assert(f->dial ? has_dial(s, f->dial) : has_request(s, f->request));
	ck_assert_uint_ge(f->trace_count, 1);
	return f;
}

void findings_expect_no_error(struct scene *s)
{
	end(s);
	for (size_t i = 0; i < s->got.finding_count; i++)
		if (s->got.findings[i].root_cause || s->got.findings[i].severity == FINDING_ERROR)
			say(&s->got.findings[i], "a false alarm");
}

void findings_expect_healthy(struct scene *s)
{
	findings_expect_no_error(s);
	for (size_t i = 0; i < s->got.finding_count; i++)
		if (s->got.findings[i].severity != FINDING_INFO)
			say(&s->got.findings[i], "a false warning");
}

const struct trace_finding *findings_expect_one(struct scene *s, enum finding_code code)
{
	const struct trace_finding *found = NULL;

	end(s);
	for (size_t i = 0; i < s->got.finding_count; i++) {
		if (s->got.findings[i].code != code)
			continue;
		if (found)
			say(&s->got.findings[i], "twice");
		found = &s->got.findings[i];
	}
	ck_assert_msg(found, "no %s", finding_code_text(code));
	return found;
}

const struct trace_finding *findings_expect_note(struct scene *s, enum finding_code code, enum finding_severity severity)
{
	const struct trace_finding *f;

	findings_expect_no_error(s);
	f = findings_expect_one(s, code);
	ck_assert_int_eq(f->severity, severity);
	ck_assert_uint_eq(f->dial, 0);
	ck_assert_uint_eq(f->request, 0);
	return f;
}

void findings_expect_none(struct scene *s, enum finding_code code)
{
	end(s);
	for (size_t i = 0; i < s->got.finding_count; i++)
		if (s->got.findings[i].code == code)
			say(&s->got.findings[i], "not expected");
}

void findings_expect_packets(const struct trace_finding *f, const struct findings_packet *packets, size_t count)
{
	for (size_t i = 0; i < count && i < f->packet_count; i++) {
		ck_assert_msg(bytes_equal(f->packets[i].shows, bytes_of(packets[i].shows)), "\"%.*s\", not \"%s\"",
			      (int)f->packets[i].shows.size, (const char *)f->packets[i].shows.at, packets[i].shows);
		ck_assert_msg(f->packets[i].packet.number == packets[i].frame, "%s: frame %llu, not %llu", packets[i].shows,
			      (unsigned long long)f->packets[i].packet.number, (unsigned long long)packets[i].frame);
	}
	ck_assert_uint_eq(f->packet_count, count);
}

void findings_expect_words(const struct trace_finding *f, const char *const *words)
{
	struct bytes message = f->message;

	ck_assert_uint_gt(message.size, 1);
	ck_assert(isalnum(message.at[0]) || message.at[0] == '[');
	ck_assert_int_eq(message.at[message.size - 1], '.');
	for (; *words; words++)
		if (!memmem(message.at, message.size, *words, strlen(*words)))
			say(f, *words);
}
