/*
 * The IDs of one trace of the seed library, and ours for them: the same number for "tid-N" as far as it is free.
 */
#ifndef NETTRACE_CORRELATE_SEED_IDS_H
#define NETTRACE_CORRELATE_SEED_IDS_H

#include "store/base.h"
#include "store/trace_id.h"

/* Kinds of records, as bits. */
enum {
	SEED_IDS_DIAL = 1,
	SEED_IDS_TCP = 2,
	SEED_IDS_UDP = 4,
	SEED_IDS_CONN = SEED_IDS_TCP | SEED_IDS_UDP,
	SEED_IDS_DNS = 8,
	SEED_IDS_TLS = 16,
	SEED_IDS_HTTP = 32
};

struct seed_ids; /* handle */

struct seed_ids *seed_ids_new(void);
void seed_ids_free(struct seed_ids *ids);

/* `record` is whatever tells it apart; `text` must live as long as the IDs. */
void seed_ids_add(struct seed_ids *ids, const void *record, struct bytes text, unsigned kind);

/* When all are added: gives each record an ID, unique whatever their texts are.  Returns the largest. */
trace_id seed_ids_assign(struct seed_ids *ids);

trace_id seed_ids_of(const struct seed_ids *ids, const void *record);
trace_id seed_ids_find(const struct seed_ids *ids, struct bytes text, unsigned kinds); /* 0 if there is no such record */

#endif
