#include "correlate/quic.h"

#include "correlate/dials.h"
#include "correlate/tunnel.h"
#include "dissect/quic/quic.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

/* What is needed until the handshake is over. */
struct quic_handshake {
	struct tunnel tunnel; /* first */
	struct quic_flow *flow;
	struct quic_session *session;
	struct tls_session *tls;
	uint8_t client_random[32];
	struct quic_handshake *older, *newer; /* all unfinished ones */
};

struct quic_flow {
	struct correlator *c;
	struct quic_handshake *handshake; /* NULL when it is over, and reported */
	struct quic_attempt attempt;
	struct quic_circumstances circumstances;
	struct trace_quic quic;
	struct arena arena; /* what `quic` points to */
	trace_id dial;
	bool restarted;
};

/* ---- the handshakes that are not over ---- */

static void link_handshake(struct correlator *c, struct quic_handshake *handshake)
{
	handshake->older = c->quic_newest;
	if (c->quic_newest)
		c->quic_newest->newer = handshake;
	else
		c->quic_oldest = handshake;
	c->quic_newest = handshake;
	c->quic_handshakes++;
}

static void unlink_handshake(struct correlator *c, struct quic_handshake *handshake)
{
	if (handshake->older)
		handshake->older->newer = handshake->newer;
	else
		c->quic_oldest = handshake->newer;
	if (handshake->newer)
		handshake->newer->older = handshake->older;
	else
		c->quic_newest = handshake->older;
	c->quic_handshakes--;
}

static void handshake_free(struct quic_handshake *handshake)
{
	tls_session_free(handshake->tls);
	quic_session_free(handshake->session);
	tunnel_clear(&handshake->tunnel);
	free(handshake);
}

/* Reports the tunnel, and gives back what only the handshake needs. */
static void end_handshake(struct quic_flow *flow)
{
	struct quic_handshake *handshake = flow->handshake;
	struct correlator *c = flow->c;
	struct trace_tls_tunnel *record = &handshake->tunnel.record;
	const struct address_tuple *tuple = &flow->attempt.tuple;

	record->decrypted = quic_session_progress(handshake->session)->opened;
	if ((record->client_hello || record->server_hello) && c->sink->tls_tunnel &&
	    client_wanted(c, tuple->ip_version, &tuple->source))
		c->sink->tls_tunnel(c->context, record);
	unlink_handshake(c, handshake);
	handshake_free(handshake);
	flow->handshake = NULL;
}

static void make_room(struct correlator *c)
{
	while (c->quic_handshakes >= LIMIT_QUIC_HANDSHAKES) {
		limit_hit(c->hits, LIMIT_QUIC_HANDSHAKES_HIT);
		end_handshake(c->quic_oldest->flow);
	}
}

/* ---- TLS ---- */

static void client_hello(void *context, const struct tls_client_hello *hello)
{
	struct quic_handshake *handshake = context;
	const bool first = !handshake->tunnel.record.client_hello;

	memcpy(handshake->client_random, hello->random, sizeof handshake->client_random);
	tunnel_client_hello(context, hello);
	if (first && hello->server_name.size)
		dials_quic_name(handshake->flow->c, &handshake->flow->attempt, handshake->tunnel.record.server_name);
}

static struct bytes secret_of(const struct quic_handshake *handshake, enum tls_secret_label label, struct tls_secret *secret)
{
	const struct tls_keylog *keylog = handshake->flow->c->options.keylog;
	const bool known = keylog && tls_keylog_find(keylog, handshake->client_random, label, secret);

	return (struct bytes){ secret->bytes, known ? secret->size : 0 };
}

