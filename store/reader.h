/*
 * What a struct recording that reads consists of.  Internal to store/.
 *
 * No lock is held between two calls, as it would keep the writer from committing: rows are read in batches, and copied.
 */
#ifndef NETTRACE_STORE_READER_H
#define NETTRACE_STORE_READER_H

#include "store/order.h"
#include "store/recording_handle.h"

enum feed_kind { FEED_PACKETS, FEED_CONNTRACK, FEED_EVENTS, FEED_STATISTICS, FEEDS };

enum {
	BATCH_PACKETS = 256,
	BATCH_PACKET_BYTES = 512 * 1024, /* or one packet that is larger */
	BATCH_ENTRIES = 128
};

/* One table, row by row, in the order of time. */
struct feed {
	struct sql_statement keys, rows; /* both of a range of ids */
	struct order order;
	int64_t seen;              /* last id that was read */
	nt_time timed;             /* last time that was read: a row without one follows the row before it */
	enum nt_status keys_ended; /* why `order` is complete: NT_END or an error, which is told after the rows before it */
	struct nt_error keys_error;
	struct arena values;  /* what the rows point to, until the next batch */
	size_t next, count;   /* of the batch */
	enum nt_status ended; /* why the batch is not full: NT_OK, NT_END or an error, which is told after its rows */
	struct nt_error error;
};

struct stored_session {
	struct recording_session session;
	int64_t first_packet, disorder;
};

struct reader {
	struct limit_hits *hits;
	struct arena texts; /* of sessions */
	struct stored_session *sessions;
	size_t session_count;
	const struct stored_session *selected; /* NULL: none */
	int64_t end_packet;                    /* packets.id before which the session ends */

	struct arena interface_texts;
	struct recording_interface *interfaces;
	size_t interface_count;

	struct feed feeds[FEEDS];
	struct sql_statement nflog;
	struct buffer keys;
	struct recording_packet packets[BATCH_PACKETS];
	struct conntrack_entry entries[BATCH_ENTRIES];
};

/* The bytes of a recording's file, which must live as long as *out. */
enum nt_status recording_open_image(struct recording **out, struct bytes image, struct limit_hits *hits, struct nt_error *error);

char *reader_keep_text(struct arena *arena, struct sql_statement *s); /* a copy of the next column; NULL for NULL */

/* NT_EDAMAGED: a table has its rows in an order that no writer makes. */
enum nt_status reader_fail_order(const struct recording *r, struct nt_error *error);

void reader_free(struct reader *reader);

/* ---- reader_rows.c ---- */

enum nt_status reader_prepare_feeds(struct recording *r, struct nt_error *error);
void reader_start_feeds(struct reader *reader); /* at the first row of the selected session */
void reader_free_feeds(struct reader *reader);

#endif
