/*
 * Lookups: why a name did not resolve, and what resolving it cost.
 */
#include "correlate/diagnose.h"
#include "correlate/dials.h"
#include "correlate/lookups.h"
#include "correlate/resolution.h"
#include "dissect/dns/dns.h"

#include <string.h>

static const nt_time slow = NT_SECOND;
/* A SYN without an answer is sent again after a second. */
static const nt_time tcp_patience = NT_SECOND;

enum { MAX_CHAIN = 16 };

/* The name that the program asked for: of a search list, the shortest, with which all others begin (the list was tried first, or last). */
static struct bytes asked_name(const struct lookup *lookup)
{
	struct bytes name = lookup->name;
	unsigned depth = 0;

	for (const struct lookup *before = lookup->expands; before && depth++ < MAX_CHAIN; before = before->expands) {
		if (before->name.size < name.size)
			name = before->name;
	}
	return name;
}

/* ---- why it failed ---- */

/* FINDING_CODE_COUNT: it did not fail, or nothing proves it. */
static enum finding_code reason(const struct correlator *c, const struct lookup *lookup)
{
	const struct lookup_story *story = &lookup->story;
	const size_t a = lookup_type_index(DNS_TYPE_A);

	if (!(story->asked & (LOOKUP_ASKED_A | LOOKUP_ASKED_AAAA)))
		return FINDING_CODE_COUNT; /* HTTPS records alone make or break no dial (RFC 9460 3) */
	if (story->truncated && story->tcp_conn && !story->truncated_answered)
		return story->tcp_ended || c->elapsed - story->tcp_begun >= tcp_patience ? FINDING_DNS_TCP_FALLBACK_FAILED
											 : FINDING_CODE_COUNT;
	if (story->cut)
		return FINDING_CODE_COUNT; /* the answer was there, but not in the capture */
	if (story->nxdomain)
		return FINDING_DNS_NXDOMAIN;
	if (story->servfail)
		return FINDING_DNS_SERVFAIL;
	if (story->refused)
		return FINDING_DNS_REFUSED;
	if (story->malformed)
		return FINDING_DNS_MALFORMED_REPLY;
	if (story->mismatched)
		return FINDING_DNS_REPLY_MISMATCH;
	if (story->nodata && !(story->asked & LOOKUP_ASKED_A))
		return FINDING_CODE_COUNT; /* no IPv6 address alone is normal */
	if (story->nodata && story->replied_at[a] >= story->asked_at[a])
		return FINDING_DNS_NODATA;
	if (story->icmp_packet.number)
		return FINDING_DNS_SERVER_UNREACHABLE;
	if (story->truncated || (!c->dns_replies && (c->dns_replies_missed || (c->answers_missed && !c->answers_seen))))
		return FINDING_CODE_COUNT; /* what came of it is not in the capture */
	if (story->repeated_queries || c->elapsed - story->last_event >= SILENCE_PATIENCE)
		return FINDING_DNS_TIMEOUT;
	return FINDING_CODE_COUNT;
}

static bool is_one_label(struct bytes name)
{
	return !name.size || !memchr(name.at, '.', name.size);
}

/*
 * The lookup of a search list by which the name that was asked for did not resolve: its own, not that of a longer name that was made of it.
 * Of a bare label it is one that the list made of it, as few name servers know bare labels.
 */
static const struct lookup *decisive(const struct correlator *c, const struct lookup *last)
{
	const struct bytes asked = asked_name(last);
	const enum finding_code code = reason(c, last);

	if (is_one_label(asked) && (code != FINDING_DNS_REFUSED && code != FINDING_DNS_SERVFAIL))
		return last;
	for (const struct lookup *before = last->expands; before; before = before->expands) {
		if (is_one_label(asked) ? before->story.nxdomain : bytes_equal_nocase(before->name, asked))
			return reason(c, before) == FINDING_CODE_COUNT ? last : before;
	}
	return last;
}