static void server_hello(void *context, const struct tls_server_hello *hello)
{
	struct quic_handshake *handshake = context;
	struct tls_secret client, server;

	tunnel_server_hello(context, hello);
	if (!handshake->tunnel.circumstances.answer.number) {
		handshake->tunnel.circumstances.answer = handshake->tunnel.packet;
		handshake->tunnel.circumstances.answered = handshake->tunnel.time;
	}
	if (hello->is_hello_retry)
		return;
	(void)quic_session_set_secrets(handshake->session, hello->cipher,
				       secret_of(handshake, TLS_SECRET_CLIENT_HANDSHAKE_TRAFFIC, &client),
				       secret_of(handshake, TLS_SECRET_SERVER_HANDSHAKE_TRAFFIC, &server));
	OPENSSL_cleanse(&client, sizeof client);
	OPENSSL_cleanse(&server, sizeof server);
}

static void tls_malformed(void *context, enum tls_side from, const char *what)
{
	struct quic_handshake *handshake = context;

	(void)from;
	(void)what;
	handshake->tunnel.record.malformed = true;
}

static const struct tls_events tls_events = { .client_hello = client_hello,
					      .server_hello = server_hello,
					      .certificates = tunnel_certificates,
					      .certificate_request = tunnel_certificate_request,
					      .certificate_status = tunnel_certificate_status,
					      .resumed = tunnel_resumed,
					      .handshake_done = tunnel_handshake_done,
					      .malformed = tls_malformed,
					      .alpn = tunnel_alpn };

/* ---- QUIC ---- */

static void crypto(void *context, enum quic_side from, bool sealed, struct bytes data)
{
	struct quic_handshake *handshake = context;

	tls_session_feed_messages(handshake->tls, from == QUIC_CLIENT ? TLS_CLIENT : TLS_SERVER, sealed, data);
}

static struct tls_session *new_tls(struct quic_handshake *handshake, const struct correlator *c)
{
	struct tls_session *tls = tls_session_new(&tls_events, handshake, c->hits);

	if (c->options.no_fingerprints)
		tls_session_omit_fingerprints(tls);
	return tls;
}

static void restarted(void *context)
{
	struct quic_handshake *handshake = context;

	tls_session_free(handshake->tls);
	handshake->tls = new_tls(handshake, handshake->flow->c);
	handshake->flow->restarted = true;
}

static void versions(void *context, const uint32_t *list, size_t count)
{
	struct quic_flow *flow = ((struct quic_handshake *)context)->flow;
	uint32_t *copy = arena_alloc(&flow->arena, count * sizeof *copy);

	memcpy(copy, list, count * sizeof *copy);
	flow->quic.server_versions = copy;
	flow->quic.server_version_count = count;
	flow->circumstances.versions = ((struct quic_handshake *)context)->tunnel.packet;
	flow->circumstances.versions_at = ((struct quic_handshake *)context)->tunnel.time;
	flow->restarted = false;
}

/* RFC 9001 4.8 */
static bool is_alert_close(const struct trace_quic_close *close)
{
	return !close->by_application && quic_error_is_alert(close->code);
}

static void note_alert(struct quic_handshake *handshake, const struct trace_quic_close *close)
{
	const struct tls_alert alert = { .from = close->by_server ? TLS_SERVER : TLS_CLIENT,
					 .level = 2,
					 .description = (uint8_t)close->code };

	tunnel_alert(&handshake->tunnel, &alert);
}

static bool closed_before(const struct trace_quic *quic, bool by_server)
{
	for (size_t i = 0; i < quic->close_count; i++)
		if (quic->closes[i].by_server == by_server)
			return true;
	return false;
}

static void closed(void *context, const struct quic_close *close)
{
	struct quic_handshake *handshake = context;
	struct quic_flow *flow = handshake->flow;
	struct tunnel *tunnel = &handshake->tunnel;
	const bool by_server = close->from == QUIC_SERVER;
	struct trace_quic_close *kept = &flow->quic.closes[flow->quic.close_count];

	if (tunnel->record.done || closed_before(&flow->quic, by_server))
		return;
	*kept = (struct trace_quic_close){ .by_server = by_server,
					   .by_application = close->by_application,
					   .code = close->code,
					   .reason = arena_copy(&flow->arena, close->reason),
					   .time = tunnel->time,
					   .packet = tunnel->packet };
	if (is_alert_close(kept))
		note_alert(handshake, kept);
	tunnel->record.last_packet = tunnel->packet;
	flow->quic.close_count++;
}

