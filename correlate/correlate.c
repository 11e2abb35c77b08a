#include "correlate/correlate.h"

#include "correlate/app.h"
#include "correlate/certificates.h"
#include "correlate/conntrack_table.h"
#include "correlate/diagnose.h"
#include "correlate/dials.h"
#include "correlate/findings.h"
#include "correlate/fragments.h"
#include "correlate/http_history.h"
#include "correlate/proxies.h"
#include "correlate/internal.h"
#include "correlate/services.h"
#include "correlate/tcp.h"
#include "correlate/udp.h"

#include <stdlib.h>
#include <string.h>

/*
 * A clock that jumps must not end all flows: no single silence counts for more than longest_step, and one longer than another_capture (files
 * put together, a clock that was set) is no silence that anybody listened to.
 */
static const nt_time longest_step = 30 * NT_SECOND, another_capture = 600 * NT_SECOND;

static nt_time heard(nt_time step)
{
	return step > another_capture ? 0 : step > longest_step ? longest_step : step;
}

struct correlator *correlator_new(const struct correlate_options *options, const struct trace_sink *sink, void *context,
				  struct limit_hits *hits)
{
	struct correlator *c = nt_zalloc(sizeof *c);

	c->options = *options;
	c->sink = sink;
	c->context = context;
	c->hits = hits;
	c->now = INT64_MIN;
	c->last_packet_time = c->lookup_failed = NT_TIME_NONE;
	c->stats.first_packet_time = c->stats.smallest_time = c->stats.largest_time = NT_TIME_NONE;
	flow_table_init(&c->flows, options->hash_seed);
	c->fragments = fragments_new(options->hash_seed, hits);
	c->dials = dials_new(c);
	c->findings = findings_new();
	c->http_history = http_history_new(options->hash_seed, hits);
	c->proxies = proxies_new();
	if (options->keylog)
		c->resumable = tls_keylog_new(options->hash_seed, hits);
	if (!options->no_app_protocol)
		c->appid = appid_new();
	c->services = services_new(options->hash_seed);
	c->certificates = certificates_new();
	c->url.max = LIMIT_HTTP_HEAD * 4u;
	return c;
}

static void end_flow(struct correlator *c, struct flow *flow, enum trace_close why)
{
	if (flow->key.protocol == IP_PROTOCOL_TCP)
		tcp_end(c, flow, why);
	else
		udp_end(c, (struct udp_conn *)flow);
}

static void end_all_flows(struct correlator *c)
{
	struct flow *flow;

	while ((flow = flow_silent_longest(&c->flows)))
		end_flow(c, flow, TRACE_CLOSE_NONE);
}

void correlator_finish(struct correlator *c)
{
	c->finishing = true;
	dials_settle(c, true); /* first: what DNS flows resolved for is told with them */
	end_all_flows(c);
	c->stats.skipped.fragments_unfinished = fragments_unfinished(c->fragments);
	c->stats.fragments_conflicting = fragments_conflicting(c->fragments);
	diagnose_capture(c);
	findings_report(c);
}

void correlator_free(struct correlator *c)
{
	static const struct trace_sink nobody;

	if (!c)
		return;
	c->sink = &nobody;
	end_all_flows(c);
	arena_free(&c->dns_scratch);
	exchanges_free(c->spare_exchanges);
	http_free_spare(c);
	tcp_free_spare(c);
	buffer_free(&c->url);
	flow_table_clear(&c->flows);
	fragments_free(c->fragments);
	dials_free(c->dials);
	conntrack_table_free(c->conntrack);
	findings_free(c->findings);
	http_history_free(c->http_history);
	proxies_free(c->proxies);
	appid_free(c->appid);
	services_free(c->services);
	certificates_free(c->certificates);
	tls_keylog_free(c->resumable);
	free(c);
}

const struct correlate_stats *correlator_stats(const struct correlator *c)
{
	return &c->stats;
}

/* ---- --client ---- */

static bool in_prefix(const struct correlate_prefix *prefix, const struct ip_address *address)
{
	unsigned whole = prefix->bits / 8u, rest = prefix->bits % 8u;
	uint8_t mask = (uint8_t)(0xff00 >> rest);

	return memcmp(prefix->address.bytes, address->bytes, whole) == 0 &&
	       (rest == 0 || ((prefix->address.bytes[whole] ^ address->bytes[whole]) & mask) == 0);
}

bool client_is_listed(const struct correlator *c, uint8_t ip_version, const struct ip_address *address)
{
	for (size_t i = 0; i < c->options.client_count; i++)
		if (c->options.clients[i].ip_version == ip_version && in_prefix(&c->options.clients[i], address))
			return true;
	return false;
}

