#include "correlate/dns_talk.h"

#include "dissect/dns/dns.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_LOOKUPS = 64 };

/* What came of a query. */
struct noted {
	struct lookup *lookup; /* a reference */
	uint16_t id;           /* of the query */
};

struct dns_talk {
	struct correlator *c;
	struct resolver_flow flow;
	struct trace_dns_query record;
	struct trace_dns_message *messages;
	uint16_t *ids; /* of the messages: all are gone through for each reply */
	size_t capacity;
	struct noted *noted; /* the latest ones, a ring once there are MAX_LOOKUPS */
	size_t noted_count, noted_capacity;
	size_t unanswered; /* queries */
	bool split;        /* the queries of an earlier record are not at hand any more */
	trace_id dial;
	struct arena arena; /* what the record points to */
};

struct dns_talk *dns_talk_new(struct correlator *c, const struct resolver_flow *flow, enum trace_dns_kind kind, bool goes_on)
{
	struct dns_talk *talk = nt_zalloc(sizeof *talk);

	talk->c = c;
	talk->flow = *flow;
	talk->record.id = new_id(c);
	talk->record.connection = flow->connection;
	talk->record.kind = kind;
	talk->record.over = flow->over;
	talk->record.tls_tunnel = flow->tls_tunnel;
	talk->split = goes_on;
	return talk;
}

/* ---- lookups ---- */

static void note_lookup(struct dns_talk *talk, struct lookup *lookup, uint16_t id)
{
	struct noted *noted;

	if (talk->noted_count == talk->noted_capacity && talk->noted_capacity < MAX_LOOKUPS) {
		talk->noted_capacity = talk->noted_capacity ? talk->noted_capacity * 2 : 2;
		talk->noted = nt_realloc_array(talk->noted, talk->noted_capacity, sizeof *talk->noted);
	}
	noted = &talk->noted[talk->noted_count % MAX_LOOKUPS];
	if (talk->noted_count++ >= MAX_LOOKUPS) {
		if (!talk->dial)
			talk->dial = lookup_dial(noted->lookup);
		lookup_unref(noted->lookup);
	}
	*noted = (struct noted){ .lookup = lookup, .id = id };
}

static size_t noted_lookups(const struct dns_talk *talk)
{
	return talk->noted_count < MAX_LOOKUPS ? talk->noted_count : MAX_LOOKUPS;
}

static struct lookup *noted_lookup(const struct dns_talk *talk, uint16_t id)
{
	for (size_t n = 0; n < noted_lookups(talk); n++) {
		const struct noted *noted = &talk->noted[(talk->noted_count - 1 - n) % MAX_LOOKUPS];

		if (noted->id == id)
			return noted->lookup;
	}
	return NULL;
}

trace_id dns_talk_dial(const struct dns_talk *talk)
{
	trace_id dial = talk->dial;

	for (size_t i = 0; i < noted_lookups(talk) && !dial; i++)
		dial = lookup_dial(talk->noted[i].lookup);
	return dial;
}

/* ---- records ---- */

static struct bytes keep(struct dns_talk *talk, const char *text)
{
	return arena_copy(&talk->arena, bytes_of(text));
}

static void keep_questions(struct dns_talk *talk, const struct dns_message *message, struct trace_dns_message *out)
{
	struct trace_dns_question *questions = arena_alloc(&talk->arena, message->question_count * sizeof *questions);

	for (size_t i = 0; i < message->question_count; i++)
		questions[i] = (struct trace_dns_question){ .name = keep(talk, message->questions[i].name),
							    .type = message->questions[i].type,
							    .class = message->questions[i].class };
	out->questions = questions;
	out->question_count = message->question_count;
}

