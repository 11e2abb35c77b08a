/*
 * UDP flows, and the DNS in them.
 */
#ifndef NETTRACE_CORRELATE_UDP_H
#define NETTRACE_CORRELATE_UDP_H

#include "correlate/internal.h"

struct udp_conn;

/* Whether it belongs to a flow that is reported. */
bool udp_packet(struct correlator *c, const struct packet_layers *layers, const struct packet_context *packet);
bool udp_is_reported(const struct correlator *c, const struct udp_conn *conn); /* as far as it is known by now */

/* The silence of an answered DNS conversation was long enough: it is reported, the flow goes on. */
void udp_rest(struct correlator *c, struct udp_conn *conn);

void udp_end(struct correlator *c, struct udp_conn *conn); /* reports, removes and frees it */
void udp_icmp_error(struct udp_conn *conn, int sender, uint8_t type, uint8_t code, const struct packet_context *packet);

#endif
