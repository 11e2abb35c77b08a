/* Name look-ups: what was asked, of whom, what came back. */
#include "cli/report/report.h"

#include "dissect/dns/dns.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- messages of one name ---- */

struct lookup {
	const struct trace_dns_query *query;
	const struct trace_dial *dial; /* that it is shown with, NULL if none */
	const size_t *messages;        /* indices, ascending */
	size_t count;
};

enum { ASKED_TYPES = 8 };

/* What came of one question. */
struct asked {
	uint16_t type, rcode;
	size_t queries, replies, answers;
};

struct summary {
	struct asked asked[ASKED_TYPES];
	size_t asked_count;
	size_t queries, replies, unmatched, answers;
	bool truncated, malformed, cut;
	int64_t latency_us;
};

static const struct trace_dns_message *message_at(const struct lookup *lookup, size_t i)
{
	return &lookup->query->messages[lookup->messages[i]];
}

static uint16_t type_of(const struct trace_dns_message *message)
{
	if (message->question_count)
		return message->questions[0].type;
	return message->answer_count ? message->answers[0].type : 0;
}

static struct asked *asked_for(struct summary *summary, uint16_t type)
{
	for (size_t i = 0; i < summary->asked_count; i++)
		if (summary->asked[i].type == type)
			return &summary->asked[i];
	if (summary->asked_count == ASKED_TYPES)
		return NULL;
	summary->asked[summary->asked_count] = (struct asked){ .type = type };
	return &summary->asked[summary->asked_count++];
}

static void add_reply(struct summary *summary, struct asked *asked, const struct trace_dns_message *message)
{
	summary->replies++;
	summary->unmatched += message->unmatched;
	summary->answers += message->answer_count;
	summary->truncated = summary->truncated || message->truncated;
	if (message->latency_us > summary->latency_us)
		summary->latency_us = message->latency_us;
	if (!asked || (message->unmatched && asked->queries))
		return;
	asked->replies++;
	asked->answers += message->answer_count;
	asked->rcode = message->rcode;
}

static struct summary summarise(const struct lookup *lookup)
{
	struct summary summary = { .latency_us = -1 };

	for (size_t i = 0; i < lookup->count; i++) {
		const struct trace_dns_message *message = message_at(lookup, i);
		struct asked *asked = asked_for(&summary, type_of(message));

		summary.malformed = summary.malformed || message->malformed;
		summary.cut = summary.cut || message->cut;
		if (message->is_reply) {
			add_reply(&summary, asked, message);
			continue;
		}
		summary.queries++;
		if (asked)
			asked->queries++;
	}
	return summary;
}

/* ---- printing one look-up ---- */

enum { RCODE_NXDOMAIN = 3 };

struct rcode_name {
	uint16_t rcode;
	const char *name;
};

/* IANA DNS RCODEs. */
static const struct rcode_name rcode_names[] = {
	{ 1, "FORMERR" },    { 2, "SERVFAIL" },   { RCODE_NXDOMAIN, "NXDOMAIN" },
	{ 4, "NOTIMP" },     { 5, "REFUSED" },    { 6, "YXDOMAIN" },
	{ 7, "YXRRSET" },    { 8, "NXRRSET" },    { 9, "NOTAUTH" },
	{ 10, "NOTZONE" },   { 11, "DSOTYPENI" }, { 16, "BADVERS" },
	{ 17, "BADKEY" },    { 18, "BADTIME" },   { 19, "BADMODE" },
	{ 20, "BADNAME" },   { 21, "BADALG" },    { 22, "BADTRUNC" },
	{ 23, "BADCOOKIE" },
};

static const char *rcode_text(uint16_t rcode)
{
	for (size_t i = 0; i < sizeof rcode_names / sizeof *rcode_names; i++)
		if (rcode_names[i].rcode == rcode)
			return rcode_names[i].name;
	return "an unknown error";
}

/* NULL: the question was answered, or the other one was and this is the normal "no such type" (an AAAA of an IPv4 host). */
static const char *problem_of(const struct summary *summary, const struct asked *asked)
{
	if (asked->queries && !asked->replies)
		return "no reply";
	if (asked->replies && asked->rcode)
		return rcode_text(asked->rcode);
	if (asked->replies && !summary->answers && !summary->truncated && !summary->malformed && !summary->cut)
		return "no data";
	return NULL;
}

