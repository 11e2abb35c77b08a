#include "correlate/dials.h"

#include "correlate/diagnose.h"
#include "correlate/lookups.h"
#include "correlate/tcp.h"
#include "dissect/dns/dns.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ATTEMPTS = 16, LOOK_AROUND = 256 };
/* The next address is tried at once after a failure: what comes later is another try of the program. */
static const nt_time next_address_time = 2 * NT_SECOND;
/* Who has the addresses connects at once; who still waits for some, when the resolver gives up. */
static const nt_time connect_delay = 5 * NT_SECOND, resolver_patience = 30 * NT_SECOND;
/* A connection to the same place that began so soon after, and worked, made good for one that failed; who waits gives up after 21 s. */
static const nt_time repeat_time = 2 * NT_SECOND, repeat_patience = 30 * NT_SECOND;
/* As long as a QUIC handshake is tried before its client gives up, a TCP connection to the same server belongs to the same attempt. */
static const nt_time quic_patience = 15 * NT_SECOND;
/* A SYN that nobody answered for so long was given up; the capture's end alone does not make a failure. */
static const nt_time connect_patience = 3 * NT_SECOND, lone_syn_patience = 3 * NT_SECOND / 2, race_patience = 150 * NT_MILLISECOND;

struct attempt {
	trace_id conn;
	struct ip_address address;
	bool over_quic;
};

struct dial {
	struct dial *older, *newer;           /* all unfinished dials */
	struct dial *older_open, *newer_open; /* those of them that nothing came of yet */
	struct trace_dial record;
	struct lookup *lookup; /* NULL: no answer seen that gave the address */
	bool resolved_itself;  /* the lookup was made for this dial, not for an earlier one */
	struct arena arena;
	struct attempt first_attempt, *more_attempts; /* record.attempt_count in all; few dials need more than one */
	size_t open_connections;
	nt_time first_syn, last_failure;
	bool explained;      /* a finding says why it failed */
	size_t pending;      /* attempts without an outcome */
	size_t quic_pending; /* those of them that are QUIC */
	nt_time quic_begin;  /* the last of these */
	bool quic_worked;
	bool reached_otherwise; /* the client has another connection to the same server */
	nt_time repeated;       /* the first SYN of a later connection to the same place that worked, NT_TIME_NONE if none did */
};

struct dials {
	struct lookups *lookups;
	struct dial *oldest, *newest;
	struct dial *newest_open;
	size_t quic_attempts; /* whose flows go on */
};

struct dials *dials_new(struct correlator *c)
{
	struct dials *dials = nt_zalloc(sizeof *dials);

	dials->lookups = lookups_new(c->options.hash_seed, c->hits);
	return dials;
}

static const struct attempt *attempt_at(const struct dial *dial, size_t index)
{
	return index ? &dial->more_attempts[index - 1] : &dial->first_attempt;
}

static void begin_open(struct dials *dials, struct dial *dial)
{
	dial->older_open = dials->newest_open;
	if (dial->older_open)
		dial->older_open->newer_open = dial;
	dials->newest_open = dial;
}

static void end_open(struct dials *dials, struct dial *dial)
{
	if (dial->newer_open)
		dial->newer_open->older_open = dial->older_open;
	else if (dials->newest_open == dial)
		dials->newest_open = dial->older_open;
	if (dial->older_open)
		dial->older_open->newer_open = dial->newer_open;
	dial->older_open = dial->newer_open = NULL;
}

static void dial_free(struct dials *dials, struct dial *dial)
{
	end_open(dials, dial);
	if (dial->older)
		dial->older->newer = dial->newer;
	else
		dials->oldest = dial->newer;
	if (dial->newer)
		dial->newer->older = dial->older;
	else
		dials->newest = dial->older;
	lookup_unref(dial->lookup);
	arena_free(&dial->arena);
	free(dial->more_attempts);
	free(dial);
}

void dials_free(struct dials *dials)
{
	if (!dials)
		return;
	while (dials->oldest)
		dial_free(dials, dials->oldest);
	lookups_free(dials->lookups);
	free(dials);
}

struct lookups *dials_lookups(struct correlator *c)
{
	return c->dials->lookups;
}

