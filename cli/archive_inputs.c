#include "cli/archive_inputs.h"

#include "capture/archive.h"
#include "capture/raw_ip.h"

#include <iconv.h>
#include <inttypes.h>
#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINKTYPE_RAW = 101, RECENT = 16 };

struct archive_input {
	char *path;
	struct input input;
	struct archive_contents contents;
	struct buffer *texts;        /* of compressed members, by index; empty for the others */
	struct bytes recent[RECENT]; /* traces of the Go library, in a ring */
	size_t recent_count;
};

struct archive_inputs {
	struct archive_input **at; /* each its own object: an open input must not move */
	size_t count;
	struct limit_hits *hits;
};

struct archive_inputs *archive_inputs_new(struct limit_hits *hits)
{
	struct archive_inputs *inputs = nt_zalloc(sizeof *inputs);

	inputs->hits = hits;
	return inputs;
}

void archive_inputs_free(struct archive_inputs *inputs)
{
	if (!inputs)
		return;
	for (size_t i = 0; i < inputs->count; i++) {
		struct archive_input *archive = inputs->at[i];

		for (size_t k = 0; archive->texts && k < archive->contents.count; k++)
			buffer_free(&archive->texts[k]);
		free(archive->texts);
		archive_contents_free(&archive->contents);
		input_close(&archive->input);
		free(archive->path);
		free(archive);
	}
	free(inputs->at);
	free(inputs);
}

/* ---- opening ---- */

/* libarchive converts names by iconv, which reads its tables from files when it is used first. */
static void warm_up(void)
{
	iconv_t from = iconv_open("UTF-8", nl_langinfo(CODESET)), to = iconv_open(nl_langinfo(CODESET), "UTF-8");

	if (from != (iconv_t)-1)
		iconv_close(from);
	if (to != (iconv_t)-1)
		iconv_close(to);
}

enum nt_status archive_inputs_open(struct archive_inputs *inputs, const char *path, struct nt_error *error)
{
	struct archive_input *archive = nt_zalloc(sizeof *archive);
	enum nt_status status = input_open(&archive->input, path, error);

	if (status != NT_OK) {
		free(archive);
		return status;
	}
	warm_up();
	archive->path = nt_strdup(path);
	inputs->at = nt_realloc_array(inputs->at, inputs->count + 1, sizeof(struct archive_input *));
	inputs->at[inputs->count++] = archive;
	return NT_OK;
}

/* ---- what a member is ---- */

/* "netdump.tgz:eth0.pcap"; the second one of the same name "netdump.tgz:eth0.pcap#2".  The caller frees it. */
static char *full_name(const struct archive_input *archive, size_t index)
{
	const char *name = archive->contents.members[index].name;
	size_t size = strlen(archive->path) + strlen(name) + 32, same = 1;
	char *text = nt_alloc(size);

	for (size_t i = 0; i < index; i++)
		same += strcmp(archive->contents.members[i].name, name) == 0;
	if (same > 1)
		snprintf(text, size, "%s:%s#%zu", archive->path, name, same);
	else
		snprintf(text, size, "%s:%s", archive->path, name);
	return text;
}

/* What is decompressed counts as the files of the archive do, whether or not it is kept. */
static size_t room_for_text(const struct archive_input *archive)
{
	const uint64_t left = LIMIT_ARCHIVE_SIZE > archive->contents.size ? LIMIT_ARCHIVE_SIZE - archive->contents.size : 0;

	return left < LIMIT_ARCHIVE_MEMBER ? (size_t)left : LIMIT_ARCHIVE_MEMBER;
}

/*
 * The bytes of a member without compression; *failure says why there are not more, or is empty.  All at once, as many members that are
 * decompressed side by side would need as many windows.
 */
static struct bytes plain_text(struct archive_inputs *inputs, struct archive_input *archive, size_t index, char *failure,
			       size_t size)
{
	const struct bytes content = archive->contents.members[index].content;
	struct buffer *text = &archive->texts[index];
	struct input input;

	*failure = 0;
	input_open_memory(&input, content.at, content.size);
	if (!*input_compression(&input)) {
		input_close(&input);
		return content;
	}
	text->max = room_for_text(archive);
	while (input_need(&input, 1) && buffer_add(text, input.at, input.left))
		input_advance(&input, input.left);
	archive->contents.size += text->size;
	if (input.left) {
		limit_hit(inputs->hits, text->max < LIMIT_ARCHIVE_MEMBER ? LIMIT_ARCHIVE_SIZE_HIT : LIMIT_ARCHIVE_MEMBER_HIT);
		snprintf(failure, size, "no more is read of what the archive holds");
	}
	if (input_failure(&input))
		snprintf(failure, size, "%s", input_failure(&input));
	input_close(&input);
	return (struct bytes){ text->at, text->size };
}

