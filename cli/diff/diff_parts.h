/*
 * The comparison of two traces, from the inside: one function for each part of it.
 */
#ifndef NETTRACE_CLI_DIFF_PARTS_H
#define NETTRACE_CLI_DIFF_PARTS_H

#include "cli/diff/diff.h"
#include "cli/report/report.h"

/* A message of a look-up that belongs to no dial. */
struct diff_message {
	const struct trace_dns_query *query;
	const struct trace_dns_message *message;
};

/* What is needed of one trace while comparing. */
struct diff_source {
	struct diff_side *side;
	const struct trace_list *list;
	struct report_index index;
	struct links subject_of;  /* record -> subject, the first one first */
	struct links redirect_of; /* request -> the one that its redirect led to */
	bool *compared;           /* of each TCP connection: its set-up was compared already */
};

/* Finds the subjects of one trace (diff_subjects.c). */
void diff_find_subjects(struct diff_source *source, struct arena *memory);

/* Pairs the subjects of both sides (diff_align.c). */
void diff_align(struct diff *diff);

/* Finds what differs within a pair (diff_compare.c). */
void diff_compare(struct diff_pair *pair, struct diff_source *good, struct diff_source *bad, struct arena *memory);

/* Adds a change unless both values are the same. */
void diff_add(struct diff_pair *pair, enum diff_field field, struct diff_value good, struct diff_value bad,
	      struct packet_ref good_packet, struct packet_ref bad_packet);

/* What name servers said: compared on its own, as it has most to leave aside (diff_dns.c).  The addresses that were answered remain. */
struct diff_answers {
	bool known; /* there was a look-up in the capture */
	struct diff_value addresses;
};
void diff_compare_dns(struct diff_pair *pair, struct diff_source *good, struct diff_source *bad, struct arena *memory,
		      struct diff_answers answers[2], int64_t duration_us[2]);

/* Sorts texts and drops what is there twice. */
struct diff_value diff_texts(struct bytes *texts, size_t count);
bool diff_has_text(const struct diff_value *texts, struct bytes text);
int diff_compare_bytes(struct bytes a, struct bytes b);

#endif