/* ---- attempts ---- */

/* Whether the lookup led to the dial at once, so that it is the dial's beginning and not the source of a cached name. */
static bool leads_to(const struct lookup *lookup, const struct dial *dial)
{
	const struct lookup_story *story = &lookup->story;
	nt_time last = story->last_reply > story->last_query ? story->last_reply : story->last_query, delay = connect_delay;

	for (size_t i = 0; i < sizeof story->asked_at / sizeof *story->asked_at; i++)
		if (story->asked_at[i] > story->replied_at[i])
			delay = resolver_patience;
	return dial->first_syn - last <= delay;
}

static void use_lookup(struct dial *dial, struct lookup *lookup)
{
	struct lookup *old = dial->lookup;

	dial->lookup = lookup ? lookup_ref(lookup) : NULL;
	lookup_unref(old);
	dial->resolved_itself = lookup && (lookup->dial == 0 || lookup->dial == dial->record.id) && leads_to(lookup, dial);
	if (dial->resolved_itself)
		for (struct lookup *each = lookup; each; each = each->expands)
			each->dial = dial->record.id;
}

static struct dial *dial_new(struct correlator *c, trace_id id, const struct address_tuple *tuple, struct packet_ref first_packet,
			     struct lookup *lookup, nt_time time)
{
	struct dials *dials = c->dials;
	struct dial *dial = nt_zalloc(sizeof *dial);

	dial->record.id = id;
	dial->record.begin = dial->first_syn = time;
	dial->record.end = NT_TIME_NONE;
	dial->record.port = tuple->destination_port;
	dial->record.source_ip_version = tuple->ip_version;
	dial->record.source = tuple->source;
	dial->record.host_by = TRACE_BY_ADDRESS;
	dial->record.first_packet = first_packet;
	dial->last_failure = dial->quic_begin = dial->repeated = NT_TIME_NONE;
	use_lookup(dial, lookup);
	dial->older = dials->newest;
	if (dials->newest)
		dials->newest->newer = dial;
	else
		dials->oldest = dial;
	dials->newest = dial;
	begin_open(dials, dial);
	return dial;
}

static bool tried(const struct dial *dial, const struct ip_address *address, bool over_quic)
{
	for (size_t i = 0; i < dial->record.attempt_count; i++) {
		const struct attempt *attempt = attempt_at(dial, i);

		if (attempt->over_quic == over_quic && memcmp(&attempt->address, address, sizeof *address) == 0)
			return true;
	}
	return false;
}

static void add_attempt(struct dial *dial, const struct attempt *attempt)
{
	size_t count = dial->record.attempt_count++;

	if (count)
		dial->more_attempts = nt_realloc_array(dial->more_attempts, count, sizeof *attempt);
	*(count ? &dial->more_attempts[count - 1] : &dial->first_attempt) = *attempt;
	dial->open_connections++;
	dial->pending++;
}

/* Another address may be tried beside those without an outcome; a QUIC handshake that nobody answers has none for a long time. */
static bool still_tries(const struct dial *dial, nt_time time)
{
	return dial->pending > dial->quic_pending || (dial->quic_pending && time - dial->quic_begin <= quic_patience);
}

/* Another address of the name, or another transport, while nothing is established: Happy Eyeballs (RFC 8305), or the next one after a failure. */
static struct dial *dial_to_join(struct dials *dials, const struct address_tuple *tuple, const struct lookup *lookup, nt_time time,
				 bool over_quic)
{
	unsigned looked_at = 0;

	for (struct dial *dial = lookup ? dials->newest_open : NULL; dial && looked_at < LOOK_AROUND;
	     dial = dial->older_open, looked_at++) {
		if (dial->lookup != lookup || dial->record.port != tuple->destination_port)
			continue;
		if (dial->record.attempt_count == MAX_ATTEMPTS || tried(dial, &tuple->destination, over_quic))
			continue;
		if (still_tries(dial, time) ||
		    (dial->last_failure != NT_TIME_NONE && time - dial->last_failure <= next_address_time))
			return dial;
	}
	return NULL;
}

