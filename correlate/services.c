#include "correlate/services.h"

#include "store/hash.h"

#include <stdlib.h>

/* A client talks to some dozens at a time; all of them are gone through for each connection. */
enum { SERVICES = 128 };

struct services {
	uint64_t seed;
	size_t added; /* ever; number n is at n % SERVICES */
	struct {
		uint64_t service; /* 0: none */
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

void services_name(const struct services *services, struct tcp_conn *conn, struct bytes name)
{
	struct flow_key key = { .ip_version = conn->flow.key.ip_version };
	uint64_t hash;

	if (conn->service || !conn->app || conn->client < 0)
		return;
	key.address[1] = conn->flow.key.address[!conn->client];
	key.port[1] = conn->flow.key.port[!conn->client];
	key.protocol = (uint8_t)conn->app->kind;
	hash = hash_bytes(hash_bytes(services->seed, &key, sizeof key), name.size ? name.at : (const uint8_t *)"", name.size);
	conn->service = hash ? hash : 1;
}

const char *services_find(const struct services *services, uint64_t service)
{
	for (size_t i = 0; service && i < SERVICES; i++)
		if (services->at[i].service == service)
			return services->at[i].app_protocol;
	return NULL;
}

void services_add(struct services *services, uint64_t service, const char *app_protocol)
{
	if (!service || !*app_protocol || services_find(services, service))
		return;
	services->at[services->added % SERVICES].service = service;
	services->at[services->added++ % SERVICES].app_protocol = app_protocol;
}
