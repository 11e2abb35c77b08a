/*
 * UDP flows, and the DNS in them.
 */
#ifndef NETTRACE_CORRELATE_UDP_H
#define NETTRACE_CORRELATE_UDP_H

#include "correlate/internal.h"

struct udp_conn;

void udp_packet(struct correlator *c, const struct packet_context *packet);
void udp_end(struct correlator *c, struct udp_conn *conn); /* reports, removes and frees it */
void udp_icmp_error(struct udp_conn *conn, uint8_t type, uint8_t code, const struct packet_context *packet);

#endif