static void keep_answers(struct dns_talk *talk, const struct dns_message *message, struct trace_dns_message *out)
{
	struct trace_dns_answer *answers = arena_alloc(&talk->arena, message->answer_count * sizeof *answers);

	for (size_t i = 0; i < message->answer_count; i++) {
		const struct dns_record *answer = &message->answers[i];

		answers[i] = (struct trace_dns_answer){ .name = keep(talk, answer->name),
							.type = answer->type,
							.class = answer->class,
							.ttl = answer->ttl,
							.value = keep(talk, answer->value) };
	}
	out->answers = answers;
	out->answer_count = message->answer_count;
}

/* A question of one message against the first of another. */
static bool same_question(const struct trace_dns_message *query, const struct dns_message *reply)
{
	if (!query->question_count || !reply->question_count)
		return true; /* nothing to compare: the id has to do */
	return query->questions[0].type == reply->questions[0].type &&
	       bytes_equal_nocase(query->questions[0].name, bytes_of(reply->questions[0].name));
}

/* How far back a query may stand: a resolver that reuses one port has many on the way. */
enum { LOOK_BACK = 2048 };

/* The number behind the last message before `end`, but not before `begin`, that has the id; `begin` if none has. */
static size_t behind_last_with_id(const uint16_t *ids, size_t begin, size_t end, uint16_t id)
{
	enum { BLOCK = 64 };

	for (; end - begin >= BLOCK; end -= BLOCK) { /* all of a block at once, which compilers make vectors of */
		unsigned found = 0;

		for (size_t i = end - BLOCK; i < end; i++)
			found |= ids[i] == id;
		if (found)
			break;
	}
	while (end > begin && ids[end - 1] != id)
		end--;
	return end;
}

/* Finds the query that a reply answers, and says whether as many replies to it came before. */
static const struct trace_dns_message *query_of(const struct dns_talk *talk, const struct dns_message *reply, bool *duplicate)
{
	const struct trace_dns_message *found = NULL;
	const size_t count = talk->record.message_count, begin = count > LOOK_BACK ? count - LOOK_BACK : 0;
	unsigned queries = 0, replies = 0;

	for (size_t end = count; (end = behind_last_with_id(talk->ids, begin, end, reply->id)) > begin; end--) {
		const struct trace_dns_message *message = &talk->messages[end - 1];

		if (!same_question(message, reply))
			continue;
		if (message->is_reply) {
			replies++;
			continue;
		}
		queries++;
		if (!found)
			found = message;
	}
	*duplicate = found && replies >= queries;
	return found;
}

/* Whether all that was asked on this flow was looked through. */
static bool all_is_known(const struct dns_talk *talk)
{
	return !talk->split && talk->record.message_count <= LOOK_BACK;
}

static void report(struct dns_talk *talk)
{
	talk->record.from_dial = dns_talk_dial(talk);
	talk->record.messages = talk->messages;
	if (talk->c->sink->dns_query && talk->record.message_count &&
	    client_wanted(talk->c, talk->flow.ip_version, &talk->flow.client))
		talk->c->sink->dns_query(talk->c->context, &talk->record);
}

/* A conversation that never ends is reported in parts. */
static void begin_another_record(struct dns_talk *talk)
{
	limit_hit(talk->c->hits,
		  talk->record.message_count == LIMIT_DNS_MESSAGES ? LIMIT_DNS_MESSAGES_HIT : LIMIT_DNS_TALK_BYTES_HIT);
	report(talk);
	arena_free(&talk->arena);
	talk->record.id = new_id(talk->c);
	talk->record.message_count = talk->unanswered = 0;
	talk->split = true;
}

static struct trace_dns_message *add_message(struct dns_talk *talk, uint16_t id)
{
	if (talk->record.message_count == LIMIT_DNS_MESSAGES || talk->arena.used > LIMIT_DNS_TALK_BYTES)
		begin_another_record(talk);
	if (talk->record.message_count == talk->capacity) {
		talk->capacity = talk->capacity ? talk->capacity * 2 : 2;
		talk->messages = nt_realloc_array(talk->messages, talk->capacity, sizeof *talk->messages);
		talk->ids = nt_realloc_array(talk->ids, talk->capacity, sizeof *talk->ids);
	}
	talk->ids[talk->record.message_count] = id;
	return &talk->messages[talk->record.message_count++];
}

