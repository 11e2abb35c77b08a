/* What name servers said to both sides, without what differs in any two look-ups: identifiers, TTLs, the order of answers. */
#include "cli/diff/diff_parts.h"

#include "correlate/seed_values.h"
#include "dissect/dns/dns.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { TYPE_CNAME = 5, PORT_DNS = 53, TYPES_MAX = 16, RCODES_NAMED = 6 };

/* ---- texts as sets ---- */

static int compare_texts(const void *a, const void *b)
{
	return diff_compare_bytes(*(const struct bytes *)a, *(const struct bytes *)b);
}

struct diff_value diff_texts(struct bytes *texts, size_t count)
{
	size_t kept = 0;

	if (count)
		qsort(texts, count, sizeof *texts, compare_texts);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || !bytes_equal(texts[kept - 1], texts[i]))
			texts[kept++] = texts[i];
	return (struct diff_value){ .kind = DIFF_IS_TEXTS, .texts = texts, .count = kept };
}

bool diff_has_text(const struct diff_value *texts, struct bytes text)
{
	return texts->count && bsearch(&text, texts->texts, texts->count, sizeof text, compare_texts) != NULL;
}

/* ---- the messages of a subject ---- */

struct asked {
	uint16_t type, rcode;
	bool queried, replied, answered;
};

struct lookup {
	struct diff_source *source;
	struct arena *memory;
	struct asked asked[TYPES_MAX];
	size_t asked_count;
	const struct diff_message *messages;
	size_t count, capacity;
	struct diff_message *own; /* of a dial: allocated */
};

static void add_message(struct lookup *lookup, const struct trace_dns_query *query, const struct trace_dns_message *message)
{
	if (lookup->count == lookup->capacity) {
		lookup->capacity = lookup->capacity ? lookup->capacity * 2 : 8;
		lookup->own = nt_realloc_array(lookup->own, lookup->capacity, sizeof *lookup->own);
	}
	lookup->own[lookup->count++] = (struct diff_message){ query, message };
}

static void add_conversation(struct lookup *lookup, size_t index, const struct trace_dial *dial)
{
	const struct trace_dns_query *query = &lookup->source->list->dns_queries[index];
	const struct dns_range range = dns_range_of(&lookup->source->index.conversations[index].shape, query, dial);
	const bool whole = dns_is_its_own(query, dial);

	for (size_t i = range.from; i < range.to; i++)
		if (whole || dns_belongs_to(&query->messages[i], dial))
			add_message(lookup, query, &query->messages[i]);
}

static uint16_t type_of(const struct trace_dns_message *message)
{
	if (message->question_count)
		return message->questions[0].type;
	return message->answer_count ? message->answers[0].type : 0;
}

static struct asked *asked_for(struct lookup *lookup, uint16_t type)
{
	for (size_t i = 0; i < lookup->asked_count; i++)
		if (lookup->asked[i].type == type)
			return &lookup->asked[i];
	if (lookup->asked_count == TYPES_MAX)
		return NULL;
	lookup->asked[lookup->asked_count] = (struct asked){ .type = type };
	return &lookup->asked[lookup->asked_count++];
}

/* Of several replies, such as along a search list, the one with answers counts, else the last. */
static void take_message(struct lookup *lookup, const struct trace_dns_message *message)
{
	struct asked *asked = asked_for(lookup, type_of(message));

	if (!asked || (message->is_reply && message->unmatched))
		return;
	if (!message->is_reply) {
		asked->queried = true;
		return;
	}
	asked->replied = true;
	if (asked->answered)
		return;
	asked->rcode = message->rcode;
	asked->answered = message->answer_count > 0;
}

static struct lookup lookup_of(struct diff_source *source, const struct diff_subject *subject, struct arena *memory)
{
	struct lookup lookup = { .source = source, .memory = memory };

	if (subject->dial) {
		const struct links conversations = links_children(&source->index.dns_of_dial, subject->dial->id);

		for (size_t i = 0; source->index.conversations && i < conversations.count; i++)
			add_conversation(&lookup, conversations.at[i].index, subject->dial);
		lookup.messages = lookup.own;
	} else {
		lookup.messages = source->side->messages + subject->first_message;
		lookup.count = subject->message_count;
	}
	for (size_t i = 0; i < lookup.count; i++)
		take_message(&lookup, lookup.messages[i].message);
	return lookup;
}

