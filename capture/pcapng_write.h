/*
 * Writes packets as a pcapng file (draft-ietf-opsawg-pcapng): one section, times in nanoseconds, interfaces described when their first
 * packet comes, TLS secrets as blocks of their own.
 *
 * A write error sticks: all that follows is dropped, and pcapng_writer_finish() reports it.
 */
#ifndef NETTRACE_CAPTURE_PCAPNG_WRITE_H
#define NETTRACE_CAPTURE_PCAPNG_WRITE_H

#include "capture/packet.h"

#include <stdio.h>

struct pcapng_writer; /* handle */

/* Writes the head of the file.  `application` names the writing program. */
struct pcapng_writer *pcapng_writer_new(FILE *out, const char *application);
void pcapng_writer_free(struct pcapng_writer *writer); /* NULL is fine; does not close the file */

/* Lines of an NSS key log, for the packets that come after; nothing for none.  Many make several blocks, each of whole lines. */
void pcapng_writer_keys(struct pcapng_writer *writer, struct bytes key_log);

/* A packet without a time gets that of the one before it; one from before 1970, which the format cannot tell, becomes of 1970. */
void pcapng_writer_packet(struct pcapng_writer *writer, const struct packet *packet);

uint64_t pcapng_writer_packets(const struct pcapng_writer *writer); /* written so far */

/* Writes what is still buffered.  false if this or any write before it failed; errno tells why. */
bool pcapng_writer_finish(struct pcapng_writer *writer);

#endif
