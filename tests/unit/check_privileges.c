#include "cli/agent/privileges.h"
#include "tests/unit/suite.h"

#include <cap-ng.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* ---- who ---- */

static struct privileges found;
static struct nt_error error;

static const struct privileges_start root = { .real = 0, .effective = 0, .group = 0 };
static const struct privileges_start daemon_behind_sudo = { 0, 0, 0, "1", "1" };
static const struct privileges_start daemon_itself = { .real = 1, .effective = 1, .group = 1 };

START_TEST(root_becomes_nobody)
{
	ck_assert_int_eq(privileges_find(&found, &root, NULL, &error), NT_OK);
	ck_assert(found.is_root);
	ck_assert_str_eq(found.target.name, "nobody");
	ck_assert_uint_eq(found.target.uid, getpwnam("nobody")->pw_uid);
	ck_assert_uint_eq(found.caller.uid, 0);
}
END_TEST

START_TEST(root_behind_sudo_becomes_who_called_it)
{
	ck_assert_int_eq(privileges_find(&found, &daemon_behind_sudo, NULL, &error), NT_OK);
	ck_assert_uint_eq(found.target.uid, 1);
	ck_assert_uint_eq(found.target.gid, 1);
	ck_assert_uint_eq(found.caller.uid, 1);
	ck_assert_str_eq(found.caller.name, "daemon");
}
END_TEST

START_TEST(a_user_can_be_named_or_numbered)
{
	ck_assert_int_eq(privileges_find(&found, &root, "daemon", &error), NT_OK);
	ck_assert_uint_eq(found.target.uid, 1);
	ck_assert_uint_eq(found.caller.uid, 0);
	ck_assert_int_eq(privileges_find(&found, &daemon_behind_sudo, "0", &error), NT_OK);
	ck_assert_uint_eq(found.target.uid, 0);
	ck_assert_uint_eq(found.caller.uid, 1);
}
END_TEST

START_TEST(a_user_that_does_not_exist_is_refused)
{
	ck_assert_int_eq(privileges_find(&found, &root, "no-such-user", &error), NT_EUSAGE);
	ck_assert_ptr_nonnull(strstr(error.text, "no user no-such-user"));
	ck_assert_int_eq(privileges_find(&found, &root, "", &error), NT_EUSAGE);
	ck_assert_int_eq(privileges_find(&found, &root, "-1", &error), NT_EUSAGE);
}
END_TEST

START_TEST(without_root_one_stays_who_one_is)
{
	ck_assert_int_eq(privileges_find(&found, &daemon_itself, NULL, &error), NT_OK);
	ck_assert(!found.is_root);
	ck_assert_uint_eq(found.target.uid, 1);
	ck_assert_int_eq(privileges_find(&found, &daemon_itself, "daemon", &error), NT_OK);
	ck_assert_int_eq(privileges_find(&found, &daemon_itself, "root", &error), NT_EUSAGE);
	ck_assert_ptr_nonnull(strstr(error.text, "only root can become root"));
}
END_TEST

/* Everyone can set variables: without root they mean nothing, and nonsense in them neither. */
static const struct privileges_start not_sudo[] = {
	{ 0, 0, 0, "x", "1" },          { 0, 0, 0, "1", NULL }, { 0, 0, 0, "", "" },
	{ 0, 0, 0, "-1", "-1" },        { 0, 0, 0, "0", "0" },  { 0, 0, 0, "4294967295", "1" },
	{ 0, 0, 0, "1", "4294967294" }, { 0, 0, 0, "1 ", "1" },
};

START_TEST(only_a_real_id_in_the_environment_of_root_is_a_caller)
{
	const struct privileges_start other = { 2, 2, 2, "1", "1" };

	ck_assert_int_eq(privileges_find(&found, &not_sudo[_i], NULL, &error), NT_OK);
	ck_assert_uint_eq(found.caller.uid, 0);
	ck_assert_str_eq(found.target.name, "nobody");
	ck_assert_int_eq(privileges_find(&found, &other, NULL, &error), NT_OK);
	ck_assert_uint_eq(found.caller.uid, 2);
}
END_TEST

/* ---- giving up; each test is a process of its own ---- */