/* ---- ICMP ---- */

/* The flow of a quoted packet, and which side had sent it. */
static struct flow *quoted_flow(struct correlator *c, const struct net_packet *quoted, uint16_t vantage, int *sender)
{
	struct cursor payload = quoted->payload;
	uint16_t source_port = cur_u16(&payload);
	uint16_t destination_port = cur_u16(&payload);
	struct flow_key key;

	if (payload.state != CUR_OK || (quoted->protocol != IP_PROTOCOL_TCP && quoted->protocol != IP_PROTOCOL_UDP))
		return NULL;
	*sender = flow_key_make(&key, quoted->ip_version, quoted->protocol, vantage, &quoted->source, source_port,
				&quoted->destination, destination_port);
	return flow_find(&c->flows, &key, flow_hash(c->flows.seed, &key));
}

/* Whether it is an error about a connection that is reported. */
static bool icmp_packet(struct correlator *c, const struct packet_context *packet)
{
	struct icmp_message message;
	struct net_packet quoted;
	enum net_result result;
	struct flow *flow;
	int sender;

	c->stats.icmp_packets++;
	if (icmp_read(packet->net->ip_version, packet->net->payload, &message) != CUR_OK || !message.is_error)
		return false;
	result = net_decode_quoted(packet->net->ip_version, message.quoted, &quoted);
	if (result != NET_IP && result != NET_FRAGMENT)
		return false;
	flow = quoted_flow(c, &quoted, packet->vantage, &sender);
	if (!flow)
		return false;
	if (flow->key.protocol == IP_PROTOCOL_TCP)
		return tcp_icmp_error(c, flow, sender, message.type, message.code, packet);
	udp_icmp_error((struct udp_conn *)flow, sender, message.type, message.code, packet);
	return udp_is_reported(c, (struct udp_conn *)flow);
}

/* ---- packets ---- */

static void note_unknown(struct correlator *c, enum net_registry registry, uint32_t number)
{
	struct correlate_stats *stats = &c->stats;

	stats->skipped.unknown++;
	for (size_t i = 0; i < stats->unknown_count; i++)
		if (stats->unknown[i].registry == registry && stats->unknown[i].number == number) {
			stats->unknown[i].packets++;
			return;
		}
	if (stats->unknown_count == sizeof stats->unknown / sizeof *stats->unknown) {
		limit_hit(c->hits, LIMIT_UNKNOWN_KINDS_HIT);
		return;
	}
	stats->unknown[stats->unknown_count++] = (struct correlate_unknown){ registry, number, 1 };
}

static void note_time(struct correlator *c, nt_time time, struct packet_ref packet)
{
	struct correlate_stats *stats = &c->stats;

	if (stats->first_packet_time == NT_TIME_NONE)
		stats->first_packet_time = stats->smallest_time = stats->largest_time = time;
	if (time < stats->smallest_time)
		stats->smallest_time = time;
	if (time > stats->largest_time)
		stats->largest_time = time;
	if (c->last_packet_time != NT_TIME_NONE && time < c->last_packet_time) {
		stats->time_went_backwards++;
		if (c->last_packet_time - time > stats->largest_step_back) {
			stats->largest_step_back = c->last_packet_time - time;
			stats->step_back_packet = packet;
		}
	} else if (c->last_packet_time != NT_TIME_NONE) {
		c->elapsed += heard(time - c->last_packet_time);
	}
	c->last_packet_time = time;
	if (time > c->now)
		c->now = time;
}

static void make_room(struct correlator *c)
{
	struct flow *flow;

	dials_settle(c, false);
	while ((flow = flow_expired(&c->flows, c->elapsed))) {
		if (flow->key.protocol == IP_PROTOCOL_TCP)
			tcp_expire(c, flow);
		else if (flow->queue == FLOW_UDP_ANSWERED)
			udp_rest(c, (struct udp_conn *)flow);
		else
			end_flow(c, flow, TRACE_CLOSE_NONE);
	}
	while (c->flows.count > LIMIT_FLOWS) {
		limit_hit(c->hits, LIMIT_FLOWS_HIT);
		end_flow(c, flow_silent_longest(&c->flows), TRACE_CLOSE_EVICTED);
	}
}

