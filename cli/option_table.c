#include "cli/option_table.h"

#include <getopt.h>

/* ---- handlers ---- */

void *option_target(void *target, const struct option_row *row)
{
	return (char *)target + row->offset;
}

enum nt_status option_take_flag(void *target, const struct option_row *row, const char *argument, struct nt_error *error)
{
	(void)argument;
	(void)error;
	*(bool *)option_target(target, row) = true;
	return NT_OK;
}

enum nt_status option_clear_flag(void *target, const struct option_row *row, const char *argument, struct nt_error *error)
{
	(void)argument;
	(void)error;
	*(bool *)option_target(target, row) = false;
	return NT_OK;
}

enum nt_status option_take_text(void *target, const struct option_row *row, const char *argument, struct nt_error *error)
{
	(void)error;
	*(const char **)option_target(target, row) = argument;
	return NT_OK;
}

enum nt_status option_take_file(void *target, const struct option_row *row, const char *argument, struct nt_error *error)
{
	if (!*argument)
		return nt_fail(error, NT_EUSAGE, "--%s needs the name of a file", row->name);
	return option_take_text(target, row, argument, error);
}

void option_append(const char ***list, size_t *count, const char *text)
{
	*list = nt_realloc_array(*list, *count + 1, sizeof **list);
	(*list)[(*count)++] = text;
}

/* ---- getopt's view of the table ---- */

enum { ROW_FIRST = 256 /* getopt's value of a row: beyond all letters */ };

struct description {
	char letters[2 * OPTION_TABLE_ROWS + 3];
	struct option words[OPTION_TABLE_ROWS + 1];
};

static const struct option_row *row_of(const struct option_table *table, int value)
{
	for (size_t i = 0; i < table->count; i++)
		if (value == ROW_FIRST + (int)i || (table->rows[i].letter && value == table->rows[i].letter))
			return &table->rows[i];
	return NULL;
}

static void describe(const struct option_table *table, struct description *out)
{
	char *at = out->letters;

	if (table->ends_at_operand)
		*at++ = '+';
	*at++ = ':'; /* errors are ours to print */
	for (size_t i = 0; i < table->count; i++) {
		const struct option_row *row = &table->rows[i];

		out->words[i] =
			(struct option){ row->name, row->argument ? required_argument : no_argument, NULL, ROW_FIRST + (int)i };
		if (!row->letter)
			continue;
		*at++ = row->letter;
		if (row->argument)
			*at++ = ':';
	}
	*at = 0;
	out->words[table->count] = (struct option){ 0 };
}

/* ---- reading ---- */

static enum nt_status complain(const struct option_table *table, int problem, char **argv, struct nt_error *error)
{
	const struct option_row *row = row_of(table, optopt);

	if (problem == ':' && row)
		return nt_fail(error, NT_EUSAGE, "--%s needs an argument: %s", row->name, row->argument);
	if (row && optopt >= ROW_FIRST)
		return nt_fail(error, NT_EUSAGE, "--%s takes no argument", row->name);
	if (optopt)
		return nt_fail(error, NT_EUSAGE, "there is no option -%c", optopt);
	return nt_fail(error, NT_EUSAGE, "there is no option %s, or more than one begins so", argv[optind - 1]);
}

enum nt_status option_table_read(const struct option_table *table, void *target, int argc, char **argv, int *operands,
				 struct nt_error *error)
{
	struct description getopts = { 0 };
	enum nt_status status = NT_OK;
	int value;

	describe(table, &getopts);
	optind = 0; /* glibc: begin anew */
	opterr = 0;
	while (status == NT_OK && (value = getopt_long(argc, argv, getopts.letters, getopts.words, NULL)) != -1) {
		const struct option_row *row = value == ':' || value == '?' ? NULL : row_of(table, value);

		status = row ? row->take(target, row, optarg, error) : complain(table, value, argv, error);
	}
	*operands = optind;
	return status;
}

/* ---- help ---- */

enum { HELP_COLUMN = 28 };

static void print_row(FILE *out, const struct option_row *row)
{
	char left[80];
	int size = snprintf(left, sizeof left, "  %c%c%s --%s%s%s", row->letter ? '-' : ' ', row->letter ? row->letter : ' ',
			    row->letter ? "," : " ", row->name, row->argument ? " " : "", row->argument ? row->argument : "");

	fputs(left, out);
	if (size < HELP_COLUMN)
		fprintf(out, "%*s", HELP_COLUMN - size, "");
	else
		fprintf(out, "\n%*s", HELP_COLUMN, "");
	for (const char *at = row->help; *at; at++) {
		fputc(*at, out);
		if (*at == '\n')
			fprintf(out, "%*s", HELP_COLUMN, "");
	}
	fputc('\n', out);
}

void option_table_print(FILE *out, const struct option_table *table)
{
	for (size_t i = 0; i < table->count; i++)
		print_row(out, &table->rows[i]);
}
