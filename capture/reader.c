#include "capture/reader.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what all inputs share ---- */

void capture_lists_drop_interface(struct capture_lists *lists)
{
	struct capture_interface *last = lists->interfaces[--lists->interface_count];

	free(last->name);
	free(last->description);
	free(last);
}

void capture_lists_free(struct capture_lists *lists)
{
	while (lists->interface_count)
		capture_lists_drop_interface(lists);
	free(lists->interfaces);
	for (size_t i = 0; i < lists->secrets.count; i++)
		free((void *)lists->secrets.key_logs[i].at);
	free(lists->secrets.key_logs);
	*lists = (struct capture_lists){ .hits = lists->hits };
}

static size_t grown(size_t capacity)
{
	return capacity ? capacity * 2 : 8;
}

struct capture_interface *reader_add_interface(struct reader *r, uint32_t link_type, uint32_t snaplen)
{
	struct capture_lists *lists = r->lists;
	struct capture_interface *interface;

	if (r->interface_count >= LIMIT_INTERFACES) {
		limit_hit(lists->hits, LIMIT_INTERFACES_HIT);
		return NULL;
	}
	if (lists->interface_count == lists->interface_capacity) {
		lists->interface_capacity = grown(lists->interface_capacity);
		lists->interfaces =
			nt_realloc_array(lists->interfaces, lists->interface_capacity, sizeof(struct capture_interface *));
	}
	interface = nt_zalloc(sizeof *interface);
	interface->id = (uint32_t)lists->interface_count;
	interface->file = r->file;
	interface->link_type = link_type;
	interface->snaplen = snaplen;
	lists->interfaces[lists->interface_count++] = interface;
	r->interface_count++;
	return interface;
}

void reader_add_secret(struct reader *r, struct bytes text)
{
	enum { OVERHEAD = 64 }; /* what keeping even a tiny block costs */
	struct capture_lists *lists = r->lists;
	uint8_t *copy;

	if (text.size == 0)
		return;
	if (text.size + OVERHEAD > LIMIT_SECRETS - r->secrets_size) {
		limit_hit(lists->hits, LIMIT_SECRETS_HIT);
		return;
	}
	if (lists->secrets.count == lists->secrets_capacity) {
		lists->secrets_capacity = grown(lists->secrets_capacity);
		lists->secrets.key_logs = nt_realloc_array(lists->secrets.key_logs, lists->secrets_capacity, sizeof(struct bytes));
	}
	copy = nt_alloc(text.size);
	memcpy(copy, text.at, text.size);
	lists->secrets.key_logs[lists->secrets.count++] = (struct bytes){ copy, text.size };
	r->secrets_size += text.size + OVERHEAD;
}

/* ---- opening ---- */

static enum nt_status not_a_capture(const struct reader *r, struct nt_error *error)
{
	const struct bytes first = { r->bytes.at, r->bytes.left };
	struct shown_name name = input_show_name(r->info.name);
	const char *refused = formats_refused(first);
	char hex[16] = "";

	if (refused)
		return nt_fail(error, NT_EFORMAT, "cannot read %s: it is %s", name.text, refused);
	for (size_t i = 0; i < first.size && i < 4; i++) {
		size_t used = strlen(hex);

		snprintf(hex + used, sizeof hex - used, i ? " %02x" : "%02x", first.at[i]);
	}
	return nt_fail(error, NT_EFORMAT, "cannot read %s: it is not a capture file (first bytes: %s); give a pcap or pcapng file",
		       name.text, hex);
}

/* Less than the four bytes that tell a format, because there are no more or because they cannot be had. */
static enum nt_status too_little(const struct reader *r, struct nt_error *error)
{
	struct shown_name name = input_show_name(r->info.name);
	const char *failure = input_failure(&r->bytes);
	size_t left = r->bytes.left;

	if (failure)
		return nt_fail(error, NT_EDAMAGED, "cannot read %s: %s after %zu bytes; fetch or record it again", name.text,
			       failure, left);
	if (left == 0)
		return nt_fail(error, NT_EFORMAT, "cannot read %s: it is empty; check that the capture was written", name.text);
	return not_a_capture(r, error);
}

