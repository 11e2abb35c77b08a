#include "store/reader.h"

#include <string.h>

enum { BATCH_KEYS = 4096 };

static const char *const key_texts[FEEDS] = {
	[FEED_PACKETS] = "SELECT id, session, time_ns FROM packets NOT INDEXED WHERE id > ? AND id < ? ORDER BY id",
	[FEED_CONNTRACK] = "SELECT id, session, time_ns FROM conntrack NOT INDEXED WHERE id > ? AND id < ? ORDER BY id",
	[FEED_EVENTS] = "SELECT id, session, time_ns FROM events NOT INDEXED WHERE id > ? AND id < ? ORDER BY id",
	[FEED_STATISTICS] = "SELECT id, session, time_ns FROM statistics NOT INDEXED WHERE id > ? AND id < ? ORDER BY id",
};

static const char *const row_texts[FEEDS] = {
	[FEED_PACKETS] = "SELECT id, session, number, time_ns, interface, size, nflog, bytes"
			 " FROM packets NOT INDEXED WHERE id > ? AND id < ? ORDER BY id",
	[FEED_CONNTRACK] =
		"SELECT kind, time_ns, time_is_kernels, entry, zone, protocol, source, source_port, destination, destination_port,"
		" reply_source, reply_source_port, reply_destination, reply_destination_port, status, tcp_state, mark,"
		" packets, bytes, reply_packets, reply_bytes, start_ns, stop_ns, timeout_s"
		" FROM conntrack NOT INDEXED WHERE id > ? AND id < ? ORDER BY id",
	[FEED_EVENTS] = "SELECT time_ns, kind, subject, count, text FROM events NOT INDEXED WHERE id > ? AND id < ? ORDER BY id",
	[FEED_STATISTICS] = "SELECT time_ns, subject, received, captured, dropped_by_kernel, dropped_by_interface, lost"
			    " FROM statistics NOT INDEXED WHERE id > ? AND id < ? ORDER BY id",
};

enum nt_status reader_prepare_feeds(struct recording *r, struct nt_error *error)
{
	enum nt_status status =
		sql_prepare(&r->reader->nflog, r->sql,
			    "SELECT prefix, mark, uid, gid, hook, in_interface, out_interface FROM nflog NOT INDEXED"
			    " WHERE id = ?",
			    error);

	for (size_t i = 0; i < FEEDS && status == NT_OK; i++) {
		status = sql_prepare(&r->reader->feeds[i].keys, r->sql, key_texts[i], error);
		if (status == NT_OK)
			status = sql_prepare(&r->reader->feeds[i].rows, r->sql, row_texts[i], error);
	}
	return status;
}

void reader_free_feeds(struct reader *reader)
{
	sql_finalize(&reader->nflog);
	for (size_t i = 0; i < FEEDS; i++) {
		sql_finalize(&reader->feeds[i].keys);
		sql_finalize(&reader->feeds[i].rows);
		order_free(&reader->feeds[i].order);
		arena_free(&reader->feeds[i].values);
	}
}

/* Only packets are many; of the other tables all keys are sorted first. */
void reader_start_feeds(struct reader *reader)
{
	for (size_t i = 0; i < FEEDS; i++) {
		struct feed *feed = &reader->feeds[i];

		order_clear(&feed->order);
		feed->order.hits = reader->hits;
		feed->order.lag = i == FEED_PACKETS ? reader->selected->disorder : INT64_MAX;
		feed->seen = INT64_MIN;
		if (i == FEED_PACKETS && reader->selected->first_packet > INT64_MIN)
			feed->seen = reader->selected->first_packet - 1;
		feed->timed = NT_TIME_NONE;
		feed->next = feed->count = 0;
		feed->ended = NT_OK;
	}
}

/* ---- keys in the order of time ---- */

static void bind_range(struct sql_statement *s, int64_t after, int64_t before)
{
	sql_bind_int(s, after);
	sql_bind_int(s, before);
}

