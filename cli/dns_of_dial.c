#include "cli/dns_of_dial.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- names ---- */

/* mDNS replies carry no question. */
struct bytes dns_name_of(const struct trace_dns_message *message)
{
	if (message->question_count)
		return message->questions[0].name;
	return message->answer_count ? message->answers[0].name : (struct bytes){ 0 };
}

int dns_compare_names(struct bytes a, struct bytes b)
{
	size_t common = a.size < b.size ? a.size : b.size;
	int order = common ? strncasecmp((const char *)a.at, (const char *)b.at, common) : 0;

	if (order != 0)
		return order;
	return a.size < b.size ? -1 : a.size > b.size;
}

static int compare_messages(const void *a, const void *b, void *context)
{
	const struct trace_dns_query *query = context;
	size_t x = *(const size_t *)a, y = *(const size_t *)b;
	int order = dns_compare_names(dns_name_of(&query->messages[x]), dns_name_of(&query->messages[y]));

	if (order != 0)
		return order;
	return x < y ? -1 : x > y;
}

void dns_sort_by_name(const struct trace_dns_query *query, size_t *messages, size_t count)
{
	if (count)
		qsort_r(messages, count, sizeof *messages, compare_messages, (void *)query);
}

/* ---- whose message it was: one socket may serve many dials ---- */

static bool is_of_one_name(const struct trace_dns_query *query)
{
	for (size_t i = 1; i < query->message_count; i++)
		if (dns_compare_names(dns_name_of(&query->messages[0]), dns_name_of(&query->messages[i])) != 0)
			return false;
	return true;
}

bool dns_is_its_own(const struct trace_dns_query *query, const struct trace_dial *dial)
{
	return query->from_dial == dial->id && is_of_one_name(query);
}

static nt_time wait_of(const struct trace_dns_message *message)
{
	return message->is_reply && message->latency_us > 0 ? message->latency_us * NT_MICROSECOND : 0;
}

/* A reply counts when its query was sent. */
static bool is_during(const struct trace_dial *dial, const struct trace_dns_message *message)
{
	nt_time time = message->time - wait_of(message);

	return (dial->begin == NT_TIME_NONE || time >= dial->begin) && (dial->end == NT_TIME_NONE || time <= dial->end);
}

/* "www.example.test." and "www.example.test.corp.test." are look-ups of "www.example.test". */
static bool is_name_of(struct bytes name, struct bytes host)
{
	return host.size && name.size > host.size && name.at[host.size] == '.' &&
	       strncasecmp((const char *)name.at, (const char *)host.at, host.size) == 0;
}

bool dns_belongs_to(const struct trace_dns_message *message, const struct trace_dial *dial)
{
	return is_during(dial, message) && is_name_of(dns_name_of(message), dial->host);
}

struct dns_shape dns_shape_of(const struct trace_dns_query *query)
{
	struct dns_shape shape = { .in_order = true };

	for (size_t i = 0; i < query->message_count; i++) {
		const struct trace_dns_message *message = &query->messages[i];

		if (wait_of(message) > shape.longest)
			shape.longest = wait_of(message);
		if (i > 0 && message->time < message[-1].time)
			shape.in_order = false;
	}
	return shape;
}

/* The first message that is not before a time. */
static size_t first_from(const struct trace_dns_query *query, nt_time time)
{
	size_t low = 0, high = query->message_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (query->messages[middle].time < time)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Where the messages of a dial can be, so that one socket of many dials is not looked through for each of them. */
struct dns_range dns_range_of(const struct dns_shape *shape, const struct trace_dns_query *query, const struct trace_dial *dial)
{
	struct dns_range range = { 0, query->message_count };

	if (!shape->in_order || dns_is_its_own(query, dial))
		return range;
	if (dial->begin != NT_TIME_NONE)
		range.from = first_from(query, dial->begin);
	if (dial->end != NT_TIME_NONE && dial->end < INT64_MAX - shape->longest)
		range.to = first_from(query, dial->end + shape->longest + 1);
	return range;
}

/* ---- which conversations served which dial ---- */

/* The conversations on the connections to a dial's name servers: by index, of each dial. */
static void add_resolvers(struct links *of_dial, const struct links *of_conn, const struct trace_dial *dial)
{
	for (size_t i = 0; i < dial->resolver_dial_count; i++) {
		struct links dns = links_children(of_conn, dial->resolver_dials[i].established_conn);

		for (size_t j = 0; j < dns.count; j++)
			links_add(of_dial, dial->id, dns.at[j].index);
	}
}

static size_t count_resolvers(const struct links *of_conn, const struct trace_list *list)
{
	size_t count = 0;

	for (size_t i = 0; i < list->dial_count; i++)
		for (size_t j = 0; j < list->dials[i].resolver_dial_count; j++)
			count += links_children(of_conn, list->dials[i].resolver_dials[j].established_conn).count;
	return count;
}

void dns_link_dials(struct links *of_dial, const struct links *of_conn, const struct trace_list *list)
{
	links_reserve(of_dial, list->dns_query_count + count_resolvers(of_conn, list));
	for (size_t i = 0; i < list->dns_query_count; i++)
		links_add(of_dial, list->dns_queries[i].from_dial, i);
	for (size_t i = 0; i < list->dial_count; i++)
		add_resolvers(of_dial, of_conn, &list->dials[i]);
	links_sort_unique(of_dial);
}