/* A lookup of the same name that no dial has used yet: programs that resolve a name several times at once dial as often. */
static struct lookup *unused_twin(struct lookups *lookups, struct lookup *used, const struct address_tuple *tuple)
{
	struct lookup *each = NULL, *oldest = NULL;
	unsigned looked_at = 0;

	while ((each = lookups_unsettled(lookups, &tuple->source, each)) && looked_at++ < 64)
		if (!each->dial && each->story.addresses && bytes_equal_nocase(each->name, used->name))
			oldest = each;
	return oldest ? oldest : used;
}

/* The only lookup whose answer the snaplen cut, just before: it must have been this address. */
static struct lookup *with_cut_answer(struct lookups *lookups, const struct address_tuple *tuple, nt_time time)
{
	struct lookup *each = NULL, *found = NULL;
	unsigned looked_at = 0;

	while ((each = lookups_unsettled(lookups, &tuple->source, each)) && looked_at++ < 64) {
		if (!each->story.cut || each->story.addresses || time - each->story.last_reply > NT_SECOND)
			continue;
		if (found)
			return NULL;
		found = each;
	}
	return found;
}

static struct lookup *lookup_for(struct lookups *lookups, const struct address_tuple *tuple, nt_time time)
{
	struct lookup *lookup = lookups_by_address(lookups, tuple->ip_version, &tuple->source, &tuple->destination);

	if (!lookup)
		return with_cut_answer(lookups, tuple, time);
	return lookup->dial ? unused_twin(lookups, lookup, tuple) : lookup;
}

static struct dial *begin_attempt(struct correlator *c, const struct address_tuple *tuple, trace_id conn, struct packet_ref packet,
				  nt_time time, bool over_quic)
{
	struct lookup *lookup = lookup_for(c->dials->lookups, tuple, time);
	struct dial *dial = dial_to_join(c->dials, tuple, lookup, time, over_quic);

	if (!dial)
		dial = dial_new(c, new_id(c), tuple, packet, lookup, time);
	add_attempt(dial, &(struct attempt){ .conn = conn, .address = tuple->destination, .over_quic = over_quic });
	return dial;
}

static void take_attempt(struct dial *dial, struct tcp_conn *conn)
{
	conn->dial = dial;
	conn->dial_pending = true;
	conn->record.from_dial = dial->record.id;
}

bool dials_expects(struct correlator *c, const struct address_tuple *tuple, nt_time time)
{
	return tuple->destination_port == DNS_PORT || lookup_for(c->dials->lookups, tuple, time);
}

void dials_syn_unexpected(struct correlator *c, struct tcp_conn *conn, trace_id id)
{
	struct address_tuple tuple = tcp_tuple(conn);
	struct dial *dial = dial_new(c, id, &tuple, conn->record.first_packet, NULL, conn->record.first);

	add_attempt(dial, &(struct attempt){ .conn = conn->record.id, .address = tuple.destination });
	take_attempt(dial, conn);
}

void dials_syn(struct correlator *c, struct tcp_conn *conn, nt_time time)
{
	struct address_tuple tuple = tcp_tuple(conn);

	if (tuple.destination_port == DNS_PORT) { /* a resolver's own connection belongs to the dial that it resolves for */
		dials_resolver_syn(c, conn);
		return;
	}
	take_attempt(begin_attempt(c, &tuple, conn->record.id, conn->record.first_packet, time, false), conn);
}

/* Whether two dials of one client lead to one server: the same name, or the same address and port. */
static bool same_server(const struct dial *a, const struct dial *b)
{
	if (a->record.source_ip_version == b->record.source_ip_version &&
	    memcmp(&a->record.source, &b->record.source, sizeof a->record.source) != 0)
		return false;
	if (a->record.port != b->record.port)
		return false;
	if (a->lookup && a->lookup == b->lookup)
		return true;
	if (a->record.host.size && bytes_equal_nocase(a->record.host, b->record.host))
		return true;
	return tried(b, &a->first_attempt.address, false) || tried(b, &a->first_attempt.address, true);
}