static enum nt_status add_keys(struct recording *r, struct feed *feed, int64_t end, struct nt_error *error)
{
	struct sql_statement *s = &feed->keys;
	int64_t session = r->reader->selected->session.id;
	enum nt_status status = NT_OK;

	bind_range(s, feed->seen, end);
	for (size_t i = 0; i < BATCH_KEYS && (status = sql_step(s, error)) == NT_OK; i++) {
		int64_t id = sql_take_int(s), of = sql_take_int(s);
		nt_time time = sql_take_time(s);

		if (id <= feed->seen) {
			status = reader_fail_order(r, error);
			break;
		}
		feed->seen = id;
		if (of != session)
			continue;
		if (time != NT_TIME_NONE)
			feed->timed = time;
		order_add(&feed->order, (struct order_key){ feed->timed, id });
	}
	sql_reset(s);
	return status;
}

static enum nt_status next_id(struct recording *r, struct feed *feed, int64_t *id)
{
	int64_t end = feed == &r->reader->feeds[FEED_PACKETS] ? r->reader->end_packet : INT64_MAX;

	while (!order_take(&feed->order, id)) {
		if (feed->order.complete) {
			feed->order.complete = false; /* a later call finds what was written meanwhile */
			feed->error = feed->keys_error;
			return feed->keys_ended;
		}
		feed->keys_ended = add_keys(r, feed, end, &feed->keys_error);
		feed->order.complete = feed->keys_ended != NT_OK;
	}
	return NT_OK;
}

/* ---- batches ---- */

static enum nt_status tell_end(struct feed *feed, struct nt_error *error)
{
	enum nt_status status = feed->ended;

	feed->ended = NT_OK;
	if (status < 0 && error)
		*error = feed->error;
	return status;
}

/* Steps to row `id`; NT_END if it is gone since its key was read. */
static enum nt_status step_to(struct feed *feed, int64_t id)
{
	bind_range(&feed->rows, id - 1, id + 1);
	return sql_step(&feed->rows, &feed->error);
}

static const struct recording_nflog *take_nflog(struct recording *r, struct feed *feed, int64_t id)
{
	struct sql_statement *s = &r->reader->nflog;
	struct recording_nflog *nflog;

	sql_bind_int(s, id);
	if (sql_step(s, NULL) != NT_OK)
		return NULL;
	nflog = arena_zalloc(&feed->values, sizeof *nflog);
	nflog->prefix = reader_keep_text(&feed->values, s);
	nflog->mark = (uint32_t)sql_take_int(s);
	nflog->has_uid = !sql_next_is_null(s);
	nflog->uid = (uint32_t)sql_take_int(s);
	nflog->has_gid = !sql_next_is_null(s);
	nflog->gid = (uint32_t)sql_take_int(s);
	nflog->hook = (uint8_t)sql_take_int(s);
	nflog->in_interface = (uint32_t)sql_take_int(s);
	nflog->out_interface = (uint32_t)sql_take_int(s);
	sql_reset(s);
	return nflog;
}

/* The first two columns, id and session, were taken. */
static void take_packet(struct recording *r, struct feed *feed)
{
	struct sql_statement *s = &feed->rows;
	struct recording_packet *packet = &r->reader->packets[feed->count++];
	bool has_nflog;
	int64_t nflog;
	struct bytes bytes;

	packet->number = (uint64_t)sql_take_int(s);
	packet->time = sql_take_time(s);
	packet->interface = (uint32_t)sql_take_int(s);
	packet->size = (uint32_t)sql_take_int(s);
	has_nflog = !sql_next_is_null(s);
	nflog = sql_take_int(s);
	bytes = arena_copy(&feed->values, sql_take_bytes(s));
	packet->data = bytes.at;
	packet->captured = (uint32_t)bytes.size;
	if (packet->size < packet->captured)
		packet->size = packet->captured;
	packet->nflog = has_nflog ? take_nflog(r, feed, nflog) : NULL;
}

static bool batch_has_room(const struct feed *feed)
{
	return feed->count < BATCH_PACKETS && feed->values.used < BATCH_PACKET_BYTES;
}