static const char *meaning(enum finding_code code)
{
	switch (code) {
	case FINDING_DNS_NXDOMAIN:
		return "the name does not exist (NXDOMAIN)";
	case FINDING_DNS_NODATA:
		return "the name exists, but has no address";
	case FINDING_DNS_SERVFAIL:
		return "the name server failed";
	case FINDING_DNS_REFUSED:
		return "the name server refused to answer (REFUSED)";
	case FINDING_DNS_MALFORMED_REPLY:
		return "the name server's reply is malformed";
	case FINDING_DNS_REPLY_MISMATCH:
		return "replies came, but none that fits the query (wrong id, name or port)";
	case FINDING_DNS_SERVER_UNREACHABLE:
		return "the name server cannot be reached (ICMP error)";
	case FINDING_DNS_TCP_FALLBACK_FAILED:
		return "the reply over UDP was truncated, and TCP to the name server failed";
	default:
		return "no name server answered";
	}
}

static void say_servers(struct finding *f, const struct lookup *lookup)
{
	char text[ENDPOINT_TEXT_SIZE];
	size_t said = 0;

	for (size_t i = 0; i < lookup->flow_count && said < 3; i++) {
		const struct resolver_flow *flow = &lookup->flows[i].flow;
		bool known = false;

		for (size_t j = 0; j < i; j++)
			known |= memcmp(&lookup->flows[j].flow.nameserver, &flow->nameserver, sizeof flow->nameserver) == 0;
		if (known)
			continue;
		finding_say(f, said++ ? ", %s" : " (asked: %s",
			    endpoint_text(flow->ip_version, &flow->nameserver, flow->nameserver_port, text));
	}
	finding_say(f, said ? ")." : ".");
}

/*
 * What hosts look for by themselves: a proxy (WPAD), an IPv6 router (RFC 5214 8.3.2), which most networks do not have; and names by whose
 * absence a network says that it wants no DNS over HTTPS of Firefox, no Private Relay of Apple.
 */
static bool is_tried_by_itself(struct bytes name)
{
	static const char *const labels[] = { "wpad", "isatap" };
	static const char *const names[] = { "use-application-dns.net", "mask.icloud.com", "mask-h2.icloud.com" };
	const uint8_t *dot = memchr(name.at, '.', name.size);

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (bytes_equal_nocase(name, bytes_of(names[i])))
			return true;
	if (dot)
		name.size = (size_t)(dot - name.at);
	for (size_t i = 0; i < sizeof labels / sizeof *labels; i++)
		if (bytes_equal_nocase(name, bytes_of(labels[i])))
			return true;
	return false;
}

/* How many labels at the beginning of a name are digits alone, of the given base and at most `most` of them. */
static size_t digit_labels(struct bytes name, const char *digits, size_t most)
{
	size_t labels = 0;

	while (name.size) {
		const uint8_t *dot = memchr(name.at, '.', name.size);
		size_t size = dot ? (size_t)(dot - name.at) : name.size;

		if (!dot || size == 0 || size > most || strspn((const char *)name.at, digits) != size)
			break;
		labels++;
		name.at += size + 1;
		name.size -= size + 1;
	}
	return labels;
}

/* RFC 5782 2.1 and 2.4: the address stands backwards in front of the list's name. */
static bool asks_a_list_of_addresses(struct bytes name)
{
	return digit_labels(name, "0123456789", 3) == 4 || digit_labels(name, "0123456789abcdefABCDEF", 1) == 32;
}

/* Why the negative answer is the normal one, NULL if it is not. */
static const char *normal_answer(struct bytes name)
{
	if (is_tried_by_itself(name))
		return " Hosts try this name by themselves, and where it is not set up, that is the normal answer.";
	if (asks_a_list_of_addresses(name))
		return " Lists of addresses, such as those of senders of spam, answer so about an address that is not on them.";
	return NULL;
}

