/* One subject on both sides, step by step, until one of them does not get any further. */
#include "cli/diff/diff_parts.h"

#include "dissect/tls/tls.h"

#include <stdlib.h>
#include <string.h>

/* ---- values ---- */

static struct diff_value nothing(void)
{
	return (struct diff_value){ .kind = DIFF_IS_NOTHING };
}

static struct diff_value text(struct bytes bytes)
{
	return bytes.size ? (struct diff_value){ .kind = DIFF_IS_TEXT, .text = bytes } : nothing();
}

static struct diff_value words(const char *constant)
{
	return text(bytes_of(constant));
}

static struct diff_value number(int64_t value)
{
	return (struct diff_value){ .kind = DIFF_IS_NUMBER, .number = value };
}

static struct diff_value flag(bool value)
{
	return (struct diff_value){ .kind = DIFF_IS_FLAG, .number = value };
}

static struct diff_value date(int64_t seconds)
{
	return (struct diff_value){ .kind = DIFF_IS_DATE, .number = seconds };
}

static bool is_same(const struct diff_value *a, const struct diff_value *b)
{
	if (a->kind != b->kind || a->number != b->number || a->count != b->count || !bytes_equal(a->text, b->text))
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!bytes_equal(a->texts[i], b->texts[i]))
			return false;
	return true;
}

void diff_add(struct diff_pair *pair, enum diff_field field, struct diff_value good, struct diff_value bad,
	      struct packet_ref good_packet, struct packet_ref bad_packet)
{
	if (is_same(&good, &bad))
		return;
	if (pair->change_count == pair->change_capacity) {
		pair->change_capacity = pair->change_capacity ? pair->change_capacity * 2 : 4;
		pair->changes = nt_realloc_array(pair->changes, pair->change_capacity, sizeof *pair->changes);
	}
	pair->changes[pair->change_count++] = (struct diff_change){ field, good, bad, good_packet, bad_packet };
}

/* ---- one pair while it is compared ---- */

struct comparison {
	struct diff_pair *pair;
	struct diff_source *sources[2]; /* good, bad */
	const struct diff_subject *subjects[2];
	struct arena *memory;
	struct diff_answers answers[2];
	int64_t dns_us[2];
	bool set_up; /* look-up, connection and handshake are compared: not of connections that were before */
};

/* Adds a change of which each side's value comes of a function. */
typedef struct diff_value value_of(const struct comparison *c, int side);

static void compare_at(struct comparison *c, enum diff_field field, value_of *value, const struct packet_ref packets[2])
{
	diff_add(c->pair, field, value(c, 0), value(c, 1), packets[0], packets[1]);
}

/* Adds a change of what only packets show, unless one side lacks it for having none. */
static void add_where_seen(struct diff_pair *pair, enum diff_field field, bool told, struct diff_value good, struct diff_value bad,
			   const struct packet_ref packets[2])
{
	if (!told || (good.kind != DIFF_IS_NOTHING && bad.kind != DIFF_IS_NOTHING))
		diff_add(pair, field, good, bad, packets[0], packets[1]);
}

/* What an error says at its end: in front of it stand addresses and ports. */
static struct bytes last_words(struct bytes error)
{
	for (size_t i = error.size; i > 1; i--)
		if (error.at[i - 2] == ':' && error.at[i - 1] == ' ')
			return (struct bytes){ error.at + i, error.size - i };
	return error;
}

/* ---- dial ---- */

static bool has_connection(const struct diff_subject *subject)
{
	return subject->tcp || subject->udp;
}

static struct packet_ref first_packet_of(const struct diff_subject *subject)
{
	if (subject->tcp)
		return subject->tcp->first_packet;
	if (subject->udp)
		return subject->udp->first_packet;
	return subject->dial ? subject->dial->first_packet : (struct packet_ref){ 0 };
}

static bool is_connected(const struct diff_subject *subject)
{
	if (subject->tcp)
		return subject->tcp->connected || subject->tcp->reused;
	return subject->tunnel && subject->tunnel->server_hello;
}

