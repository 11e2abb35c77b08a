/*
 * From packets to trace records: flows, TCP streams, the exchanges in them, and the dials that they belong to.
 *
 * The correlator is fed packets in the order of time and hands finished records to a sink.  Its memory grows with the open flows, not with
 * the number of packets.
 */
#ifndef NETTRACE_CORRELATE_CORRELATE_H
#define NETTRACE_CORRELATE_CORRELATE_H

#include "capture/packet.h"
#include "dissect/net/net.h"
#include "dissect/tls/keylog.h"
#include "dissect/tls/verify.h"
#include "store/conntrack.h"
#include "store/limits.h"
#include "store/trace.h"

struct correlate_prefix {
	uint8_t ip_version;
	struct ip_address address;
	uint8_t bits;
};

enum correlate_headers { CORRELATE_HEADERS_NONE, CORRELATE_HEADERS_NAMES, CORRELATE_HEADERS_LENGTHS, CORRELATE_HEADERS_VALUES };

struct correlate_options {
	/* Hosts that are clients: only their connections are reported.  None: all. */
	const struct correlate_prefix *clients;
	size_t client_count;
	enum correlate_headers headers;
	const char *const *excluded_headers; /* names; case does not matter */
	size_t excluded_header_count;
	bool secrets;                    /* credentials in header values and URLs are shown */
	bool no_app_protocol;            /* nDPI is not asked */
	bool no_fingerprints;            /* JA3 and JA4 of tunnels stay empty */
	const struct tls_keylog *keylog; /* NULL: nothing is decrypted */
	struct verifier *verifier;       /* NULL: chains are not verified */
	uint64_t hash_seed;              /* keys the tables, so that nobody can prepare collisions */
};

/* Packets that could not be used, by reason. */
struct correlate_skipped {
	uint64_t not_ip, unknown, cut, malformed, too_deep, fragments_unfinished, other_protocol;
};

struct correlate_unknown {
	enum net_registry registry;
	uint32_t number;
	uint64_t packets;
};

struct correlate_stats {
	uint64_t packets, ip_packets, tcp_packets, udp_packets, icmp_packets;
	uint64_t cut_packets; /* packets of which the snaplen cut something */
	uint64_t fragments, datagrams_reassembled;
	uint64_t fragments_conflicting; /* with other bytes than another fragment had brought for the same place */
	struct correlate_skipped skipped;
	struct correlate_unknown unknown[64]; /* LIMIT_UNKNOWN_KINDS */
	size_t unknown_count;
	nt_time first_packet_time; /* of the first packet: where the trace begins */
	nt_time smallest_time, largest_time;
	struct packet_ref first_cut_packet, first_fragment_packet, conflicting_fragment_packet, step_back_packet;
	nt_time largest_step_back;    /* nanoseconds */
	uint64_t time_went_backwards; /* packets older than one before them */
};

struct correlator; /* handle */

/* Options are copied except the arrays they point to, which must live as long as the correlator, as must `sink`, `context` and `hits`. */
struct correlator *correlator_new(const struct correlate_options *options, const struct trace_sink *sink, void *context,
				  struct limit_hits *hits);
void correlator_free(struct correlator *correlator); /* NULL is fine; what is unfinished is not reported */

/* Whether the packet belongs to a connection that is reported, as far as that is known by now; fragments are taken on trust. */
bool correlator_packet(struct correlator *correlator, const struct packet *packet);

/* What connection tracking told, in the order of time with the packets; it is joined to connections when they end. */
void correlator_conntrack(struct correlator *correlator, const struct conntrack_entry *entry);

/*
 * Something that the capture lacks, as the caller knows from its source: damage of a file, packets or conntrack events that were lost.
 * `packet`: the last one before it, or number 0; `sentence` is the finding's message.
 */
void correlator_note_capture(struct correlator *correlator, enum finding_code code, nt_time at, struct packet_ref packet,
			     const char *sentence);

/* Reports all that is still open.  Only correlator_free() may follow. */
void correlator_finish(struct correlator *correlator);

const struct correlate_stats *correlator_stats(const struct correlator *correlator);

#endif
