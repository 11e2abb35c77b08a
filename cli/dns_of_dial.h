/*
 * Which conversations with name servers, and which messages of them, a dial was made of: one socket may serve many dials.
 */
#ifndef NETTRACE_CLI_DNS_OF_DIAL_H
#define NETTRACE_CLI_DNS_OF_DIAL_H

#include "cli/links.h"
#include "store/trace.h"

/* By dial: the conversations on its connections to name servers, in list->dns_queries.  `of_conn` has those of each connection. */
void dns_link_dials(struct links *of_dial, const struct links *of_conn, const struct trace_list *list);

/* On a socket with one name alone the conversation itself says whose it is: all of it is of this dial. */
bool dns_is_its_own(const struct trace_dns_query *query, const struct trace_dial *dial);

/* On others: whether the message is about the dial's host, and was sent, or is the reply to what was sent, while it lasted. */
bool dns_belongs_to(const struct trace_dns_message *message, const struct trace_dial *dial);

/* What is to be known of a conversation so that it is not looked through for each dial. */
struct dns_shape {
	nt_time longest; /* of all waits for a reply */
	bool in_order;   /* of time */
};

struct dns_shape dns_shape_of(const struct trace_dns_query *query);

/* Where the messages of a dial can be. */
struct dns_range {
	size_t from, to;
};

struct dns_range dns_range_of(const struct dns_shape *shape, const struct trace_dns_query *query, const struct trace_dial *dial);

/* ---- names ---- */

struct bytes dns_name_of(const struct trace_dns_message *message); /* that it asks for, or answers */
int dns_compare_names(struct bytes a, struct bytes b);             /* an order that makes no difference between cases */
void dns_sort_by_name(const struct trace_dns_query *query, size_t *messages,
		      size_t count); /* indices; of one name in their order */

#endif
