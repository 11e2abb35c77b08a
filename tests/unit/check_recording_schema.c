/*
 * What the file says of itself: identity and version, migrations, the views for those who query it by hand.
 */
#include "store/schema.h"
#include "store/recording.h"
#include "tests/support/recordings.h"
#include "tests/unit/suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct nt_error error;

static enum nt_status try_reader(const char *path)
{
	struct recording *r = NULL;
	enum nt_status status = recording_open_reader(&r, path, NULL, &error);

	ck_assert(status == NT_OK || r == NULL);
	ck_assert(status == NT_OK || error.status == status);
	recording_close(r, NULL);
	return status;
}

static enum nt_status try_writer(const char *path)
{
	struct recording *r = NULL;
	enum nt_status status = recording_open_writer(&r, path, &error);

	ck_assert(status == NT_OK || r == NULL);
	ck_assert(status == NT_OK || error.status == status);
	recording_close(r, NULL);
	return status;
}

static bool says(const char *part)
{
	return strstr(error.text, part) != NULL;
}

static const char *empty_recording(const char *name)
{
	const char *path = recordings_path(name);

	close_recording(writer_of(path));
	return path;
}

static void write_file(const char *path, const void *bytes, size_t size)
{
	FILE *file = fopen(path, "wb");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
	fclose(file);
}

/* ---- identity ---- */

START_TEST(file_is_made_for_its_owner_only)
{
	static const mode_t masks[] = { 0, 0277 };

	for (size_t i = 0; i < 2; i++) {
		const char *path = recordings_path(i ? "mask.db" : "open.db");
		char journal[300];
		struct recording *r;
		struct stat info;

		umask(masks[i]);
		r = writer_with_session(path);
		ck_assert_int_eq(stat(path, &info), 0);
		ck_assert_int_eq(info.st_mode & 07777, 0600);
		snprintf(journal, sizeof journal, "%s-journal", path);
		ck_assert_int_eq(stat(journal, &info), 0);
		ck_assert_int_eq(info.st_mode & 07777, 0600);
		close_recording(r);
		ck_assert_int_ne(stat(journal, &info), 0);
	}
}
END_TEST

START_TEST(recording_is_known_by_its_first_bytes)
{
	const char *path = empty_recording("known.db");
	uint8_t start[100];
	FILE *file = fopen(path, "rb");

	ck_assert_uint_eq(fread(start, 1, sizeof start, file), sizeof start);
	fclose(file);
	ck_assert(recording_looks_like((struct bytes){ start, 72 }));
	ck_assert(!recording_looks_like((struct bytes){ start, 71 }));
	ck_assert(!recording_looks_like((struct bytes){ NULL, 0 }));
	start[71] ^= 1;
	ck_assert(!recording_looks_like((struct bytes){ start, 100 }));
	start[71] ^= 1;
	start[0] ^= 1;
	ck_assert(!recording_looks_like((struct bytes){ start, 100 }));
	ck_assert_str_eq(ask_sqlite(path, "PRAGMA application_id"), "1314148931");
	ck_assert_str_eq(ask_sqlite(path, "PRAGMA user_version"), "1");
}
END_TEST

