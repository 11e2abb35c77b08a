/*
 * Switches of the kernel under /proc/sys that are on while we run and then put back.
 *
 * They belong to the network namespace of the process.  Whoever is killed leaves them on, which is harmless: the next start finds them on
 * and leaves them so.
 */
#ifndef NETTRACE_CAPTURE_SYSCTLS_H
#define NETTRACE_CAPTURE_SYSCTLS_H

#include "store/base.h"

struct sysctl_switch {
	const char *path;   /* "/proc/sys/net/netfilter/nf_conntrack_acct" */
	const char *wanted; /* "1" */
	char found[24];     /* as it was; empty if it cannot be read */
	bool changed;
};

/* Reads what there is.  true if that is what is wanted. */
bool sysctl_is_on(struct sysctl_switch *s);

/* Switches it on if it is not.  false, with errno, if that cannot be done. */
bool sysctl_switch_on(struct sysctl_switch *s);

/* Puts back what was found, unless somebody else has changed it since. */
void sysctl_put_back(struct sysctl_switch *s);

#endif