/* What one dial reached, the others that try QUIC need not be without. */
static void share_success(struct dials *dials, const struct dial *connected)
{
	unsigned looked_at = 0;

	for (struct dial *dial = dials->quic_attempts ? dials->newest : NULL; dial && looked_at < LOOK_AROUND;
	     dial = dial->older, looked_at++)
		if (dial != connected && dial->quic_begin != NT_TIME_NONE && !dial->record.established_conn &&
		    same_server(dial, connected))
			dial->reached_otherwise = true;
}

static void profit_from_success(struct dials *dials, struct dial *dial)
{
	unsigned looked_at = 0;

	for (const struct dial *other = dials->newest; other && looked_at < LOOK_AROUND; other = other->older, looked_at++)
		dial->reached_otherwise |= other != dial && other->record.established_conn && same_server(dial, other);
}

/* The outcome of an attempt counts once, whatever comes after it. */
static void settle(struct dial *dial, bool *pending)
{
	if (*pending)
		dial->pending--;
	*pending = false;
}

static void established(struct correlator *c, struct dial *dial, trace_id conn, const struct address_tuple *tuple, nt_time time)
{
	if (dial->record.established_conn)
		return;
	end_open(c->dials, dial);
	dial->record.established_conn = conn;
	dial->record.end = time;
	dial->record.source_ip_version = tuple->ip_version;
	dial->record.source = tuple->source;
	dial->record.error = (struct bytes){ NULL, 0 };
	share_success(c->dials, dial);
}

static bool is_repeated_by(const struct dial *dial, const struct tcp_conn *conn, const struct address_tuple *tuple)
{
	if (dial == conn->dial || dial->repeated != NT_TIME_NONE || dial->record.port != tuple->destination_port ||
	    dial->first_syn > conn->syn || !tried(dial, &tuple->destination, false) ||
	    memcmp(&dial->record.source, &tuple->source, sizeof tuple->source) != 0)
		return false;
	if (dial->pending)
		return conn->syn - dial->first_syn <= repeat_patience;
	return dial->last_failure != NT_TIME_NONE && conn->syn - dial->last_failure <= repeat_time;
}

/* The program, or another part of it, got where the others did not. */
static void make_good(struct dials *dials, const struct tcp_conn *conn)
{
	struct address_tuple tuple = tcp_tuple(conn);
	unsigned looked_at = 0;

	for (struct dial *dial = dials->newest_open; dial && looked_at < LOOK_AROUND; dial = dial->older_open, looked_at++)
		if (is_repeated_by(dial, conn, &tuple))
			dial->repeated = conn->syn;
}

void dials_connected(struct correlator *c, struct tcp_conn *conn)
{
	struct address_tuple tuple = tcp_tuple(conn);

	if (!conn->dial)
		return;
	make_good(c->dials, conn);
	settle(conn->dial, &conn->dial_pending);
	established(c, conn->dial, conn->record.id, &tuple, conn->record.handshake_end);
}

/* What Linux makes of them (icmp_err_convert, tab_unreach). */
static const char *icmp_text(uint8_t ip_version, uint8_t type, uint8_t code)
{
	bool no_network =
		ip_version == 4 ? type == 3 && (code == 0 || code == 6 || code == 9 || code == 11) : type == 1 && code == 0;
	bool refused = ip_version == 4 ? type == 3 && (code == 2 || code == 3) : type == 1 && code == 4;
	bool forbidden = ip_version == 6 && type == 1 && (code == 1 || code == 5 || code == 6);

	return refused      ? "connect: connection refused"
	       : no_network ? "connect: network is unreachable"
	       : forbidden  ? "connect: permission denied"
			    : "connect: no route to host";
}

static void note_failure(struct dial *dial, struct bytes error, nt_time time)
{
	dial->last_failure = time;
	if (dial->record.established_conn)
		return;
	dial->record.end = time;
	if (!dial->record.error.size)
		dial->record.error = arena_copy(&dial->arena, error);
}

static struct bytes error_text(struct arena *arena, const char *network, const struct address_tuple *tuple, const char *how)
{
	char address[IP_ADDRESS_TEXT_SIZE];

	return bytes_of(arena_printf(arena, tuple->ip_version == 6 ? "dial %s [%s]:%u: %s" : "dial %s %s:%u: %s", network,
				     ip_address_text(tuple->ip_version, &tuple->destination, address), tuple->destination_port,
				     how));
}

