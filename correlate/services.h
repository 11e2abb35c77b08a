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
 * The service that a connection is to: the server's endpoint, the protocol that was recognised, and the name that the client gave in its
 * ClientHello or request.  0 if there is no such name (yet).
 */
uint64_t services_key(const struct services *services, const struct tcp_conn *conn);

/* The name of its protocol, which lives as long as the appid that it came from; NULL if it is not known. */
const char *services_find(const struct services *services, uint64_t key);
void services_add(struct services *services, uint64_t key, const char *app_protocol); /* "" is nothing known */

#endif