static enum nt_status find_format(struct reader *r, struct nt_error *error)
{
	enum { LOOK_AT = 512 }; /* the first block of a tar archive */
	static const struct reader_format *const formats[] = { &pcap_format, &pcapng_format };
	const struct bytes first = { r->bytes.at, r->bytes.left };
	const struct decoder_kind *nested = decoder_recognise(first);
	struct shown_name name = input_show_name(r->info.name);

	if (nested)
		return nt_fail(error, NT_EFORMAT, "cannot read %s: it is compressed twice (%s inside %s); decompress it once first",
			       name.text, decoder_kind_name(nested), input_compression(&r->bytes));
	for (size_t i = 0; i < sizeof formats / sizeof *formats && !r->format; i++)
		if (formats[i]->recognises(first))
			r->format = formats[i];
	if (r->format)
		return NT_OK;
	/* On a pipe more than four bytes may be long in coming: they are waited for only to name what is refused. */
	(void)input_need(&r->bytes, LOOK_AT);
	return not_a_capture(r, error);
}

enum nt_status reader_open(struct reader *r, struct nt_error *error)
{
	enum nt_status status;

	r->info.compression = input_compression(&r->bytes);
	r->info.format = "";
	r->info.first = r->info.last = NT_TIME_NONE;
	r->info.size_on_disk = input_size_on_disk(&r->bytes);
	if (!input_need(&r->bytes, 4))
		return too_little(r, error);
	status = find_format(r, error);
	if (status != NT_OK)
		return status;
	r->info.format = r->format->name;
	return r->format->open(r, error);
}

void reader_close(struct reader *r)
{
	if (r->format)
		r->format->close(r);
	r->format = NULL;
	input_close(&r->bytes);
}

/* ---- reading ---- */

bool reader_next(struct reader *r, struct packet *out)
{
	if (r->ended)
		return false;
	r->ended = !r->format->next(r, out);
	return !r->ended;
}

void reader_count_packet(struct reader *r, struct packet *packet, uint32_t fcs)
{
	struct capture_input *info = &r->info;

	packet->size = packet->size > fcs ? packet->size - fcs : 0;
	if (packet->captured > packet->size)
		packet->captured = packet->size;
	packet->number = ++info->packets;
	info->packets_cut += packet->captured < packet->size;
	if (packet->time == NT_TIME_NONE)
		return;
	if (info->first == NT_TIME_NONE || packet->time < info->first)
		info->first = packet->time;
	if (packet->time > info->last) /* NT_TIME_NONE is the smallest value */
		info->last = packet->time;
}

static void write_damage(struct reader *r, uint64_t offset, uint64_t lost, const char *format, va_list args)
{
	struct capture_damage *damage = &r->info.damage;

	damage->damaged = true;
	damage->byte_offset = offset;
	damage->packet_number = r->info.packets;
	damage->bytes_lost = lost;
	vsnprintf(damage->text, sizeof damage->text, format, args);
}

static uint64_t lost_from(struct reader *r, uint64_t offset)
{
	uint64_t passed = r->bytes.offset - offset;

	return passed + input_drain(&r->bytes);
}

bool reader_end_damaged(struct reader *r, uint64_t offset, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	write_damage(r, offset, lost_from(r, offset), format, args);
	va_end(args);
	return false;
}

bool reader_end_cut(struct reader *r, uint64_t offset, const char *format, ...)
{
	const char *failure = input_failure(&r->bytes);
	va_list args;

	if (r->bytes.raw.interrupted)
		return false; /* the user cut it, not the file */
	va_start(args, format);
	write_damage(r, offset, lost_from(r, offset), format, args);
	va_end(args);
	if (failure)
		snprintf(r->info.damage.text, sizeof r->info.damage.text, "%s", failure);
	return false;
}

void reader_note_damage(struct reader *r, uint64_t offset, uint64_t size, const char *format, ...)
{
	va_list args;

	if (r->info.damage.damaged)
		return;
	va_start(args, format);
	write_damage(r, offset, size, format, args);
	va_end(args);
}
