#include "cli/agent/privileges.h"

#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* ---- who ---- */

struct privileges_start privileges_start(void)
{
	return (struct privileges_start){
		.real = getuid(),
		.effective = geteuid(),
		.group = getgid(),
		.sudo_uid = getenv("SUDO_UID"),
		.sudo_gid = getenv("SUDO_GID"),
	};
}

static void set_name(struct user *user, const char *name)
{
	snprintf(user->name, sizeof user->name, "%s", name);
}

static struct user user_of(uid_t uid, gid_t gid)
{
	struct user user = { .uid = uid, .gid = gid };
	const struct passwd *entry = getpwuid(uid);

	if (entry)
		set_name(&user, entry->pw_name);
	return user;
}

/* The last two values mean "no change" and "overflow" to the kernel. */
static bool parse_id(const char *text, uint32_t *out)
{
	unsigned long id;
	char *end;

	if (!text || text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	id = strtoul(text, &end, 10);
	if (errno || *end || id >= UINT32_MAX - 1)
		return false;
	*out = (uint32_t)id;
	return true;
}

static enum nt_status find_user(const char *wanted, struct user *out, struct nt_error *error)
{
	const struct passwd *entry = getpwnam(wanted);
	uint32_t id;

	if (!entry && parse_id(wanted, &id))
		entry = getpwuid(id);
	if (!entry)
		return nt_fail(error, NT_EUSAGE, "there is no user %s", wanted);
	*out = (struct user){ .uid = entry->pw_uid, .gid = entry->pw_gid };
	set_name(out, entry->pw_name);
	return NT_OK;
}

static struct user find_caller(const struct privileges_start *start)
{
	uint32_t uid, gid;

	if (start->real == 0 && parse_id(start->sudo_uid, &uid) && parse_id(start->sudo_gid, &gid) && uid != 0)
		return user_of(uid, gid);
	return user_of(start->real, start->group);
}

static enum nt_status find_default(struct privileges *privileges, struct nt_error *error)
{
	privileges->target = privileges->caller;
	if (privileges->caller.uid != 0 || !privileges->is_root)
		return NT_OK;
	if (find_user("nobody", &privileges->target, NULL) == NT_OK)
		return NT_OK;
	return nt_fail(error, NT_EUSAGE, "there is no user nobody to run as; name one with -Z");
}

enum nt_status privileges_find(struct privileges *out, const struct privileges_start *start, const char *wanted,
			       struct nt_error *error)
{
	enum nt_status status;

	*out = (struct privileges){ .is_root = start->effective == 0, .caller = find_caller(start) };
	if (!wanted)
		return find_default(out, error);
	out->is_named = true;
	status = find_user(wanted, &out->target, error);
	if (status == NT_OK && !out->is_root && out->target.uid != start->effective)
		status = nt_fail(error, NT_EUSAGE, "only root can become %s", wanted);
	return status;
}

/* ---- for a while ---- */

enum nt_status privileges_lend(const struct privileges *privileges, struct nt_error *error)
{
	const struct user *caller = &privileges->caller;

	if (!privileges->is_root || caller->uid == 0)
		return NT_OK;
	if (setegid(caller->gid) != 0 || seteuid(caller->uid) != 0)
		return nt_fail(error, NT_EIO, "cannot become the user %s: %s", caller->name, strerror(errno));
	return NT_OK;
}

enum nt_status privileges_take_back(const struct privileges *privileges, struct nt_error *error)
{
	if (!privileges->is_root || privileges->caller.uid == 0)
		return NT_OK;
	if (seteuid(0) != 0 || setegid(0) != 0)
		return nt_fail(error, NT_EIO, "cannot become root again: %s", strerror(errno));
	return NT_OK;
}

/* ---- for good ---- */

static void keep_one(bool wanted, unsigned capability, bool had)
{
	if (wanted && had)
		capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, capability);
}

/* libcap-ng works on one set, which it takes from the process and gives back to it. */
static void choose(struct privileges_keep keep)
{
	bool raw, admin;

	capng_get_caps_process();
	raw = capng_have_capability(CAPNG_PERMITTED, CAP_NET_RAW);
	admin = capng_have_capability(CAPNG_PERMITTED, CAP_NET_ADMIN);
	capng_clear(CAPNG_SELECT_BOTH);
	keep_one(keep.net_raw, CAP_NET_RAW, raw);
	keep_one(keep.net_admin, CAP_NET_ADMIN, admin);
}

static int apply(const struct privileges *privileges)
{
	const struct user *target = &privileges->target;
	const capng_flags_t groups = privileges->is_named ? CAPNG_INIT_SUPP_GRP : CAPNG_DROP_SUPP_GRP;

	if (privileges->is_root && target->uid != 0)
		return capng_change_id((int)target->uid, (int)target->gid, groups | CAPNG_CLEAR_BOUNDING);
	/* The bounding set cannot be changed without CAP_SETPCAP, and means nothing after no_new_privs. */
	return capng_apply(privileges->is_root ? CAPNG_SELECT_BOTH : CAPNG_SELECT_CAPS);
}

enum nt_status privileges_drop(const struct privileges *privileges, struct privileges_keep keep, struct nt_error *error)
{
	int code;

	choose(keep);
	code = apply(privileges);
	if (code != 0)
		return nt_fail(error, NT_EIO, "cannot give up privileges and become the user %s (libcap-ng says %d)",
			       privileges->target.name, code);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return nt_fail(error, NT_EIO, "cannot give up privileges for good: %s", strerror(errno));
	return NT_OK;
}

void privileges_drop_all(void)
{
	capng_clear(CAPNG_SELECT_CAPS);
	capng_apply(CAPNG_SELECT_CAPS);
}

bool privileges_become(const struct user *user)
{
	if (geteuid() != 0 || user->uid == 0)
		return true;
	if (user->name[0] ? initgroups(user->name, user->gid) != 0 : setgroups(0, NULL) != 0)
		return false;
	return setgid(user->gid) == 0 && setuid(user->uid) == 0;
}
