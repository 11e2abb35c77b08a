#include "cli/library/records.h"

#include <string.h>

void *record_room(struct nettrace *trace, size_t size)
{
	return arena_zalloc(&trace->views, size);
}

struct nettrace_text record_text(struct nettrace *trace, struct bytes source)
{
	if (!source.size)
		return (struct nettrace_text){ "", 0 };
	return (struct nettrace_text){ (const char *)arena_copy(&trace->views, source).at, source.size };
}

const char *record_string(struct nettrace *trace, const char *text)
{
	return text ? arena_string(&trace->views, bytes_of(text)) : "";
}

const struct nettrace_text *record_texts(struct nettrace *trace, const struct bytes *source, size_t count)
{
	struct nettrace_text *texts = record_room(trace, (count + 1) * sizeof *texts);

	for (size_t i = 0; i < count; i++)
		texts[i] = record_text(trace, source[i]);
	return texts;
}

struct nettrace_packet record_packet(struct packet_ref ref)
{
	return (struct nettrace_packet){ .number = ref.number, .input = ref.file };
}

struct nettrace_endpoint record_endpoint(struct nettrace *trace, uint8_t ip_version, const struct ip_address *address,
					 uint16_t port)
{
	struct nettrace_endpoint end = { .ip_version = ip_version, .address_text = "" };
	char written[IP_ADDRESS_TEXT_SIZE];

	if (!ip_version)
		return end;
	memcpy(end.address, address->bytes, sizeof end.address);
	end.address_text = record_string(trace, ip_address_text(ip_version, address, written));
	end.port = port;
	return end;
}

const struct nettrace_go_trace *record_go_trace(struct nettrace *trace, const struct trace_seed *seed)
{
	struct nettrace_go_trace *told;
	const char **filled;

	if (!seed)
		return NULL;
	told = record_room(trace, sizeof *told);
	filled = record_room(trace, TRACE_SEED_MEMBER_COUNT * sizeof *filled);
	for (int member = 0; member < TRACE_SEED_MEMBER_COUNT; member++)
		if (!seed->alone && seed->filled & UINT32_C(1) << member)
			filled[told->filled_count++] = trace_seed_member_text((enum trace_seed_member)member);
	told->id = seed->id;
	told->input = seed->input;
	told->alone = seed->alone;
	told->filled = filled;
	told->error = record_text(trace, seed->error);
	return told;
}
