/*
 * Where packets come from: files (pcap, pcapng; plain, gzip or zstd; a pipe), memory, several inputs merged by time.
 *
 * Formats: pcap is draft-ietf-opsawg-pcap with the variants that libpcap reads (microseconds, nanoseconds, both byte orders, the
 * "modified" format of Kuznetzov's patch); pcapng is draft-ietf-opsawg-pcapng.  Neither the file nor any length in it is believed.
 *
 * Reading is one pass with large reads into one buffer per file; a packet is a view into that buffer.
 */
#ifndef NETTRACE_CAPTURE_SOURCE_H
#define NETTRACE_CAPTURE_SOURCE_H

#include "capture/packet.h"
#include "store/limits.h"

struct capture_source; /* handle */

/*
 * The damage that ended the reading of an input before its end; or, if none did, the first pcapng block whose content makes no
 * sense, which is left out (byte_offset and bytes_lost are its own then) while reading goes on.
 */
struct capture_damage {
	bool damaged;
	uint64_t byte_offset;   /* in the uncompressed input: where the first unreadable record begins */
	uint64_t packet_number; /* of the last packet that was read, 0 if none */
	uint64_t bytes_lost;    /* from there to the end of the input, as far as it could be read */
	char text[200];         /* what is wrong, e.g. "the last packet is cut: 1514 bytes announced, 812 there" */
};

/* What is known of one input after (or while) reading it. */
struct capture_input {
	const char *name;        /* path as given, "-" for standard input */
	const char *format;      /* "pcap", "pcapng", … ; "" before it is known */
	const char *compression; /* "gzip", "zstd" or "" */
	uint64_t packets;        /* read, whether or not a filter took them */
	uint64_t packets_cut;    /* packets of which the snaplen cut something */
	uint64_t bytes;          /* of the uncompressed input read so far */
	uint64_t bytes_on_disk;  /* bytes read from the file descriptor so far: for progress */
	uint64_t size_on_disk;   /* size of the file, 0 when it has none (a pipe) */
	uint64_t blocks_skipped; /* pcapng blocks of unknown or uninteresting types */
	uint64_t dropped;        /* packets that the capturing program says it lost (pcapng ISB, option isb_ifdrop/isb_osdrop) */
	nt_time first, last;     /* smallest and largest packet time, NT_TIME_NONE when there was none */
	struct capture_damage damage;
};

/* TLS key log lines out of a pcapng Decryption Secrets Block of type TLS Key Log (0x544c534b). */
struct capture_secrets {
	struct bytes *key_logs; /* each one block's text; views owned by the source */
	size_t count;
};

/*
 * Opens `count` inputs as one source that yields their packets ordered by time; packets of one input stay in the order of its file.
 * "-" is standard input.  On failure *out is NULL and *error names the input that could not be opened or is in no format that can be
 * read, and by which format it was recognised if it is one that nettrace refuses.
 * `hits` (may be NULL) must live as long as the source.
 */
enum nt_status capture_open(struct capture_source **out, const char *const *paths, size_t count, struct limit_hits *hits,
			    struct nt_error *error);

/* The same over bytes in memory, which must live as long as the source.  For tests and fuzzing. */
enum nt_status capture_open_memory(struct capture_source **out, const void *bytes, size_t size, struct limit_hits *hits,
				   struct nt_error *error);

/* A source without inputs, for capture_add_memory(). */
void capture_open_empty(struct capture_source **out, struct limit_hits *hits);

/*
 * One more input, of bytes that must live as long as the source; before the first packet is read.  On failure the source is as it was, and
 * *error as of capture_open().
 */
enum nt_status capture_add_memory(struct capture_source *source, const char *name, struct bytes bytes, struct nt_error *error);

/* Packets of the last input are of this link type, whatever its file says; before the first packet is read. */
void capture_set_link_type(struct capture_source *source, uint32_t link_type);

void capture_free(struct capture_source *source); /* NULL is fine */

/*
 * Compiles a pcap-filter(7) expression for every link type that comes; packets that do not match are counted as read but not yielded.
 * NT_EUSAGE with the compiler's words when it does not compile for Ethernet and for the first link type of an input.
 */
enum nt_status capture_set_filter(struct capture_source *source, const char *expression, struct nt_error *error);

/*
 * The next packet: NT_OK and *out filled, or NT_END.  Damage is no error here: it ends the input that it is in, and is found in
 * capture_input().  The view in *out lives until the next call.
 */
enum nt_status capture_next(struct capture_source *source, struct packet *out);

/*
 * For a signal handler: a read that waits for more (on a pipe) gives up, and its input ends there, undamaged.  The signal must have been
 * installed without SA_RESTART.  What can be read without waiting is still read: the caller stops calling capture_next().
 */
void capture_interrupt(void);

size_t capture_input_count(const struct capture_source *source);
const struct capture_input *capture_input(const struct capture_source *source, size_t index);
size_t capture_interface_count(const struct capture_source *source);
const struct capture_interface *capture_interface(const struct capture_source *source, size_t index);
uint64_t capture_filtered_out(const struct capture_source *source); /* packets that the filter did not take */

/*
 * The secrets seen so far.  Regular files are searched by capture_open() in a quick pass over block headers, so that secrets anywhere
 * in the file are known before its first packet; on a pipe they serve from where they stand.
 */
const struct capture_secrets *capture_secrets(const struct capture_source *source);

#endif
