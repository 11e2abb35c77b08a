/*
 * A network of the test's own: an empty network namespace with the loopback up, which goes away with the process.
 *
 * Check runs every test in a process of its own, so a test calls private_net() first and leaves nothing behind.
 */
#ifndef NETTRACE_TESTS_SUPPORT_PRIVATE_NET_H
#define NETTRACE_TESTS_SUPPORT_PRIVATE_NET_H

#include "store/base.h"

/* NULL if such a network can be had, else why not ("needs root").  with_nft: the nft program too. */
const char *private_net_missing(bool with_nft);

void private_net(void); /* fails the test if it cannot be had */

void private_net_set_up(const char *interface, bool up);

/* An interface without link-layer header, up.  What is written to the descriptor comes in on it; closing it removes it. */
int private_net_tun(const char *name);
/* The same, not up, with the hardware type ARPHRD_… */
int private_net_tun_of_type(const char *name, int hardware_type);

void private_net_nft(const char *rules); /* as `nft -f` reads them */

/* UDP over IPv4: a socket that sends, and one datagram of `size` bytes from it. */
int private_net_udp(const char *from_address);
void private_net_send(int udp, const char *address, uint16_t port, const char *payload, size_t size);

/* Waits until the descriptor is readable; false after so many milliseconds. */
bool private_net_wait(int descriptor, int timeout_ms);

/* Runs a function as user and group nobody in a child; returns its result, which must be small and not negative. */
int private_net_as_nobody(int (*function)(void));

nt_time private_net_now(void);

#endif
