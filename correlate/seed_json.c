#include "correlate/seed_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the look over the text ---- */

/* Where the first value ends, or what of it was complete. */
struct look {
	size_t at;
	uint64_t values;
	size_t depth;
	char closers[LIMIT_JSON_NESTING]; /* of what is open, the outermost first */
	/* up to here, with these closers, it is JSON as far as brackets tell */
	size_t cut;
	size_t cut_depth;
	bool has_cut, complete;
};

/* From behind the opening quote to behind the closing one. */
static size_t string_end(struct bytes text, size_t at)
{
	while (at < text.size && text.at[at] != '"')
		at += text.at[at] == '\\' ? 2 : 1;
	return at < text.size ? at + 1 : text.size;
}

static bool open_level(struct look *look, uint8_t bracket, struct limit_hits *hits)
{
	if (look->depth == LIMIT_JSON_NESTING) {
		limit_hit(hits, LIMIT_JSON_NESTING_HIT);
		return false;
	}
	look->closers[look->depth++] = bracket == '{' ? '}' : ']';
	return true;
}

static bool close_level(struct look *look, uint8_t bracket)
{
	if (look->depth == 0 || look->closers[look->depth - 1] != (char)bracket)
		return false;
	look->depth--;
	look->cut = look->at + 1;
	look->cut_depth = look->depth;
	look->has_cut = true;
	look->complete = look->depth == 0;
	return true;
}

static bool count_value(struct look *look, struct limit_hits *hits)
{
	if (++look->values <= LIMIT_JSON_VALUES)
		return true;
	limit_hit(hits, LIMIT_JSON_VALUES_HIT);
	return false;
}

/* One byte or one string further; false where it makes no sense, or at a limit. */
static bool look_on(struct look *look, struct bytes text, struct limit_hits *hits)
{
	uint8_t c = text.at[look->at];
	bool good = true;

	if (c == '"') {
		look->at = string_end(text, look->at + 1);
		return true;
	}
	if (c == '{' || c == '[')
		good = open_level(look, c, hits) && count_value(look, hits);
	else if (c == '}' || c == ']')
		good = close_level(look, c);
	else if (c == ',' || c == ':')
		good = count_value(look, hits);
	if (good)
		look->at++;
	return good;
}

static void look_over(struct look *look, struct bytes text, struct limit_hits *hits)
{
	while (look->at < text.size && !look->complete)
		if (!look_on(look, text, hits))
			return;
}

/* ---- reading ---- */

static json_t *load(const uint8_t *at, size_t size, json_error_t *error)
{
	return json_loadb((const char *)at, size, JSON_ALLOW_NUL | JSON_DISABLE_EOF_CHECK, error);
}

static void note_damage(struct seed_json_damage *damage, size_t offset, size_t lost, const char *how)
{
	damage->damaged = true;
	damage->byte_offset = offset;
	damage->bytes_lost = lost;
	snprintf(damage->text, sizeof damage->text, "%s", how);
}

/* Why Jansson takes it for no JSON, without the piece of the text that it quotes. */
static const char *plain_reason(json_error_t *error)
{
	char *quote = strstr(error->text, " near '");

	if (quote)
		*quote = 0;
	return error->text;
}

/* What was complete, closed. */
static json_t *load_beginning(struct bytes text, const struct look *look)
{
	struct buffer closed = { .max = look->cut + LIMIT_JSON_NESTING };
	json_error_t error;
	json_t *value = NULL;

	if (look->has_cut && buffer_add(&closed, text.at, look->cut)) {
		for (size_t i = look->cut_depth; i-- > 0;)
			buffer_add(&closed, &look->closers[i], 1);
		value = load(closed.at, closed.size, &error);
	}
	buffer_free(&closed);
	return value;
}

