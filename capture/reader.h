/*
 * Reading one input in one format: what the formats fill in, and what they call.
 */
#ifndef NETTRACE_CAPTURE_READER_H
#define NETTRACE_CAPTURE_READER_H

#include "capture/input.h"
#include "capture/source.h"

/* What all inputs of a source add to. */
struct capture_lists {
	struct capture_interface **interfaces; /* each its own object: packets point to them */
	size_t interface_count, interface_capacity;
	struct capture_secrets secrets;
	size_t secrets_capacity;
	struct limit_hits *hits;
};

void capture_lists_drop_interface(struct capture_lists *lists); /* the last one */
void capture_lists_free(struct capture_lists *lists);

struct reader {
	const struct reader_format *format;
	struct input bytes;
	struct capture_input info;
	struct capture_lists *lists;
	uint32_t file;            /* index of the input */
	uint32_t interface_count; /* of this input */
	uint64_t secrets_size;    /* of this input, counted against LIMIT_SECRETS */
	bool ended;
	void *state; /* the format's own */
};

struct reader_format {
	const char *name;
	bool (*recognises)(struct bytes first); /* at least 4 bytes, unless the input is shorter */
	/* Reads the head of the file.  On failure `state` is left so that close() can be called. */
	enum nt_status (*open)(struct reader *r, struct nt_error *error);
	bool (*next)(struct reader *r, struct packet *out); /* false at the end; damage is in info.damage then */
	void (*close)(struct reader *r);
};

extern const struct reader_format pcap_format, pcapng_format;

/* What the first bytes of a file that cannot be read are, as "a Sun snoop capture; …", or NULL when they are nothing known. */
const char *formats_refused(struct bytes first);

/*
 * Finds out the format of the opened r->bytes and reads its head.  r->info.name, lists and file are set before.  After failure,
 * too, reader_close() is due.
 */
enum nt_status reader_open(struct reader *r, struct nt_error *error);
bool reader_next(struct reader *r, struct packet *out);
void reader_close(struct reader *r);

/* ---- for the formats ---- */

/* NULL when this input has too many already, which is counted. */
struct capture_interface *reader_add_interface(struct reader *r, uint32_t link_type, uint32_t snaplen);
void reader_add_secret(struct reader *r, struct bytes text);

/* Counts a packet that was read and cuts `fcs` bytes of frame check sequence off its end; numbers it. */
void reader_count_packet(struct reader *r, struct packet *packet, uint32_t fcs);

/* The input ends here: the record that begins at `offset` makes no sense.  Yields false. */
bool reader_end_damaged(struct reader *r, uint64_t offset, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The same where the bytes ended within the record.  Why they did, if reading or decompressing failed, goes before the text. */
bool reader_end_cut(struct reader *r, uint64_t offset, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* `size` bytes at `offset` are damaged and left out, reading goes on.  The first such note stays unless damage ends the input. */
void reader_note_damage(struct reader *r, uint64_t offset, uint64_t size, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#endif
