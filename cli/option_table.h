/*
 * A command line described by a constant table: one row per option, from which getopt's descriptions, the error sentences and --help are
 * made.  Each command has one such table, and nothing else that knows its options.
 */
#ifndef NETTRACE_CLI_OPTION_TABLE_H
#define NETTRACE_CLI_OPTION_TABLE_H

#include "store/base.h"

#include <stdio.h>

struct option_row;

/*
 * Takes one option off the command line into `target`, the command's own struct; `argument` is NULL for an option without one.  Fails with
 * the sentence in *error.
 */
typedef enum nt_status option_take(void *target, const struct option_row *row, const char *argument, struct nt_error *error);

struct option_row {
	const char *name;
	char letter;          /* 0: none */
	const char *argument; /* as --help names it; NULL: the option has none */
	const char *help;     /* further lines after each newline */
	option_take *take;
	size_t offset; /* of what the option sets in the target, for the handlers that serve several */
};

enum { OPTION_TABLE_ROWS = 64 }; /* the most that a table may have */

struct option_table {
	const struct option_row *rows;
	size_t count;
	bool ends_at_operand; /* the first word that is no option ends the options, as what follows may be another command's */
};

/*
 * Takes all options; argv[*operands] is then the first word that is none (options are moved in front of the others unless the table says
 * otherwise).  NT_EUSAGE, or what a handler returned.  Uses getopt, so not from two threads.
 */
enum nt_status option_table_read(const struct option_table *table, void *target, int argc, char **argv, int *operands,
				 struct nt_error *error);

void option_table_print(FILE *out, const struct option_table *table);

/* ---- handlers that several tables use ---- */

option_take option_take_flag;  /* bool: becomes true */
option_take option_clear_flag; /* bool: becomes false */
option_take option_take_text;  /* const char *: the argument, which is a view into argv */
option_take option_take_file;  /* the same, but not empty */

/* Where the row's offset leads to. */
void *option_target(void *target, const struct option_row *row);

/* Adds a text to a list that the caller owns. */
void option_append(const char ***list, size_t *count, const char *text);

#endif
