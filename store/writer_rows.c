#include "store/recording_handle.h"

#include <stdlib.h>
#include <string.h>

enum { KEYS_PIECE = 1024 * 1024 };

enum nt_status recording_put_interface(struct recording *r, const struct recording_interface *interface, struct nt_error *error)
{
	struct sql_statement *s = writer_row(r, WRITE_INTERFACE, error);

	if (!s)
		return writer_no_row(r);
	sql_bind_int(s, r->writer->now.session);
	sql_bind_int(s, interface->id);
	sql_bind_text(s, interface->name);
	sql_bind_text(s, interface->description);
	sql_bind_int(s, interface->link_type);
	sql_bind_int(s, interface->snaplen);
	return writer_put(r, s, 0, error);
}

/* ---- NFLOG: packets of one rule and socket share a row ---- */

void writer_forget_nflog(struct writer *w)
{
	for (size_t i = 0; i < NFLOG_CACHE; i++)
		free(w->nflog[i].prefix);
	memset(w->nflog, 0, sizeof w->nflog);
	w->nflog_next = 0;
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_nflog(const struct recording_nflog *a, const struct recording_nflog *b)
{
	return a->mark == b->mark && a->has_uid == b->has_uid && a->has_gid == b->has_gid && (!a->has_uid || a->uid == b->uid) &&
	       (!a->has_gid || a->gid == b->gid) && a->hook == b->hook && a->in_interface == b->in_interface &&
	       a->out_interface == b->out_interface && same_text(a->prefix, b->prefix);
}

static int64_t find_nflog(const struct writer *w, const struct recording_nflog *nflog)
{
	for (size_t i = 0; i < NFLOG_CACHE; i++)
		if (w->nflog[i].id && same_nflog(&w->nflog[i].nflog, nflog))
			return w->nflog[i].id;
	return 0;
}

static void remember_nflog(struct writer *w, int64_t id, const struct recording_nflog *nflog)
{
	struct nflog_cached *slot = &w->nflog[w->nflog_next];

	w->nflog_next = (w->nflog_next + 1) % NFLOG_CACHE;
	free(slot->prefix);
	slot->prefix = nflog->prefix ? nt_strdup(nflog->prefix) : NULL;
	slot->nflog = *nflog;
	slot->nflog.prefix = slot->prefix;
	slot->id = id;
}

static enum nt_status put_nflog(struct recording *r, const struct recording_nflog *nflog, int64_t *id, struct nt_error *error)
{
	struct sql_statement *s = &r->writer->statements[WRITE_NFLOG];
	enum nt_status status;

	*id = find_nflog(r->writer, nflog);
	if (*id)
		return NT_OK;
	sql_bind_int(s, r->writer->now.session);
	sql_bind_text(s, nflog->prefix);
	sql_bind_int(s, nflog->mark);
	sql_bind_optional(s, nflog->has_uid, nflog->uid);
	sql_bind_optional(s, nflog->has_gid, nflog->gid);
	sql_bind_int(s, nflog->hook);
	sql_bind_int(s, nflog->in_interface);
	sql_bind_int(s, nflog->out_interface);
	status = writer_do(r, s, error);
	if (status != NT_OK)
		return status;
	*id = sql_last_id(r->sql);
	remember_nflog(r->writer, *id, nflog);
	return NT_OK;
}

/* ---- packets ---- */

/* Rounded up to 2^n - 1, so that it changes a few times at most. */
static int64_t round_up(int64_t lag)
{
	int64_t bound = 1023;

	while (bound < lag)
		bound = bound > INT64_MAX / 2 ? INT64_MAX : bound * 2 + 1;
	return bound;
}

/* The reader has to look as far ahead as packets are late. */
static enum nt_status note_disorder(struct recording *r, nt_time time, struct nt_error *error)
{
	struct write_state *now = &r->writer->now;
	struct sql_statement *s = &r->writer->statements[WRITE_DISORDER];
	int64_t lag;

	if (time == NT_TIME_NONE)
		return NT_OK;
	if (!now->has_newest || time >= now->newest) {
		now->has_newest = true;
		now->newest = time;
		return NT_OK;
	}
	if (__builtin_sub_overflow(now->newest, time, &lag))
		lag = INT64_MAX;
	if (lag <= now->disorder)
		return NT_OK;
	now->disorder = round_up(lag);
	sql_bind_int(s, now->disorder);
	sql_bind_int(s, now->session);
	return writer_do(r, s, error);
}

enum nt_status recording_put_packet(struct recording *r, const struct recording_packet *packet, struct nt_error *error)
{
	struct sql_statement *s = writer_row(r, WRITE_PACKET, error);
	struct write_state *now = &r->writer->now;
	int64_t nflog = 0;
	enum nt_status status;

	if (!s)
		return writer_no_row(r);
	if (packet->captured > LIMIT_PACKET_SIZE)
		return nt_fail(error, NT_ELIMIT, "%s: a packet of %u bytes is too large to be kept", r->writer->path,
			       packet->captured);
	status = note_disorder(r, packet->time, error);
	if (status == NT_OK && packet->nflog)
		status = put_nflog(r, packet->nflog, &nflog, error);
	if (status != NT_OK)
		return status;
	sql_bind_int(s, now->next_id++);
	sql_bind_int(s, now->session);
	sql_bind_int(s, (int64_t)++now->number);
	sql_bind_time(s, packet->time);
	sql_bind_int(s, packet->interface);
	sql_bind_int(s, packet->captured);
	sql_bind_int(s, packet->size);
	sql_bind_optional(s, nflog != 0, nflog);
	sql_bind_bytes(s, (struct bytes){ packet->data, packet->captured });
	now->packet_bytes += packet->captured;
	return writer_put(r, s, packet->captured, error);
}

uint64_t recording_packet_bytes(const struct recording *r)
{
	return r->writer ? r->writer->now.packet_bytes : 0;
}

/* ---- everything else ---- */

static void bind_end(struct sql_statement *s, uint8_t ip_version, const struct ip_address *address, uint16_t port, char *text)
{
	if (ip_version == 4 || ip_version == 6)
		sql_bind_text(s, ip_address_text(ip_version, address, text));
	else
		sql_bind_null(s);
	sql_bind_int(s, port);
}

/* `texts` has to live until the statement was run. */
static void bind_tuple(struct sql_statement *s, const struct address_tuple *tuple, char texts[2][IP_ADDRESS_TEXT_SIZE])
{
	bind_end(s, tuple->ip_version, &tuple->source, tuple->source_port, texts[0]);
	bind_end(s, tuple->ip_version, &tuple->destination, tuple->destination_port, texts[1]);
}

enum nt_status recording_put_conntrack(struct recording *r, const struct conntrack_entry *entry, struct nt_error *error)
{
	struct sql_statement *s = writer_row(r, WRITE_CONNTRACK, error);
	char original[2][IP_ADDRESS_TEXT_SIZE], reply[2][IP_ADDRESS_TEXT_SIZE];

	if (!s)
		return writer_no_row(r);
	sql_bind_int(s, r->writer->now.session);
	sql_bind_int(s, entry->kind);
	sql_bind_time(s, entry->time);
	sql_bind_int(s, entry->time_is_kernels);
	sql_bind_int(s, entry->id);
	sql_bind_int(s, entry->zone);
	sql_bind_int(s, entry->protocol);
	bind_tuple(s, &entry->original, original);
	bind_tuple(s, &entry->reply, reply);
	sql_bind_int(s, entry->status);
	sql_bind_optional(s, entry->has_tcp_state, entry->tcp_state);
	sql_bind_int(s, entry->mark);
	for (size_t i = 0; i < 2; i++) {
		sql_bind_optional(s, entry->has_counters, (int64_t)entry->packets[i]);
		sql_bind_optional(s, entry->has_counters, (int64_t)entry->bytes[i]);
	}
	sql_bind_time(s, entry->start);
	sql_bind_time(s, entry->stop);
	sql_bind_int(s, entry->timeout_s);
	return writer_put(r, s, 0, error);
}

enum nt_status recording_put_keys(struct recording *r, struct bytes key_log_lines, struct nt_error *error)
{
	struct sql_statement *s = writer_row(r, WRITE_KEYS, error);
	enum nt_status status = NT_OK;

	if (!s)
		return writer_no_row(r);
	while (key_log_lines.size > 0 && status == NT_OK) {
		size_t size = key_log_lines.size < KEYS_PIECE ? key_log_lines.size : KEYS_PIECE;

		sql_bind_int(s, r->writer->now.session);
		sql_bind_bytes(s, (struct bytes){ key_log_lines.at, size });
		status = writer_put(r, s, size, error);
		key_log_lines.at += size;
		key_log_lines.size -= size;
	}
	return status;
}

enum nt_status recording_put_event(struct recording *r, const struct recording_event *event, struct nt_error *error)
{
	struct sql_statement *s = writer_row(r, WRITE_EVENT, error);

	if (!s)
		return writer_no_row(r);
	sql_bind_int(s, r->writer->now.session);
	sql_bind_time(s, event->time);
	sql_bind_text(s, event->kind);
	sql_bind_text(s, event->subject);
	sql_bind_int(s, event->count);
	sql_bind_text(s, event->text);
	return writer_put(r, s, 0, error);
}

enum nt_status recording_put_statistics(struct recording *r, const struct recording_statistics *statistics, struct nt_error *error)
{
	struct sql_statement *s = writer_row(r, WRITE_STATISTICS, error);

	if (!s)
		return writer_no_row(r);
	sql_bind_int(s, r->writer->now.session);
	sql_bind_time(s, statistics->time);
	sql_bind_text(s, statistics->subject);
	sql_bind_int(s, (int64_t)statistics->received);
	sql_bind_int(s, (int64_t)statistics->captured);
	sql_bind_int(s, (int64_t)statistics->dropped_by_kernel);
	sql_bind_int(s, (int64_t)statistics->dropped_by_interface);
	sql_bind_int(s, (int64_t)statistics->lost);
	return writer_put(r, s, 0, error);
}

/* ---- the ring ---- */

struct trim {
	int64_t end;    /* packets.id before which everything goes */
	uint64_t bytes; /* that go */
	int64_t packets;
	nt_time last;  /* time of the last that goes */
	int64_t nflog; /* largest nflog.id of them, 0: none */
};

static enum nt_status find_oldest(struct recording *r, uint64_t bytes, struct trim *trim, struct nt_error *error)
{
	struct write_state *now = &r->writer->now;
	struct sql_statement *s = &r->writer->statements[WRITE_OLDEST];
	enum nt_status status = NT_OK;
	int64_t nflog;

	sql_bind_int(s, now->first_id);
	sql_bind_int(s, now->next_id);
	while (now->packet_bytes - trim->bytes > bytes && (status = sql_step(s, error)) == NT_OK) {
		trim->end = sql_take_int(s) + 1;
		trim->bytes += (uint64_t)sql_take_int(s);
		trim->last = sql_take_time(s);
		nflog = sql_take_int(s);
		trim->nflog = nflog > trim->nflog ? nflog : trim->nflog;
		trim->packets++;
	}
	sql_reset(s);
	return status == NT_END ? NT_OK : status;
}

/* One event for the session, which grows: a ring may turn for weeks. */
static enum nt_status count_trimmed(struct recording *r, const struct trim *trim, struct nt_error *error)
{
	struct write_state *now = &r->writer->now;
	struct sql_statement *s = &r->writer->statements[WRITE_TRIM_EVENT];
	enum nt_status status;

	now->trimmed += trim->packets;
	if (now->trim_event == 0) {
		status = recording_put_event(
			r,
			&(struct recording_event){
				.time = trim->last,
				.kind = "ring-dropped",
				.count = now->trimmed,
				.text = "the oldest packets were dropped to stay within the size limit, up to this time",
			},
			error);
		if (status == NT_OK)
			now->trim_event = sql_last_id(r->sql);
		return status;
	}
	sql_bind_time(s, trim->last);
	sql_bind_int(s, now->trimmed);
	sql_bind_int(s, now->trim_event);
	return writer_put(r, s, 0, error);
}

/* A packet is told with one of the last NFLOG_CACHE rows: none that stays refers to a row so long before one of those that go. */
static enum nt_status trim_nflog(struct recording *r, const struct trim *trim, struct nt_error *error)
{
	struct write_state *now = &r->writer->now;
	struct sql_statement *s = &r->writer->statements[WRITE_TRIM_NFLOG];
	int64_t last = trim->nflog - NFLOG_CACHE;

	if (last <= now->nflog_trimmed)
		return NT_OK;
	sql_bind_int(s, now->nflog_trimmed);
	sql_bind_int(s, last);
	sql_bind_int(s, now->session);
	now->nflog_trimmed = last;
	return writer_do(r, s, error);
}

/* A sixteenth more than asked for goes, so that a full ring is not trimmed at every packet.  SQLite reuses the pages. */
enum nt_status recording_trim(struct recording *r, uint64_t bytes, struct nt_error *error)
{
	struct write_state *now = &r->writer->now;
	struct trim trim = { .end = now->first_id };
	struct sql_statement *s;
	enum nt_status status;

	if (now->packet_bytes <= bytes)
		return NT_OK;
	s = writer_row(r, WRITE_TRIM, error);
	if (!s)
		return writer_no_row(r);
	status = find_oldest(r, bytes - bytes / 16, &trim, error);
	if (status != NT_OK)
		return writer_give_up(r, status, error);
	sql_bind_int(s, now->first_id);
	sql_bind_int(s, trim.end);
	status = writer_do(r, s, error);
	if (status != NT_OK)
		return status;
	now->packet_bytes -= trim.bytes;
	now->first_id = trim.end;
	status = trim_nflog(r, &trim, error);
	return status == NT_OK ? count_trimmed(r, &trim, error) : status;
}