static void failed(struct dial *dial, struct tcp_conn *conn, const char *how, nt_time time)
{
	struct address_tuple tuple = tcp_tuple(conn);
	struct bytes error = { NULL, 0 };

	settle(dial, &conn->dial_pending);
	if (!dial->record.error.size) /* the first one counts */
		error = error_text(&dial->arena, "tcp", &tuple, how);
	note_failure(dial, error, time);
}

void dials_failed(struct correlator *c, struct tcp_conn *conn)
{
	const struct trace_tcp_conn *record = &conn->record;

	(void)c;
	if (!conn->dial)
		return;
	if (record->close_reason == TRACE_CLOSE_REFUSED)
		failed(conn->dial, conn, "connect: connection refused", record->handshake_end);
	else if (record->close_reason == TRACE_CLOSE_ICMP)
		failed(conn->dial, conn, icmp_text(conn->flow.key.ip_version, record->icmp_type, record->icmp_code),
		       record->handshake_end);
	else
		settle(conn->dial, &conn->dial_pending); /* the client gave the attempt up itself */
}

/* ---- names ---- */

static unsigned rank(enum trace_evidence evidence)
{
	return evidence == TRACE_BY_TLS_HELLO ? 3 : evidence == TRACE_BY_HTTP ? 2 : 1;
}

static bool is_other_address(struct bytes name, const struct address_tuple *tuple)
{
	char text[IP_ADDRESS_TEXT_SIZE];
	uint8_t ip_version;
	struct ip_address address;

	if (name.size >= sizeof text)
		return false;
	memcpy(text, name.at, name.size);
	text[name.size] = 0;
	return ip_address_parse(text, &ip_version, &address) &&
	       (ip_version != tuple->ip_version || memcmp(&address, &tuple->destination, sizeof address) != 0);
}

/* A lookup that was not made for this dial: the next one to that address may have been meant. */
static void give_up_lookup(struct dial *dial)
{
	struct dial *other = dial->newer;

	dial->lookup->dial = 0;
	for (unsigned looked_at = 0; other && looked_at < LOOK_AROUND && other->lookup != dial->lookup; looked_at++)
		other = other->newer;
	if (other && other->lookup == dial->lookup)
		use_lookup(other, dial->lookup);
}

/* Whether a name was completed by a search domain: "www" became "www.corp.example". */
static bool completed_from(struct bytes full, struct bytes name)
{
	return full.size > name.size + 1 && full.at[name.size] == '.' &&
	       bytes_equal_nocase((struct bytes){ full.at, name.size }, name);
}

/* A name that a client can have meant: letters, digits and the few signs of names and address literals. */
static bool is_plain(struct bytes name)
{
	for (size_t i = 0; i < name.size; i++)
		if (!isalnum(name.at[i]) && !strchr("-._:[]", name.at[i]))
			return false;
	return name.size != 0;
}

nt_time dials_first_syn(const struct tcp_conn *conn)
{
	return conn->dial ? conn->dial->first_syn : NT_TIME_NONE;
}

struct bytes dials_host(const struct tcp_conn *conn)
{
	const struct dial *dial = conn->dial;

	if (!dial)
		return (struct bytes){ NULL, 0 };
	return dial->record.host.size ? dial->record.host : dial->lookup ? dial->lookup->name : (struct bytes){ NULL, 0 };
}

nt_time dials_begin(const struct tcp_conn *conn)
{
	const struct dial *dial = conn->dial;
	const struct lookup *first = dial && dial->resolved_itself ? dial->lookup : NULL;

	while (first && first->expands)
		first = first->expands;
	return !dial ? NT_TIME_NONE : first && first->begin < dial->record.begin ? first->begin : dial->record.begin;
}

static void name_dial(struct correlator *c, struct dial *dial, const struct address_tuple *tuple, struct bytes name,
		      enum trace_evidence evidence)
{
	struct lookup *lookup;

