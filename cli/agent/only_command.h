/*
 * The packets of one command and its children, and no others: they run in a cgroup (v2) of their own; a rule marks the connections that
 * sockets of this cgroup begin, and packets of marked connections are logged to an NFLOG group, on their way out and in.  The mark, not
 * the socket, is what is logged by, as the last packets of a connection have no socket any more.
 *
 * All names have our process id in them.  What a crashed run left is found by the cgroup's name, so the cgroup is made first and removed
 * last.
 */
#ifndef NETTRACE_CLI_ONLY_COMMAND_H
#define NETTRACE_CLI_ONLY_COMMAND_H

#include "store/base.h"

#include <sys/types.h>

struct only_command {
	char *cgroup; /* owned; path of the directory */
	pid_t pid;    /* whose names these are */
	uint32_t mark;
	uint16_t group; /* of NFLOG */
};

/* Makes the cgroup.  NT_EIO: no permission, or no cgroup v2 here. */
enum nt_status only_command_begin(struct only_command *only, struct nt_error *error);

/* Makes the rules, for these interfaces ("any" is all).  NT_EIO: no nft program, no permission, the kernel refuses. */
enum nt_status only_command_set_rules(const struct only_command *only, const char *const *interfaces, size_t count,
				      struct nt_error *error);

/* The calling process enters the cgroup: false, and errno, if it cannot. */
bool only_command_enter(const struct only_command *only);

/* Removes rules and cgroup.  A cgroup in which something still runs stays. */
void only_command_remove(const struct only_command *only);

void only_command_clear(struct only_command *only);

/* Removes what runs that are dead left behind.  Does nothing without root. */
void only_command_sweep(void);

#endif
