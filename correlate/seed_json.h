/*
 * JSON from outside (RFC 8259), read within bounds: libjansson does the parsing, after a look over the text that counts values and levels.
 *
 * A text that ends too early, or goes wrong, is read up to the last object or array that was complete.
 */
#ifndef NETTRACE_CORRELATE_SEED_JSON_H
#define NETTRACE_CORRELATE_SEED_JSON_H

#include "store/base.h"
#include "store/limits.h"

#include <jansson.h>

/* What was not as it should be. */
struct seed_json_damage {
	bool damaged;         /* the text is no whole JSON; what stands before `byte_offset` was read */
	uint64_t byte_offset; /* where it goes wrong */
	uint64_t bytes_lost;  /* from the end of what was read on */
	char text[160];       /* how */
	uint64_t odd;         /* values of another type or range than their name has: they were taken for missing */
	char first_odd[64];   /* the name of the first of them */
};

/*
 * The first value of the text; *end is where the next one may begin.  NULL if nothing could be read.  json_decref() it.  `hash_seed` keys
 * libjansson's tables, from the first call on.
 */
json_t *seed_json_read(struct bytes text, size_t *end, uint64_t hash_seed, struct seed_json_damage *damage,
		       struct limit_hits *hits);

/* ---- members: what is missing or null is empty, 0, false; what is of another type too, and counted ---- */

struct bytes seed_json_text(const json_t *object, const char *name, struct seed_json_damage *damage);
uint64_t seed_json_number(const json_t *object, const char *name, uint64_t most, struct seed_json_damage *damage);
bool seed_json_bool(const json_t *object, const char *name, struct seed_json_damage *damage);
const json_t *seed_json_object(const json_t *object, const char *name, struct seed_json_damage *damage); /* NULL if there is none */

/* Elements of an array, or members of an object in the place of one, one after the other; elements that are no objects are counted only. */
struct seed_json_list {
	const json_t *list;
	size_t index;
	void *member;
	const char *name;
	struct seed_json_damage *damage;
};
struct seed_json_list seed_json_list(const json_t *object, const char *name, struct seed_json_damage *damage);
size_t seed_json_list_size(const struct seed_json_list *list);
const json_t *seed_json_next(struct seed_json_list *list);     /* the next object; NULL at the end */
struct bytes seed_json_next_text(struct seed_json_list *list); /* of an array of strings; `at` is NULL at the end */

void seed_json_note_odd(struct seed_json_damage *damage, const char *name);

#endif
