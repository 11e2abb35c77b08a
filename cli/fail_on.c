#include "cli/fail_on.h"

#include "cli/message.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- words ---- */

enum { WORD_MAX = 63 }; /* longer than any code */

static size_t smallest(size_t a, size_t b, size_t c)
{
	const size_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Letters to put in, take out or change, at least, to make one word of the other.  Neither is longer than WORD_MAX. */
static size_t distance(struct bytes a, const char *b)
{
	const size_t columns = strlen(b);
	size_t row[WORD_MAX + 1];

	for (size_t j = 0; j <= columns; j++)
		row[j] = j;
	for (size_t i = 1; i <= a.size; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= columns; j++) {
			const size_t changed = diagonal + (a.at[i - 1] != (uint8_t)b[j - 1]);

			diagonal = row[j];
			row[j] = smallest(row[j] + 1, row[j - 1] + 1, changed);
		}
	}
	return row[columns];
}

static const char *nearest_code(struct bytes word)
{
	size_t best = SIZE_MAX;
	const char *code = NULL;

	if (word.size > WORD_MAX)
		word.size = WORD_MAX;
	for (int i = 0; i < FINDING_CODE_COUNT; i++) {
		const size_t far = distance(word, finding_code_text((enum finding_code)i));

		if (far < best) {
			best = far;
			code = finding_code_text((enum finding_code)i);
		}
	}
	return code;
}

static bool add_severity(struct fail_on *fail_on, struct bytes word)
{
	const bool any = bytes_equal(word, BYTES("any"));

	for (int i = FINDING_ERROR; i <= FINDING_INFO; i++) {
		if (!bytes_equal(word, bytes_of(finding_severity_text((enum finding_severity)i))) && !(any && i == FINDING_INFO))
			continue;
		for (int worse = FINDING_ERROR; worse <= i; worse++)
			fail_on->severities[worse] = true;
		return true;
	}
	return false;
}

static bool add_difference(struct fail_on *fail_on, struct bytes word)
{
	const bool is_it = bytes_equal(word, BYTES("difference"));

	fail_on->difference = fail_on->difference || is_it;
	return is_it;
}

static bool add_code(struct fail_on *fail_on, struct bytes word)
{
	for (int i = 0; i < FINDING_CODE_COUNT; i++) {
		if (!bytes_equal(word, bytes_of(finding_code_text((enum finding_code)i))))
			continue;
		fail_on->codes[i] = true;
		return true;
	}
	return false;
}

enum nt_status fail_on_add(struct fail_on *fail_on, const char *list, struct nt_error *error)
{
	for (const char *at = list;; at++) {
		const struct bytes word = { (const uint8_t *)at, strcspn(at, ",") };

		if (!add_severity(fail_on, word) && !add_difference(fail_on, word) && !add_code(fail_on, word))
			return nt_fail(error, NT_EUSAGE,
				       "--fail-on: there is no code %.*s; the nearest is %s, --list-codes prints all",
				       (int)word.size, at, nearest_code(word));
		at += word.size;
		if (!*at)
			return NT_OK;
	}
}

/* ---- findings ---- */

bool fail_on_names(const struct fail_on *fail_on, const struct trace_finding *finding)
{
	return fail_on->codes[finding->code] || fail_on->severities[finding->severity];
}

static void print_packets(FILE *out, const struct trace_finding *finding, bool many_inputs)
{
	for (size_t i = 0; i < finding->packet_count; i++) {
		const struct packet_ref packet = finding->packets[i].packet;

		fputs(i ? ", " : " [", out);
		if (many_inputs)
			fprintf(out, "%u:", (unsigned)packet.file + 1);
		fprintf(out, "#%" PRIu64, (uint64_t)packet.number);
	}
	fputs(finding->packet_count ? "]" : "", out);
}

static void print_records(FILE *out, const struct trace_finding *finding)
{
	for (size_t i = 0; i < finding->trace_count; i++)
		fprintf(out, "%stid-%" PRIu32, i ? ", " : " ", finding->traces[i]);
}

void fail_on_tell(const struct trace_finding *finding, bool many_inputs)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return;
	fputs(finding_code_text(finding->code), out);
	print_packets(out, finding, many_inputs);
	print_records(out, finding);
	fprintf(out, ": %.*s", (int)finding->message.size, (const char *)finding->message.at);
	if (finding->more)
		fprintf(out, " (and %" PRIu64 " more of this kind)", finding->more);
	if (fclose(out) == 0)
		message("%s", text);
	free(text);
}

void fail_on_print_codes(FILE *out)
{
	for (int i = 0; i < FINDING_CODE_COUNT; i++)
		fprintf(out, "%-36s %s\n", finding_code_text((enum finding_code)i),
			finding_severity_text(finding_code_severity((enum finding_code)i)));
}