static const char *refusal_of(const struct comparison *c, uint8_t ip_version, uint8_t type, uint8_t code)
{
	char icmp[TEXT_SIZE];

	return arena_printf(c->memory, "%s", report_icmp(ip_version, type, code, icmp));
}

/* How a connection began. */
static const char *outcome_of(const struct comparison *c, const struct trace_tcp_conn *conn)
{
	if (conn->connected || conn->reused)
		return "connected";
	if (conn->close_reason == TRACE_CLOSE_REFUSED)
		return "refused";
	if (conn->close_reason == TRACE_CLOSE_ICMP && conn->icmp_packet.number)
		return refusal_of(c, conn->tuple.ip_version, conn->icmp_type, conn->icmp_code);
	return conn->half_open ? "no answer" : "not connected";
}

static struct diff_value port_value(const struct comparison *c, int side)
{
	return number(c->subjects[side]->port);
}

static struct diff_value dialed_value(const struct comparison *c, int side)
{
	const struct diff_subject *subject = c->subjects[side];

	if (has_connection(subject))
		return words("connection tried");
	if (subject->dial && subject->dial->error.size)
		return text(last_words(subject->dial->error));
	return words("no connection tried");
}

/* Attempts before, or beside, the one that is compared.  How they failed is compared where both sides show it. */
static struct diff_value failed_attempts(const struct comparison *c, int side)
{
	const bool by_address = trace_is_told(c->subjects[0]->dial->seed) || trace_is_told(c->subjects[1]->dial->seed);
	const struct diff_subject *subject = c->subjects[side];
	const struct trace_dial *dial = subject->dial;
	struct bytes *texts = arena_alloc(c->memory, ((dial ? dial->attempt_count : 0) + 1) * sizeof *texts);
	size_t count = 0;

	for (size_t i = 0; dial && i < dial->attempt_count; i++) {
		const struct trace_tcp_conn *conn = trace_find_tcp_conn(c->sources[side]->list, dial->attempts[i]);
		char address[IP_ADDRESS_TEXT_SIZE];

		if (!conn || conn == subject->tcp || conn->connected)
			continue;
		ip_address_text(conn->tuple.ip_version, &conn->tuple.destination, address);
		texts[count++] = bytes_of(by_address ? arena_printf(c->memory, "%s", address)
						     : arena_printf(c->memory, "%s: %s", address, outcome_of(c, conn)));
	}
	return diff_texts(texts, count);
}

static bool compare_dial(struct comparison *c)
{
	const struct packet_ref packets[2] = { first_packet_of(c->subjects[0]), first_packet_of(c->subjects[1]) };
	const bool both = has_connection(c->subjects[0]) && has_connection(c->subjects[1]);

	if (!both) {
		compare_at(c, DIFF_FIELD_DIALED, dialed_value, packets);
		return false;
	}
	compare_at(c, DIFF_FIELD_PORT, port_value, packets);
	if (c->subjects[0]->dial && c->subjects[1]->dial)
		compare_at(c, DIFF_FIELD_FAILED_ATTEMPTS, failed_attempts, packets);
	return true;
}

/* ---- connect ---- */

static const struct address_tuple *tuple_of(const struct diff_subject *subject)
{
	return subject->tcp ? &subject->tcp->tuple : &subject->udp->tuple;
}

static struct diff_value transport_value(const struct comparison *c, int side)
{
	return words(c->subjects[side]->tcp ? "TCP" : "QUIC");
}

static struct diff_value peer_value(const struct comparison *c, int side)
{
	const struct address_tuple *tuple = tuple_of(c->subjects[side]);
	char address[IP_ADDRESS_TEXT_SIZE];

	return words(arena_printf(c->memory, "%s", ip_address_text(tuple->ip_version, &tuple->destination, address)));
}

static struct diff_value connected_value(const struct comparison *c, int side)
{
	const struct diff_subject *subject = c->subjects[side];

	if (subject->tcp)
		return words(outcome_of(c, subject->tcp));
	if (is_connected(subject))
		return words("connected");
	if (subject->udp->icmp_packet.number)
		return words(refusal_of(c, subject->udp->tuple.ip_version, subject->udp->icmp_type, subject->udp->icmp_code));
	return words("no answer");
}