static void quic_malformed(void *context, enum quic_side from)
{
	struct quic_handshake *handshake = context;

	(void)from;
	handshake->tunnel.record.malformed = true;
}

static const struct quic_events quic_events = {
	.crypto = crypto, .restarted = restarted, .close = closed, .versions = versions, .malformed = quic_malformed
};

/* ---- datagrams ---- */

/* A client that hears nothing sends its hello again after its probe timeout, RFC 9002 6.2; sooner, the capture has one packet twice. */
static const nt_time same_packet_time = 100 * NT_MILLISECOND;

static void note_hello(struct quic_flow *flow, bool again, const struct packet_context *packet)
{
	struct quic_circumstances *facts = &flow->circumstances;

	if (again && packet->time - facts->last_hello_at < same_packet_time)
		return;
	if (facts->flights == 0)
		facts->first_hello = packet->ref;
	if (again || facts->flights == 0)
		facts->flights++;
	facts->last_hello_at = packet->time;
	facts->last_hello = packet->ref;
}

static void note_progress(struct quic_flow *flow, const struct quic_progress *before, const struct packet_context *packet)
{
	struct quic_handshake *handshake = flow->handshake;
	const struct quic_progress *now = quic_session_progress(handshake->session);

	flow->quic.version = now->version;
	flow->quic.offered_version = now->offered_version;
	flow->quic.retry = now->retried;
	flow->quic.answered = now->answered || now->heard;
	if (now->client_hellos + now->client_repeats > before->client_hellos + before->client_repeats)
		note_hello(flow, now->client_repeats > before->client_repeats, packet);
	if (now->established && !handshake->tunnel.record.done)
		tunnel_handshake_done(handshake);
}

/* The handshake is complete: nothing that follows can be read, nor changes the record. */
static void succeed(struct quic_flow *flow)
{
	struct tunnel *tunnel = &flow->handshake->tunnel;

	dials_quic_connected(flow->c, &flow->attempt, tunnel->record.handshake_end);
	diagnose_quic_tls(flow->c, &flow->attempt, flow->dial, &tunnel->record, &tunnel->circumstances);
	end_handshake(flow);
}

static void feed(struct quic_flow *flow, bool by_client, struct cursor datagram, const struct packet_context *packet)
{
	struct quic_handshake *handshake = flow->handshake;
	const struct quic_progress before = *quic_session_progress(handshake->session);

	handshake->tunnel.time = packet->time;
	handshake->tunnel.packet = packet->ref;
	quic_session_feed(handshake->session, by_client ? QUIC_CLIENT : QUIC_SERVER, datagram);
	if (quic_session_progress(handshake->session)->proven)
		note_progress(flow, &before, packet);
}

void quic_flow_datagram(struct quic_flow *flow, bool by_client, struct cursor datagram, const struct packet_context *packet)
{
	flow->circumstances.server_datagrams += !by_client;
	if (!flow->handshake)
		return;
	feed(flow, by_client, datagram, packet);
	if (flow->handshake->tunnel.record.done)
		succeed(flow);
}

static struct quic_handshake *handshake_new(struct quic_flow *flow, const struct packet_context *packet)
{
	struct quic_handshake *handshake = nt_zalloc(sizeof *handshake);
	struct correlator *c = flow->c;

	handshake->flow = flow;
	handshake->session = quic_session_new(&quic_events, handshake, c->hits);
	handshake->tls = new_tls(handshake, c);
	tunnel_init(&handshake->tunnel, c, &flow->attempt.tuple);
	handshake->tunnel.client_begin = packet->time;
	handshake->tunnel.circumstances.hello = packet->ref;
	handshake->tunnel.circumstances.answered = NT_TIME_NONE;
	handshake->tunnel.record.first_packet = packet->ref;
	handshake->tunnel.record.udp_conn = flow->attempt.conn;
	return handshake;
}