/* ---- values ---- */

/* What only one side asked for is no difference of the answers; nor is a code for which the Go library has no word. */
static bool both_asked(struct lookup *const sides[2], uint16_t type)
{
	for (int side = 0; side < 2; side++) {
		bool found = false;

		for (size_t i = 0; i < sides[side]->asked_count; i++)
			found = found || (sides[side]->asked[i].type == type && sides[side]->asked[i].rcode != SEED_RCODE_UNKNOWN);
		if (!found)
			return false;
	}
	return true;
}

static const struct address_tuple *tuple_of(const struct diff_source *source, trace_id connection)
{
	const struct trace_udp_conn *udp = trace_find_udp_conn(source->list, connection);
	const struct trace_tcp_conn *tcp = udp ? NULL : trace_find_tcp_conn(source->list, connection);

	return udp ? &udp->tuple : tcp ? &tcp->tuple : NULL;
}

/* "192.0.2.53", "192.0.2.53 port 5353", "192.0.2.53 over TLS"; whether a long answer came over TCP is no difference. */
static struct bytes resolver_of(const struct lookup *lookup, const struct trace_dns_query *query)
{
	const struct address_tuple *tuple = tuple_of(lookup->source, query->connection);
	const bool plain = query->over == TRACE_OVER_UDP || query->over == TRACE_OVER_TCP;
	char address[IP_ADDRESS_TEXT_SIZE], *text;

	if (!tuple)
		return BYTES("unknown");
	ip_address_text(tuple->ip_version, &tuple->destination, address);
	if (!plain)
		text = arena_printf(lookup->memory, "%s over %s", address, query->over == TRACE_OVER_TLS ? "TLS" : "HTTPS");
	else if (tuple->destination_port != PORT_DNS)
		text = arena_printf(lookup->memory, "%s port %u", address, (unsigned)tuple->destination_port);
	else
		text = arena_printf(lookup->memory, "%s", address);
	return bytes_of(text);
}

static struct diff_value resolvers_of(const struct lookup *lookup)
{
	struct bytes *texts = arena_alloc(lookup->memory, (lookup->count + 1) * sizeof *texts);
	const struct trace_dns_query *last = NULL;
	size_t count = 0;

	for (size_t i = 0; i < lookup->count; i++) {
		if (lookup->messages[i].query != last)
			texts[count++] = resolver_of(lookup, lookup->messages[i].query);
		last = lookup->messages[i].query;
	}
	return diff_texts(texts, count);
}

/* A server that is asked because another one failed, or took its turn, is no difference: only one that the other side does not know. */
static bool asks_others(const struct lookup *a, const struct diff_value *of_a, const struct lookup *b,
			const struct diff_value *of_b)
{
	return !diff_has_text(of_b, resolver_of(a, a->messages[0].query)) ||
	       !diff_has_text(of_a, resolver_of(b, b->messages[0].query));
}

static struct diff_value rcodes_of(const struct lookup *lookup, struct lookup *const sides[2])
{
	struct bytes *texts = arena_alloc(lookup->memory, TYPES_MAX * sizeof *texts);
	size_t count = 0;

	for (size_t i = 0; i < lookup->asked_count; i++) {
		const struct asked *asked = &lookup->asked[i];
		char type_number[16];
		const char *type = dns_type_text(asked->type, type_number);

		if (!both_asked(sides, asked->type))
			continue;
		texts[count++] = bytes_of(!asked->replied ? arena_printf(lookup->memory, "%s: no reply", type)
					  : asked->rcode < RCODES_NAMED
						  ? arena_printf(lookup->memory, "%s: %s", type, dns_rcode_text(asked->rcode))
						  : arena_printf(lookup->memory, "%s: rcode %u", type, (unsigned)asked->rcode));
	}
	return diff_texts(texts, count);
}

/* The case of letters in names is a matter of the resolver (some vary it against forgery). */
static struct bytes alias_of(struct arena *memory, struct bytes value)
{
	struct bytes copy = arena_copy(memory, value);

