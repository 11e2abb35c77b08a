#include "cli/agent/record.h"

#include <string.h>

enum kind { PACKET, PACKET_WITH_NFLOG, CONNTRACK, KEYS, EVENT, STATISTICS };

/* Pointers in a record lead to what follows it in the ring. */
struct packet_record {
	enum kind kind;
	struct recording_packet packet;
};

struct nflog_record {
	enum kind kind;
	struct recording_packet packet;
	struct recording_nflog nflog;
};

struct conntrack_record {
	enum kind kind;
	struct conntrack_entry entry;
};

struct keys_record {
	enum kind kind;
	struct bytes lines;
};

struct event_record {
	enum kind kind;
	struct recording_event event;
};

struct statistics_record {
	enum kind kind;
	struct recording_statistics statistics;
};

/* ---- putting ---- */

static size_t text_size(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

/* Copies a text to *at, behind which the next one goes. */
static const char *keep_text(uint8_t **at, const char *text)
{
	size_t size = text_size(text);
	char *kept = (char *)*at;

	if (!text)
		return NULL;
	memcpy(kept, text, size);
	*at += size;
	return kept;
}

static const uint8_t *keep_bytes(void *at, const uint8_t *bytes, size_t size)
{
	return size ? memcpy(at, bytes, size) : at;
}

static bool put_with_nflog(struct ring *ring, const struct recording_packet *packet)
{
	struct nflog_record *record = ring_reserve(ring, sizeof *record + text_size(packet->nflog->prefix) + packet->captured);
	uint8_t *at;

	if (!record)
		return false;
	at = (uint8_t *)(record + 1);
	record->kind = PACKET_WITH_NFLOG;
	record->packet = *packet;
	record->nflog = *packet->nflog;
	record->nflog.prefix = keep_text(&at, packet->nflog->prefix);
	record->packet.nflog = &record->nflog;
	record->packet.data = keep_bytes(at, packet->data, packet->captured);
	ring_commit(ring);
	return true;
}

bool record_packet(struct ring *ring, const struct recording_packet *packet)
{
	struct recording_packet cut = *packet;
	struct packet_record *record;

	if (cut.captured > RECORD_LARGEST)
		cut.captured = RECORD_LARGEST;
	if (cut.nflog)
		return put_with_nflog(ring, &cut);
	record = ring_reserve(ring, sizeof *record + cut.captured);
	if (!record)
		return false;
	record->kind = PACKET;
	record->packet = cut;
	record->packet.data = keep_bytes(record + 1, packet->data, cut.captured);
	ring_commit(ring);
	return true;
}

bool record_conntrack(struct ring *ring, const struct conntrack_entry *entry)
{
	struct conntrack_record *record = ring_reserve(ring, sizeof *record);

	if (!record)
		return false;
	*record = (struct conntrack_record){ CONNTRACK, *entry };
	ring_commit(ring);
	return true;
}

static bool put_keys(struct ring *ring, struct bytes lines)
{
	struct keys_record *record = ring_reserve(ring, sizeof *record + lines.size);

	if (!record)
		return false;
	memcpy(record + 1, lines.at, lines.size);
	*record = (struct keys_record){ KEYS, { (const uint8_t *)(record + 1), lines.size } };
	ring_commit(ring);
	return true;
}

/* Cut behind a line, if there is one that short. */
static size_t part_of(struct bytes lines)
{
	const uint8_t *end;

	if (lines.size <= RECORD_LARGEST)
		return lines.size;
	end = memrchr(lines.at, '\n', RECORD_LARGEST);
	return end ? (size_t)(end - lines.at) + 1 : RECORD_LARGEST;
}

bool record_keys(struct ring *ring, struct bytes lines)
{
	while (lines.size > 0) {
		size_t part = part_of(lines);

		if (!put_keys(ring, (struct bytes){ lines.at, part }))
			return false;
		lines.at += part;
		lines.size -= part;
	}
	return true;
}

bool record_event(struct ring *ring, const struct recording_event *event)
{
	size_t texts = text_size(event->kind) + text_size(event->subject) + text_size(event->text);
	struct event_record *record = ring_reserve(ring, sizeof *record + texts);
	uint8_t *at;

	if (!record)
		return false;
	at = (uint8_t *)(record + 1);
	*record = (struct event_record){ EVENT, *event };
	record->event.kind = keep_text(&at, event->kind);
	record->event.subject = keep_text(&at, event->subject);
	record->event.text = keep_text(&at, event->text);
	ring_commit(ring);
	return true;
}

bool record_statistics(struct ring *ring, const struct recording_statistics *statistics)
{
	struct statistics_record *record = ring_reserve(ring, sizeof *record + text_size(statistics->subject));
	uint8_t *at;

	if (!record)
		return false;
	at = (uint8_t *)(record + 1);
	*record = (struct statistics_record){ STATISTICS, *statistics };
	record->statistics.subject = keep_text(&at, statistics->subject);
	ring_commit(ring);
	return true;
}

/* ---- taking ---- */

nt_time record_time(const void *record)
{
	switch (*(const enum kind *)record) {
	case PACKET:
	case PACKET_WITH_NFLOG:
		return ((const struct packet_record *)record)->packet.time;
	case CONNTRACK:
		return ((const struct conntrack_record *)record)->entry.time;
	case EVENT:
		return ((const struct event_record *)record)->event.time;
	case STATISTICS:
		return ((const struct statistics_record *)record)->statistics.time;
	case KEYS:
		break;
	}
	return NT_TIME_NONE;
}

enum nt_status record_write(struct recording *recording, const void *record, struct nt_error *error)
{
	switch (*(const enum kind *)record) {
	case PACKET:
		return recording_put_packet(recording, &((const struct packet_record *)record)->packet, error);
	case PACKET_WITH_NFLOG:
		return recording_put_packet(recording, &((const struct nflog_record *)record)->packet, error);
	case CONNTRACK:
		return recording_put_conntrack(recording, &((const struct conntrack_record *)record)->entry, error);
	case KEYS:
		return recording_put_keys(recording, ((const struct keys_record *)record)->lines, error);
	case EVENT:
		return recording_put_event(recording, &((const struct event_record *)record)->event, error);
	case STATISTICS:
		return recording_put_statistics(recording, &((const struct statistics_record *)record)->statistics, error);
	}
	return NT_OK;
}