	if (!dial || !is_plain(name) || rank(evidence) <= rank(dial->record.host_by) || is_other_address(name, tuple))
		return;
	if (name.size && name.at[name.size - 1] == '.')
		name.size--;
	dial->record.host = arena_copy(&dial->arena, name);
	dial->record.host_by = evidence;
	if (dial->lookup && (bytes_equal_nocase(dial->lookup->name, name) || completed_from(dial->lookup->name, name)))
		return;
	/* Several names lead to this address: what counts is the lookup of the name that was meant, if there was one. */
	lookup = lookups_by_name(c->dials->lookups, tuple->ip_version, &tuple->source, name);
	if (lookup && lookup->begin > dial->first_syn)
		lookup = NULL; /* of another program, or of a proxy that resolves for this one */
	if (lookup && !lookup->story.last_reply)
		c->dns_replies_missed = true;
	if (dial->lookup && dial->resolved_itself)
		give_up_lookup(dial);
	use_lookup(dial, lookup);
}

void dials_name(struct correlator *c, struct tcp_conn *conn, struct bytes name, enum trace_evidence evidence)
{
	struct address_tuple tuple;

	if (!conn->dial || rank(evidence) <= rank(conn->dial->record.host_by)) /* further requests say nothing new */
		return;
	tuple = tcp_tuple(conn);
	name_dial(c, conn->dial, &tuple, name, evidence);
}

void dials_quic_name(struct correlator *c, const struct quic_attempt *attempt, struct bytes name)
{
	name_dial(c, attempt->dial, &attempt->tuple, name, TRACE_BY_TLS_HELLO);
}

/* ---- the end ---- */

static void fill_in_resolvers(struct dial *dial)
{
	const struct lookup *lookup = dial->lookup;

	if (!lookup || !dial->resolved_itself)
		return;
	if (lookup->begin < dial->record.begin) {
		dial->record.begin = lookup->begin;
		dial->record.first_packet = lookup->first_packet;
	}
	lookups_resolver_dials(lookup, &dial->arena, &dial->record.resolver_dials, &dial->record.resolver_dial_count);
}

static const trace_id *list_attempts(struct dial *dial)
{
	trace_id *list = arena_alloc(&dial->arena, dial->record.attempt_count * sizeof *list);

	for (size_t i = 0; i < dial->record.attempt_count; i++)
		list[i] = attempt_at(dial, i)->conn;
	return list;
}

static void report(struct correlator *c, struct dial *dial, const struct address_tuple *tuple, struct packet_ref last_packet)
{
	struct trace_dial *record = &dial->record;
	char address[IP_ADDRESS_TEXT_SIZE];

	fill_in_resolvers(dial);
	if (record->host_by == TRACE_BY_ADDRESS && dial->lookup) {
		record->host = dial->lookup->name;
		record->host_by = TRACE_BY_DNS;
	}
	if (!record->host.size)
		record->host = bytes_of(
			arena_string(&dial->arena, bytes_of(ip_address_text(tuple->ip_version, &tuple->destination, address))));
	record->attempts = list_attempts(dial);
	record->last_packet = last_packet;
	if (c->sink->dial && client_wanted(c, record->source_ip_version, &record->source))
		c->sink->dial(c->context, record);
}

/*
 * Nobody answered, and the client gave up, or has waited so long that it is no young exchange: a lone SYN would have been sent again after
 * a second.
 */
static bool timed_out(const struct correlator *c, const struct tcp_conn *conn)
{
	nt_time silence = c->elapsed - conn->flow.last, waited = conn->last_syn - conn->syn + silence;

	if (conn->state != TCP_SYN_SENT || conn->record.close_reason != TRACE_CLOSE_NONE)
		return false;
	if (c->one_sided && !c->two_sided)
		return false; /* no answers were captured at all */
	return (conn->record.syn_count >= 3 && conn->last_syn - conn->syn >= NT_SECOND) || waited >= connect_patience ||
	       (conn->record.syn_count == 1 && silence >= lone_syn_patience);
}

/* An attempt beside one that won: not one that was only slower, or that had no time to be answered (RFC 8305 5). */
static bool lost_for_good(const struct correlator *c, const struct tcp_conn *conn)
{
	return conn->syn_ack == NT_TIME_NONE && connection_ending(c, conn).at - conn->syn >= race_patience;
}