START_TEST(database_of_another_program_is_refused_and_left_alone)
{
	const char *path = recordings_path("foreign.db");
	struct stat before, after;

	ck_assert(tell_sqlite(path, "CREATE TABLE packets (a); INSERT INTO packets VALUES (1)"));
	ck_assert_int_eq(stat(path, &before), 0);
	ck_assert_int_eq(try_writer(path), NT_EFORMAT);
	ck_assert(says(path) && says("another program"));
	ck_assert_int_eq(try_reader(path), NT_EFORMAT);
	ck_assert(says("another program"));
	ck_assert_int_eq(stat(path, &after), 0);
	ck_assert_int_eq(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
	ck_assert_int_eq(before.st_size, after.st_size);
}
END_TEST

START_TEST(file_that_is_no_database_is_refused)
{
	const char *path = recordings_path("text");
	char text[3000];

	memset(text, 'x', sizeof text);
	write_file(path, text, sizeof text);
	ck_assert_int_eq(try_writer(path), NT_EFORMAT);
	ck_assert_int_eq(try_reader(path), NT_EFORMAT);
	ck_assert(says(path) && says("not a recording"));
	ck_assert_int_eq(access(path, F_OK), 0);
}
END_TEST

START_TEST(empty_file_is_no_recording_but_can_become_one)
{
	const char *path = recordings_path("empty");

	write_file(path, "", 0);
	ck_assert_int_eq(try_reader(path), NT_EFORMAT);
	ck_assert(says("empty"));
	ck_assert_int_eq(try_writer(path), NT_OK);
	ck_assert_int_eq(try_reader(path), NT_OK);
}
END_TEST

START_TEST(what_is_no_file_is_refused)
{
	const char *fifo = recordings_path("fifo");

	ck_assert_int_eq(mkfifo(fifo, 0600), 0);
	ck_assert_int_eq(try_reader(fifo), NT_EFORMAT);
	ck_assert_int_eq(try_writer(fifo), NT_EIO);
	ck_assert(says("regular file"));
	ck_assert_int_eq(try_reader("/dev"), NT_EFORMAT);
	ck_assert_int_eq(try_writer("/dev/null"), NT_EIO);
	ck_assert_int_eq(try_reader(recordings_path("absent")), NT_EIO);
	ck_assert(says("No such file"));
	ck_assert_int_eq(try_writer(recordings_path("absent/trace.db")), NT_EIO);
	ck_assert(says("cannot be made"));
}
END_TEST

START_TEST(newer_version_is_refused_and_left_alone)
{
	const char *path = empty_recording("newer.db");

	ck_assert(tell_sqlite(path, "PRAGMA user_version = 2"));
	ck_assert_int_eq(try_writer(path), NT_ENOTSUP);
	ck_assert(says("newer") && says("update nettrace"));
	ck_assert_int_eq(try_reader(path), NT_ENOTSUP);
	ck_assert_str_eq(ask_sqlite(path, "PRAGMA user_version"), "2");
}
END_TEST

START_TEST(recording_without_a_table_is_damaged)
{
	static const char *const changes[] = {
		"DROP TABLE conntrack",
		"DROP TABLE packets; CREATE VIEW packets AS SELECT 1 AS id",
		"ALTER TABLE events ADD COLUMN x AS (hex(zeroblob(9)))",
		"ALTER TABLE packets RENAME COLUMN bytes TO data",
	};

	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
		char name[20];
		const char *path;

		snprintf(name, sizeof name, "change%zu.db", i);
		path = empty_recording(name);
		ck_assert(
			tell_sqlite(path, "DROP VIEW packets_readable; DROP VIEW sessions_readable; DROP VIEW conntrack_readable"));
		ck_assert(tell_sqlite(path, changes[i]));
		ck_assert_int_eq(try_reader(path), NT_EDAMAGED);
		ck_assert(says("its table"));
		ck_assert_int_lt(try_writer(path), 0);
	}
}
END_TEST

/* ---- migrations: version 0 was never written, so one is made up here, in which sessions had no filter ---- */

static const struct schema_migration steps[] = {
	{ 0, "ALTER TABLE sessions RENAME COLUMN bpf TO filter; INSERT INTO events (session, count) VALUES (1, 0)" },
	{ 0, NULL },
};

static const struct schema_migration wrong_steps[] = {
	{ 0, "INSERT INTO events (session, count) VALUES (1, 0); INSERT INTO nowhere VALUES (1)" },
	{ 0, NULL },
};

static const char *old_recording(const char *name)
{
	const char *path = recordings_path(name);
	struct recording *r = writer_with_session(path);

	put_packets(r, 1, 3, 100);
	close_recording(r);
	ck_assert(tell_sqlite(
		path, "DROP VIEW sessions_readable; ALTER TABLE sessions RENAME COLUMN filter TO bpf; PRAGMA user_version = 0"));
	return path;
}

static enum nt_status upgrade(const char *path, const struct schema_migration *list)
{
	struct sql *sql;
	enum nt_status status = sql_open(&sql, path, SQL_WRITE, &error);

	ck_assert_int_eq(status, NT_OK);
	status = schema_upgrade(sql, list, &error);
	ck_assert_uint_eq(sql_depth(sql), 0);
	sql_close(sql);
	return status;
}

START_TEST(older_version_is_brought_up_to_date)
{
	const char *path = old_recording("older.db");
	struct recording *r;

	ck_assert_int_eq(upgrade(path, steps), NT_OK);
	ck_assert_str_eq(ask_sqlite(path, "PRAGMA user_version"), "1");
	ck_assert_str_eq(ask_sqlite(path, "SELECT count(*) FROM events"), "1");
	r = reader_of(path);
	ck_assert_uint_eq(count_packets(r, 1), 3);
	close_recording(r);
}
END_TEST

