/*
 * TCP connections: handshake, byte counts, order of the streams, end (RFC 9293).
 *
 * Offsets are 64-bit positions in the stream of one side; the first byte after its SYN is TCP_OFFSET_BASE, so that wrapped sequence
 * numbers and bytes before the first one seen have offsets too.
 */
#ifndef NETTRACE_CORRELATE_TCP_H
#define NETTRACE_CORRELATE_TCP_H

#include "correlate/internal.h"
#include "correlate/ranges.h"

#define TCP_OFFSET_BASE (UINT64_C(1) << 40)

/* Bytes of a stream in order, with what is known of the packet that brought them. */
struct piece {
	struct bytes data;
	uint64_t offset; /* of data.at[0] */
	uint64_t ack;    /* how far its sender had received the other stream; 0 unknown */
	nt_time time;
	struct packet_ref packet;
};

/* What waits of a segment: for bytes before it, or for bytes of the other side that its sender had already received. */
struct held_segment {
	struct held_segment *next; /* by offset; no two have the same bytes */
	uint64_t offset, ack;
	nt_time time;
	struct packet_ref packet;
	uint32_t captured, cut;
	uint8_t bytes[];
};

/* Initial sequence numbers. */
struct tcp_isn {
	uint32_t value;
	uint32_t other; /* of another SYN-ACK: the client's ACK says which of them counts */
	bool known, other_known;
};

/* What one side sends. */
struct tcp_side {
	bool seen;  /* at least one packet came from it */
	bool based; /* sequence numbers can be turned into offsets */
	struct tcp_isn isn;
	uint32_t top_sequence; /* sequence number of offset `top` */
	uint64_t top;          /* highest offset seen, one beyond the last byte */
	nt_time top_time;      /* when it was reached */
	uint64_t acked;        /* by the other side; 0 if never */
	nt_time acked_time;    /* when and by what it came so far */
	struct packet_ref acked_packet;
	uint64_t fin_offset; /* 0 if no FIN was seen */
	uint32_t last_ack;   /* for duplicate ACKs */
	uint16_t last_window;
	uint32_t repeated_acks; /* by the other side since it acknowledged something new */
	uint32_t needless;      /* segments sent again of which the other side says that it had them */
	/* for telling why a connection came to nothing */
	struct packet_ref fin_packet, rst_packet, last_data_packet, retransmitted_packet, overtaken_packet, zero_window_packet;
	nt_time last_data;        /* of the last segment with payload, NT_TIME_NONE if none */
	uint32_t last_size;       /* of it, bytes */
	uint32_t largest_segment; /* bytes of payload */
	uint32_t largest_acked;   /* of those that the other side acknowledged */
	uint32_t largest_waiting; /* sent since the last ACK of everything */
	uint64_t stuck_offset;    /* of the segment that is sent again and again */
	uint32_t stuck_size, stuck_count;
	nt_time stuck_since;
	struct packet_ref stuck_packet;
	struct ranges bytes_seen;
	uint64_t byte_count; /* each sequence number once */
	struct trace_tcp_side counts;
	/* content, in order */
	uint64_t deliver; /* next offset that the dissectors get; 0 before the first */
	struct held_segment *held, *held_last;
	uint64_t held_bytes;
	uint32_t held_count;
	bool finished;                            /* its end was handed on */
	struct packet_ref first_copy, other_copy; /* of the first conflict; number 0 if there was none */
};

/* Bytes that never came although later ones did. */
struct tcp_hole {
	uint64_t size;            /* 0: none */
	struct packet_ref before; /* the packet that showed it: the first beyond the hole */
	nt_time since;            /* when that came */
};

enum tcp_state { TCP_SYN_SENT, TCP_SYN_RECEIVED, TCP_OPEN, TCP_CLOSED };

struct tcp_conn {
	struct flow flow;             /* first: the table knows connections as flows */
	struct trace_tcp_conn record; /* tuple and sides are filled in at the end, when the client is certain */
	struct tcp_side side[2];
	enum tcp_state state;
	int8_t client; /* side, -1 while undecided */
	nt_time syn, last_syn, syn_ack;
	struct packet_ref syn_packet, last_syn_packet;
	struct tcp_hole hole; /* of the server's stream when the connection ended */
	uint64_t packets;
	uint64_t stalled; /* nanoseconds in which data waited for being sent again, or for a window */
	/* a hole is being waited for: since when */
	nt_time waiting_since;
	uint64_t waiting_packets;
	bool waiting;
	struct app *app; /* NULL before the first payload, and when all is said */
	bool app_done;
	struct overlap *overlap; /* as `app` */
	struct dial *dial;
	struct {
		trace_id tunnel; /* 0: none came */
		nt_time time;
		struct packet_ref packet;
	} close_notify;    /* of the server: what it sends in this tunnel ends there (RFC 8446 6.1) */
	bool understood;   /* a dissector made a record of what ran on it */
	bool explained;    /* a finding says why it failed: nothing else is to be reported as the cause */
	bool dial_pending; /* `dial` waits for the outcome of this attempt */
	uint64_t service;  /* of services.h; 0 before the client has said whom it speaks to */
	struct appid_flow *appid;
	bool appid_done;
};