static struct privileges me(const char *wanted)
{
	const struct privileges_start start = { .real = getuid(), .effective = geteuid(), .group = getgid() };
	struct privileges privileges;

	ck_assert_int_eq(privileges_find(&privileges, &start, wanted, &error), NT_OK);
	return privileges;
}

static bool has(unsigned capability)
{
	capng_get_caps_process();
	return capng_have_capability(CAPNG_EFFECTIVE, capability);
}

START_TEST(nothing_is_kept_that_is_not_asked_for)
{
	const struct privileges privileges = me(NULL);

	ck_assert_int_eq(privileges_drop(&privileges, (struct privileges_keep){ 0 }, &error), NT_OK);
	capng_get_caps_process();
	ck_assert_int_eq(capng_have_capabilities(CAPNG_SELECT_CAPS), CAPNG_NONE);
	ck_assert_int_eq(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
	ck_assert_uint_eq(getuid(), privileges.target.uid);
	ck_assert_int_eq(setuid(0), privileges.target.uid == 0 ? 0 : -1);
}
END_TEST

START_TEST(what_one_has_can_be_kept)
{
	bool had = has(CAP_NET_RAW);
	const struct privileges privileges = me(NULL);

	ck_assert_int_eq(privileges_drop(&privileges, (struct privileges_keep){ .net_raw = true }, &error), NT_OK);
	ck_assert(has(CAP_NET_RAW) == had);
	ck_assert(!has(CAP_NET_ADMIN));
	ck_assert(!has(CAP_SYS_ADMIN));
	privileges_drop_all();
	ck_assert(!has(CAP_NET_RAW));
}
END_TEST

START_TEST(root_may_stay_root_without_capabilities)
{
	if (geteuid() != 0)
		return;
	ck_assert_int_eq(privileges_drop(&(struct privileges){ .is_root = true }, (struct privileges_keep){ 0 }, &error), NT_OK);
	ck_assert_uint_eq(geteuid(), 0);
	ck_assert(!has(CAP_SYS_ADMIN));
}
END_TEST

START_TEST(lent_privileges_come_back)
{
	const struct privileges privileges = { .is_root = geteuid() == 0, .caller = { 1, 1, "daemon" } };
	uid_t before = geteuid();

	ck_assert_int_eq(privileges_lend(&privileges, &error), NT_OK);
	ck_assert_uint_eq(geteuid(), before == 0 ? 1 : before);
	ck_assert_int_eq(privileges_take_back(&privileges, &error), NT_OK);
	ck_assert_uint_eq(geteuid(), before);
}
END_TEST

START_TEST(a_child_becomes_the_caller_with_its_groups)
{
	const struct user daemon_user = { 1, 1, "daemon" };
	gid_t groups[8];

	ck_assert(privileges_become(&daemon_user));
	if (getuid() != 1)
		return; /* not root: nothing changes */
	ck_assert_uint_eq(getgid(), 1);
	for (int i = getgroups(8, groups) - 1; i >= 0; i--)
		ck_assert_uint_ne(groups[i], 0);
	ck_assert_int_eq(setuid(0), -1);
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("privileges");
	TCase *who = tcase_create("who"), *dropped = tcase_create("dropped");

	tcase_add_test(who, root_becomes_nobody);
	tcase_add_test(who, root_behind_sudo_becomes_who_called_it);
	tcase_add_test(who, a_user_can_be_named_or_numbered);
	tcase_add_test(who, a_user_that_does_not_exist_is_refused);
	tcase_add_test(who, without_root_one_stays_who_one_is);
	tcase_add_loop_test(who, only_a_real_id_in_the_environment_of_root_is_a_caller, 0,
			    (int)(sizeof not_sudo / sizeof *not_sudo));
	suite_add_tcase(suite, who);

	tcase_add_test(dropped, nothing_is_kept_that_is_not_asked_for);
	tcase_add_test(dropped, what_one_has_can_be_kept);
	tcase_add_test(dropped, root_may_stay_root_without_capabilities);
	tcase_add_test(dropped, lent_privileges_come_back);
	tcase_add_test(dropped, a_child_becomes_the_caller_with_its_groups);
	suite_add_tcase(suite, dropped);
	return suite;
}