START_TEST(current_version_takes_no_step)
{
	const char *path = empty_recording("current.db");

	ck_assert_int_eq(upgrade(path, steps), NT_OK);
	ck_assert_str_eq(ask_sqlite(path, "SELECT count(*) FROM events"), "0");
}
END_TEST

START_TEST(step_that_fails_changes_nothing)
{
	const char *path = old_recording("fails.db");

	ck_assert_int_lt(upgrade(path, wrong_steps), 0);
	ck_assert(says("nowhere"));
	ck_assert_str_eq(ask_sqlite(path, "PRAGMA user_version"), "0");
	ck_assert_str_eq(ask_sqlite(path, "SELECT count(*) FROM events"), "0");
}
END_TEST

START_TEST(version_without_a_step_is_refused)
{
	const char *path = old_recording("toold.db");

	ck_assert_int_eq(try_writer(path), NT_ENOTSUP);
	ck_assert(says("too old"));
	ck_assert_int_eq(try_reader(path), NT_ENOTSUP); /* in a copy */
	ck_assert(says(path) && says("too old"));
	ck_assert_str_eq(ask_sqlite(path, "PRAGMA user_version"), "0");
}
END_TEST

/* ---- views ---- */

START_TEST(every_column_has_a_comment_or_a_plain_name)
{
	const char *path = empty_recording("comments.db");

	ck_assert_str_eq(ask_sqlite(path, "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND sql LIKE '%-- %'"), "8");
	ck_assert_ptr_nonnull(
		strstr(ask_sqlite(path, "SELECT sql FROM sqlite_schema WHERE name = 'packets'"), "-- number of bytes on the wire"));
	ck_assert_str_eq(ask_sqlite(path, "SELECT group_concat(name) FROM sqlite_schema WHERE type = 'view'"),
			 "sessions_readable,events_readable,conntrack_readable,packets_readable");
}
END_TEST

static void put_bytes(struct recording *r, uint32_t interface, nt_time time, struct bytes bytes)
{
	struct recording_packet packet = { .time = time,
					   .interface = interface,
					   .captured = (uint32_t)bytes.size,
					   .size = (uint32_t)bytes.size,
					   .data = bytes.at };

	ck_assert_int_eq(recording_put_packet(r, &packet, NULL), NT_OK);
}

#define MACS "\2\0\0\0\0\1\2\0\0\0\0\2"
#define IPV4(protocol, offset) \
	"\x45\0\0\x1c\0\0" offset "\x40" protocol "\0\0" \
	"\xc0\0\2\1" \
	"\xc6\x33\x64\xff"
#define UDP "\x9c\x40\0\x35\0\x8\0\0"
#define IPV6(source, destination) "\x60\0\0\0\0\x8\x11\x40" source destination

