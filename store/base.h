/*
 * What every part of nettrace shares: status codes, byte views, memory.
 *
 * This is the one header that all folders may include.  It knows nothing of packets, records or SQL.
 *
 * Ownership comes in four kinds, told apart by type: a view (struct bytes, struct cursor) is never freed; a value is copied by
 * assignment; a handle has _new and _free; an arena object lives until its arena is cleared.
 */
#ifndef NETTRACE_STORE_BASE_H
#define NETTRACE_STORE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

/* The first column is the code, the second the general sentence; the particular sentence is in struct nt_error. */
#define NT_STATUS_LIST(X) \
	X(NT_OK, 0, "done") \
	X(NT_END, 1, "end of input") \
	X(NT_AGAIN, 2, "nothing more at the moment") \
	X(NT_EUSAGE, -1, "wrong use") \
	X(NT_EIO, -2, "reading or writing failed") \
	X(NT_EFORMAT, -3, "not a format that can be read") \
	X(NT_EDAMAGED, -4, "the input is damaged or cut") \
	X(NT_ELIMIT, -5, "a limit was reached") \
	X(NT_ENOTSUP, -6, "not supported")

enum nt_status {
#define X(name, value, text) name = value,
	NT_STATUS_LIST(X)
#undef X
};

/* The sentence for the user: what was tried, on what, what went wrong, what to do.  No newline at the end. */
struct nt_error {
	enum nt_status status;
	char text[480];
};

/* Fills *error (which may be NULL) and returns `status`, so that callers can write `return nt_fail(...)`. */
enum nt_status nt_fail(struct nt_error *error, enum nt_status status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

const char *nt_status_text(enum nt_status status);

/* Whether this is built with a sanitizer that watches memory: it must see what is freed, and needs more of the kernel. */
#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define NT_MEMORY_WATCHED 1
#else
#define NT_MEMORY_WATCHED 0
#endif

/* ---- time ---- */

/* Nanoseconds since 1970-01-01T00:00:00Z.  Any other value is a real time, negative ones too. */
typedef int64_t nt_time;
#define NT_TIME_NONE INT64_MIN
#define NT_SECOND INT64_C(1000000000)
#define NT_MILLISECOND INT64_C(1000000)
#define NT_MICROSECOND INT64_C(1000)

/* ---- memory ----
 * Out of memory ends the run: these never return NULL.  cli/ installs the handler that says so to the user; without one the process
 * aborts.
 */
void nt_set_out_of_memory(void (*handler)(void));
void *nt_alloc(size_t size);  /* uninitialised; free() it */
void *nt_zalloc(size_t size); /* zeroed; free() it */
void *nt_realloc(void *old, size_t size);
void *nt_realloc_array(void *old, size_t count, size_t size); /* overflow of count * size is out of memory */
char *nt_strdup(const char *text);

/* Bytes that somebody else owns.  `at` may be NULL when size is 0.  Not terminated. */
struct bytes {
	const uint8_t *at;
	size_t size;
};

#define BYTES(literal) ((struct bytes){ (const uint8_t *)(literal), sizeof(literal) - 1 })

static inline struct bytes bytes_of(const char *text) /* without the final 0; NULL gives the empty view */
{
	return (struct bytes){ (const uint8_t *)text, text ? strlen(text) : 0 };
}

static inline bool bytes_equal(struct bytes a, struct bytes b)
{
	return a.size == b.size && (a.size == 0 || memcmp(a.at, b.at, a.size) == 0);
}

static inline bool bytes_equal_nocase(struct bytes a, struct bytes b) /* ASCII only */
{
	return a.size == b.size && (a.size == 0 || strncasecmp((const char *)a.at, (const char *)b.at, a.size) == 0);
}

/* Many small objects that are freed together.  Zeroed memory is an empty arena with the default budget. */
struct arena {
	struct arena_chunk *chunks; /* newest first */
	size_t used;                /* bytes handed out since the last clear */
};

void *arena_alloc(struct arena *arena, size_t size);               /* aligned for any type, uninitialised */
void *arena_zalloc(struct arena *arena, size_t size);              /* zeroed */
struct bytes arena_copy(struct arena *arena, struct bytes source); /* the copy is followed by a 0 that is not counted */
char *arena_string(struct arena *arena, struct bytes source);      /* terminated copy; bytes of value 0 are kept as they are */
char *arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
void arena_clear(struct arena *arena); /* forgets all objects, keeps one chunk for reuse */
void arena_free(struct arena *arena);  /* gives everything back; the arena is empty and usable again */

/* A growing run of bytes with a maximum.  Zeroed memory plus `max` is an empty buffer. */
struct buffer {
	uint8_t *at;
	size_t size, capacity;
	size_t max; /* bytes; set where the buffer is created */
};

bool buffer_add(struct buffer *buffer, const void *bytes, size_t size); /* false, and unchanged, when it would exceed max */
void buffer_drop_front(struct buffer *buffer, size_t size);
void buffer_clear(struct buffer *buffer); /* size 0, memory kept */
void buffer_free(struct buffer *buffer);  /* memory given back, max kept */

#endif
