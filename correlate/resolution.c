/*
 * The DNS side of dials: what queries and replies tell about the lookups that they belong to.
 */
#include "correlate/diagnose.h"
#include "correlate/dials.h"
#include "correlate/lookups.h"
#include "correlate/resolution.h"
#include "correlate/tcp.h"
#include "dissect/dns/dns.h"

#include <string.h>
#include <strings.h>

/* A resolver goes on at once with what it was told: the lookup that it goes on with is among the latest of its client. */
enum { LOOK_BACK = 64 };

enum { RCODE_NO_ERROR = 0, RCODE_SERVER_FAIL = 2, RCODE_NAME_ERROR = 3, RCODE_REFUSED = 5 };

/* ---- the search list (resolv.conf): the next name follows at once on the failure of the one before ---- */

enum { MAX_EXPANSIONS = 8 };
static const nt_time search_list_time = 100 * NT_MILLISECOND;

static bool same_first_label(struct bytes a, struct bytes b)
{
	const uint8_t *dot_a = memchr(a.at, '.', a.size), *dot_b = memchr(b.at, '.', b.size);
	size_t size_a = dot_a ? (size_t)(dot_a - a.at) : a.size, size_b = dot_b ? (size_t)(dot_b - b.at) : b.size;

	return bytes_equal_nocase((struct bytes){ a.at, size_a }, (struct bytes){ b.at, size_b });
}

static bool has_failed(const struct lookup *lookup)
{
	const struct lookup_story *story = &lookup->story;

	return story->addresses == 0 && story->nxdomain + story->nodata + story->servfail + story->refused > 0;
}

static void join_search_list(struct correlator *c, struct lookup *lookup, nt_time time)
{
	struct lookup *before = NULL;
	unsigned looked_at = 0;

	if (c->lookup_failed == NT_TIME_NONE || time - c->lookup_failed > search_list_time)
		return;
	while ((before = lookups_unsettled(dials_lookups(c), &lookup->client, before)) && looked_at++ < LOOK_BACK) {
		if (before == lookup || before->continued || before->expansions >= MAX_EXPANSIONS || !has_failed(before) ||
		    time - before->story.last_reply > search_list_time)
			continue;
		if (!same_first_label(before->name, lookup->name) || bytes_equal_nocase(before->name, lookup->name))
			continue;
		before->continued = true;
		lookup->expands = lookup_ref(before);
		lookup->expansions = before->expansions + 1;
		return;
	}
}

/* ---- queries ---- */

static uint8_t asked_bit(uint16_t type)
{
	return type == DNS_TYPE_A ? LOOKUP_ASKED_A : type == DNS_TYPE_AAAA ? LOOKUP_ASKED_AAAA : LOOKUP_ASKED_OTHER;
}

/* What was answered well is asked anew: that is another lookup of the program, not a retry. */
static bool lacks_answer(const struct lookup_story *story, uint16_t type)
{
	size_t index = lookup_type_index(type);

	if (story->replied_at[index] < story->asked_at[index])
		return true;
	return !story->addresses && (story->servfail || story->refused || story->icmp_packet.number);
}

struct lookup *dials_query(struct correlator *c, const struct resolver_flow *flow, const struct dns_message *message, nt_time time,
			   struct packet_ref packet)
{
	struct lookup *lookup = lookups_query(dials_lookups(c), flow, message, time, packet);
	struct lookup_story *story;
	uint16_t type;
	uint8_t bit;

	if (!lookup)
		return NULL;
	story = &lookup->story;
	type = message->questions[0].type;
	bit = asked_bit(type);
	if (story->asked == 0 && lookup->begin == time)
		join_search_list(c, lookup, time);
	if (type == DNS_TYPE_A || type == DNS_TYPE_AAAA || type == DNS_TYPE_HTTPS)
		story->address_queries++;
	if ((story->asked & bit) && bit != LOOKUP_ASKED_OTHER && flow->over == TRACE_OVER_UDP && lacks_answer(story, type)) {
		story->repeated_queries++;
		story->repeated_packet = packet;
	}
	story->asked |= bit;
	story->asked_at[lookup_type_index(type)] = time;
	story->last_query = time;
	story->last_query_packet = packet;
	lookups_heard(dials_lookups(c), lookup, c->elapsed);
	return lookup;
}

/* ---- replies ---- */

static bool gives_address(const struct dns_message *message)
{
	for (size_t i = 0; i < message->answer_count; i++)
		if (message->answers[i].type == DNS_TYPE_A || message->answers[i].type == DNS_TYPE_AAAA)
			return true;
	return false;
}

static void count_reply(struct lookup_story *story, const struct dns_message *message)
{
	if (gives_address(message))
		story->addresses++;
	else if (message->cut && message->counts[1] > message->answer_count)
		story->cut++;
	else if (message->malformed && !message->truncated)
		story->malformed++;
	else if (message->rcode == RCODE_NAME_ERROR)
		story->nxdomain++;
	else if (message->rcode == RCODE_REFUSED)
		story->refused++;
	else if (message->rcode != RCODE_NO_ERROR) {
		story->servfail++;
		story->error_rcode = message->rcode;
	} else if (!message->truncated)
		story->nodata++;
}

