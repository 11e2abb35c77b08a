/*
 * One state of a connection tracking entry, as the kernel (or a text log of conntrack-tools) told it.
 *
 * A value: shared by what reads them (capture/), keeps them (store/) and joins them with packets (correlate/).
 */
#ifndef NETTRACE_STORE_CONNTRACK_H
#define NETTRACE_STORE_CONNTRACK_H

#include "store/address.h"

enum conntrack_kind {
	CONNTRACK_NEW,
	CONNTRACK_UPDATE,
	CONNTRACK_DESTROY,
	CONNTRACK_DUMP /* out of a listing of the table */
};
const char *conntrack_kind_text(enum conntrack_kind kind); /* "new", "update", "destroy", "dump" */

/* enum ip_conntrack_status of the kernel (IPS_*), bit by bit. */
enum conntrack_status {
	CONNTRACK_EXPECTED = 1 << 0,
	CONNTRACK_SEEN_REPLY = 1 << 1,
	CONNTRACK_ASSURED = 1 << 2,
	CONNTRACK_CONFIRMED = 1 << 3,
	CONNTRACK_SRC_NAT = 1 << 4,
	CONNTRACK_DST_NAT = 1 << 5,
	CONNTRACK_SEQ_ADJUST = 1 << 6,
	CONNTRACK_SRC_NAT_DONE = 1 << 7,
	CONNTRACK_DST_NAT_DONE = 1 << 8,
	CONNTRACK_DYING = 1 << 9,
	CONNTRACK_FIXED_TIMEOUT = 1 << 10,
	CONNTRACK_TEMPLATE = 1 << 11,
	CONNTRACK_UNTRACKED = 1 << 12,
	CONNTRACK_HELPER = 1 << 13,
	CONNTRACK_OFFLOAD = 1 << 14
};
/* "seen-reply|assured|confirmed", in the order of the bits; `out` has room for CONNTRACK_STATUS_TEXT_SIZE bytes.  Returns out. */
enum { CONNTRACK_STATUS_TEXT_SIZE = 192 };
char *conntrack_status_text(uint32_t status, char *out);

/* enum tcp_conntrack of the kernel. */
enum conntrack_tcp_state {
	CONNTRACK_TCP_NONE,
	CONNTRACK_TCP_SYN_SENT,
	CONNTRACK_TCP_SYN_RECV,
	CONNTRACK_TCP_ESTABLISHED,
	CONNTRACK_TCP_FIN_WAIT,
	CONNTRACK_TCP_CLOSE_WAIT,
	CONNTRACK_TCP_LAST_ACK,
	CONNTRACK_TCP_TIME_WAIT,
	CONNTRACK_TCP_CLOSE,
	CONNTRACK_TCP_SYN_SENT2
};
const char *conntrack_tcp_state_text(enum conntrack_tcp_state state); /* "none", "syn-sent", … */

struct conntrack_entry {
	enum conntrack_kind kind;
	nt_time time; /* the kernel's, if it gave one, else ours when we received it; NT_TIME_NONE in a log without times */
	bool time_is_kernels;
	uint32_t id; /* the kernel's id of the entry; 0 if not known */
	uint16_t zone;
	uint8_t protocol;                     /* IANA protocol number */
	struct address_tuple original, reply; /* each as its sender sees it: reply.source is whom the original reached */
	uint32_t status;                      /* of enum conntrack_status */
	bool has_tcp_state;
	enum conntrack_tcp_state tcp_state;
	uint32_t mark;
	bool has_counters;             /* nf_conntrack_acct was on */
	uint64_t packets[2], bytes[2]; /* original direction, reply direction */
	nt_time start, stop;           /* nf_conntrack_timestamp; NT_TIME_NONE if not told */
	uint32_t timeout_s;            /* 0 if not told */
};

#endif