/* Both addresses were answered to whoever asked: which of them was taken is chance. */
static bool is_rotation(const struct comparison *c, const struct diff_value *good, const struct diff_value *bad)
{
	bool known = false;

	for (int i = 0; i < 2; i++) {
		const struct diff_answers *answers = &c->answers[i];

		known = known || answers->known;
		if (answers->known &&
		    (!diff_has_text(&answers->addresses, good->text) || !diff_has_text(&answers->addresses, bad->text)))
			return false;
	}
	return known;
}

/* What shows how the connection ended up: the answer where there is one. */
static struct packet_ref connect_packet_of(const struct diff_subject *subject)
{
	if (subject->tcp && !is_connected(subject))
		return subject->tcp->icmp_packet.number ? subject->tcp->icmp_packet : subject->tcp->last_packet;
	return first_packet_of(subject);
}

static bool is_told_conn(const struct diff_subject *subject)
{
	return subject->tcp ? trace_is_told(subject->tcp->seed) : trace_is_told(subject->udp->seed);
}

static bool compare_connect(struct comparison *c)
{
	const struct packet_ref packets[2] = { connect_packet_of(c->subjects[0]), connect_packet_of(c->subjects[1]) };
	const struct diff_value good = peer_value(c, 0), bad = peer_value(c, 1);

	compare_at(c, DIFF_FIELD_TRANSPORT, transport_value, packets);
	if (!is_rotation(c, &good, &bad))
		diff_add(c->pair, DIFF_FIELD_PEER, good, bad, packets[0], packets[1]);
	/* How it failed only packets show. */
	if (is_connected(c->subjects[0]) != is_connected(c->subjects[1]) ||
	    !(is_told_conn(c->subjects[0]) || is_told_conn(c->subjects[1])))
		compare_at(c, DIFF_FIELD_CONNECTED, connected_value, packets);
	return is_connected(c->subjects[0]) && is_connected(c->subjects[1]);
}

/* ---- TLS ---- */

static const struct trace_tls_tunnel *tunnel_of(const struct comparison *c, int side)
{
	return c->subjects[side]->tunnel;
}

static struct diff_value used_value(const struct comparison *c, int side)
{
	return words(tunnel_of(c, side) ? "used" : "not used");
}

static struct diff_value server_name_value(const struct comparison *c, int side)
{
	return text(tunnel_of(c, side)->server_name);
}

static struct diff_value version_value(const struct comparison *c, int side)
{
	char version[16];

	if (trace_is_told(tunnel_of(c, side)->seed))
		return nothing();
	return words(arena_printf(c->memory, "%s", tls_version_text(tunnel_of(c, side)->version, version)));
}

static struct diff_value alpn_value(const struct comparison *c, int side)
{
	return text(tunnel_of(c, side)->negotiated_protocol);
}

/* In TLS 1.3 it is encrypted. */
static bool shows_alpn(const struct trace_tls_tunnel *tunnel)
{
	return tunnel->version < TLS_1_3 || tunnel->decrypted || tunnel->negotiated_protocol.size;
}

static struct diff_value cipher_value(const struct comparison *c, int side)
{
	const uint16_t suite = tunnel_of(c, side)->cipher_suite;
	const char *name = tls_cipher_text(suite);

	return words(name ? name : arena_printf(c->memory, "0x%04X", (unsigned)suite));
}

static struct diff_value verification_value(const struct comparison *c, int side)
{
	return text(tunnel_of(c, side)->verification);
}

static struct diff_value chain_value(const struct comparison *c, int side)
{
	const struct trace_tls_tunnel *tunnel = tunnel_of(c, side);
	struct bytes *texts = arena_alloc(c->memory, tunnel->certificate_count * sizeof *texts);

	for (size_t i = 1; i < tunnel->certificate_count; i++)
		texts[i - 1] = tunnel->certificates[i].subject;
	return diff_texts(texts, tunnel->certificate_count - 1);
}

