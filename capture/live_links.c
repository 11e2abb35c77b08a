#include "capture/live_links.h"

#include "capture/netlink.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

int live_links_open(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK };
	int links = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

	if (links < 0)
		return -1;
	if (bind(links, (struct sockaddr *)&address, sizeof address) == 0)
		return links;
	close(links);
	return -1;
}

static enum link_state worse(enum link_state a, enum link_state b)
{
	return a > b ? a : b;
}

/* Messages of family AF_BRIDGE tell of ports of a bridge, not of the link itself. */
static enum link_state told_by(const struct netlink_message *message, unsigned index)
{
	struct ifinfomsg info;

	if (message->payload.size < sizeof info)
		return LINK_UP;
	memcpy(&info, message->payload.at, sizeof info);
	if (info.ifi_family != AF_UNSPEC || info.ifi_index != (int)index)
		return LINK_UP;
	if (message->type == RTM_DELLINK)
		return LINK_GONE;
	return message->type == RTM_NEWLINK && !(info.ifi_flags & IFF_UP) ? LINK_DOWN : LINK_UP;
}

enum link_state live_links_read(int links, unsigned index)
{
	_Alignas(struct nlmsghdr) uint8_t datagram[16 * 1024];
	enum link_state worst = LINK_UP;
	struct netlink_message message;
	bool any = false;
	ssize_t size;

	while ((size = recv(links, datagram, sizeof datagram, 0)) >= 0 || errno == EINTR || errno == ENOBUFS) {
		struct bytes rest = { datagram, size > 0 ? (size_t)size : 0 };

		any = true;
		while (netlink_next_message(&rest, &message))
			worst = worse(worst, told_by(&message, index));
	}
	return any && index ? worse(worst, live_links_state(links, index)) : LINK_UP;
}

enum link_state live_links_state(int links, unsigned index)
{
	struct ifreq request = { 0 };

	if (!if_indextoname(index, request.ifr_name) || ioctl(links, SIOCGIFFLAGS, &request) != 0)
		return LINK_GONE;
	return request.ifr_flags & IFF_UP ? LINK_UP : LINK_DOWN;
}
