/*
 * Writes JSON (RFC 8259) as a stream: nothing is kept but what is open, and 64 KiB that are not written yet.
 *
 * What comes out is always valid UTF-8, whatever bytes go in.  Members come in the order in which they are written.  A value at the top
 * ends with a newline, so that a compact writer that is given one object after the other writes NDJSON.
 *
 * `name` is the member's name: a constant that needs no escaping, living as long as what it names is open; NULL for an element of an
 * array or for a value at the top.
 *
 * A write error sticks: all that follows is dropped, and json_finish() reports it.
 */
#ifndef NETTRACE_CLI_JSON_H
#define NETTRACE_CLI_JSON_H

#include "store/base.h"

#include <stdio.h>

enum { JSON_MAX_DEPTH = 32 };

enum json_layout {
	JSON_INDENTED, /* two spaces for each level */
	JSON_COMPACT   /* one line for each value at the top */
};

struct json; /* handle */

struct json *json_new(FILE *out, enum json_layout layout);
void json_free(struct json *json); /* NULL is fine; does not close `out`, and drops what json_finish() did not write */

/* Writes what is still in memory.  false if this or any write before it failed: errno says why the first one did. */
bool json_finish(struct json *json);

void json_begin_object(struct json *json, const char *name);
void json_begin_array(struct json *json, const char *name);

/* The same, but nothing at all is written for it while it stays empty. */
void json_begin_optional_object(struct json *json, const char *name);
void json_begin_optional_array(struct json *json, const char *name);

void json_end(struct json *json); /* of the innermost object or array */

/* Any bytes: what is not UTF-8 becomes U+FFFD, control characters are escaped. */
void json_string(struct json *json, const char *name, struct bytes value);
void json_text(struct json *json, const char *name, const char *value);
void json_uint(struct json *json, const char *name, uint64_t value);
void json_int(struct json *json, const char *name, int64_t value);
void json_thousandths(struct json *json, const char *name, int64_t value); /* 1500 is written as 1.5 */
void json_bool(struct json *json, const char *name, bool value);

/* Members that are left out when they say nothing: an empty string, 0, false. */
void json_optional_string(struct json *json, const char *name, struct bytes value);
void json_optional_text(struct json *json, const char *name, const char *value); /* nor NULL */
void json_optional_uint(struct json *json, const char *name, uint64_t value);
void json_optional_bool(struct json *json, const char *name, bool value);

/* A string made of pieces: begin, any number of adds, end.  A character does not reach over two pieces. */
void json_begin_string(struct json *json, const char *name);
void json_add_string(struct json *json, struct bytes piece);
void json_add_uint(struct json *json, uint64_t value);
void json_end_string(struct json *json);

#endif