static struct diff_value tls_outcome_value(const struct comparison *c, int side)
{
	const struct trace_tls_tunnel *tunnel = tunnel_of(c, side);

	if (tunnel->error.size)
		return text(last_words(tunnel->error));
	return words(tunnel->done ? "complete" : "not complete");
}

static bool any_told_tunnel(const struct comparison *c)
{
	return trace_is_told(tunnel_of(c, 0)->seed) || trace_is_told(tunnel_of(c, 1)->seed);
}

/* Every member by itself, as one may be the reason; a certificate that was renewed has other dates. */
static void compare_certificates(struct comparison *c, const struct packet_ref packets[2])
{
	const struct trace_certificate *a = tunnel_of(c, 0)->certificates, *b = tunnel_of(c, 1)->certificates;
	const bool told = any_told_tunnel(c);

	if (!tunnel_of(c, 0)->certificate_count || !tunnel_of(c, 1)->certificate_count)
		return; /* TLS 1.3 without keys, or resumed */
	if (told && (tunnel_of(c, 0)->error.size || tunnel_of(c, 1)->error.size))
		return; /* a program tells the certificate that it did not like */
	diff_add(c->pair, DIFF_FIELD_CERT_SUBJECT, text(a->subject), text(b->subject), packets[0], packets[1]);
	diff_add(c->pair, DIFF_FIELD_CERT_ISSUER, text(a->issuer), text(b->issuer), packets[0], packets[1]);
	diff_add(c->pair, DIFF_FIELD_CERT_NOT_BEFORE, date(a->not_before_s), date(b->not_before_s), packets[0], packets[1]);
	diff_add(c->pair, DIFF_FIELD_CERT_NOT_AFTER, date(a->not_after_s), date(b->not_after_s), packets[0], packets[1]);
	add_where_seen(c->pair, DIFF_FIELD_CERT_SHA256, told, text(a->sha256), text(b->sha256), packets);
	compare_at(c, DIFF_FIELD_CHAIN, chain_value, packets);
	add_where_seen(c->pair, DIFF_FIELD_VERIFICATION, told, verification_value(c, 0), verification_value(c, 1), packets);
}

static bool is_complete(const struct trace_tls_tunnel *tunnel)
{
	return tunnel->done && !tunnel->error.size;
}

/* On a connection that was open before the capture began the handshake was not seen. */
static bool compare_tls(struct comparison *c)
{
	const struct trace_tls_tunnel *a = tunnel_of(c, 0), *b = tunnel_of(c, 1);
	const struct packet_ref packets[2] = { a ? a->first_packet : first_packet_of(c->subjects[0]),
					       b ? b->first_packet : first_packet_of(c->subjects[1]) };

	if (!a || !b) {
		if (!(c->subjects[0]->tcp && c->subjects[0]->tcp->reused) && !(c->subjects[1]->tcp && c->subjects[1]->tcp->reused))
			compare_at(c, DIFF_FIELD_TLS_USED, used_value, packets);
		return true;
	}
	add_where_seen(c->pair, DIFF_FIELD_SERVER_NAME, any_told_tunnel(c), server_name_value(c, 0), server_name_value(c, 1),
		       packets);
	if (a->server_hello && b->server_hello) {
		add_where_seen(c->pair, DIFF_FIELD_TLS_VERSION, any_told_tunnel(c), version_value(c, 0), version_value(c, 1),
			       packets);
		if (shows_alpn(a) && shows_alpn(b))
			compare_at(c, DIFF_FIELD_ALPN, alpn_value, packets);
		compare_at(c, DIFF_FIELD_CIPHER, cipher_value, packets);
	}
	compare_certificates(c, packets);
	if (!any_told_tunnel(c) || is_complete(a) || is_complete(b)) /* a program has words of its own for a failure */
		compare_at(c, DIFF_FIELD_TLS_OUTCOME, tls_outcome_value, packets);
	return is_complete(a) && is_complete(b);
}

/* ---- request and response ---- */

static const struct trace_http_request *request_of(const struct comparison *c, int side)
{
	return c->subjects[side]->request;
}