static bool ip_packet(struct correlator *c, const struct packet_layers *layers, const struct packet_context *packet)
{
	c->stats.ip_packets++;
	if (layers->transport != CUR_OK && !layers->has_flow) {
		*(layers->transport == CUR_BAD ? &c->stats.skipped.malformed : &c->stats.skipped.cut) += 1;
		return false;
	}
	switch (packet->net->protocol) {
	case IP_PROTOCOL_TCP:
		return tcp_packet(c, layers, packet);
	case IP_PROTOCOL_UDP:
		return udp_packet(c, layers, packet);
	case IP_PROTOCOL_ICMP:
	case IP_PROTOCOL_ICMPV6:
		return icmp_packet(c, packet);
	default:
		c->stats.skipped.other_protocol++;
		return false;
	}
}

/*
 * Whole datagrams may hold another IP packet, and that may be a fragment again.  Returns the layers of the whole, in
 * *room; or those that it was given, where more fragments are missing.
 */
static const struct packet_layers *put_together(struct correlator *c, const struct packet_layers *layers,
						const struct packet_context *packet, struct packet_layers *room)
{
	struct net_packet whole;
	bool is_whole;

	for (unsigned depth = 0; layers->result == NET_FRAGMENT && depth < LIMIT_NESTING; depth++) {
		if (c->stats.fragments++ == 0)
			c->stats.first_fragment_packet = packet->ref;
		is_whole = fragments_add(c->fragments, &layers->net, packet->vantage, packet->time, &whole);
		if (!c->stats.conflicting_fragment_packet.number && fragments_conflicting(c->fragments))
			c->stats.conflicting_fragment_packet = packet->ref;
		if (!is_whole)
			break;
		c->stats.datagrams_reassembled++;
		layers_read_whole(&whole, packet->vantage, c->flows.seed, room);
		layers = room;
	}
	return layers;
}

static void count_skipped(struct correlator *c, enum net_result result, const struct net_packet *net)
{
	struct correlate_skipped *skipped = &c->stats.skipped;

	switch (result) {
	case NET_NOT_IP:
		skipped->not_ip++;
		break;
	case NET_UNKNOWN:
		note_unknown(c, net->unknown.registry, net->unknown.number);
		break;
	case NET_CUT:
		skipped->cut++;
		break;
	case NET_MALFORMED:
		skipped->malformed++;
		break;
	case NET_TOO_DEEP:
		limit_hit(c->hits, LIMIT_NESTING_HIT);
		skipped->too_deep++;
		break;
	case NET_IP:
	case NET_FRAGMENT:
		break;
	}
}

/* Half of what 64 bits hold (1823 to 2116), so that the difference of any two times fits; a clock that says more is broken anyhow. */
static nt_time bounded(nt_time time)
{
	const nt_time most = INT64_MAX / 2;

	return time == NT_TIME_NONE ? time : time > most ? most : time < -most ? -most : time;
}

bool correlator_packet(struct correlator *c, const struct packet *packet)
{
	const struct packet_layers *layers;
	struct packet_layers own, whole;
	const struct net_packet *net;
	struct packet_context context = {
		.time = bounded(packet->time),
		.ref = { .file = packet->interface->file, .number = packet->number },
		.interface = packet->interface->id,
		.vantage = vantage_of(packet),
	};

	c->stats.packets++;
	if (packet->size > packet->captured && c->stats.cut_packets++ == 0)
		c->stats.first_cut_packet = context.ref;
	if (context.time == NT_TIME_NONE) /* a packet without a time came with the one before it */
		context.time = c->now == INT64_MIN ? 0 : c->now;
	note_time(c, context.time, context.ref);
	make_room(c);
	layers_read(packet, c->flows.seed, &own);
	layers = &own;
	if (layers->result == NET_FRAGMENT)
		layers = put_together(c, layers, &context, &whole);
	net = context.net = &layers->net;
	if (layers->result == NET_IP)
		return ip_packet(c, layers, &context);
	count_skipped(c, layers->result, net);
	return layers->result == NET_FRAGMENT &&
	       (client_wanted(c, net->ip_version, &net->source) || client_wanted(c, net->ip_version, &net->destination));
}

/* ---- connection tracking ---- */

/* As long as an entry stays after the last packet: TIME_WAIT and streams of datagrams have 120 s on Linux, closed flows here 60 s. */
static const nt_time conntrack_linger = 75 * NT_SECOND;

void correlator_conntrack(struct correlator *c, const struct conntrack_entry *entry)
{
	if (!c->conntrack)
		c->conntrack = conntrack_table_new(c->options.hash_seed, c->hits);
	c->flows.linger = conntrack_linger;
	conntrack_table_add(c->conntrack, entry);
}
