/*
 * The packets of the trace as a pcapng file (-w FILE).
 */
#ifndef NETTRACE_CLI_PACKETS_OUT_H
#define NETTRACE_CLI_PACKETS_OUT_H

#include "capture/packet.h"
#include "cli/outfile.h"

/* Zeroed: nothing is written. */
struct packets_out {
	struct outfile file;
	struct pcapng_writer *writer; /* NULL: nothing is written */
	size_t keys_written;          /* bytes of all key log lines */
};

enum nt_status packets_out_open(struct packets_out *out, const char *path, struct nt_error *error);

/* `keys` is all that is known by now: what is new of it goes in front of the packet. */
void packets_out_add(struct packets_out *out, const struct packet *packet, struct bytes keys);

/* As outfile_finish(); NT_OK if nothing was to be written. */
enum nt_status packets_out_finish(struct packets_out *out, struct nt_error *error);
void packets_out_clear(struct packets_out *out);

#endif
