#include "cli/agent/command.h"
#include "cli/agent/keylog.h"
#include "tests/unit/suite.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- support ---- */

static struct command command;
static struct nt_error error;
static struct user me;

static enum nt_status prepare(char *const *argv, const char *keylog)
{
	const struct command_options options = { .argv = (char **)argv, .user = &me, .keylog = keylog };

	me = (struct user){ .uid = getuid(), .gid = getgid() };
	return command_prepare(&command, &options, &error);
}

static int run_shell(const char *script, const char *keylog)
{
	char *const argv[] = { (char *)"sh", (char *)"-c", (char *)script, NULL };

	ck_assert_int_eq(prepare(argv, keylog), NT_OK);
	ck_assert_int_eq(command_release(&command, "sh", &error), NT_OK);
	return command_wait(&command);
}

static bool is_readable(int descriptor)
{
	struct pollfd poller = { .fd = descriptor, .events = POLLIN };

	return poll(&poller, 1, 0) == 1;
}

/* ---- commands ---- */

START_TEST(the_exit_status_is_the_commands)
{
	ck_assert_int_eq(run_shell("exit 0", NULL), 0);
	ck_assert_int_eq(run_shell("exit 42", NULL), 42);
	ck_assert_int_eq(run_shell("kill -TERM $$", NULL), 128 + SIGTERM);
}
END_TEST

START_TEST(it_does_not_run_before_it_is_released)
{
	char *const argv[] = { (char *)"true", NULL };
	struct pollfd poller;

	ck_assert_int_eq(prepare(argv, NULL), NT_OK);
	usleep(30000);
	ck_assert(!is_readable(command.descriptor));
	ck_assert_int_eq(command_release(&command, "true", &error), NT_OK);
	poller = (struct pollfd){ .fd = command.descriptor, .events = POLLIN };
	ck_assert_int_eq(poll(&poller, 1, 5000), 1);
	ck_assert_int_eq(command_wait(&command), 0);
}
END_TEST

START_TEST(it_never_runs_if_it_is_not_released)
{
	char path[64];
	char *const argv[] = { (char *)"touch", path, NULL };

	snprintf(path, sizeof path, "/tmp/check_command.%ld", (long)getpid());
	ck_assert_int_eq(prepare(argv, NULL), NT_OK);
	command_wait(&command);
	ck_assert_int_ne(access(path, F_OK), 0);
}
END_TEST

START_TEST(what_cannot_be_run_is_said)
{
	char *const missing[] = { (char *)"/nonexistent/x", NULL }, *const no_program[] = { (char *)"/etc/passwd", NULL };

	ck_assert_int_eq(prepare(missing, NULL), NT_OK);
	ck_assert_int_eq(command_release(&command, missing[0], &error), NT_EIO);
	ck_assert_str_eq(error.text, "cannot run /nonexistent/x: No such file or directory");
	ck_assert_int_eq(command_wait(&command), COMMAND_NOT_FOUND);
	ck_assert_int_eq(prepare(no_program, NULL), NT_OK);
	ck_assert_int_eq(command_release(&command, no_program[0], &error), NT_EIO);
	ck_assert_int_eq(command_wait(&command), COMMAND_NOT_EXECUTABLE);
}
END_TEST

START_TEST(signals_reach_it)
{
	char *const argv[] = { (char *)"sleep", (char *)"10", NULL };

	ck_assert_int_eq(prepare(argv, NULL), NT_OK);
	ck_assert_int_eq(command_release(&command, "sleep", &error), NT_OK);
	command_signal(&command, SIGINT);
	ck_assert_int_eq(command_wait(&command), 128 + SIGINT);
}
END_TEST

START_TEST(the_environment_names_the_key_log)
{
	setenv("SSLKEYLOGFILE", "/old", 1);
	ck_assert_int_eq(run_shell("test \"$SSLKEYLOGFILE\" = /new", "/new"), 0);
	ck_assert_int_eq(run_shell("test \"$SSLKEYLOGFILE\" = /old", NULL), 0);
}
END_TEST

struct text_case {
	const char *words[4];
	const char *text;
};

static const struct text_case texts[] = {
	{ { "curl", "https://example.com/", NULL }, "curl https://example.com/" },
	{ { "sh", "-c", "echo a", NULL }, "sh -c 'echo a'" },
	{ { "echo", "it's", "", NULL }, "echo 'it'\\''s' ''" },
	{ { "echo", "$HOME", NULL }, "echo '$HOME'" },
};

START_TEST(a_command_line_can_be_given_to_a_shell_again)
{
	char *text = command_text((char *const *)texts[_i].words);

	ck_assert_str_eq(text, texts[_i].text);
	free(text);
}
END_TEST

/* ---- key logs ---- */

static struct keylog *keylog;
static char kept[4096];