/* The problem of all questions, if it is the same. */
static const char *common_problem(const struct summary *summary)
{
	const char *first = summary->asked_count ? problem_of(summary, &summary->asked[0]) : NULL;

	for (size_t i = 1; first && i < summary->asked_count; i++) {
		const char *problem = problem_of(summary, &summary->asked[i]);

		if (!problem || strcmp(first, problem) != 0)
			return NULL;
	}
	return first;
}

static void print_icmp(struct report *report, const struct trace_dns_query *query)
{
	const struct trace_udp_conn *conn = trace_find_udp_conn(report->list, query->connection);
	char text[TEXT_SIZE];

	if (conn && conn->icmp_packet.number)
		report_bad(report, " (%s)", report_icmp(conn->tuple.ip_version, conn->icmp_type, conn->icmp_code, text));
}

/* A name that exists without AAAA, HTTPS or the like. */
static bool lacks_a_type_only(const struct summary *summary)
{
	for (size_t i = 0; i < summary->asked_count; i++)
		if (summary->asked[i].type == DNS_TYPE_A || !summary->asked[i].replies || summary->asked[i].rcode)
			return false;
	return true;
}

/* Of a host with one kind of address, or a search list: the dial got what it needed from another look-up. */
static bool is_harmless(const struct lookup *lookup, const struct summary *summary)
{
	if (!lookup->dial)
		return lacks_a_type_only(summary);
	if (lookup->dial->error.size || summary->answers)
		return false;
	for (size_t i = 0; i < summary->asked_count; i++)
		if (!summary->asked[i].replies || (summary->asked[i].rcode && summary->asked[i].rcode != RCODE_NXDOMAIN))
			return false;
	return true;
}

/* Multicast reaches nobody who has the name, more often than not (RFC 6762, RFC 4795); a reply alone is nobody's failure. */
static bool has_failed(const struct lookup *lookup, const struct summary *summary)
{
	return common_problem(summary) && summary->queries && lookup->query->kind == TRACE_DNS && !is_harmless(lookup, summary);
}

static void print_each_problem(struct report *report, const struct summary *summary, const char *separator)
{
	char type[16];

	for (size_t i = 0; i < summary->asked_count; i++) {
		const char *problem = problem_of(summary, &summary->asked[i]);

		if (!problem)
			continue;
		report_bad(report, "%s%s: %s", separator, dns_type_text(summary->asked[i].type, type), problem);
		separator = "; ";
	}
}

static void print_problems(struct report *report, const struct lookup *lookup, const struct summary *summary)
{
	const char *separator = summary->answers ? "; " : "";
	const char *common = common_problem(summary);

	/* To a question of mDNS nobody needs to have an answer. */
	if (lookup->query->kind == TRACE_MDNS)
		return;
	if (common && !has_failed(lookup, summary))
		fprintf(report->out, "%s%s", separator, common);
	else if (common)
		report_bad(report, "%s%s", separator, common);
	else
		print_each_problem(report, summary, separator);
	if (summary->queries && !summary->replies)
		print_icmp(report, lookup->query);
}

/* The type goes without saying when it is the one that was asked for. */
static void print_value(struct report *report, const struct summary *summary, const struct trace_dns_answer *answer)
{
	bool is_expected = summary->asked_count == 1 && summary->asked[0].type == answer->type;
	char type[16];

	if (is_expected || answer->type == DNS_TYPE_A || answer->type == DNS_TYPE_AAAA) {
		report_text(report, answer->value);
	} else if (answer->type == DNS_TYPE_CNAME) {
		fputs("via ", report->out);
		report_name(report, answer->value);
	} else {
		fprintf(report->out, "%s ", dns_type_text(answer->type, type));
		report_text(report, answer->value);
	}
}

/* Values of a look-up that were printed: a reply may come twice, and A and AAAA share their CNAME. */
struct printed {
	struct bytes values[REPORT_VALUES];
	size_t count, left_out, bytes;
};

static void print_new_value(struct report *report, const struct summary *summary, struct printed *printed,
			    const struct trace_dns_answer *answer)
{
	if (answer->type == DNS_TYPE_RRSIG && summary->asked[0].type != DNS_TYPE_RRSIG)
		return;
	for (size_t i = 0; i < printed->count; i++)
		if (bytes_equal(printed->values[i], answer->value))
			return;
	if (printed->count == REPORT_VALUES || printed->bytes > REPORT_TEXT) {
		printed->left_out++;
		return;
	}
	if (printed->count)
		fputs(", ", report->out);
	printed->values[printed->count++] = answer->value;
	printed->bytes += answer->value.size;
	print_value(report, summary, answer);
}

