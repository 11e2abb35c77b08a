/*
 * What the capture as a whole lacks, and what a reader of the other findings must therefore know.
 */
#include "correlate/diagnose.h"

static void note_truncated_packets(struct correlator *c)
{
	const struct correlate_stats *stats = &c->stats;
	struct finding *f;

	if (!stats->cut_packets)
		return;
	f = finding_begin(c, FINDING_CAPTURE_TRUNCATED_PACKETS, stats->first_packet_time);
	if (stats->cut_packets == stats->packets)
		finding_say(f, "All packets");
	else
		finding_say(f, "%llu of %llu packets", (unsigned long long)stats->cut_packets, (unsigned long long)stats->packets);
	finding_say(f, " were cut by the snaplen: what stood in the missing bytes is not known.");
	finding_packet(f, stats->first_cut_packet, "the first packet that was cut");
}

static void note_loss(struct correlator *c)
{
	struct finding *f;

	if (!capture_lost_much(c))
		return;
	f = finding_begin(c, FINDING_CAPTURE_DROPPED_PACKETS, c->stats.first_packet_time);
	finding_say(
		f,
		"The capture lacks packets: %llu bytes were acknowledged that are not in it, beside %llu that are. What looks like "
		"loss or silence may be that.",
		(unsigned long long)c->bytes_lost, (unsigned long long)c->bytes_seen);
	finding_packet(f, c->lost_packet, "a packet that proves such bytes");
}

static void note_fragments(struct correlator *c)
{
	const struct correlate_stats *stats = &c->stats;
	struct finding *f;

	if (!stats->fragments)
		return;
	f = finding_begin(c, FINDING_IP_FRAGMENTS, stats->first_packet_time);
	finding_say(f, "%llu packets were IP fragments: %llu datagrams were whole", (unsigned long long)stats->fragments,
		    (unsigned long long)stats->datagrams_reassembled);
	if (stats->skipped.fragments_unfinished)
		finding_say(f, ", of %llu a fragment is missing", (unsigned long long)stats->skipped.fragments_unfinished);
	finding_say(f, ".");
	finding_packet(f, stats->first_fragment_packet, "the first fragment");
}

/* RFC 4963, RFC 5722: of datagrams that share an identification by chance, or of somebody who hides what he sends. */
static void warn_of_conflicting_fragments(struct correlator *c)
{
	const struct correlate_stats *stats = &c->stats;
	struct finding *f;

	if (!stats->fragments_conflicting)
		return;
	f = finding_begin(c, FINDING_IP_CONFLICTING_FRAGMENTS, stats->first_packet_time);
	finding_say(f,
		    "%llu IP fragments brought other bytes than came before for the same place in the datagram. The first copy is "
		    "what is "
		    "shown here, and no such datagram of IPv6 is. Either two datagrams have the same identification, or somebody "
		    "forges "
		    "fragments.",
		    (unsigned long long)stats->fragments_conflicting);
	finding_packet(f, stats->conflicting_fragment_packet, "a fragment with other content");
}

static void note_clock(struct correlator *c)
{
	const struct correlate_stats *stats = &c->stats;
	char text[24];
	struct finding *f;

	/* Packets of several queues overtake each other by a little: that is no clock that went backwards. */
	if (stats->largest_step_back < NT_SECOND)
		return;
	f = finding_begin(c, FINDING_CLOCK_WENT_BACKWARDS, stats->first_packet_time);
	finding_say(f, "The clock of the capture went back by up to %s: times and durations across that moment are wrong.",
		    duration_text(stats->largest_step_back, text));
	finding_packet(f, stats->step_back_packet, "a packet that is older than the one before it");
}

static void note_one_direction(struct correlator *c)
{
	struct finding *f;

	if (c->one_sided == 0 || c->two_sided)
		return;
	f = finding_begin(c, FINDING_CAPTURE_ONE_DIRECTION_ONLY, c->stats.first_packet_time);
	finding_say(f, "Of every connection only one direction was captured: what the other side said is not known.");
	finding_packet(f, c->one_sided_packet, "a packet of a connection without its other direction");
}

void correlator_note_capture(struct correlator *c, enum finding_code code, nt_time at, struct packet_ref packet,
			     const char *sentence)
{
	struct finding *f = finding_begin(c, code, at);

	finding_say(f, "%s", sentence);
	finding_packet(f, packet, "the last packet before it");
}

void diagnose_capture(struct correlator *c)
{
	note_truncated_packets(c);
	note_loss(c);
	note_fragments(c);
	warn_of_conflicting_fragments(c);
	note_clock(c);
	note_one_direction(c);
}
