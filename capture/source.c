#include "capture/source.h"

#include "capture/filter.h"
#include "capture/reader.h"

#include <stdlib.h>
#include <string.h>

/* One input, with the packet of it that comes next when several are merged. */
struct slot {
	struct reader reader;
	struct packet packet;
};

struct capture_source {
	struct slot **slots; /* each its own object: an open input must not move */
	size_t count, capacity;
	char **names;
	struct slot **heap; /* merging: the slots that have a packet, the earliest first */
	size_t heap_size;
	bool merging;
	bool yielded; /* the packet of heap[0] was given out: the next one has to be read */
	struct filter *filter;
	uint64_t filtered_out;
	struct capture_lists lists;
};

/* ---- opening ---- */

static void make_room(struct capture_source *source, size_t count)
{
	if (count <= source->capacity)
		return;
	source->capacity = count + source->capacity / 2;
	source->slots = nt_realloc_array(source->slots, source->capacity, sizeof(struct slot *));
	source->names = nt_realloc_array(source->names, source->capacity, sizeof(char *));
	source->heap = nt_realloc_array(source->heap, source->capacity, sizeof(struct slot *));
}

static struct capture_source *new_source(size_t count, struct limit_hits *hits)
{
	struct capture_source *source = nt_zalloc(sizeof *source);

	make_room(source, count);
	source->lists.hits = hits;
	return source;
}

/* The slot after the last one, its bytes not opened yet. */
static struct slot *add_slot(struct capture_source *source, const char *name)
{
	struct slot *slot = nt_zalloc(sizeof *slot);

	make_room(source, source->count + 1);
	source->slots[source->count] = slot;
	source->names[source->count] = nt_strdup(name);
	slot->reader.info.name = source->names[source->count];
	slot->reader.lists = &source->lists;
	slot->reader.file = (uint32_t)source->count;
	source->count++;
	return slot;
}

static void remove_last(struct capture_source *source)
{
	struct capture_lists *lists = &source->lists;

	source->count--;
	while (lists->interface_count && lists->interfaces[lists->interface_count - 1]->file == source->count)
		capture_lists_drop_interface(lists);
	reader_close(&source->slots[source->count]->reader);
	free(source->slots[source->count]);
	free(source->names[source->count]);
}

static enum nt_status open_slot(struct capture_source *source, const char *path, struct nt_error *error)
{
	struct slot *slot = add_slot(source, path);
	enum nt_status status = input_open(&slot->reader.bytes, path, error);

	return status == NT_OK ? reader_open(&slot->reader, error) : status;
}

static enum nt_status check_paths(const char *const *paths, size_t count, struct nt_error *error)
{
	size_t inputs_of_stdin = 0;

	if (count == 0)
		return nt_fail(error, NT_EUSAGE, "no capture file is named; name one, or - for standard input");
	for (size_t i = 0; i < count; i++)
		inputs_of_stdin += strcmp(paths[i], "-") == 0;
	if (inputs_of_stdin > 1)
		return nt_fail(error, NT_EUSAGE, "standard input is named twice, it can be read once; name - only once");
	return NT_OK;
}

enum nt_status capture_open(struct capture_source **out, const char *const *paths, size_t count, struct limit_hits *hits,
			    struct nt_error *error)
{
	struct capture_source *source;
	enum nt_status status = check_paths(paths, count, error);

	*out = NULL;
	if (status != NT_OK)
		return status;
	source = new_source(count, hits);
	for (size_t i = 0; i < count && status == NT_OK; i++)
		status = open_slot(source, paths[i], error);
	if (status == NT_OK)
		*out = source;
	else
		capture_free(source);
	return status;
}

void capture_open_empty(struct capture_source **out, struct limit_hits *hits)
{
	*out = new_source(0, hits);
}

enum nt_status capture_add_memory(struct capture_source *source, const char *name, struct bytes bytes, struct nt_error *error)
{
	struct slot *slot = add_slot(source, name);
	enum nt_status status;

	input_open_memory(&slot->reader.bytes, bytes.at, bytes.size);
	status = reader_open(&slot->reader, error);
	if (status != NT_OK)
		remove_last(source);
	return status;
}

void capture_set_link_type(struct capture_source *source, uint32_t link_type)
{
	for (size_t i = 0; i < source->lists.interface_count; i++)
		if (source->lists.interfaces[i]->file + 1 == source->count)
			source->lists.interfaces[i]->link_type = link_type;
}