/* The rows are in order as they are. */
static enum nt_status read_range(struct recording *r, struct feed *feed)
{
	struct sql_statement *s = &feed->rows;
	enum nt_status status = NT_OK;

	bind_range(s, feed->seen, r->reader->end_packet);
	while (batch_has_room(feed) && (status = sql_step(s, &feed->error)) == NT_OK) {
		int64_t id = sql_take_int(s), session = sql_take_int(s);

		if (id <= feed->seen) {
			status = reader_fail_order(r, &feed->error);
			break;
		}
		feed->seen = id;
		if (session == r->reader->selected->session.id)
			take_packet(r, feed);
	}
	sql_reset(s);
	return status;
}

static enum nt_status read_ordered(struct recording *r, struct feed *feed)
{
	enum nt_status status = NT_OK;
	int64_t id;

	while (batch_has_room(feed) && (status = next_id(r, feed, &id)) == NT_OK) {
		status = step_to(feed, id);
		if (status == NT_OK) {
			(void)sql_take_int(&feed->rows);
			(void)sql_take_int(&feed->rows);
			take_packet(r, feed);
			sql_reset(&feed->rows);
		} else if (status != NT_END) {
			break;
		}
	}
	return status;
}

/* One transaction, as each would take and release locks again. */
static enum nt_status read_batch(struct recording *r, struct feed *feed, enum nt_status (*read)(struct recording *, struct feed *))
{
	enum nt_status status;

	arena_clear(&feed->values);
	feed->next = feed->count = 0;
	status = sql_begin(r->sql, &feed->error);
	if (status != NT_OK)
		return status;
	status = read(r, feed);
	sql_rollback(r->sql); /* nothing was changed */
	return status;
}

/* Whether there is a row in the batch; else tells why not. */
static enum nt_status have_row(struct recording *r, struct feed *feed, enum nt_status (*read)(struct recording *, struct feed *),
			       struct nt_error *error)
{
	if (!r->reader->selected)
		return NT_END;
	if (feed->next < feed->count)
		return NT_OK;
	if (feed->ended != NT_OK)
		return tell_end(feed, error);
	feed->ended = read_batch(r, feed, read);
	return feed->count > 0 ? NT_OK : tell_end(feed, error);
}

enum nt_status recording_next_packet(struct recording *r, struct recording_packet *out, struct nt_error *error)
{
	struct feed *feed = &r->reader->feeds[FEED_PACKETS];
	enum nt_status status = have_row(r, feed, feed->order.lag ? read_ordered : read_range, error);

	if (status == NT_OK)
		*out = r->reader->packets[feed->next++];
	return status;
}

/* ---- conntrack ---- */

static bool take_end(struct sql_statement *s, uint8_t *ip_version, struct ip_address *address, uint16_t *port)
{
	const char *text = sql_take_text(s);
	bool good = text && ip_address_parse(text, ip_version, address);

	*port = (uint16_t)sql_take_int(s);
	return good;
}

/* A tuple without good addresses is one without addresses. */
static void take_tuple(struct sql_statement *s, struct address_tuple *tuple)
{
	uint8_t source = 0, destination = 0;
	bool good = take_end(s, &source, &tuple->source, &tuple->source_port);

	good = take_end(s, &destination, &tuple->destination, &tuple->destination_port) && good && source == destination;
	tuple->ip_version = good ? source : 0;
}

static void take_entry(struct sql_statement *s, struct conntrack_entry *entry)
{
	memset(entry, 0, sizeof *entry);
	entry->kind = (enum conntrack_kind)sql_take_int(s);
	entry->time = sql_take_time(s);
	entry->time_is_kernels = sql_take_int(s) != 0;
	entry->id = (uint32_t)sql_take_int(s);
	entry->zone = (uint16_t)sql_take_int(s);
	entry->protocol = (uint8_t)sql_take_int(s);
	take_tuple(s, &entry->original);
	take_tuple(s, &entry->reply);
	entry->status = (uint32_t)sql_take_int(s);
	entry->has_tcp_state = !sql_next_is_null(s);
	entry->tcp_state = (enum conntrack_tcp_state)sql_take_int(s);
	entry->mark = (uint32_t)sql_take_int(s);
	entry->has_counters = !sql_next_is_null(s);
	for (size_t i = 0; i < 2; i++) {
		entry->packets[i] = (uint64_t)sql_take_int(s);
		entry->bytes[i] = (uint64_t)sql_take_int(s);
	}
	entry->start = sql_take_time(s);
	entry->stop = sql_take_time(s);
	entry->timeout_s = (uint32_t)sql_take_int(s);
}

