/*
 * Text for people: what came from the wire made harmless for a terminal; durations, times and amounts.
 */
#ifndef NETTRACE_CLI_TEXT_H
#define NETTRACE_CLI_TEXT_H

#include "store/base.h"

#include <stdio.h>

enum { TEXT_SIZE = 40 }; /* room for each text_* below that writes to `out`; all return out */

/* A character of text of any origin; what is no UTF-8 goes byte by byte. */
struct text_character {
	struct bytes bytes;
	bool is_safe;  /* it does no more than stand there: no control character, none that changes the direction of writing */
	uint32_t code; /* its code point; 0 for a byte that is no UTF-8 */
};

/* Takes the first character off a text that is not empty. */
struct text_character text_next(struct bytes *text);

/*
 * Writes text of any origin: UTF-8 as it is, but control characters, characters that change the direction of writing and bytes that are
 * no UTF-8 as \xNN.  After about `max` bytes of the text comes an ellipsis instead of the rest; 0: no maximum.
 */
void text_print(FILE *out, struct bytes text, size_t max);

/* The program of a command line that was recorded: its first word, quoted as it stands there.  *arguments: how many words follow. */
struct bytes text_program(const char *command, size_t *arguments);

/* "curl … (5 arguments)", as arguments may be credentials; the whole if they may be shown.  The caller frees it. */
char *text_command(const char *command, bool secrets);

/* "0.4 ms", "12 ms", "1.2 s", "2 min 5 s"; "an unknown time" if negative. */
const char *text_duration(int64_t microseconds, char out[TEXT_SIZE]);

/* The same between two times, of which either may be NT_TIME_NONE. */
const char *text_between(nt_time begin, nt_time end, char out[TEXT_SIZE]);

/* "1 byte", "735 bytes", "12.3 MB": all digits below ten million. */
const char *text_bytes(uint64_t bytes, char out[TEXT_SIZE]);

/* "2026-01-02 03:04:05.678901 UTC"; "an unknown time" for NT_TIME_NONE. */
const char *text_time(nt_time time, char out[TEXT_SIZE]);

/* "2026-01-02" from seconds since 1970; "an unknown date" for INT64_MIN and what has no such form. */
const char *text_date(int64_t seconds, char out[TEXT_SIZE]);

#endif
