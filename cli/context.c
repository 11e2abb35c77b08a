#include "cli/context.h"

#include "correlate/http_secrets.h"
#include "correlate/seed_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char log_kind[] = "log";
/* What led to a failure stands shortly before it. */
static const nt_time log_margin = 30 * NT_SECOND;

struct file {
	struct context_file shown;
	struct bytes text;
	struct context_line *lines;
	size_t capacity;
};

struct context {
	struct file *files;
	size_t count, capacity;
	struct arena arena, scratch;
	struct limit_hits *hits;
	uint64_t hash_seed;
	bool secrets;
	nt_time begin, end; /* of logs */
};

struct context *context_new(struct limit_hits *hits, uint64_t hash_seed, bool secrets)
{
	struct context *context = nt_zalloc(sizeof *context);

	context->hits = hits;
	context->hash_seed = hash_seed;
	context->secrets = secrets;
	return context;
}

void context_free(struct context *context)
{
	if (!context)
		return;
	for (size_t i = 0; i < context->count; i++)
		free(context->files[i].lines);
	free(context->files);
	arena_free(&context->arena);
	arena_free(&context->scratch);
	free(context);
}

/* ---- what a file is ---- */

/* By the folder that it is in, and how its name begins and ends. */
static const struct {
	const char *folder, *begin, *end, *kind;
} kinds[] = {
	{ "eve", "version", ".txt", "device" },        { "eve", "device-uuid", ".txt", "device" },
	{ "eve", "controller", ".txt", "device" },     { "eve", "go-version", ".txt", "device" },
	{ "eve", "dns", ".json", "resolver" },         { "etc", "resolv", ".conf", "resolver" },
	{ "linux", "resolv", ".conf", "resolver" },    { "linux", "dhcp-lease-", ".txt", "lease" },
	{ "linux", "dhcpcd-lease-", ".txt", "lease" }, { "linux", "ifconfig", ".txt", "addresses" },
	{ "linux", "iplink", ".txt", "links" },        { "linux", "arp", ".txt", "neighbours" },
	{ "linux", "iprule", ".txt", "rules" },        { "linux", "iproute-", ".txt", "routes" },
	{ "linux", "iptables-", ".txt", "firewall" },  { "linux", "netstat", ".txt", "sockets" },
};

static bool begins(const char *text, size_t size, const char *begin)
{
	return size >= strlen(begin) && memcmp(text, begin, strlen(begin)) == 0;
}

static bool ends(const char *text, size_t size, const char *end)
{
	return size >= strlen(end) && memcmp(text + size - strlen(end), end, strlen(end)) == 0;
}

static const char *kind_by_path(const char *path)
{
	const char *slash = strrchr(path, '/'), *file = slash ? slash + 1 : path;
	const size_t size = strlen(file), folder_size = slash ? (size_t)(slash - path) : 0;

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (begins(file, size, kinds[i].begin) && ends(file, size, kinds[i].end) &&
		    ends(path, folder_size, kinds[i].folder))
			return kinds[i].kind;
	return NULL;
}

/* Objects in lines, each with a severity and a time. */
static bool is_log(struct bytes text)
{
	enum { LOOK_AT = 16 * 1024 };
	const size_t size = text.size < LOOK_AT ? text.size : LOOK_AT;

	return size && text.at[0] == '{' && memmem(text.at, size, "\"severity\"", 10) && memmem(text.at, size, "\"timestamp\"", 11);
}

bool context_add(struct context *context, const char *name, const char *path, struct bytes text)
{
	const char *kind = is_log(text) ? log_kind : kind_by_path(path);

	if (!kind || !text.size)
		return false;
	if (context->count == LIMIT_CONTEXT_FILES) {
		limit_hit(context->hits, LIMIT_CONTEXT_FILES_HIT);
		return false;
	}
	if (context->count == context->capacity) {
		context->capacity = context->capacity ? context->capacity * 2 : 16;
		context->files = nt_realloc_array(context->files, context->capacity, sizeof *context->files);
	}
	context->files[context->count++] =
		(struct file){ .shown = { .name = arena_string(&context->arena, bytes_of(name)), .kind = kind }, .text = text };
	return true;
}

/* ---- lines ---- */

/* Cut when it has no credentials any more: by what follows them they are known. */
static struct bytes shortened(struct context *context, struct bytes text)
{
	enum { LOOK_AT = 64 * 1024 };

	if (text.size > LIMIT_CONTEXT_TEXT)
		limit_hit(context->hits, LIMIT_CONTEXT_TEXT_HIT);
	if (text.size > LOOK_AT)
		text.size = LOOK_AT;
	if (!context->secrets)
		text = http_line_without_secrets(&context->scratch, text);
	if (text.size > LIMIT_CONTEXT_TEXT)
		text.size = LIMIT_CONTEXT_TEXT;
	text = arena_copy(&context->arena, text);
	arena_clear(&context->scratch);
	return text;
}

static void add_line(struct context *context, struct file *file, struct context_line line)
{
	if (file->shown.count == LIMIT_CONTEXT_LINES) {
		limit_hit(context->hits, LIMIT_CONTEXT_LINES_HIT);
		file->shown.left_out++;
		return;
	}
	if (file->shown.count == file->capacity) {
		file->capacity = file->capacity ? file->capacity * 2 : 16;
		file->lines = nt_realloc_array(file->lines, file->capacity, sizeof *file->lines);
	}
	line.text = shortened(context, line.text);
	line.severity = shortened(context, line.severity);
	line.source = shortened(context, line.source);
	file->lines[file->shown.count++] = line;
	file->shown.lines = file->lines;
}

