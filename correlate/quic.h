/*
 * QUIC on a UDP flow: recognised by an Initial packet that verifies, whatever the port; its handshake becomes a tunnel record, and the
 * connection an attempt of a dial.  What follows the handshake is not looked at.
 */
#ifndef NETTRACE_CORRELATE_QUIC_H
#define NETTRACE_CORRELATE_QUIC_H

#include "correlate/internal.h"
#include "dissect/cursor.h"

struct quic_flow; /* handle */

/*
 * Looks at a datagram of a flow that may be QUIC: an Initial packet of the client, who is the source of `tuple`.  NULL if it does not
 * verify.  `conn`: the record of the UDP flow.
 */
struct quic_flow *quic_flow_new(struct correlator *c, trace_id conn, const struct address_tuple *tuple, struct cursor datagram,
				const struct packet_context *packet);

void quic_flow_datagram(struct quic_flow *flow, bool by_client, struct cursor datagram, const struct packet_context *packet);

/* An ICMP error about a datagram of the client. */
void quic_flow_icmp_error(struct quic_flow *flow, uint8_t type, uint8_t code, const struct packet_context *packet);

/*
 * No more datagrams will come; the last one came `silence` ago: reports the tunnel, findings and the dial.  Fills in from_dial and quic of
 * the record, which points into the flow until quic_flow_free().
 */
void quic_flow_finish(struct quic_flow *flow, struct trace_udp_conn *record, nt_time silence);
void quic_flow_free(struct quic_flow *flow); /* NULL is fine */

#endif