static const struct {
	uint32_t interface;
	struct bytes bytes;
	const char *text;
} frames[] = {
	{ 0, BYTES(MACS "\x8\0" IPV4("\x11", "\0\0") UDP), "udp 192.0.2.1 40000 198.51.100.255 53" },
	{ 0, BYTES(MACS "\x81\0\0\5\x8\0" IPV4("\6", "\0\0") UDP), "tcp 192.0.2.1 40000 198.51.100.255 53" },
	{ 0, BYTES(MACS "\x8\0" IPV4("\x11", "\0\1") UDP), "udp 192.0.2.1 - 198.51.100.255 -" },
	{ 0, BYTES(MACS "\x8\0" IPV4("\1", "\0\0") UDP), "icmp 192.0.2.1 - 198.51.100.255 -" },
	{ 0, BYTES(MACS "\x8\6\0\1\x8\0\6\4\0\1"), "arp - - - -" },
	{ 0, BYTES(MACS "\x88\xcc\0\1"), "88CC - - - -" },
	{ 0, BYTES(MACS "\x86\xdd" IPV6("\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\1", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0") UDP),
	  "udp fe80::1 40000 :: 53" },
	{ 1, BYTES(IPV6("\x20\1\xd\xb8\0\0\0\1\0\1\0\0\0\0\0\1", "\x20\1\xd\xb8\0\0\0\0\0\1\0\0\0\0\0\1") UDP),
	  "udp 2001:db8:0:1:1::1 40000 2001:db8::1:0:0:1 53" },
	{ 1, BYTES(IPV6("\x10\0\1\0\0\x10\0\1\0\xab\xa\xbc\xab\xcd\0\1", "\0\1\0\2\0\3\0\4\0\5\0\6\0\0\0\0") UDP),
	  "udp 1000:100:10:1:ab:abc:abcd:1 40000 1:2:3:4:5:6:: 53" },
	{ 1, BYTES(IPV6("\0\0\0\2\0\0\0\4\0\0\0\6\0\0\0\x8", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1") UDP),
	  "udp 0:2:0:4:0:6:0:8 40000 ::1 53" },
	{ 1, BYTES(IPV4("\x84", "\x40\0") UDP), "sctp 192.0.2.1 40000 198.51.100.255 53" },
	{ 1, BYTES("\0\0"), "- - - - -" },
	{ 2, BYTES("\0\4\0\1\0\6\0\0\0\0\0\0\0\0\x8\0" IPV4("\x11", "\0\0") UDP), "udp 192.0.2.1 40000 198.51.100.255 53" },
	{ 3, BYTES("\x8\0\0\0\0\0\0\1\0\1\0\6\0\0\0\0\0\0\0\0" IPV4("\x11", "\0\0") UDP), "udp 192.0.2.1 40000 198.51.100.255 53" },
	{ 4, BYTES(IPV4("\x11", "\0\0") UDP), "- - - - -" },
	{ 0, BYTES(""), "- - - - -" },
};

START_TEST(packets_view_shows_addresses_and_ports)
{
	static const uint32_t link_types[] = { 1, 101, 113, 276, 147 };
	const char *path = recordings_path("frames.db");
	struct recording *r = writer_with_session(path);
	char query[400];

	for (uint32_t i = 0; i < 5; i++) {
		struct recording_interface interface = { .id = i, .link_type = link_types[i], .name = "x0" };

		ck_assert_int_eq(recording_put_interface(r, &interface, NULL), NT_OK);
	}
	for (size_t i = 0; i < sizeof frames / sizeof *frames; i++)
		put_bytes(r, frames[i].interface, 0, frames[i].bytes);
	close_recording(r);
	for (size_t i = 0; i < sizeof frames / sizeof *frames; i++) {
		snprintf(query, sizeof query,
			 "SELECT coalesce(nullif(protocol, ''), '-') || ' ' || coalesce(source, '-') || ' ' || "
			 "coalesce(source_port, '-') || ' ' || "
			 "coalesce(destination, '-') || ' ' || coalesce(destination_port, '-') FROM packets_readable WHERE number "
			 "= %zu",
			 i + 1);
		ck_assert_str_eq(ask_sqlite(path, query), frames[i].text);
	}
}
END_TEST

START_TEST(times_are_shown_with_nanoseconds)
{
	static const struct {
		nt_time time;
		const char *text;
	} times[] = {
		{ 0, "1970-01-01T00:00:00.000000000Z" },         { 1700000000123456789, "2023-11-14T22:13:20.123456789Z" },
		{ -1, "1969-12-31T23:59:59.999999999Z" },        { -1000000000, "1969-12-31T23:59:59.000000000Z" },
		{ INT64_MAX, "2262-04-11T23:47:16.854775807Z" }, { NT_TIME_NONE, "none" },
	};
	const char *path = recordings_path("times.db");
	struct recording *r = writer_with_session(path);
	char query[200];

	for (size_t i = 0; i < 6; i++)
		put_bytes(r, 0, times[i].time, BYTES("x"));
	close_recording(r);
	for (size_t i = 0; i < 6; i++) {
		snprintf(query, sizeof query, "SELECT coalesce(time, 'none') FROM packets_readable WHERE number = %zu", i + 1);
		ck_assert_str_eq(ask_sqlite(path, query), times[i].text);
	}
	ck_assert_str_eq(ask_sqlite(path, "SELECT begin || ' ' || packets FROM sessions_readable"),
			 "2023-11-14T22:13:20.000000000Z 6");
}
END_TEST

START_TEST(conntrack_view_shows_words)
{
	const char *path = recordings_path("words.db");
	struct recording *r = writer_with_session(path);
	struct conntrack_entry entry = {
		.kind = CONNTRACK_DESTROY,
		.time = 1,
		.protocol = 6,
		.original = { 4, { { 192, 0, 2, 1 } }, { { 198, 51, 100, 7 } }, 40000, 443 },
		.reply = { 6, { { 0xfe, 0x80, [15] = 1 } }, { { 0xfe, 0x80, [15] = 2 } }, 443, 65535 },
		.status = CONNTRACK_SEEN_REPLY | CONNTRACK_OFFLOAD,
		.has_tcp_state = true,
		.tcp_state = CONNTRACK_TCP_TIME_WAIT,
		.start = NT_TIME_NONE,
		.stop = NT_TIME_NONE,
	};

	for (int i = 0; i <= CONNTRACK_TCP_SYN_SENT2; i++) {
		entry.tcp_state = (enum conntrack_tcp_state)i;
		entry.kind = (enum conntrack_kind)(i % 4);
		entry.status = 1u << i | CONNTRACK_OFFLOAD;
		ck_assert_int_eq(recording_put_conntrack(r, &entry, NULL), NT_OK);
	}
	close_recording(r);
	ck_assert_str_eq(
		ask_sqlite(path,
			   "SELECT time || ' ' || protocol || ' ' || source || ' ' || source_port || ' ' || destination || ' ' ||"
			   " destination_port || ' ' || reply_source || ' ' || reply_destination_port || ' ' ||"
			   " (start IS NULL) || (packets IS NULL) FROM conntrack_readable"),
		"1970-01-01T00:00:00.000000001Z tcp 192.0.2.1 40000 198.51.100.7 443 fe80::1 65535 11");
	for (int i = 0; i <= CONNTRACK_TCP_SYN_SENT2; i++) {
		char query[200], status[CONNTRACK_STATUS_TEXT_SIZE], good[300];

		snprintf(query, sizeof query,
			 "SELECT kind || ' ' || tcp_state || ' ' || status FROM conntrack_readable WHERE id = %d", i + 1);
		snprintf(good, sizeof good, "%s %s %s", conntrack_kind_text((enum conntrack_kind)(i % 4)),
			 conntrack_tcp_state_text((enum conntrack_tcp_state)i),
			 conntrack_status_text(1u << i | CONNTRACK_OFFLOAD, status));
		ck_assert_str_eq(ask_sqlite(path, query), good);
	}
}
END_TEST

START_TEST(session_deleted_by_hand_takes_its_rows_along)
{
	const char *path = recordings_path("delete.db");
	struct recording *r = writer_with_session(path);

	put_packets(r, 1, 10, 100);
	ck_assert_int_eq(recording_put_event(r, &(struct recording_event){ .kind = "x" }, NULL), NT_OK);
	close_recording(r);
	ck_assert(tell_sqlite(path, "PRAGMA foreign_keys = ON; DELETE FROM sessions"));
	ck_assert_str_eq(ask_sqlite(path, "SELECT (SELECT count(*) FROM packets) + (SELECT count(*) FROM events) +"
					  " (SELECT count(*) FROM interfaces)"),
			 "0");
	r = writer_with_session(path);
	put_packets(r, 1, 5, 100);
	close_recording(r);
	r = reader_of(path);
	ck_assert_uint_eq(count_packets(r, 1), 5);
	close_recording(r);
}
END_TEST

static void make_directory(void)
{
	recordings_make();
}

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("recording schema");
	TCase *tcase = tcase_create("schema");

	tcase_add_unchecked_fixture(tcase, make_directory, recordings_remove);
	tcase_set_timeout(tcase, 30);
	tcase_add_test(tcase, file_is_made_for_its_owner_only);
	tcase_add_test(tcase, recording_is_known_by_its_first_bytes);
	tcase_add_test(tcase, database_of_another_program_is_refused_and_left_alone);
	tcase_add_test(tcase, file_that_is_no_database_is_refused);
	tcase_add_test(tcase, empty_file_is_no_recording_but_can_become_one);
	tcase_add_test(tcase, what_is_no_file_is_refused);
	tcase_add_test(tcase, newer_version_is_refused_and_left_alone);
	tcase_add_test(tcase, recording_without_a_table_is_damaged);
	tcase_add_test(tcase, older_version_is_brought_up_to_date);
	tcase_add_test(tcase, current_version_takes_no_step);
	tcase_add_test(tcase, step_that_fails_changes_nothing);
	tcase_add_test(tcase, version_without_a_step_is_refused);
	tcase_add_test(tcase, every_column_has_a_comment_or_a_plain_name);
	tcase_add_test(tcase, packets_view_shows_addresses_and_ports);
	tcase_add_test(tcase, times_are_shown_with_nanoseconds);
	tcase_add_test(tcase, conntrack_view_shows_words);
	tcase_add_test(tcase, session_deleted_by_hand_takes_its_rows_along);
	suite_add_tcase(suite, tcase);
	return suite;
}