static void blame(struct correlator *c, const struct lookup *lookup, enum finding_code code, struct bytes name, trace_id dial)
{
	const struct lookup_story *story = &lookup->story;
	nt_time at = story->last_reply ? story->last_reply : story->last_query;
	struct finding *f = finding_begin(c, code, at);

	finding_say(f, "%.*s did not resolve: %s", (int)(name.size < 200 ? name.size : 200), (const char *)name.at, meaning(code));
	if (code == FINDING_DNS_SERVFAIL)
		finding_say(f, story->error_rcode == 2 ? " (SERVFAIL)" : " (RCODE %u)", story->error_rcode);
	say_servers(f, lookup);
	finding_trace(f, dial);
	for (size_t i = 0; i < lookup->flow_count; i++)
		finding_trace(f, lookup->flows[i].flow.connection);
	finding_trace(f, story->tcp_conn);
	finding_packet(f, lookup->first_packet, "first query");
	if (code == FINDING_DNS_TIMEOUT)
		finding_packet(f, story->last_query_packet, "last query");
	finding_packet(f, story->truncated_packet, "truncated reply");
	finding_packet(f, story->tcp_packet, "SYN to the name server");
	finding_packet(f, code == FINDING_DNS_REPLY_MISMATCH ? story->mismatched_packet : story->reply_packet, "reply");
	if (code == FINDING_DNS_SERVER_UNREACHABLE)
		finding_packet(f, story->icmp_packet, "ICMP error that quotes the query");
	finding_root(f, dial, 0);
	if ((code == FINDING_DNS_NXDOMAIN || code == FINDING_DNS_NODATA) && normal_answer(name))
		finding_soften(f, FINDING_INFO, normal_answer(name));
}

/* ---- the dial that died ---- */

static const char *error_text(struct arena *arena, const struct lookup *lookup, enum finding_code code)
{
	const struct resolver_flow *flow = &lookup->flows[lookup->flow_count - 1].flow;
	char server[ENDPOINT_TEXT_SIZE], client[ENDPOINT_TEXT_SIZE];
	struct bytes name = asked_name(lookup);
	const char *how = arena_printf(arena, "dial tcp: lookup %.*s on %s", (int)name.size, (const char *)name.at,
				       endpoint_text(flow->ip_version, &flow->nameserver, flow->nameserver_port, server));

	endpoint_text(flow->ip_version, &flow->client, flow->client_port, client);
	switch (code) {
	case FINDING_DNS_NXDOMAIN:
	case FINDING_DNS_NODATA:
		return arena_printf(arena, "%s: no such host", how);
	case FINDING_DNS_TIMEOUT:
	case FINDING_DNS_REPLY_MISMATCH:
		return arena_printf(arena, "%s: read udp %s->%s: i/o timeout", how, client, server);
	case FINDING_DNS_SERVER_UNREACHABLE:
		return arena_printf(arena, "%s: read udp %s->%s: read: connection refused", how, client, server);
	default:
		return arena_printf(arena, "%s: server misbehaving", how);
	}
}

static trace_id report_failed_dial(struct correlator *c, struct lookup *lookup, enum finding_code code)
{
	const struct lookup_story *story = &lookup->story;
	struct arena arena = { NULL, 0 };
	struct trace_dial dial = { .id = new_id(c),
				   .begin = lookup->begin,
				   .end = story->last_reply > story->last_query ? story->last_reply : story->last_query,
				   .host = asked_name(lookup),
				   .host_by = TRACE_BY_DNS,
				   .source_ip_version = lookup->ip_version,
				   .source = lookup->client,
				   .first_packet = lookup->first_packet,
				   .last_packet = story->reply_packet.number ? story->reply_packet : story->last_query_packet };
	const struct lookup *first = lookup;

	while (first->expands) {
		first = first->expands;
		dial.begin = first->begin;
		dial.first_packet = first->first_packet;
	}
	dial.error = bytes_of(error_text(&arena, lookup, code));
	lookups_resolver_dials(lookup, &arena, &dial.resolver_dials, &dial.resolver_dial_count);
	for (struct lookup *each = lookup; each; each = each->expands)
		each->dial = dial.id;
	if (c->sink->dial)
		c->sink->dial(c->context, &dial);
	arena_free(&arena);
	return dial.id;
}

/* ---- what it cost ---- */

static struct finding *note(struct correlator *c, const struct lookup *lookup, enum finding_code code, nt_time at)
{
	struct finding *f = finding_begin(c, code, at);