enum nt_status capture_open_memory(struct capture_source **out, const void *bytes, size_t size, struct limit_hits *hits,
				   struct nt_error *error)
{
	struct capture_source *source = new_source(1, hits);
	enum nt_status status = capture_add_memory(source, "memory", (struct bytes){ bytes, size }, error);

	*out = status == NT_OK ? source : NULL;
	if (status != NT_OK)
		capture_free(source);
	return status;
}

void capture_free(struct capture_source *source)
{
	if (!source)
		return;
	while (source->count)
		remove_last(source);
	filter_free(source->filter);
	capture_lists_free(&source->lists);
	free(source->slots);
	free(source->names);
	free(source->heap);
	free(source);
}

/* ---- merging ---- */

/* A packet without a time is the earliest of all, and so comes right after its predecessor. */
static bool earlier(const struct slot *a, const struct slot *b)
{
	if (a->packet.time != b->packet.time)
		return a->packet.time < b->packet.time;
	return a->reader.file < b->reader.file;
}

static void sift_down(struct capture_source *source, size_t at)
{
	struct slot **heap = source->heap;

	for (;;) {
		size_t least = at;

		for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < source->heap_size; child++)
			if (earlier(heap[child], heap[least]))
				least = child;
		if (least == at)
			return;
		struct slot *moved = heap[at];

		heap[at] = heap[least];
		heap[least] = moved;
		at = least;
	}
}

static bool advance(struct slot *slot)
{
	return reader_next(&slot->reader, &slot->packet);
}

static void begin_merging(struct capture_source *source)
{
	for (size_t i = 0; i < source->count; i++)
		if (advance(source->slots[i]))
			source->heap[source->heap_size++] = source->slots[i];
	for (size_t i = source->heap_size / 2; i-- > 0;)
		sift_down(source, i);
	source->merging = true;
}

static bool next_merged(struct capture_source *source, struct packet *out)
{
	if (!source->merging)
		begin_merging(source);
	if (source->yielded) {
		if (!advance(source->heap[0]))
			source->heap[0] = source->heap[--source->heap_size];
		sift_down(source, 0);
	}
	source->yielded = source->heap_size > 0;
	if (source->yielded)
		*out = source->heap[0]->packet;
	return source->yielded;
}

/* ---- reading ---- */

enum nt_status capture_next(struct capture_source *source, struct packet *out)
{
	bool more;

	for (;;) {
		more = source->count == 1 ? reader_next(&source->slots[0]->reader, out) : next_merged(source, out);
		if (!more)
			return NT_END;
		if (!source->filter || filter_takes(source->filter, out))
			return NT_OK;
		source->filtered_out++;
	}
}

enum nt_status capture_set_filter(struct capture_source *source, const char *expression, struct nt_error *error)
{
	uint32_t *link_types = nt_realloc_array(NULL, source->count, sizeof *link_types);
	size_t count = 0;
	struct filter *filter;
	enum nt_status status;

	for (size_t i = 0; i < source->lists.interface_count; i++) {
		const struct capture_interface *interface = source->lists.interfaces[i];

		/* an input opens with at most one interface known; more when the filter is set while reading */
		if (count < source->count && (count == 0 || interface->file != source->lists.interfaces[i - 1]->file))
			link_types[count++] = interface->link_type;
	}
	status = filter_new(&filter, expression, link_types, count, error);
	free(link_types);
	if (status != NT_OK)
		return status;
	filter_free(source->filter);
	source->filter = filter;
	return NT_OK;
}

/* ---- what is known ---- */

void capture_interrupt(void)
{
	raw_interrupt();
}

size_t capture_input_count(const struct capture_source *source)
{
	return source->count;
}

const struct capture_input *capture_input(const struct capture_source *source, size_t index)
{
	struct reader *reader;

	if (index >= source->count)
		return NULL;
	reader = &source->slots[index]->reader;
	reader->info.bytes = reader->bytes.offset;
	reader->info.bytes_on_disk =
		reader->bytes.decoder || reader->bytes.raw.fd >= 0 ? reader->bytes.raw.total : reader->bytes.offset;
	return &reader->info;
}

size_t capture_interface_count(const struct capture_source *source)
{
	return source->lists.interface_count;
}

const struct capture_interface *capture_interface(const struct capture_source *source, size_t index)
{
	return index < source->lists.interface_count ? source->lists.interfaces[index] : NULL;
}

uint64_t capture_filtered_out(const struct capture_source *source)
{
	return source->filtered_out;
}

const struct capture_secrets *capture_secrets(const struct capture_source *source)
{
	return &source->lists.secrets;
}
