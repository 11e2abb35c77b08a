#include "cli/agent/filter_hosts.h"

#include <stdlib.h>
#include <string.h>

enum { WORDS = 64 };

struct words {
	char *text; /* owned; cut into words */
	const char *word[WORDS];
	size_t count;
};

/* false if it has more words, or characters that group or negate: then it is not plain. */
static bool split(const char *expression, struct words *out)
{
	char *rest;

	*out = (struct words){ .text = nt_strdup(expression) };
	if (expression[strcspn(expression, "()!&|[]\\")])
		return false;
	for (char *word = strtok_r(out->text, " \t\r\n", &rest); word; word = strtok_r(NULL, " \t\r\n", &rest)) {
		if (out->count == WORDS || strcmp(word, "not") == 0)
			return false;
		out->word[out->count++] = word;
	}
	return true;
}

static bool is_one_of(const char *word, const char *const *list)
{
	for (; *list; list++)
		if (strcmp(word, *list) == 0)
			return true;
	return false;
}

/* The address in words [from, to) if they are one host term; else none. */
static void read_term(const struct words *words, size_t from, size_t to, struct filter_hosts *out)
{
	static const char *const protocols[] = { "ip", "ip6", NULL }, *const directions[] = { "src", "dst", NULL };

	if (from < to && is_one_of(words->word[from], protocols))
		from++;
	if (from < to && is_one_of(words->word[from], directions))
		from++;
	if (from + 2 != to || strcmp(words->word[from], "host") != 0 || out->count == FILTER_HOSTS)
		return;
	if (ip_address_parse(words->word[from + 1], &out->versions[out->count], &out->addresses[out->count]))
		out->count++;
}

struct joints {
	size_t terms, ors, ands;
};

static struct joints read_terms(const struct words *words, struct filter_hosts *out)
{
	struct joints joints = { 0 };
	size_t from = 0;

	for (size_t i = 0; i <= words->count; i++) {
		bool is_and = i < words->count && strcmp(words->word[i], "and") == 0;
		bool is_or = i < words->count && strcmp(words->word[i], "or") == 0;

		if (i < words->count && !is_and && !is_or)
			continue;
		read_term(words, from, i, out);
		joints.terms++;
		joints.ands += is_and;
		joints.ors += is_or;
		from = i + 1;
	}
	return joints;
}

void filter_hosts_find(const char *expression, struct filter_hosts *out)
{
	struct words words;

	*out = (struct filter_hosts){ 0 };
	if (!expression)
		return;
	if (split(expression, &words)) {
		struct joints joints = read_terms(&words, out);

		/* Of an "or" every side must be a host; "and" and "or" together have no plain meaning. */
		if (joints.ors && (joints.ands || out->count != joints.terms))
			out->count = 0;
	}
	free(words.text);
}
