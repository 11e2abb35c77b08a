/*
 * The bytes of a recording's file: every session, every row.
 */
#include "store/reader.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/mutate.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void read_rows(struct recording *r)
{
	struct recording_packet packet;
	struct conntrack_entry entry;
	struct recording_event event;
	struct recording_statistics statistics;
	char text[CONNTRACK_STATUS_TEXT_SIZE];
	struct bytes keys;
	volatile unsigned sum = 0; /* so that all is read */

	while (recording_next_packet(r, &packet, NULL) == NT_OK)
		for (uint32_t i = 0; i < packet.captured; i++)
			sum += packet.data[i];
	while (recording_next_conntrack(r, &entry, NULL) == NT_OK)
		sum += (unsigned)strlen(conntrack_status_text(entry.status, text));
	while (recording_next_event(r, &event, NULL) == NT_OK)
		sum += event.text ? (unsigned)strlen(event.text) : 0;
	while (recording_next_statistics(r, &statistics, NULL) == NT_OK)
		sum += (unsigned)statistics.lost;
	(void)recording_keys(r, &keys, NULL);
	(void)sum;
	if (keys.size > LIMIT_SECRETS)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct recording *r;

	(void)recording_looks_like((struct bytes){ data, size });
	if (size == 0 || recording_open_image(&r, (struct bytes){ data, size }, NULL, NULL) != NT_OK)
		return 0;
	for (size_t i = 0; i < recording_session_count(r) && i < 4; i++)
		if (recording_select(r, recording_session(r, i)->id, NULL) == NT_OK)
			read_rows(r);
	(void)recording_close(r, NULL);
	return 0;
}

/* ---- mutations by SQL: the file stays one that SQLite reads, its rows hold what no writer puts there ---- */

enum { MOST_STATEMENTS = 4, PATIENCE = 100000 };

/* A damaged tree may have no end. */
static int give_up(void *context)
{
	(void)context;
	return 1;
}

/* The first column of a random row of what `query` asks for; NULL if there is none. */
static char *choose(sqlite3 *db, struct dice *dice, const char *query)
{
	sqlite3_stmt *statement = NULL;
	char *chosen = NULL;
	size_t seen = 0;

	if (sqlite3_prepare_v2(db, query, -1, &statement, NULL) == SQLITE_OK)
		while (sqlite3_step(statement) == SQLITE_ROW && seen < 1000)
			if (dice_below(dice, ++seen) == 0) {
				sqlite3_free(chosen);
				chosen = sqlite3_mprintf("%w", sqlite3_column_text(statement, 0));
			}
	sqlite3_finalize(statement);
	return chosen;
}

static void change_row(sqlite3 *db, struct dice *dice)
{
	static const char *const values[] = { "NULL",
					      "0",
					      "1",
					      "2",
					      "-1",
					      "255",
					      "256",
					      "65536",
					      "2147483648",
					      "4294967296",
					      "9223372036854775807",
					      "-9223372036854775808",
					      "1e308",
					      "''",
					      "'text'",
					      "x''",
					      "x'00'",
					      "x'0a000001'",
					      "zeroblob(70000)",
					      "zeroblob(40)",
					      "printf('%.5000c', 'x')",
					      "live" };
	char *table = choose(db, dice, "SELECT name FROM sqlite_master WHERE type = 'table'"), *column = NULL, *row = NULL, *sql;
	const size_t way = dice_below(dice, 8), count = sizeof values / sizeof *values, value = dice_below(dice, count + 4);

	sql = sqlite3_mprintf("SELECT name FROM pragma_table_info(\"%s\")", table ? table : "");
	column = choose(db, dice, sql);
	sqlite3_free(sql);
	sql = sqlite3_mprintf("SELECT rowid FROM \"%s\"", table ? table : "");
	row = choose(db, dice, sql);
	sqlite3_free(sql);
	if (way == 0)
		sql = sqlite3_mprintf("DELETE FROM \"%s\" WHERE rowid = %s", table, row ? row : "0");
	else if (way == 1)
		sql = sqlite3_mprintf("INSERT OR REPLACE INTO \"%s\" (rowid, \"%s\") VALUES (%lld, %s)", table, column,
				      (long long)dice_roll(dice) >> dice_below(dice, 64), values[value % count]);
	else if (value < count)
		sql = sqlite3_mprintf("UPDATE OR REPLACE \"%s\" SET \"%s\" = %s WHERE rowid = %s", table, column, values[value],
				      row ? row : "0");
	else
		sql = sqlite3_mprintf("UPDATE OR REPLACE \"%s\" SET \"%s\" = \"%s\" + %lld WHERE rowid = %s", table, column, column,
				      (long long)dice_roll(dice) >> dice_below(dice, 64), row ? row : "0");
	if (table && column)
		(void)sqlite3_exec(db, sql, NULL, NULL, NULL);
	sqlite3_free(sql);
	sqlite3_free(table);
	sqlite3_free(column);
	sqlite3_free(row);
}

/* 0 when SQLite cannot make anything of it, or too much. */
static size_t mutate_rows(uint8_t *data, size_t size, size_t max, struct dice *dice)
{
	sqlite3_int64 changed_size = 0;
	unsigned char *image = sqlite3_malloc64(size), *changed = NULL;
	sqlite3 *db = NULL;

	memcpy(image, data, size);
	if (sqlite3_open(":memory:", &db) == SQLITE_OK &&
	    sqlite3_deserialize(db, "main", image, (sqlite3_int64)size, (sqlite3_int64)size,
				SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_RESIZEABLE) == SQLITE_OK) {
		sqlite3_progress_handler(db, PATIENCE, give_up, NULL);
		(void)sqlite3_exec(db, "PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF", NULL, NULL, NULL);
		for (size_t i = 1 + dice_below(dice, MOST_STATEMENTS); i > 0; i--)
			change_row(db, dice);
		changed = sqlite3_serialize(db, "main", &changed_size, 0);
	}
	size = changed && changed_size > 0 && (size_t)changed_size <= max ? (size_t)changed_size : 0;
	if (size)
		memcpy(data, changed, size);
	sqlite3_free(changed);
	sqlite3_close(db);
	return size;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	struct dice dice = { seed };
	size_t changed = 0;

	if (!LLVMFuzzerMutate)
		return size;
	if (size >= 512 && dice_below(&dice, 4) != 0)
		changed = mutate_rows(data, size, max, &dice);
	return changed ? changed : LLVMFuzzerMutate(data, size, max);
}