static void print_values(struct report *report, const struct lookup *lookup, const struct summary *summary)
{
	struct printed printed = { 0 };

	for (size_t i = 0; i < lookup->count; i++) {
		const struct trace_dns_message *message = message_at(lookup, i);

		for (size_t j = 0; message->is_reply && j < message->answer_count; j++)
			print_new_value(report, summary, &printed, &message->answers[j]);
	}
	if (printed.left_out)
		fprintf(report->out, ", … and %zu more", printed.left_out);
}

static void print_server(struct report *report, const struct trace_dns_query *query, bool is_titled)
{
	const struct trace_udp_conn *udp = trace_find_udp_conn(report->list, query->connection);
	const struct trace_tcp_conn *tcp = trace_find_tcp_conn(report->list, query->connection);
	const struct address_tuple *tuple = udp ? &udp->tuple : tcp ? &tcp->tuple : NULL;
	char address[IP_ADDRESS_TEXT_SIZE];

	if (tuple && !is_titled)
		fprintf(report->out, " from %s", ip_address_text(tuple->ip_version, &tuple->destination, address));
	if (query->over != TRACE_OVER_UDP)
		fputs(query->over == TRACE_OVER_TCP   ? " over TCP"
		      : query->over == TRACE_OVER_TLS ? " over TLS"
						      : " over HTTPS",
		      report->out);
}

static void print_question(struct report *report, const struct lookup *lookup, const struct summary *summary, bool is_titled)
{
	const struct trace_dns_message *first = message_at(lookup, 0);
	char type[16];

	for (size_t i = 0; i < summary->asked_count; i++)
		fprintf(report->out, "%s%s", i ? ", " : "", dns_type_text(summary->asked[i].type, type));
	fputc(' ', report->out);
	report_name(report, dns_name_of(first));
	if (first->question_count > 1)
		fprintf(report->out, " and %zu more", first->question_count - 1);
	print_server(report, lookup->query, is_titled);
}

static void print_remarks(struct report *report, const struct lookup *lookup, const struct summary *summary)
{
	if (summary->truncated)
		fputs(summary->answers ? ", truncated" : "truncated reply", report->out);
	if (summary->malformed)
		report_bad(report, ", malformed message");
	if (summary->cut)
		fputs(", cut by the snaplen", report->out);
	if (summary->unmatched && lookup->query->kind != TRACE_MDNS)
		report_bad(report, ", %zu repl%s to no query", summary->unmatched, summary->unmatched == 1 ? "y" : "ies");
}

static void print_answer_lines(struct report *report, const struct lookup *lookup)
{
	char type[16];

	for (size_t i = 0; i < lookup->count; i++) {
		const struct trace_dns_message *message = message_at(lookup, i);

		for (size_t j = 0; message->is_reply && j < message->answer_count; j++) {
			const struct trace_dns_answer *answer = &message->answers[j];

			report_begin_more(report);
			report_text(report, answer->name);
			fprintf(report->out, " %u %s ", answer->ttl, dns_type_text(answer->type, type));
			report_text(report, answer->value);
			report_end_line_at(report, message->packet, message->packet);
		}
	}
}

static void print_lookup(struct report *report, const struct lookup *lookup, bool is_titled)
{
	static const char *const labels[] = { [TRACE_DNS] = "DNS", [TRACE_MDNS] = "mDNS", [TRACE_LLMNR] = "LLMNR" };
	struct summary summary = summarise(lookup);
	char duration[TEXT_SIZE];

	report_begin_step(report, labels[lookup->query->kind], lookup->query->id,
			  report_span_dns(message_at(lookup, 0), message_at(lookup, lookup->count - 1)),
			  has_failed(lookup, &summary));
	print_question(report, lookup, &summary, is_titled);
	if (summary.queries > summary.asked_count)
		fprintf(report->out, ", %zu queries", summary.queries);
	report_end_subject(report);
	fputs("   ", report->out);
	if (summary.latency_us >= 0)
		fprintf(report->out, "%s   ", text_duration(summary.latency_us, duration));
	print_values(report, lookup, &summary);
	print_problems(report, lookup, &summary);
	print_remarks(report, lookup, &summary);
	report_end_line_at(report, message_at(lookup, 0)->packet, message_at(lookup, lookup->count - 1)->packet);
	if (report->verbose)
		print_answer_lines(report, lookup);
}

/* ---- a conversation: look-ups in the order of their first message ---- */

static int compare_lookups(const void *a, const void *b)
{
	const struct lookup *x = a, *y = b;

	return x->messages[0] < y->messages[0] ? -1 : x->messages[0] > y->messages[0];
}

