/*
 * Archives of files (tar, zip; compressed or not), unpacked into memory: what devices hand out for post-mortems.
 *
 * libarchive reads the formats; what it is given is bounded, and nothing that it tells is believed: a name is a text and never a path, a
 * size is what came, and links, devices and the like are passed over.
 */
#ifndef NETTRACE_CAPTURE_ARCHIVE_H
#define NETTRACE_CAPTURE_ARCHIVE_H

#include "capture/input.h"
#include "capture/source.h"

struct archive_member {
	char *name; /* without control characters, at most LIMIT_ARCHIVE_NAME bytes; those of one archive may be the same */
	struct bytes content;
	bool cut; /* the archive ended, or a limit was reached, before all of it came */
};

struct archive_contents {
	const char *format; /* "tar" or "zip" */
	struct archive_member *members;
	size_t count, capacity;
	uint64_t passed_over; /* links, devices, pipes */
	uint64_t size;        /* of all members */
	struct capture_damage damage;
};

enum { ARCHIVE_LOOK_AT = 512 };

/* "tar" or "zip" by the first ARCHIVE_LOOK_AT bytes, after decompression; NULL: no archive. */
const char *archive_recognise(struct bytes first);

/* Unpacks what can be had.  What is wrong stands in out->damage. */
void archive_unpack(struct archive_contents *out, struct input *from, struct limit_hits *hits);
void archive_contents_free(struct archive_contents *contents); /* zeroed memory is fine */

#endif
