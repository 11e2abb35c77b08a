#include "cli/seed_inputs.h"

#include "capture/input.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct seed_input {
	char *name;
	struct buffer owned; /* empty if the text is somebody else's */
	struct bytes text;
	struct capture_input about;
	struct seed_traces traces;
	bool is_lost; /* there is nothing to read */
};

struct seed_inputs {
	struct seed_input **at; /* each its own object */
	size_t count, capacity;
	struct limit_hits *hits;
};

struct seed_inputs *seed_inputs_new(struct limit_hits *hits)
{
	struct seed_inputs *inputs = nt_zalloc(sizeof *inputs);

	inputs->hits = hits;
	return inputs;
}

void seed_inputs_free(struct seed_inputs *inputs)
{
	if (!inputs)
		return;
	for (size_t i = 0; i < inputs->count; i++) {
		seed_traces_free(&inputs->at[i]->traces);
		buffer_free(&inputs->at[i]->owned);
		free(inputs->at[i]->name);
		free(inputs->at[i]);
	}
	free(inputs->at);
	free(inputs);
}

/* ---- taking texts ---- */

static struct seed_input *new_input(struct seed_inputs *inputs, const char *name)
{
	struct seed_input *input = nt_zalloc(sizeof *input);

	if (inputs->count == inputs->capacity) {
		inputs->capacity = inputs->capacity ? inputs->capacity * 2 : 8;
		inputs->at = nt_realloc_array(inputs->at, inputs->capacity, sizeof(struct seed_input *));
	}
	inputs->at[inputs->count++] = input;
	input->name = nt_strdup(name);
	input->owned.max = LIMIT_SEED_TRACE;
	input->about = (struct capture_input){
		.name = input->name, .format = "go-trace", .compression = "", .first = NT_TIME_NONE, .last = NT_TIME_NONE
	};
	return input;
}

static void note_damage(struct seed_input *input, uint64_t offset, uint64_t lost, const char *text)
{
	struct capture_damage *damage = &input->about.damage;

	if (damage->damaged)
		return;
	*damage = (struct capture_damage){ .damaged = true, .byte_offset = offset, .bytes_lost = lost };
	snprintf(damage->text, sizeof damage->text, "%.*s", (int)sizeof damage->text - 1, text);
}

void seed_inputs_add(struct seed_inputs *inputs, const char *name, struct bytes text, const char *failure)
{
	struct seed_input *input = new_input(inputs, name);

	input->about.bytes = text.size;
	if (failure)
		note_damage(input, text.size, 0, failure);
	if (text.size > LIMIT_SEED_TRACE) {
		limit_hit(inputs->hits, LIMIT_SEED_TRACE_HIT);
		note_damage(input, LIMIT_SEED_TRACE, text.size - LIMIT_SEED_TRACE, "it is longer than a Go trace is read");
		text.size = LIMIT_SEED_TRACE;
	}
	input->text = text;
}

void seed_inputs_add_damaged(struct seed_inputs *inputs, const char *name, const char *format, const struct capture_damage *damage)
{
	struct seed_input *input = new_input(inputs, name);

	input->about.format = format;
	input->about.damage = *damage;
	input->is_lost = true;
}

static void load(struct seed_inputs *inputs, struct seed_input *to, struct input *from)
{
	const char *failure;

	while (input_need(from, 1)) {
		const size_t left = from->left;

		if (!buffer_add(&to->owned, from->at, left)) {
			limit_hit(inputs->hits, LIMIT_SEED_TRACE_HIT);
			note_damage(to, from->offset, input_drain(from), "it is longer than a Go trace is read");
			break;
		}
		input_advance(from, left);
	}
	failure = input_failure(from);
	if (failure)
		note_damage(to, from->offset, 0, failure);
	to->text = (struct bytes){ to->owned.at, to->owned.size };
	to->about.bytes = to->owned.size;
	to->about.compression = input_compression(from);
	to->about.size_on_disk = to->about.bytes_on_disk = input_size_on_disk(from);
}

enum nt_status seed_inputs_load(struct seed_inputs *inputs, const char *path, struct nt_error *error)
{
	struct input input;
	enum nt_status status = input_open(&input, path, error);

	if (status != NT_OK)
		return status;
	load(inputs, new_input(inputs, path), &input);
	input_close(&input);
	return NT_OK;
}

/* ---- reading them ---- */

static void describe(struct seed_input *input)
{
	const struct seed_traces *traces = &input->traces;
	const struct seed_json_damage *damage = &traces->damage;
	char text[160];

	for (size_t i = 0; i < traces->count; i++) {
		struct capture_input *about = &input->about;

		if (!traces->at[i].has_clock)
			continue;
		if (about->first == NT_TIME_NONE || traces->at[i].begin < about->first)
			about->first = traces->at[i].begin;
		if (traces->at[i].end > about->last)
			about->last = traces->at[i].end;
	}
	if (damage->damaged)
		note_damage(input, damage->byte_offset, damage->bytes_lost, damage->text);
	if (damage->odd) {
		snprintf(text, sizeof text, "%" PRIu64 " value%s not what the name says, the first is of %s", damage->odd,
			 damage->odd == 1 ? " is" : "s are", damage->first_odd);
		note_damage(input, 0, 0, text);
	}
}

enum nt_status seed_inputs_read(struct seed_inputs *inputs, bool others, const struct correlate_options *options,
				struct nt_error *error)
{
	struct seed_input *failed = NULL;
	struct nt_error why = { .status = NT_OK };
	bool any = others;

	for (size_t i = 0; i < inputs->count; i++) {
		struct seed_input *input = inputs->at[i];

		if (input->is_lost)
			continue;
		if (seed_traces_read(&input->traces, input->text, options, inputs->hits, &why) == NT_OK) {
			any = true;
		} else {
			note_damage(input, 0, input->text.size, why.text);
			failed = input;
		}
		describe(input);
	}
	if (any || !failed)
		return NT_OK;
	return nt_fail(error, why.status, "cannot read %s: %s", input_show_name(failed->name).text, why.text);
}

/* ---- what is known ---- */

size_t seed_inputs_count(const struct seed_inputs *inputs)
{
	return inputs ? inputs->count : 0;
}

const struct capture_input *seed_inputs_about(const struct seed_inputs *inputs, size_t index)
{
	return index < seed_inputs_count(inputs) ? &inputs->at[index]->about : NULL;
}

const struct seed_traces *seed_inputs_traces(const struct seed_inputs *inputs, size_t index)
{
	return index < seed_inputs_count(inputs) ? &inputs->at[index]->traces : NULL;
}
