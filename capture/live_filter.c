#include "capture/live.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * The length of the IP packet must be that of its headers alone.  Fragments have no TCP header at its place to compare with and count as
 * payload; an offloaded segment whose length field is 0 is a large one.  What is behind other IPv6 extension headers is not known to be
 * TCP: a filter program cannot step over them.
 */
static const char tcp_without_payload[] = "not tcp or "
					  "(ip and ip[2:2] = ((ip[0] & 0xf) << 2) + ((tcp[12] & 0xf0) >> 2)) or "
					  "(ip6 and ip6[6] = 6 and ip6[4:2] = (ip6[52] & 0xf0) >> 2)";

/* Neighbor discovery is the ARP of IPv6 (RFC 4861 section 4): types 133 to 137. */
static const char not_icmp[] = "not icmp and not icmp6";
static const char not_icmp_but_neighbors[] = "not icmp and not (icmp6 and (ip6[40] < 133 or ip6[40] > 137))";
static const char not_arp[] = "not arp";

static void add(char *filter, size_t size, const char *term)
{
	size_t used = strlen(filter);

	snprintf(filter + used, size - used, "%s(%s)", used ? " and " : "", term);
}

char *live_filter(const char *expression, bool icmp, bool arp, bool no_payload)
{
	enum { OWN_TERMS = 512 };
	size_t size = (expression ? strlen(expression) : 0) + OWN_TERMS;
	char *filter = nt_alloc(size);

	filter[0] = 0;
	if (expression && expression[strspn(expression, " \t\r\n")])
		add(filter, size, expression);
	if (!icmp)
		add(filter, size, arp ? not_icmp_but_neighbors : not_icmp);
	if (!arp)
		add(filter, size, not_arp);
	if (no_payload)
		add(filter, size, tcp_without_payload);
	if (filter[0])
		return filter;
	free(filter);
	return NULL;
}