/* One that would not be seen tells nothing. */
static bool may_hide_requests(const struct diff_subject *subject)
{
	return subject->tunnel && !subject->tunnel->decrypted;
}

static struct diff_value requested_value(const struct comparison *c, int side)
{
	return words(request_of(c, side) ? "sent" : "not sent");
}

static struct diff_value scheme_value(const struct comparison *c, int side)
{
	const struct bytes url = request_of(c, side)->url;
	const uint8_t *colon = url.size ? memchr(url.at, ':', url.size) : NULL;

	if (!colon || request_of(c, side)->is_connect)
		return nothing();
	return text((struct bytes){ url.at, (size_t)(colon - url.at) });
}

static struct diff_value method_value(const struct comparison *c, int side)
{
	return text(request_of(c, side)->method);
}

static struct diff_value proxy_value(const struct comparison *c, int side)
{
	return text(request_of(c, side)->network_proxy);
}

static struct diff_value http_version_value(const struct comparison *c, int side)
{
	const struct trace_http_request *request = request_of(c, side);

	return words(request->proto_major >= 2 ? arena_printf(c->memory, "%u", request->proto_major)
					       : arena_printf(c->memory, "%u.%u", request->proto_major, request->proto_minor));
}

static bool compare_request(struct comparison *c)
{
	const struct trace_http_request *a = request_of(c, 0), *b = request_of(c, 1);
	const struct packet_ref packets[2] = { a ? a->req_packet : first_packet_of(c->subjects[0]),
					       b ? b->req_packet : first_packet_of(c->subjects[1]) };

	if (!a || !b) {
		if ((a || !may_hide_requests(c->subjects[0])) && (b || !may_hide_requests(c->subjects[1])))
			compare_at(c, DIFF_FIELD_REQUESTED, requested_value, packets);
		return false;
	}
	compare_at(c, DIFF_FIELD_SCHEME, scheme_value, packets);
	compare_at(c, DIFF_FIELD_METHOD, method_value, packets);
	compare_at(c, DIFF_FIELD_PROXY, proxy_value, packets);
	if (a->status && b->status)
		compare_at(c, DIFF_FIELD_HTTP_VERSION, http_version_value, packets);
	return true;
}

static struct diff_value status_value(const struct comparison *c, int side)
{
	const uint16_t status = request_of(c, side)->status;

	return status ? number(status) : nothing();
}

static struct diff_value error_value(const struct comparison *c, int side)
{
	return text(last_words(request_of(c, side)->error));
}

/* What the client followed; else what the response says, where its fields were kept. */
static struct diff_value redirect_value(const struct comparison *c, int side)
{
	const struct trace_http_request *request = request_of(c, side);
	const struct links next = links_children(&c->sources[side]->redirect_of, request->id);

	if (next.count)
		return text(c->sources[side]->list->http_requests[next.at[0].index].url);
	if (request->status >= 300 && request->status < 400)
		for (size_t i = 0; i < request->resp_field_count; i++)
			if (bytes_equal_nocase(request->resp_fields[i].name, BYTES("location")))
				return text(request->resp_fields[i].value);
	return nothing();
}

static struct diff_value body_value(const struct comparison *c, int side)
{
	return number((int64_t)request_of(c, side)->resp_content_size);
}

static struct diff_value complete_value(const struct comparison *c, int side)
{
	return flag(request_of(c, side)->resp_complete);
}

static void compare_response(struct comparison *c)
{
	const struct trace_http_request *a = request_of(c, 0), *b = request_of(c, 1);
	const struct packet_ref packets[2] = { a->status ? a->resp_packet : a->req_packet,
					       b->status ? b->resp_packet : b->req_packet };
	const struct diff_value redirects[2] = { redirect_value(c, 0), redirect_value(c, 1) };

	compare_at(c, DIFF_FIELD_STATUS, status_value, packets);
	if (!(trace_is_told(a->seed) || trace_is_told(b->seed)) || !a->error.size || !b->error.size)
		compare_at(c, DIFF_FIELD_REQUEST_ERROR, error_value, packets);
	/* A redirect that was not followed, and whose field was not kept, leads to a place that is not known. */
	if (a->status != b->status || (redirects[0].kind && redirects[1].kind))
		compare_at(c, DIFF_FIELD_REDIRECT, redirect_value, packets);
	if (!a->status || !b->status)
		return;
	/* A program counts what it got after decompression, and does not tell whether that was all. */
	if (trace_is_told(a->seed) != trace_is_told(b->seed))
		return;
	if (a->resp_complete == b->resp_complete)
		compare_at(c, DIFF_FIELD_BODY, body_value, packets);
	compare_at(c, DIFF_FIELD_COMPLETE, complete_value, packets);
}

