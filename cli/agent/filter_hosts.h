/*
 * The addresses that a filter expression asks for, where that is plain to see: what is recorded beside packets, connection tracking, can be
 * narrowed to them.
 */
#ifndef NETTRACE_CLI_FILTER_HOSTS_H
#define NETTRACE_CLI_FILTER_HOSTS_H

#include "store/address.h"

enum { FILTER_HOSTS = 16 };

struct filter_hosts {
	struct ip_address addresses[FILTER_HOSTS];
	uint8_t versions[FILTER_HOSTS];
	size_t count;
};

/*
 * Every packet that the expression (may be NULL) takes touches one of these addresses; count 0: nothing can be said.  Understood are terms
 * joined by "and" of which one is "[ip|ip6] [src|dst] host ADDRESS", and such host terms alone joined by "or".
 */
void filter_hosts_find(const char *expression, struct filter_hosts *out);

#endif