struct quic_flow *quic_flow_new(struct correlator *c, trace_id conn, const struct address_tuple *tuple, struct cursor datagram,
				const struct packet_context *packet)
{
	struct quic_flow *flow = nt_zalloc(sizeof *flow);
	struct trace_tls_tunnel *record;

	flow->c = c;
	flow->attempt = (struct quic_attempt){ .conn = conn, .tuple = *tuple, .begin = packet->time, .first_packet = packet->ref };
	flow->circumstances.versions_at = flow->circumstances.icmp_at = NT_TIME_NONE;
	flow->handshake = handshake_new(flow, packet);
	feed(flow, true, datagram, packet);
	if (!quic_session_progress(flow->handshake->session)->proven) {
		handshake_free(flow->handshake);
		free(flow);
		return NULL;
	}
	make_room(c);
	link_handshake(c, flow->handshake);
	flow->dial = dials_quic_begin(c, &flow->attempt);
	record = &flow->handshake->tunnel.record;
	record->id = new_id(c);
	if (record->server_name.size)
		dials_quic_name(c, &flow->attempt, record->server_name);
	return flow;
}

void quic_flow_icmp_error(struct quic_flow *flow, uint8_t type, uint8_t code, const struct packet_context *packet)
{
	enum { UNREACHABLE_4 = 3, FRAGMENTATION_NEEDED = 4, UNREACHABLE_6 = 1 };
	const bool is_ip4 = flow->attempt.tuple.ip_version == 4;
	struct quic_circumstances *facts = &flow->circumstances;

	if (!flow->handshake || flow->quic.answered || facts->server_datagrams || facts->icmp_packet.number ||
	    (is_ip4 ? type != UNREACHABLE_4 || code == FRAGMENTATION_NEEDED : type != UNREACHABLE_6))
		return;
	facts->icmp_type = type;
	facts->icmp_code = code;
	facts->icmp_packet = packet->ref;
	facts->icmp_at = packet->time;
}

/* ---- the end ---- */

/*
 * The client sent its hello again, as it heard nothing, and gave up, or has waited so long that it is no young exchange.  That it never
 * acknowledged anything proves it, even if the capture has only its direction.
 */
static bool is_silent(const struct quic_flow *flow, nt_time silence)
{
	const nt_time given_up = 900 * NT_MILLISECOND;
	const struct quic_circumstances *facts = &flow->circumstances;
	nt_time tried = facts->last_hello_at - flow->attempt.begin;

	return !flow->quic.answered && facts->server_datagrams == 0 && facts->flights >= 2 &&
	       (tried >= given_up || tried + silence >= SILENCE_PATIENCE);
}

/* The server speaks none of the client's versions, and the client tried no other. */
static bool has_no_version(const struct quic_flow *flow)
{
	return flow->quic.server_version_count && !flow->restarted;
}

/* In the words of quic-go. */
static struct bytes version_error(struct quic_flow *flow)
{
	char text[16];
	char *list = arena_printf(&flow->arena, "%s", "");

	for (size_t i = 0; i < flow->quic.server_version_count; i++)
		list = arena_printf(&flow->arena, "%s%s%s", list, i ? " " : "",
				    quic_version_text(flow->quic.server_versions[i], text));
	return bytes_of(arena_printf(&flow->arena, "no compatible QUIC version found (we support [%s], server offered [%s])",
				     quic_version_text(flow->quic.version, text), list));
}

static void fail(struct quic_flow *flow, struct bytes error, nt_time time)
{
	struct tunnel *tunnel = &flow->handshake->tunnel;

	tunnel->record.error = arena_copy(&tunnel->arena, error);
	tunnel->record.handshake_end = time;
	dials_quic_failed(&flow->attempt, error, time);
}