/* Both return whether the packet belongs to a connection that is reported, as far as it is known by now. */
bool tcp_packet(struct correlator *c, const struct packet_layers *layers, const struct packet_context *packet);
bool tcp_icmp_error(struct correlator *c, struct flow *flow, int sender, uint8_t type, uint8_t code,
		    const struct packet_context *packet);

void tcp_free_spare(struct correlator *c); /* when no connection is to come any more */

/* Ends a flow of TCP in whatever form: reports, removes and frees it. */
void tcp_end(struct correlator *c, struct flow *flow, enum trace_close why);

/* The same, but packets that come late for a closed connection are still known to be its own. */
void tcp_expire(struct correlator *c, struct flow *flow);

/* The content says who the client is; only believed while the handshake did not say it. */
void tcp_set_client(struct tcp_conn *conn, int side, enum trace_evidence evidence);
struct address_tuple tcp_tuple(const struct tcp_conn *conn);

/* Its conntrack entry as known by now; NULL if there is none. */
const struct conntrack_entry *tcp_conntrack(const struct correlator *c, const struct tcp_conn *conn);

/* ---- tcp.c, for the files below ---- */
struct tcp_conn *tcp_conn_new(struct correlator *c, trace_id id, const struct flow_key *key, int sender, uint8_t flags,
			      const struct packet_context *packet); /* not in the table */
void tcp_segment(struct correlator *c, struct tcp_conn *conn, int sender, const struct tcp_segment *segment,
		 const struct packet_context *packet);

bool tcp_is_reported(const struct correlator *c, const struct tcp_conn *conn); /* as far as it is known by now */

/* Whether a SYN or SYN-ACK begins a new connection between the same ports. */
struct tcp_identity {
	enum tcp_state state;
	int8_t client;
	const struct tcp_isn *isn[2];
};
bool tcp_begins_another(const struct tcp_identity *old, int sender, const struct tcp_segment *segment);

/* ---- tcp_half_open.c: attempts that nobody answered, when they are very many ---- */
struct tcp_half_open; /* handle, a flow */

/* True if the packet, which belongs to no flow, is the beginning of one of them now. */
bool tcp_half_open_begin(struct correlator *c, const struct flow_key *key, uint64_t hash, int sender,
			 const struct tcp_segment *segment, const struct packet_context *packet);

/* True if it only adds to it; `half` has moved then. */
bool tcp_half_open_add(struct correlator *c, struct flow *half, int sender, const struct tcp_segment *segment,
		       const struct packet_context *packet);

/* Turns it into the whole connection that it would be; `half` is gone. */
struct tcp_conn *tcp_half_open_complete(struct correlator *c, struct flow *half);
bool tcp_half_open_is_reported(const struct correlator *c, const struct flow *half);

/* ---- tcp_time_wait.c: what is left of a connection that closed and was reported ---- */
struct tcp_time_wait; /* handle, a flow */

struct tcp_time_wait *tcp_time_wait_new(const struct correlator *c, const struct tcp_conn *conn); /* not in the table yet */
void tcp_time_wait_keep(struct correlator *c, struct tcp_time_wait *wait);
void tcp_time_wait_end(struct correlator *c, struct flow *wait);
bool tcp_time_wait_is_reported(const struct flow *wait);

/* True if the packet is a late one; false if it begins another connection. */
bool tcp_time_wait_takes(struct correlator *c, struct flow *wait, int sender, const struct tcp_segment *segment);

/* ---- stream.c: bytes in order ---- */
void stream_segment(struct correlator *c, struct tcp_conn *conn, int side, const struct piece *piece, uint32_t cut);
void stream_check(struct correlator *c, struct tcp_conn *conn);  /* after every packet: ends, gaps that are certain by now */
void stream_finish(struct correlator *c, struct tcp_conn *conn); /* no more bytes will come */

/* ---- overlap.c: bytes that come twice ---- */
struct overlap;                                                                     /* handle */
void overlap_handed_on(struct tcp_conn *conn, int side, const struct piece *piece); /* it has data */
/* Whether bytes of the piece differ from those that wait or were handed on lately, and which packet brought them first. */
bool overlap_conflicts(const struct tcp_conn *conn, int side, const struct piece *piece, struct packet_ref *first);
void overlap_free(struct tcp_conn *conn);

#endif