/* It cost time only. */
static void soften(struct finding *f, const struct dial *dial)
{
	nt_time cost = dial->repeated - dial->first_syn;
	char text[24];

	finding_say(f, " Another connection to it, begun %s later, worked.", duration_text(cost, text));
	finding_soften(f, cost < NT_SECOND ? FINDING_INFO : FINDING_WARNING, "");
}

static void explain(struct correlator *c, struct dial *dial, const struct tcp_conn *conn)
{
	struct finding *f;

	bool refused = conn->record.close_reason == TRACE_CLOSE_REFUSED || conn->record.close_reason == TRACE_CLOSE_ICMP;
	struct bytes host = dials_host(conn);

	if (conn->record.connected || !client_wanted(c, conn->flow.key.ip_version, &dial->record.source))
		return;
	if (dial->record.established_conn) {
		if (refused || lost_for_good(c, conn))
			diagnose_attempt(c, conn, host,
					 dial->quic_worked ? " QUIC worked." : " Another address of the name worked.");
	} else if (!dial->explained && (refused || timed_out(c, conn)) && (dial->pending == 0 || c->finishing)) {
		dial->explained = true;
		f = diagnose_attempt(c, conn, host, NULL);
		if (dial->repeated != NT_TIME_NONE)
			soften(f, dial);
	}
}

static void connection_ended(struct correlator *c, struct dial *dial, const struct address_tuple *tuple,
			     struct packet_ref last_packet)
{
	if (--dial->open_connections)
		return;
	report(c, dial, tuple, last_packet);
	dial_free(c->dials, dial);
}

void dials_conn_ended(struct correlator *c, struct tcp_conn *conn)
{
	struct address_tuple tuple = tcp_tuple(conn);
	struct dial *dial = conn->dial;

	if (!dial)
		return;
	if (timed_out(c, conn))
		failed(dial, conn, "i/o timeout", conn->last_syn);
	settle(dial, &conn->dial_pending);
	explain(c, dial, conn);
	conn->dial = NULL;
	connection_ended(c, dial, &tuple, conn->record.last_packet);
}

/* ---- QUIC ---- */

trace_id dials_quic_begin(struct correlator *c, struct quic_attempt *attempt)
{
	struct dial *dial = begin_attempt(c, &attempt->tuple, attempt->conn, attempt->first_packet, attempt->begin, true);

	attempt->dial = dial;
	attempt->pending = true;
	dial->quic_pending++;
	c->dials->quic_attempts++;
	dial->quic_begin = attempt->begin;
	profit_from_success(c->dials, dial);
	return dial->record.id;
}

static void settle_quic(struct quic_attempt *attempt)
{
	if (attempt->pending)
		attempt->dial->quic_pending--;
	settle(attempt->dial, &attempt->pending);
}

void dials_quic_connected(struct correlator *c, struct quic_attempt *attempt, nt_time time)
{
	settle_quic(attempt);
	attempt->dial->quic_worked = true;
	established(c, attempt->dial, attempt->conn, &attempt->tuple, time);
}

void dials_quic_failed(struct quic_attempt *attempt, struct bytes error, nt_time time)
{
	settle_quic(attempt);
	note_failure(attempt->dial, error, time);
}

struct bytes dials_quic_icmp_error(const struct quic_attempt *attempt, uint8_t type, uint8_t code, struct arena *arena)
{
	return error_text(arena, "udp", &attempt->tuple, icmp_text(attempt->tuple.ip_version, type, code));
}

enum quic_failure dials_quic_judge(struct correlator *c, const struct quic_attempt *attempt)
{
	struct dial *dial = attempt->dial;

	if (dial->record.established_conn || dial->reached_otherwise)
		return QUIC_HARMLESS;
	if (dial->explained || (dial->pending && !c->finishing))
		return QUIC_EXPLAINED;
	dial->explained = true;
	return QUIC_CAUSE;
}

void dials_quic_ended(struct correlator *c, struct quic_attempt *attempt, struct packet_ref last_packet)
{
	struct dial *dial = attempt->dial;

	settle_quic(attempt);
	c->dials->quic_attempts--;
	attempt->dial = NULL;
	connection_ended(c, dial, &attempt->tuple, last_packet);
}