json_t *seed_json_read(struct bytes text, size_t *end, uint64_t hash_seed, struct seed_json_damage *damage, struct limit_hits *hits)
{
	struct look look = { 0 };
	json_error_t error;
	json_t *value;

	json_object_seed((size_t)hash_seed | 1); /* of 0 it would ask the system for one */
	look_over(&look, text, hits);
	*end = text.size;
	if (look.complete) {
		value = load(text.at, look.cut, &error);
		*end = look.cut;
		if (!value)
			note_damage(damage, error.position < 0 ? 0 : (size_t)error.position, look.cut, plain_reason(&error));
		return value;
	}
	value = load_beginning(text, &look);
	note_damage(damage, look.at < text.size ? look.at : text.size, text.size - (value ? look.cut : 0),
		    look.at < text.size ? "it is no JSON from there on, or beyond a limit" : "it is cut");
	return value;
}

/* ---- members ---- */

void seed_json_note_odd(struct seed_json_damage *damage, const char *name)
{
	if (damage->odd++ == 0)
		snprintf(damage->first_odd, sizeof damage->first_odd, "%s", name);
}

/* NULL if it is missing or null. */
static const json_t *member(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	return json_is_null(value) ? NULL : value;
}

static struct bytes text_of(const json_t *value)
{
	return (struct bytes){ (const uint8_t *)json_string_value(value), json_string_length(value) };
}

struct bytes seed_json_text(const json_t *object, const char *name, struct seed_json_damage *damage)
{
	const json_t *value = member(object, name);

	if (json_is_string(value))
		return text_of(value);
	if (value)
		seed_json_note_odd(damage, name);
	return (struct bytes){ NULL, 0 };
}

uint64_t seed_json_number(const json_t *object, const char *name, uint64_t most, struct seed_json_damage *damage)
{
	const json_t *value = member(object, name);

	if (json_is_integer(value) && json_integer_value(value) >= 0 && (uint64_t)json_integer_value(value) <= most)
		return (uint64_t)json_integer_value(value);
	if (value)
		seed_json_note_odd(damage, name);
	return 0;
}

bool seed_json_bool(const json_t *object, const char *name, struct seed_json_damage *damage)
{
	const json_t *value = member(object, name);

	if (value && !json_is_boolean(value))
		seed_json_note_odd(damage, name);
	return json_is_true(value);
}

const json_t *seed_json_object(const json_t *object, const char *name, struct seed_json_damage *damage)
{
	const json_t *value = member(object, name);

	if (json_is_object(value))
		return value;
	if (value)
		seed_json_note_odd(damage, name);
	return NULL;
}

/* ---- lists ---- */

struct seed_json_list seed_json_list(const json_t *object, const char *name, struct seed_json_damage *damage)
{
	const json_t *value = member(object, name);
	struct seed_json_list list = { .name = name, .damage = damage };

	if (json_is_array(value) || json_is_object(value))
		list.list = value;
	else if (value)
		seed_json_note_odd(damage, name);
	if (json_is_object(list.list))
		list.member = json_object_iter((json_t *)list.list);
	return list;
}

size_t seed_json_list_size(const struct seed_json_list *list)
{
	return json_is_array(list->list) ? json_array_size(list->list) : json_object_size(list->list);
}

/* The next value; NULL at the end. */
static const json_t *next_value(struct seed_json_list *list)
{
	const json_t *value;

	if (!json_is_object(list->list))
		return json_array_get(list->list, list->index++);
	value = json_object_iter_value(list->member);
	list->member = json_object_iter_next((json_t *)list->list, list->member);
	return value;
}

const json_t *seed_json_next(struct seed_json_list *list)
{
	const json_t *value;

	while ((value = next_value(list)) && !json_is_object(value))
		seed_json_note_odd(list->damage, list->name);
	return value;
}

struct bytes seed_json_next_text(struct seed_json_list *list)
{
	const json_t *value;

	while ((value = next_value(list)) && !json_is_string(value))
		seed_json_note_odd(list->damage, list->name);
	return value ? text_of(value) : (struct bytes){ NULL, 0 };
}
