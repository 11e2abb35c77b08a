#include "cli/agent/interfaces.h"

#include "store/address.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>

/* The text of an IP address; false if it is of another kind. */
static bool address_text(const struct sockaddr *from, char out[IP_ADDRESS_TEXT_SIZE])
{
	struct ip_address address = { 0 };

	if (from && from->sa_family == AF_INET) {
		memcpy(address.bytes, &((const struct sockaddr_in *)(const void *)from)->sin_addr, 4);
		ip_address_text(4, &address, out);
	} else if (from && from->sa_family == AF_INET6) {
		memcpy(address.bytes, &((const struct sockaddr_in6 *)(const void *)from)->sin6_addr, 16);
		ip_address_text(6, &address, out);
	} else {
		return false;
	}
	return true;
}

static void print_addresses(FILE *out, const struct ifaddrs *list, const char *name)
{
	char text[IP_ADDRESS_TEXT_SIZE];

	for (const struct ifaddrs *at = list; at; at = at->ifa_next)
		if (strcmp(at->ifa_name, name) == 0 && address_text(at->ifa_addr, text))
			fprintf(out, "  %s", text);
}

static unsigned flags_of(const struct ifaddrs *list, const char *name)
{
	for (const struct ifaddrs *at = list; at; at = at->ifa_next)
		if (strcmp(at->ifa_name, name) == 0)
			return at->ifa_flags;
	return 0;
}

enum nt_status interfaces_print(FILE *out, struct nt_error *error)
{
	struct if_nameindex *names = if_nameindex();
	struct ifaddrs *list = NULL;

	if (!names || getifaddrs(&list) != 0) {
		if_freenameindex(names);
		return nt_fail(error, NT_EIO, "cannot list the interfaces: %s", strerror(errno));
	}
	for (const struct if_nameindex *at = names; at->if_index; at++) {
		unsigned flags = flags_of(list, at->if_name);

		fprintf(out, "%-16s %s", at->if_name, !(flags & IFF_UP) ? "down" : flags & IFF_RUNNING ? "up     " : "no link");
		print_addresses(out, list, at->if_name);
		fputc('\n', out);
	}
	fprintf(out, "%-16s all of them\n", "any");
	freeifaddrs(list);
	if_freenameindex(names);
	return NT_OK;
}