/* Cuts messages, sorted by name, into one look-up per name. */
static size_t group(const struct trace_dns_query *query, const size_t *order, size_t messages, struct lookup *out)
{
	size_t count = 0;

	for (size_t i = 0; i < messages; i++) {
		const struct trace_dns_message *message = &query->messages[order[i]];

		if (count == 0 || dns_compare_names(dns_name_of(message_at(&out[count - 1], 0)), dns_name_of(message)) != 0)
			out[count++] = (struct lookup){ .query = query, .messages = order + i };
		out[count - 1].count++;
	}
	return count;
}

/* ---- whose they all are ---- */

static void mark(const struct report_conversation *conversation, const struct trace_dns_query *query, const struct trace_dial *dial)
{
	const struct dns_range range = dns_range_of(&conversation->shape, query, dial);
	const bool whole = dns_is_its_own(query, dial);

	for (size_t i = range.from; i < range.to; i++)
		if (whole || dns_belongs_to(&query->messages[i], dial))
			conversation->owned[i] = true;
}

void report_dns_mark_owned(struct report_index *index, const struct trace_list *list)
{
	size_t messages = 0;

	for (size_t i = 0; i < list->dns_query_count; i++)
		messages += list->dns_queries[i].message_count;
	index->dns_owned = nt_zalloc(messages + 1);
	index->conversations = nt_zalloc((list->dns_query_count + 1) * sizeof *index->conversations);
	messages = 0;
	for (size_t i = 0; i < list->dns_query_count; i++) {
		index->conversations[i].owned = index->dns_owned + messages;
		index->conversations[i].shape = dns_shape_of(&list->dns_queries[i]);
		messages += list->dns_queries[i].message_count;
	}
	for (size_t i = 0; i < index->dns_of_dial.count; i++) {
		const struct pair *link = &index->dns_of_dial.at[i];
		const struct trace_dial *dial = trace_find_dial(list, link->key);

		if (dial)
			mark(&index->conversations[link->index], &list->dns_queries[link->index], dial);
	}
}

static const struct report_conversation *conversation_of(const struct report *report, const struct trace_dns_query *query)
{
	return report->index.conversations ? &report->index.conversations[query - report->list->dns_queries] : NULL;
}

/* Those of the dial, or with NULL those of none: indices into `out`, which has room for all. */
static size_t select_messages(const struct report *report, const struct trace_dns_query *query, const struct trace_dial *dial,
			      size_t *out)
{
	const struct report_conversation *conversation = conversation_of(report, query);
	const bool whole = dial && dns_is_its_own(query, dial);
	struct dns_range range = { 0, query->message_count };
	size_t count = 0;

	if (dial && conversation)
		range = dns_range_of(&conversation->shape, query, dial);
	for (size_t i = range.from; i < range.to; i++)
		if (dial ? whole || dns_belongs_to(&query->messages[i], dial) : !conversation || !conversation->owned[i])
			out[count++] = i;
	return count;
}

bool report_dns_has_rest(const struct report *report, const struct trace_dns_query *query)
{
	const struct report_conversation *conversation = conversation_of(report, query);

	return query->message_count && (!conversation || memchr(conversation->owned, 0, query->message_count));
}

struct report_span report_dns_axis_of_dial(const struct trace_dns_query *query, const struct trace_dial *dial)
{
	if (query->message_count && dns_is_its_own(query, dial))
		return report_axis_dns(query);
	return (struct report_span){ NT_TIME_NONE, NT_TIME_NONE }; /* what the dial needed of it lies within the dial */
}

void report_dns(struct report *report, const struct trace_dns_query *query, const struct trace_dial *dial)
{
	bool is_titled = !dial && (trace_find_udp_conn(report->list, query->connection) ||
				   trace_find_tcp_conn(report->list, query->connection));
	size_t *order = nt_realloc_array(NULL, query->message_count + 1, sizeof *order);
	size_t messages = select_messages(report, query, dial, order), count, shown;
	struct lookup *lookups = nt_realloc_array(NULL, messages + 1, sizeof *lookups);

	dns_sort_by_name(query, order, messages);
	count = group(query, order, messages, lookups);
	qsort(lookups, count, sizeof *lookups, compare_lookups);
	shown = count > report->children_max ? report->children_max : count;
	for (size_t i = 0; i < shown; i++) {
		lookups[i].dial = dial;
		print_lookup(report, &lookups[i], is_titled);
	}
	if (shown < count)
		report_more_hidden(report, count - shown, "name");
	free(lookups);
	free(order);
}
