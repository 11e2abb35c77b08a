/*
 * Hostile variants of captures: what a fuzzer or a soak makes of a good file.
 *
 * Everything is drawn from one generator, so that the same seed gives the same bytes.
 */
#ifndef NETTRACE_TESTS_SUPPORT_MUTATE_H
#define NETTRACE_TESTS_SUPPORT_MUTATE_H

#include "store/base.h"

/* A generator of numbers that can be had again; its whole state is one number. */
struct dice {
	uint64_t state;
};

uint64_t dice_roll(struct dice *dice);               /* 64 random bits */
size_t dice_below(struct dice *dice, size_t count);  /* 0 … count-1; 0 if there are none */
uint64_t dice_seed(uint64_t seed, const char *text); /* a state that differs for every text */

/* Where the records of a pcap file or the blocks of a pcapng file stand, as far as their lengths make sense. */
struct capture_layout {
	bool is_pcapng, swapped; /* swapped: the other byte order than this machine's */
	size_t record_header;    /* of pcap: 16, or 24 in the "modified" format */
	size_t *at;              /* count + 1 offsets: the last is the end of the last record */
	size_t count;
};

/* `count` is 0 for what is in neither format.  For pcap the file header is before at[0]. */
struct capture_layout capture_layout_of(struct bytes file);
void capture_layout_free(struct capture_layout *layout);

/*
 * One change to what is in *file: bits, bytes, lengths, times, a longer or shorter payload; records twice, gone, at another's place.  Its
 * max is respected.  Nothing comes of nothing.
 */
void mutate(struct buffer *file, struct dice *dice);

/* Clears the TCP checksums, as before a network card has filled them in: a segment with a wrong one is not looked into. */
void mutate_checksums(struct buffer *file);

/* The payload of one packet over TCP or UDP; false if none is found where it was looked for. */
bool mutate_find_payload(const struct buffer *file, struct dice *dice, struct bytes *payload);

/* Puts bytes in its place, if there are any.  In pcap the lengths of record, IP and UDP follow; in pcapng not more than there was are put. */
void mutate_replace_payload(struct buffer *file, struct bytes payload, struct bytes bytes);

#endif
