/*
 * The bytes of a recording's file: every session, every row.
 */
#include "store/reader.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

static void read_rows(struct recording *r)
{
	struct recording_packet packet;
	struct conntrack_entry entry;
	struct recording_event event;
	struct recording_statistics statistics;
	char text[CONNTRACK_STATUS_TEXT_SIZE];
	struct bytes keys;
	unsigned sum = 0;

	while (recording_next_packet(r, &packet, NULL) == NT_OK)
		for (uint32_t i = 0; i < packet.captured; i++)
			sum += packet.data[i];
	while (recording_next_conntrack(r, &entry, NULL) == NT_OK)
		sum += (unsigned)strlen(conntrack_status_text(entry.status, text));
	while (recording_next_event(r, &event, NULL) == NT_OK)
		sum += event.text ? (unsigned)strlen(event.text) : 0;
	while (recording_next_statistics(r, &statistics, NULL) == NT_OK)
		sum += (unsigned)statistics.lost;
	(void)recording_keys(r, &keys, NULL);
	if (keys.size > LIMIT_SECRETS || sum == UINT32_MAX)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct recording *r;

	(void)recording_looks_like((struct bytes){ data, size });
	if (size == 0 || recording_open_image(&r, (struct bytes){ data, size }, NULL, NULL) != NT_OK)
		return 0;
	for (size_t i = 0; i < recording_session_count(r) && i < 4; i++)
		if (recording_select(r, recording_session(r, i)->id, NULL) == NT_OK)
			read_rows(r);
	(void)recording_close(r, NULL);
	return 0;
}
