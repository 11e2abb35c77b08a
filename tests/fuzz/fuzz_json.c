/*
 * The input is a program for the JSON writer: what it writes must be JSON.  Bytes: what to do, how many bytes of string follow.
 */
#include "tests/fuzz/fuzz.h"

#include "cli/json/json.h"
#include "dissect/cursor.h"
#include "tests/support/json_check.h"

#include <stdlib.h>

enum { STEPS_PER_RUN = 4096 };

struct run {
	struct json *json;
	bool is_array[JSON_MAX_DEPTH]; /* of the levels that are open; level 0 is an array around everything */
	unsigned depth;
};

static void begin(struct run *run, const char *name, unsigned kind)
{
	static void (*const begins[])(struct json *, const char *) = { json_begin_object, json_begin_array,
								       json_begin_optional_object, json_begin_optional_array };

	if (run->depth == JSON_MAX_DEPTH)
		return;
	begins[kind](run->json, name);
	run->is_array[run->depth++] = kind & 1;
}

static void step(struct run *run, struct cursor *input)
{
	const char *name = run->is_array[run->depth - 1] ? NULL : "name";
	uint8_t what = cur_u8(input);
	struct cursor text;

	switch (what % 8) {
	case 0:
	case 1:
	case 2:
	case 3:
		begin(run, name, what % 8);
		break;
	case 4:
		if (run->depth > 1) {
			json_end(run->json);
			run->depth--;
		}
		break;
	case 5:
		(what & 8 ? json_thousandths : json_int)(run->json, name, (int64_t)cur_u64(input));
		break;
	case 6:
		json_optional_bool(run->json, name, cur_u8(input) & 1);
		break;
	default:
		text = cur_sub(input, what == 255 ? cur_left(input) : what / 8);
		json_string(run->json, name, cur_rest(&text));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor input = cur_of(data, size, 0);
	enum json_layout layout = cur_u8(&input) & 1 ? JSON_COMPACT : JSON_INDENTED;
	char *text = NULL;
	size_t text_size = 0;
	FILE *out = open_memstream(&text, &text_size);
	struct run run = { .json = json_new(out, layout) };

	begin(&run, NULL, 1);
	for (int i = 0; i < STEPS_PER_RUN && input.state == CUR_OK && cur_left(&input) > 0; i++)
		step(&run, &input);
	for (; run.depth > 0; run.depth--)
		json_end(run.json);
	if (!json_finish(run.json) || !json_check((struct bytes){ (const uint8_t *)text, text_size }))
		abort();
	json_free(run.json);
	fclose(out);
	free(text);
	return 0;
}