static void keep(void *context, struct bytes lines)
{
	size_t used = strlen(kept);

	(void)context;
	ck_assert_uint_lt(used + lines.size, sizeof kept);
	memcpy(kept + used, lines.at, lines.size);
	kept[used + lines.size] = 0;
}

static const char *read_keys(bool last)
{
	kept[0] = 0;
	ck_assert(keylog_read(keylog, last, keep, NULL));
	return kept;
}

static void write_to(const char *path, const char *mode, const char *text)
{
	FILE *file = fopen(path, mode);

	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
}

static void make(void)
{
	const struct user owner = { .uid = getuid(), .gid = getgid() };

	ck_assert_int_eq(keylog_make(&keylog, &owner, &error), NT_OK);
}

static void unmake(void)
{
	keylog_remove(keylog_path(keylog));
	keylog_free(keylog);
}

START_TEST(a_key_log_is_private)
{
	struct stat about;

	ck_assert_int_eq(stat(keylog_path(keylog), &about), 0);
	ck_assert_uint_eq(about.st_mode & 07777, 0600);
	ck_assert_uint_eq(about.st_uid, getuid());
}
END_TEST

START_TEST(whole_lines_come_as_they_are_written)
{
	write_to(keylog_path(keylog), "a", "one\ntwo\nthr");
	ck_assert(is_readable(keylog_descriptor(keylog)));
	ck_assert_str_eq(read_keys(false), "one\ntwo\n");
	ck_assert(!is_readable(keylog_descriptor(keylog)));
	write_to(keylog_path(keylog), "a", "ee\n");
	ck_assert_str_eq(read_keys(false), "three\n");
	ck_assert_str_eq(read_keys(false), "");
}
END_TEST

START_TEST(the_last_line_need_not_be_whole)
{
	write_to(keylog_path(keylog), "a", "one\ntwo");
	ck_assert_str_eq(read_keys(true), "one\ntwo");
	ck_assert_str_eq(read_keys(true), "");
}
END_TEST

START_TEST(a_key_log_that_is_begun_anew_is_read_anew)
{
	write_to(keylog_path(keylog), "a", "one\ntwo\n");
	ck_assert_str_eq(read_keys(false), "one\ntwo\n");
	write_to(keylog_path(keylog), "w", "new\n");
	ck_assert_str_eq(read_keys(false), "new\n");
}
END_TEST

START_TEST(an_old_key_log_can_be_followed_from_its_end)
{
	struct keylog *first = keylog;

	write_to(keylog_path(first), "a", "old\n");
	ck_assert_int_eq(keylog_open(&keylog, keylog_path(first), true, &error), NT_OK);
	ck_assert_str_eq(read_keys(false), "");
	write_to(keylog_path(first), "a", "new\n");
	ck_assert_str_eq(read_keys(false), "new\n");
	keylog_free(keylog);
	keylog = first;
}
END_TEST

START_TEST(removing_leaves_nothing)
{
	char *path = nt_strdup(keylog_path(keylog));

	keylog_remove(path);
	ck_assert_int_ne(access(path, F_OK), 0);
	*strrchr(path, '/') = 0;
	ck_assert_int_ne(access(path, F_OK), 0);
	free(path);
}
END_TEST

START_TEST(what_is_no_file_cannot_be_followed)
{
	struct keylog *none;

	ck_assert_int_eq(keylog_open(&none, "/nonexistent/k", false, &error), NT_EIO);
	ck_assert_ptr_null(none);
	ck_assert_int_eq(keylog_open(&none, "/tmp", false, &error), NT_EIO);
	ck_assert_ptr_nonnull(strstr(error.text, "it is not a file"));
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("command");
	TCase *commands = tcase_create("commands"), *keys = tcase_create("keys");

	tcase_add_test(commands, the_exit_status_is_the_commands);
	tcase_add_test(commands, it_does_not_run_before_it_is_released);
	tcase_add_test(commands, it_never_runs_if_it_is_not_released);
	tcase_add_test(commands, what_cannot_be_run_is_said);
	tcase_add_test(commands, signals_reach_it);
	tcase_add_test(commands, the_environment_names_the_key_log);
	tcase_add_loop_test(commands, a_command_line_can_be_given_to_a_shell_again, 0, (int)(sizeof texts / sizeof *texts));
	suite_add_tcase(suite, commands);

	tcase_add_checked_fixture(keys, make, unmake);
	tcase_add_test(keys, a_key_log_is_private);
	tcase_add_test(keys, whole_lines_come_as_they_are_written);
	tcase_add_test(keys, the_last_line_need_not_be_whole);
	tcase_add_test(keys, a_key_log_that_is_begun_anew_is_read_anew);
	tcase_add_test(keys, an_old_key_log_can_be_followed_from_its_end);
	tcase_add_test(keys, removing_leaves_nothing);
	tcase_add_test(keys, what_is_no_file_cannot_be_followed);
	suite_add_tcase(suite, keys);
	return suite;
}