void dials_reply(struct correlator *c, struct lookup *lookup, const struct resolver_flow *flow, const struct dns_message *message,
		 nt_time time, struct packet_ref packet, nt_time latency)
{
	struct lookup_story *story = &lookup->story;

	lookups_reply(dials_lookups(c), lookup, flow, message, time);
	c->dns_replies++;
	story->last_reply = time;
	lookups_heard(dials_lookups(c), lookup, c->elapsed);
	story->reply_packet = packet;
	if (message->question_count)
		story->replied_at[lookup_type_index(message->questions[0].type)] = time;
	if (latency > story->slowest)
		story->slowest = latency;
	if (message->truncated && flow->over == TRACE_OVER_UDP) {
		story->truncated = true;
		story->truncated_packet = packet;
	}
	if (flow->over == TRACE_OVER_TCP)
		story->truncated_answered = true;
	count_reply(story, message);
	if (has_failed(lookup) && time > c->lookup_failed) /* NT_TIME_NONE is the smallest value */
		c->lookup_failed = time;
}

struct lookup *dials_lookup_of(struct correlator *c, const struct resolver_flow *flow, const struct dns_message *message)
{
	struct bytes name;

	if (!message->question_count)
		return NULL;
	name = bytes_of(message->questions[0].name);
	if (name.size > 1)
		name.size--; /* the final dot */
	return lookups_by_name(dials_lookups(c), flow->ip_version, &flow->client, name);
}

static bool was_asked_from(const struct lookup *lookup, uint16_t port)
{
	for (size_t i = 0; i < lookup->flow_count; i++)
		if (lookup->flows[i].flow.over == TRACE_OVER_UDP && lookup->flows[i].flow.client_port == port)
			return true;
	return false;
}

void dials_odd_reply(struct correlator *c, struct lookup *lookup, enum dials_reply_kind kind, const struct resolver_flow *flow,
		     const struct dns_message *message, struct packet_ref packet)
{
	if (!lookup) {
		lookup = dials_lookup_of(c, flow, message);
		if (lookup && kind == DIALS_REPLY_UNMATCHED && flow->over == TRACE_OVER_UDP &&
		    !was_asked_from(lookup, flow->client_port))
			return; /* it answers an earlier lookup, whose query is not in the capture */
	}
	if (!lookup || lookup->settled)
		return;
	if (kind == DIALS_REPLY_UNMATCHED && message->question_count &&
	    !(lookup->story.asked & asked_bit(message->questions[0].type)))
		return; /* its query is not in the capture */
	if (kind == DIALS_REPLY_DUPLICATE) {
		lookup->story.duplicate++;
		lookup->story.duplicate_packet = packet;
	} else {
		lookup->story.mismatched++;
		lookup->story.mismatched_packet = packet;
	}
	lookups_heard(dials_lookups(c), lookup, c->elapsed);
}

void dials_query_unreachable(struct correlator *c, struct lookup *lookup, uint8_t type, uint8_t code, struct packet_ref packet)
{
	lookup->story.icmp_type = type;
	lookup->story.icmp_code = code;
	lookup->story.icmp_packet = packet;
	memcpy(lookup->story.replied_at, lookup->story.asked_at,
	       sizeof lookup->story.replied_at); /* the resolver knows, and tries again */
	lookups_heard(dials_lookups(c), lookup, c->elapsed);
}

bool dials_asked_from(struct correlator *c, const struct ip_address *client, uint16_t port)
{
	struct lookup *lookup = NULL;
	unsigned looked_at = 0;

	while ((lookup = lookups_unsettled(dials_lookups(c), client, lookup)) && looked_at++ < LOOK_BACK)
		if (was_asked_from(lookup, port))
			return true;
	return false;
}

void dials_resolver_syn(struct correlator *c, const struct tcp_conn *conn)
{
	struct address_tuple tuple = tcp_tuple(conn);
	struct lookup *lookup = NULL;
	unsigned looked_at = 0;

	while ((lookup = lookups_unsettled(dials_lookups(c), &tuple.source, lookup)) && looked_at++ < LOOK_BACK) {
		if (!lookup->story.truncated || lookup->story.truncated_answered || lookup->story.tcp_conn)
			continue;
		lookup->story.tcp_conn = conn->record.id;
		lookup->story.tcp_begun = c->elapsed;
		lookup->story.tcp_packet = conn->record.first_packet;
		return;
	}
}

void dials_resolver_ended(struct correlator *c, const struct tcp_conn *conn)
{
	struct address_tuple tuple = tcp_tuple(conn);
	struct lookup *lookup = NULL;
	unsigned looked_at = 0;

	if (tuple.destination_port != 53)
		return;
	while ((lookup = lookups_unsettled(dials_lookups(c), &tuple.source, lookup)) && looked_at++ < LOOK_BACK)
		if (lookup->story.tcp_conn == conn->record.id)
			lookup->story.tcp_ended = true;
}

void dials_settle(struct correlator *c, bool all)
{
	struct lookup *lookup;

	while ((lookup = lookups_due(dials_lookups(c), c->elapsed, all))) {
		resolution_settled(c, lookup);
		lookup_unref(lookup);
	}
}
