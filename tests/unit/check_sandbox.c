/*
 * What an analysis may ask of the kernel: each test confines a process of its own.
 */
#include "cli/outfile.h"
#include "cli/sandbox.h"
#include "tests/unit/suite.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { DONE = 42, FORBIDDEN = 1, IMPOSSIBLE = 99 };

static char directory[] = "/tmp/nettrace-sandbox-XXXXXX";
static char result[sizeof directory + 10], other[sizeof directory + 10];

static void make_directory(void)
{
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(result, sizeof result, "%s/result", directory);
	snprintf(other, sizeof other, "%s/other", directory);
}

static void remove_directory(void)
{
	unlink(result);
	unlink(other);
	rmdir(directory);
}

/* ---- calls ---- */

static void open_a_file(void)
{
	(void)open("/dev/null", O_RDONLY);
}

static void make_a_file(void)
{
	(void)open(other, O_WRONLY | O_CREAT, 0600);
}

static void rename_another_file(void)
{
	(void)rename(other, result);
}

static void remove_another_file(void)
{
	(void)unlink(other);
}

static void make_code(void)
{
	(void)mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void make_data_to_code(void)
{
	static char data[8192];

	(void)mprotect((void *)((uintptr_t)(data + 4095) & ~(uintptr_t)4095), 4096, PROT_READ | PROT_EXEC);
}

static void change_directory(void)
{
	if (chdir("/") != 0)
		_exit(DONE);
}

static void make_a_socket(void)
{
	(void)socket(AF_INET, SOCK_STREAM, 0);
}

static void run_a_program(void)
{
	char name[] = "true", *arguments[] = { name, NULL };

	execve("/bin/true", arguments, arguments + 1);
}

static void make_a_process(void)
{
	if (fork() == 0)
		_exit(DONE);
}

static void be_traced(void)
{
	(void)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static const struct {
	void (*call)(void);
	int signal; /* that ends the process; 0: it ends with a sentence */
} forbidden[] = {
	{ open_a_file, 0 },        { make_a_file, 0 },         { rename_another_file, 0 }, { remove_another_file, 0 },
	{ make_code, 0 },          { make_data_to_code, 0 },   { change_directory, 0 },    { make_a_socket, SIGSYS },
	{ run_a_program, SIGSYS }, { make_a_process, SIGSYS }, { be_traced, SIGSYS },
};

/* Runs `work` in a process of its own; its standard error comes in `said`. */
static int run(void (*work)(const void *), const void *what, char *said, size_t size)
{
	int pipes[2], status;
	size_t at = 0;
	ssize_t n;
	pid_t child;

	ck_assert_int_eq(pipe(pipes), 0);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		dup2(pipes[1], STDERR_FILENO);
		work(what);
		_exit(DONE);
	}
	close(pipes[1]);
	while (at + 1 < size && (n = read(pipes[0], said + at, size - at - 1)) > 0)
		at += (size_t)n;
	said[at] = 0;
	close(pipes[0]);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	return status;
}

static void confine(const struct outfile *out)
{
	const struct sandbox_file file = { out->temporary, out->path };
	struct nt_error error;

	if (sandbox_enter(&file, 1, &error) != NT_OK)
		_exit(IMPOSSIBLE);
}

static void confine_and_call(const void *what)
{
	static const struct outfile none;
	void (*const *call)(void) = what;

	confine(&none);
	(*call)();
}

START_TEST(forbidden_call_ends_the_process)
{
	char said[400];
	int status = run(confine_and_call, &forbidden[_i].call, said, sizeof said);

	if (forbidden[_i].signal) {
		ck_assert(WIFSIGNALED(status));
		ck_assert_int_eq(WTERMSIG(status), forbidden[_i].signal);
	} else {
		ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == FORBIDDEN, "status %x: %s", (unsigned)status, said);
		ck_assert_ptr_nonnull(strstr(said, "must not do (system call "));
		ck_assert_ptr_nonnull(strstr(said, "--no-sandbox"));
	}
}
END_TEST

/* ---- what works on ---- */

static void compute(const void *what)
{
	static const struct outfile none;
	const int zeros = open("/dev/zero", O_RDONLY), nowhere = open("/dev/null", O_WRONLY);
	char *memory;
	struct timespec now;

	(void)what;
	confine(&none);
	memory = malloc(64 << 20);
	if (!memory || read(zeros, memory, 64 << 20) != 64 << 20)
		_exit(2);
	memory = realloc(memory, 128 << 20);
	if (!memory || write(nowhere, memory, 64 << 20) != 64 << 20 || clock_gettime(CLOCK_REALTIME, &now) != 0)
		_exit(3);
	free(memory);
}

START_TEST(open_files_memory_and_time_are_there)
{
	char said[400];
	int status = run(compute, NULL, said, sizeof said);

	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == DONE, "status %x: %s", (unsigned)status, said);
}
END_TEST

static void write_result(const void *complete)
{
	struct nt_error error;
	struct outfile out;

	if (outfile_open(&out, result, 0600, &error) != NT_OK)
		_exit(2);
	confine(&out);
	fputs("all\n", out.file);
	outfile_finish(&out, *(const bool *)complete, &error);
}

START_TEST(result_is_given_its_name_or_removed)
{
	const bool complete = _i;
	char said[400];
	struct stat about;
	int status = run(write_result, &complete, said, sizeof said);

	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == DONE, "status %x: %s", (unsigned)status, said);
	ck_assert_int_eq(stat(result, &about), complete ? 0 : -1);
	if (complete)
		ck_assert_int_eq(about.st_size, 4);
	unlink(result);
	ck_assert_int_eq(rmdir(directory), 0); /* nothing unfinished is left */
	ck_assert_int_eq(mkdir(directory, 0700), 0);
}
END_TEST

static bool is_possible(void)
{
	int status;
	const pid_t child = fork();

	if (child == 0) {
		compute(NULL);
		_exit(DONE);
	}
	return waitpid(child, &status, 0) == child && !(WIFEXITED(status) && WEXITSTATUS(status) == IMPOSSIBLE);
}

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("sandbox");
	TCase *tcase = tcase_create("sandbox");

	suite_add_tcase(suite, tcase);
	if (!is_possible()) {
		printf("SKIPPED: this build or this kernel cannot confine a process\n");
		return suite;
	}
	tcase_add_unchecked_fixture(tcase, make_directory, remove_directory);
	tcase_add_loop_test(tcase, forbidden_call_ends_the_process, 0, sizeof forbidden / sizeof *forbidden);
	tcase_add_test(tcase, open_files_memory_and_time_are_there);
	tcase_add_loop_test(tcase, result_is_given_its_name_or_removed, 0, 2);
	return suite;
}
