#include "store/base.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum nt_status nt_fail(struct nt_error *error, enum nt_status status, const char *format, ...)
{
	va_list args;

	if (!error)
		return status;
	error->status = status;
	va_start(args, format);
	vsnprintf(error->text, sizeof error->text, format, args);
	va_end(args);
	return status;
}

const char *nt_status_text(enum nt_status status)
{
	switch (status) {
#define X(name, value, text) \
	case name: \
		return text;
		NT_STATUS_LIST(X)
#undef X
	}
	return "unknown status";
}

/* ---- memory ---- */

static void (*out_of_memory)(void) = abort;

void nt_set_out_of_memory(void (*handler)(void))
{
	out_of_memory = handler;
}

static void *must(void *memory)
{
	if (!memory) {
		out_of_memory();
		abort(); /* a handler that returns has no memory to go on with */
	}
	return memory;
}

void *nt_alloc(size_t size)
{
	return must(malloc(size ? size : 1));
}

void *nt_zalloc(size_t size)
{
	return must(calloc(1, size ? size : 1));
}

void *nt_realloc(void *old, size_t size)
{
	return must(realloc(old, size ? size : 1));
}

void *nt_realloc_array(void *old, size_t count, size_t size)
{
	return must(reallocarray(old, count ? count : 1, size));
}

char *nt_strdup(const char *text)
{
	return must(strdup(text));
}

/* ---- arena ---- */

enum { ARENA_FIRST_CHUNK = 64, ARENA_LARGEST_CHUNK = 64 * 1024 };

struct arena_chunk {
	struct arena_chunk *older;
	size_t used, capacity;
	_Alignas(max_align_t) uint8_t memory[];
};

static void add_chunk(struct arena *arena, size_t size)
{
	size_t capacity = arena->chunks ? arena->chunks->capacity * 2 : ARENA_FIRST_CHUNK;
	struct arena_chunk *chunk;

	if (capacity > ARENA_LARGEST_CHUNK)
		capacity = ARENA_LARGEST_CHUNK;
	if (capacity < size)
		capacity = size;
	chunk = nt_alloc(sizeof *chunk + capacity);
	chunk->older = arena->chunks;
	chunk->used = 0;
	chunk->capacity = capacity;
	arena->chunks = chunk;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	const size_t align = _Alignof(max_align_t);
	struct arena_chunk *chunk = arena->chunks;
	void *object;

	if (size > SIZE_MAX / 2) {
		out_of_memory();
		abort();
	}
	size = (size + align - 1) / align * align;
	if (!chunk || chunk->capacity - chunk->used < size) {
		add_chunk(arena, size);
		chunk = arena->chunks;
	}
	object = chunk->memory + chunk->used;
	chunk->used += size;
	arena->used += size;
	return object;
}

void *arena_zalloc(struct arena *arena, size_t size)
{
	return memset(arena_alloc(arena, size), 0, size);
}

struct bytes arena_copy(struct arena *arena, struct bytes source)
{
	uint8_t *copy = arena_alloc(arena, source.size + 1);

	if (source.size)
		memcpy(copy, source.at, source.size);
	copy[source.size] = 0;
	return (struct bytes){ copy, source.size };
}

char *arena_string(struct arena *arena, struct bytes source)
{
	return (char *)arena_copy(arena, source).at;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args;
	int size;
	char *text;

	va_start(args, format);
	size = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (size < 0)
		size = 0;
	text = arena_alloc(arena, (size_t)size + 1);
	text[0] = 0;
	va_start(args, format);
	vsnprintf(text, (size_t)size + 1, format, args);
	va_end(args);
	return text;
}

static void free_chunks(struct arena_chunk *chunk)
{
	while (chunk) {
		struct arena_chunk *older = chunk->older;

		free(chunk);
		chunk = older;
	}
}

void arena_clear(struct arena *arena)
{
	if (arena->chunks) {
		free_chunks(arena->chunks->older);
		arena->chunks->older = NULL;
		arena->chunks->used = 0;
	}
	arena->used = 0;
}

void arena_free(struct arena *arena)
{
	free_chunks(arena->chunks);
	arena->chunks = NULL;
	arena->used = 0;
}

/* ---- buffer ---- */

bool buffer_add(struct buffer *buffer, const void *bytes, size_t size)
{
	if (size > buffer->max || buffer->size > buffer->max - size)
		return false;
	if (buffer->capacity - buffer->size < size) {
		size_t want = buffer->capacity ? buffer->capacity * 2 : 256;

		if (want < buffer->size + size)
			want = buffer->size + size;
		buffer->at = nt_realloc(buffer->at, want);
		buffer->capacity = want;
	}
	if (size)
		memcpy(buffer->at + buffer->size, bytes, size);
	buffer->size += size;
	return true;
}

void buffer_drop_front(struct buffer *buffer, size_t size)
{
	if (size >= buffer->size) {
		buffer->size = 0;
		return;
	}
	memmove(buffer->at, buffer->at + size, buffer->size - size);
	buffer->size -= size;
}

void buffer_clear(struct buffer *buffer)
{
	buffer->size = 0;
}

void buffer_free(struct buffer *buffer)
{
	free(buffer->at);
	buffer->at = NULL;
	buffer->size = buffer->capacity = 0;
}
