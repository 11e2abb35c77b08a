#include "cli/conntrack_log.h"

#include "capture/conntrack.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_SIZE = 4200 };

struct conntrack_logged {
	struct conntrack_entry entry;
	size_t sequence;
};

static void add(struct conntrack_log *log, const struct conntrack_entry *entry)
{
	if (log->count == log->capacity) {
		log->capacity += log->capacity / 2 + 64;
		log->entries = nt_realloc_array(log->entries, log->capacity, sizeof *log->entries);
	}
	log->entries[log->count] = (struct conntrack_logged){ *entry, log->count };
	log->count++;
}

/* A line, of which what is longer than LINE_SIZE is left out: no entry is so long.  false at the end. */
static bool read_line(FILE *file, char line[LINE_SIZE], size_t *size)
{
	int c = getc_unlocked(file);

	if (c == EOF)
		return false;
	for (*size = 0; c != EOF && c != '\n'; c = getc_unlocked(file))
		if (*size < LINE_SIZE)
			line[(*size)++] = (char)c;
	return true;
}

/* Nothing, a comment, or the sum that conntrack prints below a listing. */
static bool says_nothing(struct bytes line)
{
	static const char sum[] = "conntrack v";
	size_t blanks = 0;

	while (blanks < line.size && strchr(" \t\r", line.at[blanks]))
		blanks++;
	return blanks == line.size || line.at[blanks] == '#' ||
	       (line.size >= sizeof sum - 1 && memcmp(line.at, sum, sizeof sum - 1) == 0);
}

static void read_lines(struct conntrack_log *log, FILE *file, struct conntrack_log_doubts *doubts, struct limit_hits *hits)
{
	char line[LINE_SIZE];
	uint64_t number = 0;
	size_t size;

	while (read_line(file, line, &size)) {
		const struct bytes text = { (const uint8_t *)line, size };
		struct conntrack_entry entry;

		number++;
		if (++log->lines > LIMIT_CONNTRACK_LINES) {
			limit_hit(hits, LIMIT_CONNTRACK_LINES_HIT);
			return;
		}
		if (conntrack_read_line(text, &entry))
			add(log, &entry);
		else if (!says_nothing(text) && doubts->lines++ == 0)
			doubts->first_line = number;
	}
}

void conntrack_log_read_text(struct conntrack_log *log, struct bytes text, struct conntrack_log_doubts *doubts,
			     struct limit_hits *hits)
{
	FILE *file = text.size ? fmemopen((void *)text.at, text.size, "r") : NULL;

	*doubts = (struct conntrack_log_doubts){ 0 };
	if (!file)
		return;
	read_lines(log, file, doubts, hits);
	fclose(file);
}

enum nt_status conntrack_log_read(struct conntrack_log *log, const char *path, struct conntrack_log_doubts *doubts,
				  struct limit_hits *hits, struct nt_error *error)
{
	FILE *file = fopen(path, "re");
	bool good;

	*doubts = (struct conntrack_log_doubts){ 0 };
	if (!file)
		return nt_fail(error, NT_EIO, "cannot read %s: %s", path, strerror(errno));
	errno = 0;
	read_lines(log, file, doubts, hits);
	good = !ferror(file);
	if (!good)
		nt_fail(error, NT_EIO, "cannot read %s: %s", path, strerror(errno ? errno : EIO));
	fclose(file);
	return good ? NT_OK : NT_EIO;
}

void conntrack_log_clear(struct conntrack_log *log)
{
	free(log->entries);
	*log = (struct conntrack_log){ 0 };
}

static int compare(const void *a, const void *b)
{
	const struct conntrack_logged *left = a, *right = b;
	nt_time x = left->entry.time, y = right->entry.time;

	if (x != y && (x == NT_TIME_NONE || y == NT_TIME_NONE))
		return x == NT_TIME_NONE ? 1 : -1;
	if (x != y)
		return x < y ? -1 : 1;
	return left->sequence < right->sequence ? -1 : left->sequence > right->sequence;
}

void conntrack_log_sort(struct conntrack_log *log)
{
	if (log->count > 1)
		qsort(log->entries, log->count, sizeof *log->entries, compare);
}

bool conntrack_log_next(struct conntrack_log *log, struct conntrack_entry *out)
{
	if (log->next == log->count)
		return false;
	*out = log->entries[log->next++].entry;
	return true;
}