/* The first line of a text, which goes off it, without the blanks at its end. */
static struct bytes take_line(struct bytes *text)
{
	const uint8_t *end = memchr(text->at, '\n', text->size);
	struct bytes line = { text->at, end ? (size_t)(end - text->at) : text->size };
	const size_t taken = line.size + (end != NULL);

	text->at += taken;
	text->size -= taken;
	while (line.size && memchr(" \t\r", line.at[line.size - 1], 3))
		line.size--;
	return line;
}

static void read_plain(struct context *context, struct file *file)
{
	struct bytes rest = file->text;

	while (rest.size) {
		struct bytes line = take_line(&rest);

		if (line.size)
			add_line(context, file, (struct context_line){ .at = NT_TIME_NONE, .text = line });
	}
}

/* ---- EVE's DeviceNetworkStatus: the name servers of each port ---- */

static void read_port(struct context *context, struct file *file, const json_t *port, struct seed_json_damage *damage)
{
	struct bytes interface = seed_json_text(port, "IfName", damage), server;
	struct seed_json_list servers = seed_json_list(port, "DNSServers", damage);
	struct buffer line = { .max = LIMIT_CONTEXT_TEXT };
	const char *before = ": name servers ";

	buffer_add(&line, interface.at, interface.size);
	while ((server = seed_json_next_text(&servers)).at) {
		if (!buffer_add(&line, before, strlen(before)) || !buffer_add(&line, server.at, server.size))
			break;
		before = ", ";
	}
	if (before[0] == ':')
		buffer_add(&line, ": no name server", 16);
	add_line(context, file, (struct context_line){ .at = NT_TIME_NONE, .text = { line.at, line.size } });
	buffer_free(&line);
}

static void read_status(struct context *context, struct file *file)
{
	struct seed_json_damage damage = { 0 };
	size_t end;
	json_t *status = seed_json_read(file->text, &end, context->hash_seed, &damage, context->hits);
	struct seed_json_list ports = seed_json_list(status, "Ports", &damage);
	const json_t *port;

	while ((port = seed_json_next(&ports)))
		read_port(context, file, port, &damage);
	json_decref(status);
}

/* ---- logs ---- */

static nt_time time_of_entry(const json_t *entry, struct seed_json_damage *damage)
{
	const json_t *time = json_object_get(entry, "timestamp");
	uint64_t seconds, nanos;

	if (!json_is_object(time))
		return NT_TIME_NONE;
	seconds = seed_json_number(time, "seconds", INT64_MAX / NT_SECOND - 1, damage);
	nanos = seed_json_number(time, "nanos", NT_SECOND - 1, damage);
	return (nt_time)(seconds * NT_SECOND + nanos);
}

/* What a program logs is often JSON itself, which holds the words as "msg". */
static json_t *nested_entry(const struct context *context, struct bytes content, struct seed_json_damage *damage)
{
	size_t end;

	if (!content.size || content.at[0] != '{')
		return NULL;
	return seed_json_read(content, &end, context->hash_seed, damage, context->hits);
}

static void read_entry(struct context *context, struct file *file, const json_t *entry)
{
	struct seed_json_damage damage = { 0 };
	struct context_line line = { .at = time_of_entry(entry, &damage) };
	struct bytes words;
	json_t *nested;

	if (line.at == NT_TIME_NONE || line.at < context->begin || line.at > context->end)
		return;
	line.severity = seed_json_text(entry, "severity", &damage);
	line.source = seed_json_text(entry, "source", &damage);
	line.text = seed_json_text(entry, "content", &damage);
	nested = nested_entry(context, line.text, &damage);
	words = seed_json_text(nested, "msg", &damage);
	if (words.size)
		line.text = words;
	add_line(context, file, line);
	json_decref(nested);
}

static void read_log(struct context *context, struct file *file)
{
	struct bytes rest = file->text;

	for (unsigned count = 0; rest.size; count++) {
		struct bytes line = take_line(&rest);
		struct seed_json_damage damage = { 0 };
		size_t end;
		json_t *entry;

		if (count == LIMIT_LOG_LINES) {
			limit_hit(context->hits, LIMIT_LOG_LINES_HIT);
			return;
		}
		entry = seed_json_read(line, &end, context->hash_seed, &damage, context->hits);
		if (json_is_object(entry))
			read_entry(context, file, entry);
		json_decref(entry);
	}
}

/* ---- the whole ---- */

static int by_time(const void *a, const void *b)
{
	const struct context_line *x = a, *y = b;

	return x->at < y->at ? -1 : x->at > y->at;
}

static void read_file(struct context *context, struct file *file)
{
	if (file->shown.kind == log_kind) {
		read_log(context, file);
		if (file->shown.count)
			qsort(file->lines, file->shown.count, sizeof *file->lines, by_time);
	} else if (strcmp(file->shown.kind, "resolver") == 0 && file->text.at[0] == '{') {
		read_status(context, file);
	} else {
		read_plain(context, file);
	}
}

static nt_time moved(nt_time time, nt_time by)
{
	nt_time sum;

	return __builtin_add_overflow(time, by, &sum) ? time : sum;
}

void context_read(struct context *context, nt_time begin, nt_time end)
{
	context->begin = begin == NT_TIME_NONE ? INT64_MAX : moved(begin, -log_margin);
	context->end = end == NT_TIME_NONE ? INT64_MIN : moved(end, log_margin);
	for (size_t i = 0; i < context->count; i++)
		read_file(context, &context->files[i]);
}

size_t context_file_count(const struct context *context)
{
	return context ? context->count : 0;
}

const struct context_file *context_file(const struct context *context, size_t index)
{
	return &context->files[index].shown;
}