/* A client that goes away without a complaint: RFC 9000 10.2.3 lets an application's own code not be said in Initial packets. */
static bool is_plain_goodbye(const struct trace_quic_close *close)
{
	enum { NO_ERROR = 0x00, APPLICATION_ERROR = 0x0c };

	return !close->by_server && (close->by_application || close->code == NO_ERROR || close->code == APPLICATION_ERROR);
}

/* The words of quic-go for what is no alert: "CONNECTION_REFUSED (remote): reason". */
static struct bytes close_error(struct tunnel *tunnel, const struct trace_quic_close *close)
{
	const char *name = quic_error_text(close->code), *who = close->by_server ? "remote" : "local";
	const int size = (int)(close->reason.size < 200 ? close->reason.size : 200);

	if (!name || close->by_application)
		name = arena_printf(&tunnel->arena, "%s error 0x%llx", close->by_application ? "Application" : "unknown",
				    (unsigned long long)close->code);
	return bytes_of(
		arena_printf(&tunnel->arena, "%s (%s)%s%.*s", name, who, size ? ": " : "", size, (const char *)close->reason.at));
}

/* The first close: the other side's only answers it. */
static void name_close(struct quic_flow *flow, const struct trace_quic_close *close)
{
	struct tunnel *tunnel = &flow->handshake->tunnel;
	const bool is_alert = is_alert_close(close);

	tunnel->record.handshake_end = close->time;
	if (is_plain_goodbye(close))
		return;
	flow->circumstances.fault = is_alert ? QUIC_FAULT_ALERT : QUIC_FAULT_CLOSE;
	fail(flow, is_alert ? tunnel_alert_error(tunnel, &tunnel->alerts[0]) : close_error(tunnel, close), close->time);
}

static void name_failure(struct quic_flow *flow, nt_time silence)
{
	struct quic_circumstances *facts = &flow->circumstances;

	if (has_no_version(flow)) {
		facts->fault = QUIC_FAULT_VERSION;
		fail(flow, version_error(flow), facts->versions_at);
	} else if (facts->icmp_packet.number && !flow->quic.answered) {
		facts->fault = QUIC_FAULT_ICMP;
		fail(flow, dials_quic_icmp_error(&flow->attempt, facts->icmp_type, facts->icmp_code, &flow->arena), facts->icmp_at);
	} else if (is_silent(flow, silence)) {
		facts->fault = QUIC_FAULT_SILENCE;
		fail(flow, BYTES("timeout: no recent network activity"), facts->last_hello_at);
	} else if (flow->quic.close_count) {
		name_close(flow, &flow->quic.closes[0]);
	}
}

static void fail_at_the_end(struct quic_flow *flow, nt_time silence)
{
	struct quic_handshake *handshake = flow->handshake;
	const struct address_tuple *tuple = &flow->attempt.tuple;
	enum quic_failure harm;

	tls_session_cut_messages(handshake->tls, TLS_CLIENT);
	tls_session_cut_messages(handshake->tls, TLS_SERVER);
	handshake->tunnel.circumstances.failed = true;
	name_failure(flow, silence);
	if (flow->circumstances.fault == QUIC_FAULT_UNKNOWN || !client_wanted(flow->c, tuple->ip_version, &tuple->source))
		return;
	harm = dials_quic_judge(flow->c, &flow->attempt);
	if (harm != QUIC_EXPLAINED)
		diagnose_quic_failure(flow->c, &flow->attempt, harm == QUIC_CAUSE ? flow->dial : 0, &handshake->tunnel.record,
				      &handshake->tunnel.circumstances, &flow->circumstances, &flow->quic);
}

void quic_flow_finish(struct quic_flow *flow, struct trace_udp_conn *record, nt_time silence)
{
	if (flow->handshake) {
		fail_at_the_end(flow, silence);
		end_handshake(flow);
	}
	dials_quic_ended(flow->c, &flow->attempt, record->last_packet);
	record->from_dial = flow->dial;
	record->quic = &flow->quic;
}

void quic_flow_free(struct quic_flow *flow)
{
	if (!flow)
		return;
	arena_free(&flow->arena);
	free(flow);
}
