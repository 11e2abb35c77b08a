#include "correlate/services.h"

#include "correlate/dials.h"
#include "correlate/hash.h"

#include <stdlib.h>

/* A client talks to some dozens at a time; all of them are gone through for each connection. */
enum { SERVICES = 128 };

struct services {
	uint64_t seed;
	size_t added; /* ever; number n is at n % SERVICES */
	struct {
		uint64_t key; /* 0: none */
		const char *app_protocol;
	} at[SERVICES];
};

struct services *services_new(uint64_t seed)
{
	struct services *services = nt_zalloc(sizeof *services);

	services->seed = seed;
	return services;
}

void services_free(struct services *services)
{
	free(services);
}

uint64_t services_key(const struct services *services, const struct tcp_conn *conn)
{
	const struct bytes name = dials_host(conn);
	struct flow_key key = { .ip_version = conn->flow.key.ip_version };
	uint64_t hash;

	if (!conn->app || (conn->app->kind != APP_TLS && conn->app->kind != APP_HTTP1) || conn->client < 0 || !name.size)
		return 0;
	key.address[1] = conn->flow.key.address[!conn->client];
	key.port[1] = conn->flow.key.port[!conn->client];
	key.protocol = (uint8_t)conn->app->kind;
	hash = hash_bytes(hash_bytes(services->seed, &key, sizeof key), name.at, name.size);
	return hash ? hash : 1;
}

const char *services_find(const struct services *services, uint64_t key)
{
	for (size_t i = 0; key && i < SERVICES; i++)
		if (services->at[i].key == key)
			return services->at[i].app_protocol;
	return NULL;
}

void services_add(struct services *services, uint64_t key, const char *app_protocol)
{
	if (!key || !*app_protocol || services_find(services, key))
		return;
	services->at[services->added % SERVICES].key = key;
	services->at[services->added++ % SERVICES].app_protocol = app_protocol;
}