	finding_trace(f, lookup->dial);
	for (size_t i = 0; i < lookup->flow_count; i++)
		finding_trace(f, lookup->flows[i].flow.connection);
	finding_packet(f, lookup->first_packet, "first query");
	return f;
}

static void say_name(struct finding *f, const struct lookup *lookup)
{
	finding_say(f, "%.*s", (int)(lookup->name.size < 200 ? lookup->name.size : 200), (const char *)lookup->name.at);
}

static void note_search_list(struct correlator *c, const struct lookup *lookup)
{
	struct finding *f;

	if (!lookup->expands || !lookup->story.addresses)
		return;
	f = note(c, lookup, FINDING_DNS_SEARCH_EXPANSION, lookup->begin);
	say_name(f, lookup);
	finding_say(f, " was found by the search list, after");
	for (const struct lookup *before = lookup->expands; before; before = before->expands) {
		finding_say(f, " ");
		say_name(f, before);
		finding_packet(f, before->story.reply_packet, "negative reply to the name before");
	}
	finding_say(f, " did not resolve.");
}

static void note_cost(struct correlator *c, const struct lookup *lookup)
{
	const struct lookup_story *story = &lookup->story;
	struct finding *f;
	char text[24];

	note_search_list(c, lookup);
	if (story->repeated_queries) {
		f = note(c, lookup, FINDING_DNS_RETRY, story->last_query);
		finding_say(f, "Resolving ");
		say_name(f, lookup);
		finding_say(f, " took %u more quer%s before an answer came", story->repeated_queries,
			    story->repeated_queries == 1 ? "y" : "ies");
		say_servers(f, lookup);
		finding_packet(f, story->repeated_packet, "query sent again");
	}
	if (story->slowest >= slow) {
		f = note(c, lookup, FINDING_DNS_SLOW, story->last_reply);
		finding_say(f, "The name server took %s to answer for ", duration_text(story->slowest, text));
		say_name(f, lookup);
		say_servers(f, lookup);
		finding_packet(f, story->reply_packet, "reply");
	}
}

static void note_oddities(struct correlator *c, const struct lookup *lookup)
{
	const struct lookup_story *story = &lookup->story;
	struct finding *f;

	if (story->truncated) {
		f = note(c, lookup, FINDING_DNS_TRUNCATED, story->last_query);
		finding_say(f, "A reply for ");
		say_name(f, lookup);
		finding_say(f, " was too long for UDP (TC flag)%s.",
			    story->truncated_answered ? "; the client asked again over TCP" : "");
		finding_packet(f, story->truncated_packet, "truncated reply");
	}
	if (story->duplicate) {
		f = note(c, lookup, FINDING_DNS_DUPLICATE_REPLY, story->last_reply);
		finding_say(f, "%u repl%s for ", story->duplicate, story->duplicate == 1 ? "y" : "ies");
		say_name(f, lookup);
		finding_say(f, " came twice.");
		finding_packet(f, story->duplicate_packet, "second copy of a reply");
	}
}

/* ---- the outcome ---- */

/* The name itself has an address in the end: the search list was tried in vain for one type only, or for nothing. */
static bool expands_what_resolved(const struct lookup *lookup)
{
	for (const struct lookup *before = lookup->expands; before; before = before->expands)
		if (before->story.addresses)
			return true;
	return false;
}

void resolution_settled(struct correlator *c, struct lookup *lookup)
{
	const struct lookup *cause;
	enum finding_code code;

	if (!client_wanted(c, lookup->ip_version, &lookup->client) || lookup->story.address_queries == 0)
		return;
	note_oddities(c, lookup);
	if (lookup->story.addresses || lookup->dial) {
		note_cost(c, lookup);
		return;
	}
	if (lookup->continued || lookup->flow_count == 0)
		return; /* the next name of the search list tells how it ended */
	if (expands_what_resolved(lookup))
		return;
	cause = decisive(c, lookup);
	code = reason(c, cause);
	if (code != FINDING_CODE_COUNT)
		blame(c, cause, code, asked_name(lookup), report_failed_dial(c, lookup, code));
}
