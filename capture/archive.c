#include "capture/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct unpacking {
	struct archive_contents *out;
	struct input *from;
	struct limit_hits *hits;
	struct archive *archive;
	bool begun;    /* the first bytes, which were looked at, were given */
	bool too_long; /* more bytes than LIMIT_ARCHIVE_READ were asked for */
};

const char *archive_recognise(struct bytes first)
{
	enum { TAR_MAGIC_AT = 257 }; /* POSIX.1-1988 and GNU: "ustar" */

	if (first.size >= TAR_MAGIC_AT + 5 && memcmp(first.at + TAR_MAGIC_AT, "ustar", 5) == 0)
		return "tar";
	return first.size >= 4 && memcmp(first.at, "PK\3\4", 4) == 0 ? "zip" : NULL;
}

/* ---- what libarchive asks for ---- */

static la_ssize_t give_bytes(struct archive *archive, void *context, const void **bytes)
{
	struct unpacking *u = context;

	if (u->begun)
		input_advance(u->from, u->from->left);
	u->begun = true;
	if (u->from->offset >= LIMIT_ARCHIVE_READ) {
		limit_hit(u->hits, LIMIT_ARCHIVE_READ_HIT);
		u->too_long = true;
		archive_set_error(archive, EFBIG, "it is longer than an archive is read");
		return -1;
	}
	(void)input_need(u->from, 1);
	*bytes = u->from->at;
	return (la_ssize_t)u->from->left;
}

/* ---- members ---- */

static void note_damage(struct unpacking *u, const char *text)
{
	struct capture_damage *damage = &u->out->damage;
	const char *failure = input_failure(u->from);

	if (damage->damaged)
		return;
	*damage = (struct capture_damage){ .damaged = true, .byte_offset = u->from->offset };
	snprintf(damage->text, sizeof damage->text, "%s", failure ? failure : text ? text : "it cannot be read on");
}

/* What a terminal would act upon becomes "?". */
static char *plain_name(const char *name, struct limit_hits *hits)
{
	size_t size = strlen(name);
	char *copy;

	if (size > LIMIT_ARCHIVE_NAME) {
		limit_hit(hits, LIMIT_ARCHIVE_NAME_HIT);
		size = LIMIT_ARCHIVE_NAME;
	}
	copy = nt_alloc(size + 1);
	for (size_t i = 0; i < size; i++) {
		const uint8_t c = (uint8_t)name[i];
		bool is_c1 = c >= 0x80 && c < 0xa0 && i > 0 && (uint8_t)name[i - 1] == 0xc2;

		copy[i] = c < 32 || c == 127 || is_c1 ? '?' : name[i];
	}
	copy[size] = 0;
	return copy;
}

static const char *name_of(struct archive_entry *entry)
{
	const char *name = archive_entry_pathname(entry);

	if (!name)
		name = archive_entry_pathname_utf8(entry);
	return name && *name ? name : "?";
}

static struct archive_member *new_member(struct unpacking *u, struct archive_entry *entry)
{
	struct archive_contents *out = u->out;

	if (out->count == out->capacity) {
		out->capacity = out->capacity ? out->capacity * 2 : 32;
		out->members = nt_realloc_array(out->members, out->capacity, sizeof *out->members);
	}
	out->members[out->count] = (struct archive_member){ .name = plain_name(name_of(entry), u->hits) };
	return &out->members[out->count++];
}

/* Room for the member in what may still come. */
static size_t room_left(const struct unpacking *u)
{
	const uint64_t left = LIMIT_ARCHIVE_SIZE - u->out->size;

	return left < LIMIT_ARCHIVE_MEMBER ? (size_t)left : LIMIT_ARCHIVE_MEMBER;
}

/* Sparse files have holes, which may be as large as they like to say. */
static bool add_block(struct buffer *content, const void *bytes, size_t size, la_int64_t offset)
{
	static const uint8_t zeros[4096];

	while (offset > 0 && (uint64_t)offset > content->size) {
		const uint64_t hole = (uint64_t)offset - content->size;

		if (!buffer_add(content, zeros, hole < sizeof zeros ? (size_t)hole : sizeof zeros))
			return false;
	}
	return buffer_add(content, bytes, size);
}

static void take_content(struct unpacking *u, struct archive_member *member)
{
	struct buffer content = { .max = room_left(u) };
	const void *bytes;
	la_int64_t offset;
	size_t size;
	int status;

	/* Not archive_read_data(), which gives nothing of a block that is not whole. */
	while ((status = archive_read_data_block(u->archive, &bytes, &size, &offset)) >= ARCHIVE_WARN && status != ARCHIVE_EOF)
		if (!add_block(&content, bytes, size, offset)) {
			limit_hit(u->hits, content.max < LIMIT_ARCHIVE_MEMBER ? LIMIT_ARCHIVE_SIZE_HIT : LIMIT_ARCHIVE_MEMBER_HIT);
			member->cut = true;
			break;
		}
	if (status < ARCHIVE_WARN) {
		note_damage(u, archive_error_string(u->archive));
		member->cut = true;
	}
	member->content = (struct bytes){ content.at, content.size };
	u->out->size += content.size;
}

/* false where nothing more can be read. */
static bool take_member(struct unpacking *u, struct archive_entry *entry)
{
	const unsigned type = archive_entry_filetype(entry);

	if (type == AE_IFDIR && !archive_entry_hardlink(entry))
		return true;
	if (type != AE_IFREG || archive_entry_hardlink(entry) || archive_entry_symlink(entry)) {
		u->out->passed_over++;
		return true;
	}
	if (u->out->count == LIMIT_ARCHIVE_MEMBERS) {
		limit_hit(u->hits, LIMIT_ARCHIVE_MEMBERS_HIT);
		note_damage(u, "it has more members than are read");
		return false;
	}
	take_content(u, new_member(u, entry));
	return !u->too_long;
}

/* ---- the whole ---- */

static void take_members(struct unpacking *u)
{
	struct archive_entry *entry;
	int status;

	while ((status = archive_read_next_header(u->archive, &entry)) != ARCHIVE_EOF) {
		if (status < ARCHIVE_WARN) {
			note_damage(u, archive_error_string(u->archive));
			if (status == ARCHIVE_FATAL || u->too_long)
				return;
			continue;
		}
		if (!take_member(u, entry))
			return;
	}
	if (input_failure(u->from))
		note_damage(u, NULL);
}

void archive_unpack(struct archive_contents *out, struct input *from, struct limit_hits *hits)
{
	struct unpacking u = { .out = out, .from = from, .hits = hits, .archive = archive_read_new() };

	(void)input_need(from, ARCHIVE_LOOK_AT);
	*out = (struct archive_contents){ .format = archive_recognise((struct bytes){ from->at, from->left }) };
	if (!out->format)
		out->format = "";
	if (!u.archive || archive_read_support_format_tar(u.archive) < ARCHIVE_WARN ||
	    archive_read_support_format_zip_streamable(u.archive) < ARCHIVE_WARN) {
		note_damage(&u, "libarchive cannot be used");
	} else {
		if (archive_read_open(u.archive, &u, NULL, give_bytes, NULL) < ARCHIVE_WARN)
			note_damage(&u, archive_error_string(u.archive));
		else
			take_members(&u);
	}
	archive_read_free(u.archive);
}

void archive_contents_free(struct archive_contents *contents)
{
	for (size_t i = 0; i < contents->count; i++) {
		free(contents->members[i].name);
		free((void *)contents->members[i].content.at);
	}
	free(contents->members);
	*contents = (struct archive_contents){ 0 };
}
