#include "correlate/proxies.h"

#include <stdlib.h>
#include <string.h>

struct endpoint {
	uint8_t ip_version;
	uint16_t port;
	struct ip_address address;
};

struct proxies {
	struct endpoint list[LIMIT_PROXIES]; /* a ring */
	size_t noted;
};

struct proxies *proxies_new(void)
{
	return nt_zalloc(sizeof(struct proxies));
}

void proxies_free(struct proxies *proxies)
{
	free(proxies);
}

bool proxies_know(const struct correlator *c, const struct tcp_conn *conn)
{
	const struct proxies *proxies = c->proxies;
	struct address_tuple tuple = tcp_tuple(conn);

	for (size_t i = 0; i < LIMIT_PROXIES && i < proxies->noted; i++) {
		const struct endpoint *e = &proxies->list[i];

		if (e->port == tuple.destination_port && e->ip_version == tuple.ip_version &&
		    memcmp(&e->address, &tuple.destination, sizeof e->address) == 0)
			return true;
	}
	return false;
}

void proxies_note(struct correlator *c, const struct tcp_conn *conn)
{
	struct proxies *proxies = c->proxies;
	struct address_tuple tuple = tcp_tuple(conn);

	if (proxies_know(c, conn))
		return;
	if (proxies->noted >= LIMIT_PROXIES)
		limit_hit(c->hits, LIMIT_PROXIES_HIT);
	proxies->list[proxies->noted++ % LIMIT_PROXIES] =
		(struct endpoint){ .ip_version = tuple.ip_version, .port = tuple.destination_port, .address = tuple.destination };
}