	for (size_t i = 0; i < copy.size; i++)
		((uint8_t *)copy.at)[i] = (uint8_t)tolower(copy.at[i]);
	return copy;
}

static struct diff_value answers_of(const struct lookup *lookup, struct lookup *const sides[2], bool aliases)
{
	struct bytes *texts;
	size_t count = 0, most = 0;

	for (size_t i = 0; i < lookup->count; i++)
		most += lookup->messages[i].message->answer_count;
	texts = arena_alloc(lookup->memory, (most + 1) * sizeof *texts);
	for (size_t i = 0; i < lookup->count; i++) {
		const struct trace_dns_message *message = lookup->messages[i].message;

		for (size_t k = 0; message->is_reply && !message->unmatched && k < message->answer_count; k++) {
			const struct trace_dns_answer *answer = &message->answers[k];

			if ((answer->type == TYPE_CNAME) != aliases || (!aliases && !both_asked(sides, answer->type)))
				continue;
			texts[count++] = aliases ? alias_of(lookup->memory, answer->value) : answer->value;
		}
	}
	return diff_texts(texts, count);
}

static struct packet_ref evidence_of(const struct lookup *lookup)
{
	for (size_t i = 0; i < lookup->count; i++)
		if (lookup->messages[i].message->is_reply)
			return lookup->messages[i].message->packet;
	return lookup->count ? lookup->messages[0].message->packet : (struct packet_ref){ 0 };
}

/* From the first query to the last reply; a name that is looked up again and again: the longest wait for a reply. */
static int64_t duration_of(const struct lookup *lookup, bool of_dial)
{
	nt_time begin = NT_TIME_NONE, end = NT_TIME_NONE;
	int64_t longest = -1;

	for (size_t i = 0; i < lookup->count; i++) {
		const struct trace_dns_message *message = lookup->messages[i].message;

		if (!message->is_reply && message->time != NT_TIME_NONE && (begin == NT_TIME_NONE || message->time < begin))
			begin = message->time;
		if (message->is_reply && message->time > end)
			end = message->time;
		if (message->is_reply && message->latency_us > longest)
			longest = message->latency_us;
	}
	if (!of_dial)
		return longest;
	return begin == NT_TIME_NONE || end == NT_TIME_NONE || end < begin ? -1 : (end - begin) / NT_MICROSECOND;
}

/* ---- both sides ---- */

/* A name that one side had in its cache tells nothing. */
void diff_compare_dns(struct diff_pair *pair, struct diff_source *good, struct diff_source *bad, struct arena *memory,
		      struct diff_answers answers[2], int64_t duration_us[2])
{
	struct lookup a = lookup_of(good, pair->good, memory), b = lookup_of(bad, pair->bad, memory);
	struct lookup *const sides[2] = { &a, &b };
	const struct packet_ref good_packet = evidence_of(&a), bad_packet = evidence_of(&b);

	for (int i = 0; i < 2; i++) {
		struct lookup *const alone[2] = { sides[i], sides[i] };

		answers[i].known = sides[i]->count > 0;
		answers[i].addresses = answers_of(sides[i], alone, false);
		duration_us[i] = duration_of(sides[i], (i ? pair->bad : pair->good)->dial != NULL);
	}
	if (a.count && b.count) {
		const struct diff_value of_a = resolvers_of(&a), of_b = resolvers_of(&b);

		if (asks_others(&a, &of_a, &b, &of_b))
			diff_add(pair, DIFF_FIELD_RESOLVERS, of_a, of_b, good_packet, bad_packet);
		diff_add(pair, DIFF_FIELD_RCODES, rcodes_of(&a, sides), rcodes_of(&b, sides), good_packet, bad_packet);
		diff_add(pair, DIFF_FIELD_ALIASES, answers_of(&a, sides, true), answers_of(&b, sides, true), good_packet,
			 bad_packet);
		diff_add(pair, DIFF_FIELD_ANSWERS, answers_of(&a, sides, false), answers_of(&b, sides, false), good_packet,
			 bad_packet);
	}
	free(a.own);
	free(b.own);
}