static void handle_query(struct dns_talk *talk, const struct dns_message *message, nt_time time, struct packet_ref packet)
{
	struct lookup *lookup;

	talk->unanswered++;
	if (talk->record.kind != TRACE_DNS || message->opcode != 0)
		return;
	lookup = dials_query(talk->c, &talk->flow, message, time, packet);
	if (lookup)
		note_lookup(talk, lookup, message->id);
}

static void handle_reply(struct dns_talk *talk, const struct dns_message *message, struct trace_dns_message *out)
{
	bool duplicate;
	const struct trace_dns_message *query = query_of(talk, message, &duplicate);
	struct lookup *lookup = noted_lookup(talk, message->id);

	if (query && !duplicate)
		talk->unanswered--;
	if (query)
		out->latency_us = (out->time - query->time) / NT_MICROSECOND;
	if (talk->record.kind != TRACE_DNS)
		return;
	out->unmatched = !query && all_is_known(talk);
	if (!lookup && (query || !all_is_known(talk)))
		lookup = dials_lookup_of(talk->c, &talk->flow, message); /* it has more on the way than are noted */
	if (out->unmatched)
		dials_odd_reply(talk->c, lookup, DIALS_REPLY_UNMATCHED, &talk->flow, message, out->packet);
	else if (duplicate)
		dials_odd_reply(talk->c, lookup, DIALS_REPLY_DUPLICATE, &talk->flow, message, out->packet);
	else if (lookup)
		dials_reply(talk->c, lookup, &talk->flow, message, out->time, out->packet, query ? out->time - query->time : 0);
}

void dns_talk_unreachable(struct dns_talk *talk, uint8_t type, uint8_t code, struct packet_ref packet)
{
	if (talk->noted_count)
		dials_query_unreachable(talk->c, talk->noted[(talk->noted_count - 1) % MAX_LOOKUPS].lookup, type, code, packet);
}

bool dns_talk_is_answered(const struct dns_talk *talk)
{
	return talk->record.kind == TRACE_DNS && talk->unanswered == 0;
}

bool dns_talk_message(struct dns_talk *talk, struct cursor wire, nt_time time, struct packet_ref packet)
{
	struct trace_dns_message out = { .time = time, .packet = packet, .latency_us = -1 };
	struct arena *scratch = &talk->c->dns_scratch;
	struct trace_dns_message *kept;
	struct dns_message message;

	if (cur_left(&wire) < DNS_HEADER_SIZE)
		return false;
	dns_parse(wire, scratch, talk->c->hits, &message);
	out.is_reply = message.is_response;
	out.id = message.id;
	out.opcode = message.opcode;
	out.rcode = message.rcode;
	out.truncated = message.truncated;
	out.recursion_desired = message.recursion_desired;
	out.recursion_available = message.recursion_available;
	out.authoritative = message.authoritative;
	out.size = (uint32_t)message.size;
	out.edns_udp_size = message.has_edns ? message.edns_udp_size : 0;
	out.malformed = message.malformed;
	out.cut = message.cut;
	if (message.is_response)
		handle_reply(talk, &message, &out);
	else
		handle_query(talk, &message, time, packet);
	kept = add_message(talk, message.id); /* before anything is kept: it may begin another record */
	keep_questions(talk, &message, &out);
	if (message.is_response)
		keep_answers(talk, &message, &out);
	*kept = out;
	arena_clear(scratch);
	return true;
}

void dns_talk_end(struct dns_talk *talk)
{
	if (!talk)
		return;
	report(talk);
	for (size_t i = 0; i < noted_lookups(talk); i++)
		lookup_unref(talk->noted[i].lookup);
	free(talk->noted);
	free(talk->messages);
	free(talk->ids);
	arena_free(&talk->arena);
	free(talk);
}