static bool ends_with(const char *text, const char *end)
{
	size_t size = strlen(text), end_size = strlen(end);

	return size >= end_size && strcmp(text + size - end_size, end) == 0;
}

static const char *last_part(const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash ? slash + 1 : name;
}

static bool is_seed(const char *name, struct bytes text)
{
	static const char begin[] = "\"traceBeginAt\"";

	if (!seed_trace_looks_like(text))
		return false;
	return memmem(text.at, text.size, begin, sizeof begin - 1) || strstr(last_part(name), "nettrace");
}

/* By name alone: what was to be a capture or a trace, and cannot be read. */
static bool should_be_read(const char *name)
{
	return strstr(last_part(name), ".pcap") || strcmp(last_part(name), "nettrace.json") == 0;
}

/* ---- giving members away ---- */

static void add_damaged(const struct archive_readers *readers, const char *name, const char *format, uint64_t lost,
			const char *text)
{
	struct capture_damage damage = { .damaged = true, .bytes_lost = lost };

	snprintf(damage.text, sizeof damage.text, "%.*s", (int)sizeof damage.text - 1, text);
	seed_inputs_add_damaged(readers->seeds, name, format, &damage);
}

static bool give_capture(const struct archive_readers *readers, const char *name, struct bytes content, struct nt_error *error)
{
	if (capture_add_memory(readers->source, name, content, error) != NT_OK)
		return false;
	if (raw_ip_looks_like(content))
		capture_set_link_type(readers->source, LINKTYPE_RAW);
	return true;
}

static bool give_conntrack(const struct archive_readers *readers, const char *name, struct bytes text, struct limit_hits *hits)
{
	struct conntrack_log_doubts doubts;

	if (!ends_with(name, "network/conntrack") && !ends_with(name, "/conntrack.txt"))
		return false;
	conntrack_log_read_text(readers->log, text, &doubts, hits);
	return true;
}

/* Some versions put the same trace into the archive again and again, under one name. */
static bool came_before(struct archive_input *archive, struct bytes text)
{
	for (size_t i = 0; i < RECENT && i < archive->recent_count; i++)
		if (bytes_equal(archive->recent[i], text))
			return true;
	archive->recent[archive->recent_count++ % RECENT] = text;
	return false;
}

/* Gives a member to what reads it; false: nothing keeps its text. */
static bool give_text(struct archive_inputs *inputs, struct archive_input *archive, const struct archive_member *member,
		      const struct archive_readers *readers, const char *name, struct bytes text, const char *failure)
{
	struct nt_error error;

	if (give_capture(readers, name, text, &error)) {
		if (*failure) /* where it was cut there may be no packet that is */
			add_damaged(readers, name, "", 0, failure);
		return true;
	}
	if (is_seed(member->name, text)) {
		if (came_before(archive, text))
			return false;
		seed_inputs_add(readers->seeds, name, text, *failure ? failure : NULL);
		return true;
	}
	if (should_be_read(member->name)) {
		add_damaged(readers, name, "", member->content.size,
			    *failure               ? failure
			    : member->content.size ? error.text
						   : "it is empty");
		return false;
	}
	return !give_conntrack(readers, member->name, text, inputs->hits) &&
	       context_add(readers->context, name, member->name, text);
}

static void give_member(struct archive_inputs *inputs, struct archive_input *archive, size_t index,
			const struct archive_readers *readers)
{
	char *name = full_name(archive, index), failure[160];
	const struct bytes text = plain_text(inputs, archive, index, failure, sizeof failure);

	if (!give_text(inputs, archive, &archive->contents.members[index], readers, name, text, failure))
		buffer_free(&archive->texts[index]);
	free(name);
}

static void unpack(struct archive_inputs *inputs, struct archive_input *archive, const struct archive_readers *readers,
		   const struct notes *notes)
{
	struct archive_contents *contents = &archive->contents;

	archive_unpack(contents, &archive->input, inputs->hits);
	archive->texts = nt_zalloc((contents->count + 1) * sizeof *archive->texts);
	for (size_t i = 0; i < contents->count; i++)
		give_member(inputs, archive, i, readers);
	if (contents->damage.damaged)
		seed_inputs_add_damaged(readers->seeds, archive->path, contents->format, &contents->damage);
	if (contents->passed_over)
		notes_add(notes, NOTE_OF_INPUT, "%s: %" PRIu64 " link%s or device%s in it %s passed over", archive->path,
			  contents->passed_over, contents->passed_over == 1 ? "" : "s", contents->passed_over == 1 ? "" : "s",
			  contents->passed_over == 1 ? "was" : "were");
}

void archive_inputs_unpack(struct archive_inputs *inputs, const struct archive_readers *readers, const struct notes *notes)
{
	for (size_t i = 0; i < inputs->count; i++)
		unpack(inputs, inputs->at[i], readers, notes);
}
