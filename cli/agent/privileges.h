/*
 * Who runs this, whom it shall run as, and giving up what is not needed.
 *
 * Everything is opened first with the privileges of the start.  Then the process becomes another user and keeps at most two capabilities:
 * CAP_NET_RAW, to open an interface again that went away, and CAP_NET_ADMIN, without which the kernel neither lists its connection
 * tracking table (at the end, and after an overrun) nor lets its settings be put back.  no_new_privs is set.
 *
 * Without root nothing changes but that capabilities (of setcap) that are not needed go.
 */
#ifndef NETTRACE_CLI_PRIVILEGES_H
#define NETTRACE_CLI_PRIVILEGES_H

#include "store/base.h"

#include <sys/types.h>

struct user {
	uid_t uid;
	gid_t gid;
	char name[64]; /* "" if the id has no name */
};

/* How the process was started: values of getuid(), geteuid(), and of the environment (may be NULL). */
struct privileges_start {
	uid_t real, effective;
	gid_t group;
	const char *sudo_uid, *sudo_gid;
};

struct privileges {
	bool is_root;       /* the process can become another user */
	struct user caller; /* whose files and whose command these are: the one who started it, before sudo */
	struct user target; /* whom to run as */
	bool is_named;      /* the target was asked for, and gets its supplementary groups; another gets none */
};

struct privileges_start privileges_start(void);

/*
 * `wanted`: a user's name or number, or NULL for the default: the caller if there is one behind sudo, else nobody; without root, whoever it
 * is.  NT_EUSAGE: no such user, or only root could become it.
 */
enum nt_status privileges_find(struct privileges *out, const struct privileges_start *start, const char *wanted,
			       struct nt_error *error);

/*
 * Files opened between these two are opened as the caller, so that they are its own.  Not from a second thread.  Neither does anything
 * without root.
 */
enum nt_status privileges_lend(const struct privileges *privileges, struct nt_error *error);
enum nt_status privileges_take_back(const struct privileges *privileges, struct nt_error *error);

struct privileges_keep {
	bool net_raw, net_admin;
};

/* Becomes the target and keeps no more than this.  For a process with one thread. */
enum nt_status privileges_drop(const struct privileges *privileges, struct privileges_keep keep, struct nt_error *error);

/* The calling thread keeps no capability.  Other threads keep theirs. */
void privileges_drop_all(void);

/* Becomes `user` for good, with its groups, in a child that is going to execute something: false, and errno, if that fails. */
bool privileges_become(const struct user *user);

#endif
