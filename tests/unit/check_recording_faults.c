/*
 * What a recording has to survive: kills, full disks, files that vanish, other processes, media that cannot be written.
 */
#include "store/recording.h"
#include "tests/support/recordings.h"
#include "tests/unit/suite.h"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct nt_error error;

static bool says(const char *part)
{
	return strstr(error.text, part) != NULL;
}

static const char *journal_of(const char *path)
{
	static char name[320];

	snprintf(name, sizeof name, "%s-journal", path);
	return name;
}

static off_t size_of(const char *path)
{
	struct stat info;

	return stat(path, &info) == 0 ? info.st_size : -1;
}

/* ---- kills ---- */

struct progress {
	volatile uint64_t put, committed;
};

static struct progress *shared_progress(void)
{
	struct progress *progress = mmap(NULL, sizeof *progress, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(progress, MAP_FAILED);
	return progress;
}

static void record_until_killed(const char *path, struct progress *progress)
{
	struct recording *r = writer_with_session(path);

	for (uint64_t i = 1; put_packet(r, i, 1000, NULL) == NT_OK; i++) {
		progress->put = i;
		if (i % 1500 == 0) {
			if (recording_commit(r, 0, true, NULL) != NT_OK)
				_exit(2);
			progress->committed = i;
		}
	}
	_exit(2);
}

static void kill_soon(pid_t child)
{
	struct timespec delay = { 0, rand() % 60 * NT_MILLISECOND };
	int status;

	nanosleep(&delay, NULL);
	ck_assert_int_eq(kill(child, SIGKILL), 0);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void check_last_session(const char *path, const struct progress *progress)
{
	struct recording *r = reader_of(path);
	size_t sessions = recording_session_count(r);
	uint64_t count = 0;

	if (sessions > 0) {
		ck_assert_int_eq(recording_select(r, recording_session(r, sessions - 1)->id, NULL), NT_OK);
		count = count_packets(r, 1);
	}
	ck_assert_uint_ge(count, progress->committed);
	ck_assert_uint_le(count, progress->put + 1);
	close_recording(r);
	ck_assert_str_eq(ask_sqlite(path, "PRAGMA integrity_check"), "ok");
}

START_TEST(kill_at_any_moment_loses_the_last_transaction_at_most)
{
	struct progress *progress = shared_progress();
	char path[200], name[20];

	srand((unsigned)time(NULL));
	for (int i = 0; i < 30; i++) {
		pid_t child;

		snprintf(name, sizeof name, "kill%d.db", i / 6); /* also continues a recording that was killed */
		snprintf(path, sizeof path, "%s", recordings_path(name));
		progress->put = progress->committed = 0;
		child = fork();
		if (child == 0)
			record_until_killed(path, progress);
		kill_soon(child);
		if (size_of(path) > 0 && progress->put > 0)
			check_last_session(path, progress);
	}
}
END_TEST

/* 2000 packets are committed; of the next 6000 so many went to the disk already that the journal has to undo them. */
/* Killed with 2000 packets committed, and `more` in its transaction. */
static const char *leave_journal_with(const char *name, uint64_t more)
{
	const char *path = recordings_path(name);
	pid_t child = fork();
	int status;

	if (child == 0) {
		struct recording *r = writer_with_session(path);

		put_packets(r, 1, 2000, 1000);
		if (recording_commit(r, 0, true, NULL) == NT_OK)
			put_packets(r, 2001, more, 1000);
		raise(SIGKILL);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_gt(size_of(journal_of(path)), 0);
	return path;
}

static const char *leave_a_journal(const char *name)
{
	const char *path = leave_journal_with(name, 6000);

	ck_assert_int_gt(size_of(path), 4000 * 1000);
	return path;
}

/* What is read, once it is open, without opening anything: programs give the right to that up. */
static uint64_t read_all(const char *path)
{
	struct recording *r = reader_of(path);
	struct rlimit before, none;
	uint64_t count;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = (struct rlimit){ 0, before.rlim_max };
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	count = count_packets(r, 1);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
	close_recording(r);
	return count;
}

START_TEST(reader_undoes_what_a_kill_left_unfinished)
{
	const char *path = leave_a_journal("hot.db");

	ck_assert_uint_eq(read_all(path), 2000);
	ck_assert_int_le(size_of(journal_of(path)), 0);
	ck_assert_str_eq(ask_sqlite(path, "PRAGMA integrity_check"), "ok");
}
END_TEST

/* A transaction of which nothing came to the file leaves a journal without a head: there is nothing to undo. */
START_TEST(journal_of_which_nothing_is_to_be_undone_goes)
{
	const char *path = leave_journal_with("headless.db", 10);

	ck_assert_uint_eq(read_all(path), 2000);
	ck_assert_int_le(size_of(journal_of(path)), 0);
}
END_TEST

START_TEST(writer_undoes_what_a_kill_left_unfinished)
{
	const char *path = leave_a_journal("again.db");
	struct recording *r = writer_with_session(path);

	put_packets(r, 1, 10, 1000);
	close_recording(r);
	ck_assert_uint_eq(read_all(path), 2000);
	ck_assert_str_eq(ask_sqlite(path, "SELECT count(*) FROM packets"), "2010");
}
END_TEST

/* ---- media that cannot be written ---- */

static void become_nobody(void)
{
	if (geteuid() != 0)
		return;
	ck_assert_int_eq(setgroups(0, NULL), 0);
	ck_assert_int_eq(setresgid(65534, 65534, 65534), 0);
	ck_assert_int_eq(setresuid(65534, 65534, 65534), 0);
}

static void make_directory_for(const char *name, const char *from, char *path, size_t size)
{
	char directory[220], journal[320];

	snprintf(directory, sizeof directory, "%s.d", from);
	snprintf(path, size, "%s/%s", directory, name);
	snprintf(journal, sizeof journal, "%s", journal_of(from));
	ck_assert_int_eq(mkdir(directory, 0755), 0);
	ck_assert_int_eq(rename(journal, journal_of(path)), 0);
	ck_assert_int_eq(rename(from, path), 0);
}

static const uint64_t uncommitted[] = { 6000, 10 }; /* with and without a head in the journal */

START_TEST(left_over_journal_is_undone_where_nothing_may_be_written)
{
	char from[200], path[300], *end;
	off_t size;

	snprintf(from, sizeof from, "%s", leave_journal_with(_i ? "ro1.db" : "ro0.db", uncommitted[_i]));
	make_directory_for("x.db", from, path, sizeof path);
	ck_assert_int_eq(chmod(path, 0444), 0);
	ck_assert_int_eq(chmod(journal_of(path), 0444), 0);
	end = strrchr(path, '/');
	*end = 0;
	ck_assert_int_eq(chmod(path, 0555), 0);
	*end = '/';
	become_nobody();
	size = size_of(path);
	ck_assert_uint_eq(read_all(path), 2000);
	ck_assert_int_gt(size_of(journal_of(path)), 0);
	ck_assert_int_eq(size_of(path), size);
	setenv("TMPDIR", "/nonexistent", 1);
	ck_assert_uint_eq(read_all(path), 2000);
}
END_TEST

START_TEST(left_over_journal_is_undone_where_only_the_directory_is_read_only)
{
	char from[200], path[300], *end;

	snprintf(from, sizeof from, "%s", leave_journal_with(_i ? "rodir1.db" : "rodir0.db", uncommitted[_i]));
	make_directory_for("x.db", from, path, sizeof path);
	ck_assert_int_eq(chmod(path, 0666), 0);
	ck_assert_int_eq(chmod(journal_of(path), 0666), 0);
	end = strrchr(path, '/');
	*end = 0;
	ck_assert_int_eq(chmod(path, 0555), 0);
	*end = '/';
	become_nobody();
	ck_assert_uint_eq(read_all(path), 2000);
	ck_assert_uint_eq(read_all(path), 2000);
}
END_TEST

/* The journal lies beside the file, not beside the link. */
START_TEST(left_over_journal_is_undone_through_a_link)
{
	char from[200], path[300], *end;

	snprintf(from, sizeof from, "%s", leave_journal_with(_i ? "linked1.db" : "linked0.db", uncommitted[_i]));
	make_directory_for("x.db", from, path, sizeof path);
	ck_assert_int_eq(symlink(path, recordings_path(_i ? "link1.db" : "link0.db")), 0);
	end = strrchr(path, '/');
	*end = 0;
	ck_assert_int_eq(chmod(path, 0555), 0);
	*end = '/';
	ck_assert_int_eq(chmod(path, 0444), 0);
	ck_assert_int_eq(chmod(journal_of(path), 0444), 0);
	become_nobody();
	ck_assert_uint_eq(read_all(recordings_path(_i ? "link1.db" : "link0.db")), 2000);
}
END_TEST

START_TEST(empty_journal_that_may_not_be_read_is_no_obstacle)
{
	const char *path = recordings_path("unreadable.db");
	struct recording *r = writer_with_session(path);
	int file;

	put_packets(r, 1, 5, 100);
	close_recording(r);
	file = open(journal_of(path), O_CREAT | O_WRONLY, 0);
	ck_assert_int_ge(file, 0);
	close(file);
	ck_assert_int_eq(chmod(path, 0444), 0);
	become_nobody();
	ck_assert_uint_eq(read_all(path), 5);
}
END_TEST

static bool private_mounts(void)
{
	return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

START_TEST(left_over_journal_is_undone_on_a_read_only_mount)
{
	char from[200], path[300], *end;

	snprintf(from, sizeof from, "%s", leave_journal_with(_i ? "mount1.db" : "mount0.db", uncommitted[_i]));
	make_directory_for("x.db", from, path, sizeof path);
	if (!private_mounts())
		return; /* needs root */
	end = strrchr(path, '/');
	*end = 0;
	ck_assert_int_eq(mount(path, path, NULL, MS_BIND, NULL), 0);
	ck_assert_int_eq(mount(path, path, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL), 0);
	*end = '/';
	ck_assert_int_lt(open(path, O_RDWR), 0);
	ck_assert_uint_eq(read_all(path), 2000);
	ck_assert_int_gt(size_of(journal_of(path)), 0);
}
END_TEST

START_TEST(writer_says_that_it_may_not_write)
{
	const char *path = recordings_path("denied.db");
	struct recording *r = writer_with_session(path);

	close_recording(r);
	ck_assert_int_eq(chmod(path, 0444), 0);
	become_nobody();
	ck_assert_int_eq(recording_open_writer(&r, path, &error), NT_EIO);
	ck_assert(says(path) && says("read-only"));
	ck_assert_int_eq(recording_open_writer(&r, "/new.db", &error), geteuid() ? NT_EIO : NT_OK);
	ck_assert(says("/new.db: cannot be made: Permission denied"));
}
END_TEST

START_TEST(recording_goes_on_when_privileges_are_given_up)
{
	char path[300];
	struct recording *r;

	ck_assert_int_eq(mkdir(recordings_path("private"), 0700), 0);
	snprintf(path, sizeof path, "%s", recordings_path("private/trace.db"));
	r = writer_with_session(path);
	become_nobody();
	for (uint64_t i = 1; i <= 30; i++) {
		put_packets(r, i, 1, LARGEST_TEST_PACKET);
		ck_assert_msg(recording_commit(r, 0, true, &error) == NT_OK, "%s", error.text);
	}
	close_recording(r);
}
END_TEST

/* ---- no room ---- */

/* Writes until that fails: the sentence has `reason`, and what was committed is there.  Returns how many packets are. */
static uint64_t fill(const char *path, const char *reason)
{
	struct recording_session end = {
		.end = 1, .command_begin = NT_TIME_NONE, .command_end = NT_TIME_NONE, .end_reason = "disk-full"
	};
	struct recording *r = writer_with_session(path);
	enum nt_status status = NT_OK;
	uint64_t put = 0, kept, count;

	while (status == NT_OK && put < 100 * 1000) {
		status = put_packet(r, put + 1, 1000, &error);
		if (status == NT_OK && ++put % 500 == 0)
			status = recording_commit(r, 0, true, &error);
	}
	ck_assert_int_eq(status, NT_EIO);
	ck_assert_int_eq(error.status, NT_EIO);
	ck_assert_msg(says(path) && says(reason), "%s", error.text);
	ck_assert(says("rows are lost"));
	kept = recording_packet_bytes(r) / 1000;
	ck_assert_int_eq(recording_end_session(r, &end, NULL), NT_OK);
	ck_assert_int_eq(recording_close(r, NULL), NT_OK);

	r = reader_of(path);
	count = count_packets(r, 1);
	ck_assert_uint_eq(count, kept);
	ck_assert_uint_ge(count + 500, put);
	ck_assert_str_eq(recording_session(r, 0)->end_reason, "disk-full");
	close_recording(r);
	ck_assert_str_eq(ask_sqlite(path, "PRAGMA integrity_check"), "ok");
	return count;
}

START_TEST(full_disk_is_told_and_what_was_committed_stays)
{
	char path[200];

	snprintf(path, sizeof path, "%s", recordings_path("full"));
	ck_assert_int_eq(mkdir(path, 0755), 0);
	if (!private_mounts() || mount("none", path, "tmpfs", 0, "size=8m") != 0)
		return; /* needs root */
	ck_assert_uint_ge(fill(recordings_path("full/trace.db"), "the disk is full"), 4000);
}
END_TEST

START_TEST(limit_of_the_file_size_is_told_and_what_was_committed_stays)
{
	struct rlimit limit = { 4 * 1024 * 1024, 4 * 1024 * 1024 };

	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_uint_ge(fill(recordings_path("limit.db"), "ulimit -f"), 2000);
}
END_TEST

START_TEST(failed_start_leaves_no_file)
{
	struct rlimit limit = { 100 * 1000, 100 * 1000 };
	const char *path = recordings_path("start.db");
	struct recording *r;

	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_int_eq(recording_open_writer(&r, path, &error), NT_EIO);
	ck_assert_ptr_null(r);
	ck_assert(says("ulimit -f"));
	ck_assert_int_eq(size_of(path), -1);
	ck_assert_int_eq(size_of(journal_of(path)), -1);
}
END_TEST

/* ---- files that vanish ---- */

static void must_stop(struct recording *r, const char *reason)
{
	put_packets(r, 1, 10, 100);
	ck_assert_int_eq(recording_commit(r, 0, true, &error), NT_EIO);
	ck_assert_msg(says(reason), "%s", error.text);
	ck_assert_int_eq(put_packet(r, 11, 100, &error), NT_EIO);
	ck_assert_msg(says(reason), "%s", error.text);
	recording_close(r, NULL);
}

START_TEST(file_that_is_deleted_or_moved_while_it_is_written_is_told)
{
	char path[200];
	struct recording *r;

	snprintf(path, sizeof path, "%s", recordings_path("gone.db"));
	r = writer_with_session(path);
	ck_assert_int_eq(unlink(path), 0);
	must_stop(r, "moved or deleted");

	r = writer_with_session(path);
	ck_assert_int_eq(rename(path, recordings_path("moved.db")), 0);
	must_stop(r, "moved or deleted");

	r = writer_with_session(path);
	ck_assert_int_eq(rename(path, recordings_path("moved.db")), 0);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	must_stop(r, "another file");
}
END_TEST

START_TEST(directory_that_vanishes_is_told)
{
	char path[200], moved[200];
	struct recording *r;

	ck_assert_int_eq(mkdir(recordings_path("d"), 0755), 0);
	snprintf(path, sizeof path, "%s", recordings_path("d/trace.db"));
	r = writer_with_session(path);
	snprintf(moved, sizeof moved, "%s", recordings_path("elsewhere"));
	ck_assert_int_eq(rename(recordings_path("d"), moved), 0);
	must_stop(r, "directory was moved or deleted");
}
END_TEST

START_TEST(journal_that_somebody_deletes_is_made_again)
{
	char path[200];
	pid_t child;

	snprintf(path, sizeof path, "%s", recordings_path("journal.db"));
	child = fork();
	if (child == 0) {
		struct recording *r = writer_with_session(path);

		put_packets(r, 1, 100, 1000);
		if (size_of(journal_of(path)) < 0 || unlink(journal_of(path)) != 0 || recording_commit(r, 0, true, NULL) != NT_OK)
			_exit(1);
		put_packets(r, 101, 5000, 1000);
		raise(SIGKILL);
	}
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	ck_assert_int_gt(size_of(journal_of(path)), 0);
	ck_assert_uint_eq(read_all(path), 100);
	ck_assert_str_eq(ask_sqlite(path, "PRAGMA integrity_check"), "ok");
}
END_TEST

/* ---- others ---- */

static int try_writer(const char *path)
{
	struct recording *r;
	enum nt_status status = recording_open_writer(&r, path, &error);

	recording_close(r, NULL);
	return status == NT_EIO && says("another process") ? 7 : 8;
}

START_TEST(second_writer_is_refused)
{
	const char *path = recordings_path("second.db");
	struct recording *r = writer_with_session(path);
	int status;
	pid_t child;

	for (int i = 0; i < 2; i++) {
		put_packets(r, (uint64_t)i + 1, 1, 100);
		ck_assert_int_eq(try_writer(path), 7);
		child = fork();
		if (child == 0)
			_exit(try_writer(path));
		ck_assert_int_eq(waitpid(child, &status, 0), child);
		ck_assert_int_eq(WEXITSTATUS(status), 7);
		ck_assert(!tell_sqlite(path, "DELETE FROM sessions"));
		ck_assert_int_eq(recording_commit(r, 0, true, NULL), NT_OK);
	}
	close_recording(r);
	ck_assert_uint_eq(read_all(path), 2);
	ck_assert_int_eq(try_writer(path), 8);
}
END_TEST

START_TEST(somebody_who_reads_delays_a_commit_but_not_for_ever)
{
	const char *path = recordings_path("reading.db");
	struct recording *r = writer_with_session(path);
	sqlite3_stmt *statement;
	sqlite3 *db;

	put_packets(r, 1, 10, 1000);
	ck_assert_int_eq(recording_commit(r, 0, true, NULL), NT_OK);
	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT * FROM packets", -1, &statement, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
	for (int i = 1; i <= 5; i++) {
		put_packets(r, 1 + (uint64_t)i * 1000 - 990, 1000, 1000);
		ck_assert_msg(recording_commit(r, i * NT_SECOND, false, &error) == NT_OK, "%s", error.text);
	}
	while (sqlite3_step(statement) == SQLITE_ROW)
		;
	sqlite3_finalize(statement);
	sqlite3_close(db);
	ck_assert_int_eq(recording_commit(r, 6 * NT_SECOND, false, NULL), NT_OK);
	ck_assert_uint_eq(read_all(path), 5010);
	close_recording(r);
	ck_assert_str_eq(ask_sqlite(path, "PRAGMA integrity_check"), "ok");
}
END_TEST

static void write_and_exit(const char *path)
{
	struct recording *r = writer_with_session(path);

	put_packets(r, 1, 60 * 1000, 1000);
	close_recording(r);
	_exit(0);
}

START_TEST(readers_work_while_another_process_writes_fast)
{
	const char *path = recordings_path("fast.db");
	uint64_t last = 0, rounds = 0;
	int status;
	pid_t child;

	close_recording(writer_of(path));
	child = fork();
	if (child == 0)
		write_and_exit(path);
	while (waitpid(child, &status, WNOHANG) == 0) {
		struct recording *r = reader_of(path);
		uint64_t count = recording_session_count(r) ? count_packets(r, 1) : 0;

		ck_assert_uint_ge(count, last);
		last = count;
		rounds++;
		close_recording(r);
	}
	ck_assert_int_eq(status, 0);
	ck_assert_uint_gt(rounds, 0);
	ck_assert_uint_eq(read_all(path), 60 * 1000);
}
END_TEST

static void make_directory(void)
{
	recordings_make();
}

static TCase *new_case(Suite *suite, const char *name)
{
	TCase *tcase = tcase_create(name);

	tcase_add_unchecked_fixture(tcase, make_directory, recordings_remove);
	tcase_set_timeout(tcase, 60);
	suite_add_tcase(suite, tcase);
	return tcase;
}

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("recording faults");
	TCase *tcase = new_case(suite, "kills and read-only media");

	tcase_add_test(tcase, kill_at_any_moment_loses_the_last_transaction_at_most);
	tcase_add_test(tcase, reader_undoes_what_a_kill_left_unfinished);
	tcase_add_test(tcase, journal_of_which_nothing_is_to_be_undone_goes);
	tcase_add_test(tcase, writer_undoes_what_a_kill_left_unfinished);
	tcase_add_loop_test(tcase, left_over_journal_is_undone_where_nothing_may_be_written, 0, 2);
	tcase_add_loop_test(tcase, left_over_journal_is_undone_where_only_the_directory_is_read_only, 0, 2);
	tcase_add_loop_test(tcase, left_over_journal_is_undone_through_a_link, 0, 2);
	tcase_add_test(tcase, empty_journal_that_may_not_be_read_is_no_obstacle);
	tcase_add_loop_test(tcase, left_over_journal_is_undone_on_a_read_only_mount, 0, 2);
	tcase_add_test(tcase, writer_says_that_it_may_not_write);
	tcase_add_test(tcase, recording_goes_on_when_privileges_are_given_up);
	tcase = new_case(suite, "no room, nothing there, others");
	tcase_add_test(tcase, full_disk_is_told_and_what_was_committed_stays);
	tcase_add_test(tcase, limit_of_the_file_size_is_told_and_what_was_committed_stays);
	tcase_add_test(tcase, failed_start_leaves_no_file);
	tcase_add_test(tcase, file_that_is_deleted_or_moved_while_it_is_written_is_told);
	tcase_add_test(tcase, directory_that_vanishes_is_told);
	tcase_add_test(tcase, journal_that_somebody_deletes_is_made_again);
	tcase_add_test(tcase, second_writer_is_refused);
	tcase_add_test(tcase, somebody_who_reads_delays_a_commit_but_not_for_ever);
	tcase_add_test(tcase, readers_work_while_another_process_writes_fast);
	return suite;
}
