#include "tests/support/recordings.h"

#include <check.h>
#include <ftw.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[64];

const char *recordings_make(void)
{
	snprintf(directory, sizeof directory, "/tmp/check_recording_XXXXXX");
	if (!mkdtemp(directory) || chmod(directory, 0755) != 0)
		abort();
	return directory;
}

static int unlock(const char *path, const struct stat *info, int type, struct FTW *where)
{
	(void)info, (void)where;
	if (type == FTW_D)
		(void)chmod(path, 0755);
	return 0;
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *where)
{
	(void)info, (void)type, (void)where;
	(void)remove(path);
	return 0;
}

void recordings_remove(void)
{
	nftw(directory, unlock, 16, FTW_PHYS);
	nftw(directory, remove_one, 16, FTW_PHYS | FTW_DEPTH);
}

const char *recordings_path(const char *name)
{
	static char path[200];

	snprintf(path, sizeof path, "%s/%s", directory, name);
	return path;
}

struct recording *writer_of(const char *path)
{
	struct nt_error error = { 0 };
	struct recording *r;
	enum nt_status status = recording_open_writer(&r, path, &error);

	ck_assert_msg(status == NT_OK, "%s", error.text);
	return r;
}

void begin_session(struct recording *r, struct recording_session *session)
{
	struct nt_error error = { 0 };
	enum nt_status status = recording_begin_session(r, session, &error);

	ck_assert_msg(status == NT_OK, "%s", error.text);
}

struct recording *writer_with_session(const char *path)
{
	struct recording *r = writer_of(path);
	struct recording_session session = {
		.begin = PACKETS_BEGIN,
		.end = NT_TIME_NONE,
		.command_begin = NT_TIME_NONE,
		.command_end = NT_TIME_NONE,
		.source = "live",
	};
	struct recording_interface interface = { .id = 0, .link_type = 1, .name = "eth0" };

	begin_session(r, &session);
	ck_assert_int_eq(recording_put_interface(r, &interface, NULL), NT_OK);
	return r;
}

void close_recording(struct recording *r)
{
	struct nt_error error = { 0 };
	enum nt_status status = recording_close(r, &error);

	ck_assert_msg(status == NT_OK, "%s", error.text);
}

struct recording *reader_of(const char *path)
{
	struct nt_error error = { 0 };
	struct recording *r;
	enum nt_status status = recording_open_reader(&r, path, NULL, &error);

	ck_assert_msg(status == NT_OK, "%s", error.text);
	if (recording_session_count(r) > 0)
		ck_assert_int_eq(recording_select(r, recording_session(r, 0)->id, NULL), NT_OK);
	return r;
}

struct recording_packet test_packet(uint64_t number, uint32_t size)
{
	static uint8_t bytes[LARGEST_TEST_PACKET];

	memset(bytes, (int)(number * 31 % 251), size);
	for (size_t i = 0; i < sizeof number && i < size; i++)
		bytes[i] = (uint8_t)(number >> (8 * i));
	return (struct recording_packet){
		.number = number,
		.time = PACKETS_BEGIN + (int64_t)(number - 1) * NT_MILLISECOND,
		.captured = size,
		.size = size,
		.data = bytes,
	};
}

enum nt_status put_packet(struct recording *r, uint64_t number, uint32_t size, struct nt_error *error)
{
	struct recording_packet packet = test_packet(number, size);

	return recording_put_packet(r, &packet, error);
}

void put_packets(struct recording *r, uint64_t first, uint64_t count, uint32_t size)
{
	struct nt_error error = { 0 };

	for (uint64_t i = 0; i < count; i++)
		ck_assert_msg(put_packet(r, first + i, size, &error) == NT_OK, "%s", error.text);
}

uint64_t count_packets(struct recording *r, uint64_t first)
{
	struct nt_error error = { 0 };
	struct recording_packet packet;
	enum nt_status status;
	uint64_t count = 0;

	while ((status = recording_next_packet(r, &packet, &error)) == NT_OK) {
		struct recording_packet good = test_packet(first + count, packet.captured);

		ck_assert_uint_eq(packet.number, good.number);
		ck_assert_int_eq(packet.time, good.time);
		ck_assert_uint_eq(packet.size, good.size);
		ck_assert_mem_eq(packet.data, good.data, good.captured);
		count++;
	}
	ck_assert_msg(status == NT_END, "%s", error.text);
	return count;
}

const char *ask_sqlite(const char *path, const char *query)
{
	static char text[4096];
	sqlite3_stmt *statement = NULL;
	sqlite3 *db = NULL;
	int code = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_prepare_v2(db, query, -1, &statement, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_step(statement);
	if (code == SQLITE_ROW)
		snprintf(text, sizeof text, "%s", (const char *)sqlite3_column_text(statement, 0));
	else
		snprintf(text, sizeof text, "%s", code == SQLITE_DONE ? "no row" : sqlite3_errmsg(db));
	sqlite3_finalize(statement);
	sqlite3_close(db);
	return text;
}

bool tell_sqlite(const char *path, const char *script)
{
	sqlite3 *db = NULL;
	int code = sqlite3_open(path, &db);

	if (code == SQLITE_OK)
		code = sqlite3_exec(db, script, NULL, NULL, NULL);
	sqlite3_close(db);
	return code == SQLITE_OK;
}
