/*
 * The words for what conntrack's numbers mean: one list for conntrack.c and for the views in schema.c.  Each row is a number or a
 * bit's number, and the word; the numbers are those of store/conntrack.h.
 */
#ifndef NETTRACE_STORE_CONNTRACK_NAMES_H
#define NETTRACE_STORE_CONNTRACK_NAMES_H

/* clang-format off */
#define CONNTRACK_KIND_LIST(X) \
	X(0, "new") X(1, "update") X(2, "destroy") X(3, "dump")

#define CONNTRACK_STATUS_LIST(X) \
	X(0, "expected") X(1, "seen-reply") X(2, "assured") X(3, "confirmed") X(4, "src-nat") X(5, "dst-nat") X(6, "seq-adjust") \
	X(7, "src-nat-done") X(8, "dst-nat-done") X(9, "dying") X(10, "fixed-timeout") X(11, "template") X(12, "untracked") \
	X(13, "helper") X(14, "offload")

#define CONNTRACK_TCP_STATE_LIST(X) \
	X(0, "none") X(1, "syn-sent") X(2, "syn-recv") X(3, "established") X(4, "fin-wait") X(5, "close-wait") X(6, "last-ack") \
	X(7, "time-wait") X(8, "close") X(9, "syn-sent2")
/* clang-format on */

#endif