/* ---- timings ---- */

static void add_times(struct comparison *c, enum diff_field field, int64_t good, int64_t bad, const struct packet_ref packets[2])
{
	const int64_t shorter = good < bad ? good : bad, longer = good < bad ? bad : good;

	if (shorter < 0 || longer - shorter < DIFF_TIME_US || longer / DIFF_TIME_FACTOR < shorter)
		return;
	diff_add(c->pair, field, (struct diff_value){ .kind = DIFF_IS_DURATION, .number = good },
		 (struct diff_value){ .kind = DIFF_IS_DURATION, .number = bad }, packets[0], packets[1]);
}

static void compare_set_up_times(struct comparison *c)
{
	const struct diff_subject *a = c->subjects[0], *b = c->subjects[1];
	const struct packet_ref packets[2] = { first_packet_of(a), first_packet_of(b) };

	add_times(c, DIFF_FIELD_DNS_TIME, c->dns_us[0], c->dns_us[1], packets);
	if (a->tcp && b->tcp && a->tcp->connected && b->tcp->connected)
		add_times(c, DIFF_FIELD_CONNECT_TIME, a->tcp->handshake_us, b->tcp->handshake_us, packets);
	if (a->tunnel && b->tunnel && is_complete(a->tunnel) && is_complete(b->tunnel))
		add_times(c, DIFF_FIELD_TLS_TIME, a->tunnel->handshake_us, b->tunnel->handshake_us, packets);
}

static void compare_times(struct comparison *c)
{
	const struct trace_http_request *a = request_of(c, 0), *b = request_of(c, 1);

	if (c->set_up)
		compare_set_up_times(c);
	if (a && b && a->timing.total >= 0 && b->timing.total >= 0) {
		const struct packet_ref packets[2] = { a->req_packet, b->req_packet };

		add_times(c, DIFF_FIELD_SERVER_TIME, a->timing.server, b->timing.server, packets);
		add_times(c, DIFF_FIELD_TRANSFER_TIME, a->timing.transfer, b->timing.transfer, packets);
		add_times(c, DIFF_FIELD_STALLED_TIME, a->timing.stalled, b->timing.stalled, packets);
	}
}

/* ---- all steps ---- */

/* A connection that serves many requests is compared with the first of them. */
static bool is_new(struct comparison *c)
{
	bool any = false;

	for (int i = 0; i < 2; i++) {
		const struct trace_tcp_conn *tcp = c->subjects[i]->tcp;
		bool *compared = tcp ? &c->sources[i]->compared[tcp - c->sources[i]->list->tcp_conns] : NULL;

		any = any || !compared || !*compared;
		if (compared)
			*compared = true;
	}
	return any;
}

static void compare_steps(struct comparison *c)
{
	if (c->set_up) {
		diff_compare_dns(c->pair, c->sources[0], c->sources[1], c->memory, c->answers, c->dns_us);
		if (!compare_dial(c) || !compare_connect(c) || !compare_tls(c))
			return;
	}
	if (compare_request(c))
		compare_response(c);
}

void diff_compare(struct diff_pair *pair, struct diff_source *good, struct diff_source *bad, struct arena *memory)
{
	struct comparison c = { .pair = pair,
				.sources = { good, bad },
				.subjects = { pair->good, pair->bad },
				.memory = memory,
				.dns_us = { -1, -1 } };

	c.set_up = is_new(&c);
	compare_steps(&c);
	compare_times(&c);
}
