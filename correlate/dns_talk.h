/*
 * The DNS conversation on one flow, UDP or TCP: queries, replies, what answers what.
 */
#ifndef NETTRACE_CORRELATE_DNS_TALK_H
#define NETTRACE_CORRELATE_DNS_TALK_H

#include "correlate/dials.h"

struct dns_talk; /* handle */

/* `flow` names the resolver's side; copied.  `goes_on`: another one ran on this flow before, and was reported. */
struct dns_talk *dns_talk_new(struct correlator *c, const struct resolver_flow *flow, enum trace_dns_kind kind, bool goes_on);

/* One message; false if it is none (not even a header). */
bool dns_talk_message(struct dns_talk *talk, struct cursor message, nt_time time, struct packet_ref packet);

/* Whether every query of a resolver has its reply. */
bool dns_talk_is_answered(const struct dns_talk *talk);

/* An ICMP error says that the latest query did not get there. */
void dns_talk_unreachable(struct dns_talk *talk, uint8_t type, uint8_t code, struct packet_ref packet);

/* The first dial that one of its lookups was made for, 0 if none. */
trace_id dns_talk_dial(const struct dns_talk *talk);

/* Reports the conversation and frees it.  NULL is fine. */
void dns_talk_end(struct dns_talk *talk);

#endif
