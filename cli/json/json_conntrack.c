#include "cli/json/json_trace.h"

void json_write_conntrack(struct json *json, const struct output *output, const struct conntrack_entry *entry)
{
	char status[CONNTRACK_STATUS_TEXT_SIZE];

	if (!entry)
		return;
	json_begin_object(json, "conntrack");
	json_put_timestamp(json, output, "capturedAt", entry->time);
	json_text(json, "status", conntrack_status_text(entry->status, status));
	if (entry->has_tcp_state)
		json_text(json, "tcpState", conntrack_tcp_state_text(entry->tcp_state));
	json_uint(json, "mark", entry->mark);
	json_put_tuple(json, "addrOrig", &entry->original);
	json_put_tuple(json, "addrReply", &entry->reply);
	json_uint(json, "packetsSent", entry->packets[0]);
	json_uint(json, "packetsRecv", entry->packets[1]);
	json_uint(json, "bytesSent", entry->bytes[0]);
	json_uint(json, "bytesRecv", entry->bytes[1]);
	json_end(json);
}

/* The counters are always there, as the seed's are: whether they count anything is said here. */
void json_put_conntrack_doubts(struct json *json, const struct conntrack_entry *entry)
{
	if (entry && !entry->has_counters)
		json_bool(json, "conntrackUncounted", true);
}
