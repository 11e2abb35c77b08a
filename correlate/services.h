/*
 * What nDPI called the service that a server offers under a name: it need not look at every connection to it again.
 */
#ifndef NETTRACE_CORRELATE_SERVICES_H
#define NETTRACE_CORRELATE_SERVICES_H

#include "correlate/app.h"

struct services; /* handle: the last ones that were asked about, the same whatever the seed */

struct services *services_new(uint64_t seed);
void services_free(struct services *services);

/*
 * Sets conn->service, unless it is known: the server's endpoint, the protocol that was recognised, and the name that the client gave in its
 * ClientHello or first request, empty if it gave none.
 */
void services_name(const struct services *services, struct tcp_conn *conn, struct bytes name);

/* The name of its protocol, which lives as long as the appid that it came from; NULL if it is not known. */
const char *services_find(const struct services *services, uint64_t service);
void services_add(struct services *services, uint64_t service, const char *app_protocol); /* "" is nothing known */

#endif