static bool entry_is_good(const struct conntrack_entry *entry)
{
	return (unsigned)entry->kind <= CONNTRACK_DUMP && (unsigned)entry->tcp_state <= CONNTRACK_TCP_SYN_SENT2;
}

static enum nt_status read_entries(struct recording *r, struct feed *feed)
{
	enum nt_status status = NT_OK;
	int64_t id;

	while (feed->count < BATCH_ENTRIES && (status = next_id(r, feed, &id)) == NT_OK) {
		struct conntrack_entry *entry = &r->reader->entries[feed->count];

		status = step_to(feed, id);
		if (status == NT_END)
			continue;
		if (status != NT_OK)
			break;
		take_entry(&feed->rows, entry);
		sql_reset(&feed->rows);
		if (!entry_is_good(entry))
			return nt_fail(&feed->error, NT_EDAMAGED, "%s: row %lld of its table \"conntrack\" is damaged",
				       sql_path(r->sql), (long long)id);
		feed->count++;
	}
	return status;
}

enum nt_status recording_next_conntrack(struct recording *r, struct conntrack_entry *out, struct nt_error *error)
{
	struct feed *feed = &r->reader->feeds[FEED_CONNTRACK];
	enum nt_status status = have_row(r, feed, read_entries, error);

	if (status == NT_OK)
		*out = r->reader->entries[feed->next++];
	return status;
}

/* ---- events and statistics: few, one by one ---- */

static enum nt_status step_next(struct recording *r, struct feed *feed)
{
	enum nt_status status;
	int64_t id;

	do {
		status = next_id(r, feed, &id);
		if (status != NT_OK)
			return status;
		status = step_to(feed, id);
	} while (status == NT_END);
	return status;
}

static enum nt_status next_single(struct recording *r, struct feed *feed, struct nt_error *error)
{
	if (!r->reader->selected)
		return NT_END;
	arena_clear(&feed->values);
	feed->ended = step_next(r, feed);
	return feed->ended == NT_OK ? NT_OK : tell_end(feed, error);
}

enum nt_status recording_next_event(struct recording *r, struct recording_event *out, struct nt_error *error)
{
	struct feed *feed = &r->reader->feeds[FEED_EVENTS];
	struct sql_statement *s = &feed->rows;
	enum nt_status status = next_single(r, feed, error);

	if (status != NT_OK)
		return status;
	out->time = sql_take_time(s);
	out->kind = reader_keep_text(&feed->values, s);
	out->subject = reader_keep_text(&feed->values, s);
	out->count = sql_take_int(s);
	out->text = reader_keep_text(&feed->values, s);
	sql_reset(s);
	return NT_OK;
}

enum nt_status recording_next_statistics(struct recording *r, struct recording_statistics *out, struct nt_error *error)
{
	struct feed *feed = &r->reader->feeds[FEED_STATISTICS];
	struct sql_statement *s = &feed->rows;
	enum nt_status status = next_single(r, feed, error);

	if (status != NT_OK)
		return status;
	out->time = sql_take_time(s);
	out->subject = reader_keep_text(&feed->values, s);
	out->received = (uint64_t)sql_take_int(s);
	out->captured = (uint64_t)sql_take_int(s);
	out->dropped_by_kernel = (uint64_t)sql_take_int(s);
	out->dropped_by_interface = (uint64_t)sql_take_int(s);
	out->lost = (uint64_t)sql_take_int(s);
	sql_reset(s);
	return NT_OK;
}
