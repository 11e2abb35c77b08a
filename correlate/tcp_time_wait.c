/*
 * What is left of a connection that closed and was reported, as in the state TIME-WAIT of RFC 9293: enough to know its late packets, which
 * are no new connection.
 */
#include "correlate/tcp.h"

#include <stdlib.h>

struct tcp_time_wait {
	struct flow flow; /* first */
	struct tcp_isn isn[2];
	int8_t client;
	bool reported;
};

struct tcp_time_wait *tcp_time_wait_new(const struct correlator *c, const struct tcp_conn *conn)
{
	struct tcp_time_wait *wait = nt_zalloc(sizeof *wait);

	wait->flow.key = conn->flow.key;
	wait->flow.last = conn->flow.last;
	wait->flow.form = FLOW_TIME_WAIT;
	for (int i = 0; i < 2; i++)
		wait->isn[i] = conn->side[i].isn;
	wait->client = conn->client;
	wait->reported = tcp_is_reported(c, conn);
	return wait;
}

void tcp_time_wait_keep(struct correlator *c, struct tcp_time_wait *wait)
{
	flow_insert(&c->flows, &wait->flow, flow_hash(c->flows.seed, &wait->flow.key), FLOW_TCP_TIME_WAIT, wait->flow.last);
}

void tcp_time_wait_end(struct correlator *c, struct flow *wait)
{
	flow_remove(&c->flows, wait);
	free(wait);
}

bool tcp_time_wait_is_reported(const struct flow *wait)
{
	return ((const struct tcp_time_wait *)wait)->reported;
}

bool tcp_time_wait_takes(struct correlator *c, struct flow *flow, int sender, const struct tcp_segment *segment)
{
	const struct tcp_time_wait *wait = (const struct tcp_time_wait *)flow;
	const struct tcp_identity identity = { .state = TCP_CLOSED,
					       .client = wait->client,
					       .isn = { &wait->isn[0], &wait->isn[1] } };

	if (tcp_begins_another(&identity, sender, segment))
		return false;
	flow->last = c->elapsed;
	limit_hit(c->hits, LIMIT_CLOSED_CONNECTIONS_HIT);
	return true;
}
