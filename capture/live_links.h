/*
 * Tells when a network interface goes down or away, and when to look for it again: by the kernel's link messages, without polling.
 */
#ifndef NETTRACE_CAPTURE_LIVE_LINKS_H
#define NETTRACE_CAPTURE_LIVE_LINKS_H

#include "store/base.h"

enum link_state { LINK_UP, LINK_DOWN, LINK_GONE };

/* A socket that gets readable when any link changes; -1 with errno if there is none to be had. */
int live_links_open(void);

/*
 * Reads what the socket holds.  The worst that happened to the interface with this index since the last time: LINK_UP if nothing,
 * LINK_DOWN also if it is up again by now.  What libpcap calls a device but is no interface has index 0 and is always up.
 */
enum link_state live_links_read(int links, unsigned index);

/* How it is now. */
enum link_state live_links_state(int links, unsigned index);

#endif
