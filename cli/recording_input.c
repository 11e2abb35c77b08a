#include "cli/recording_input.h"

#include "capture/filter.h"
#include "cli/text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct recording_input {
	struct recording *recording;
	char *name;
	struct filter *filter;
	struct output_recording about;
	struct capture_interface *interfaces;
	uint32_t *interface_ids; /* of the recording, in the same order */
	struct recording_event *events;
	struct recording_statistics *statistics;
	struct arena texts; /* of events and statistics */
	struct limit_hits *hits;
};

bool recording_input_is(const char *path)
{
	uint8_t start[128];
	struct stat about;
	ssize_t size;
	int fd;

	if (strcmp(path, "-") == 0 || stat(path, &about) != 0 || !S_ISREG(about.st_mode))
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	size = read(fd, start, sizeof start);
	close(fd);
	return size >= 72 && recording_looks_like((struct bytes){ start, (size_t)size });
}

/* ---- which session ---- */

static void list_session(const struct recording_session *session, bool secrets, const struct notes *notes)
{
	char begin[TEXT_SIZE], duration[TEXT_SIZE], *command = session->command ? text_command(session->command, secrets) : NULL;

	text_time(session->begin, begin);
	if (session->end == NT_TIME_NONE)
		snprintf(duration, sizeof duration, "without an end");
	else
		text_between(session->begin, session->end, duration);
	notes_add(notes, NOTE_OF_FAILURE, "session %" PRId64 ": %s, %s%s%s%s%s", session->id, begin, duration,
		  session->host ? ", on " : "", session->host ? session->host : "", command ? ": " : "", command ? command : "");
	free(command);
}

static enum nt_status ask_for_session(const struct recording_input *input, bool secrets, const struct notes *notes,
				      struct nt_error *error)
{
	size_t count = recording_session_count(input->recording);

	for (size_t i = 0; i < count; i++)
		list_session(recording_session(input->recording, i), secrets, notes);
	return nt_fail(error, NT_EUSAGE, "%s holds %zu sessions; choose one with --session N or --session last", input->name,
		       count);
}

static const struct recording_session *find_session(const struct recording *recording, const char *text)
{
	size_t count = recording_session_count(recording);
	int64_t id;
	char *end;

	if (!text || strcmp(text, "last") == 0)
		return recording_session(recording, count - 1);
	errno = 0;
	id = strtoll(text, &end, 10);
	for (size_t i = 0; i < count && !errno && *text && !*end; i++)
		if (recording_session(recording, i)->id == id)
			return recording_session(recording, i);
	return NULL;
}

static enum nt_status choose_session(struct recording_input *input, const char *text, bool secrets, const struct notes *notes,
				     struct nt_error *error)
{
	const struct recording_session *session;
	size_t count = recording_session_count(input->recording);

	if (count == 0)
		return nt_fail(error, NT_EFORMAT, "%s is a recording without a session: nothing was captured into it", input->name);
	if (count > 1 && !text)
		return ask_for_session(input, secrets, notes, error);
	session = find_session(input->recording, text);
	if (!session)
		return nt_fail(error, NT_EUSAGE, "%s has no session %s", input->name, text);
	input->about.session = session;
	return recording_select(input->recording, session->id, error);
}

/* ---- damage ---- */

static void note_damage(struct recording_input *input, const struct nt_error *error)
{
	struct capture_damage *damage = &input->about.input.damage;

	if (damage->damaged)
		return;
	damage->damaged = true;
	damage->packet_number = input->about.input.packets;
	snprintf(damage->text, sizeof damage->text, "%.*s", (int)sizeof damage->text - 1, error->text);
}

static void note_negative(struct recording_input *input, const char *table, nt_time time)
{
	struct nt_error error;
	char text[TEXT_SIZE];

	text_time(time, text);
	nt_fail(&error, NT_EDAMAGED, "a count in its table \"%s\" is below 0 (row of %s)", table, text);
	note_damage(input, &error);
}

/* Counts are stored as numbers with a sign. */
static bool is_negative(uint64_t count)
{
	return count > INT64_MAX;
}

/* ---- what stands beside the packets ---- */

static char *copy_text(const char *text)
{
	return text ? nt_strdup(text) : NULL;
}

static void read_interfaces(struct recording_input *input)
{
	size_t count = recording_interface_count(input->recording);

	input->interfaces = nt_zalloc((count + 1) * sizeof *input->interfaces);
	input->interface_ids = nt_zalloc((count + 1) * sizeof *input->interface_ids);
	for (size_t i = 0; i < count; i++) {
		const struct recording_interface *from = recording_interface(input->recording, i);

		input->interface_ids[i] = from->id;
		input->interfaces[i] = (struct capture_interface){ .id = (uint32_t)i,
								   .link_type = from->link_type,
								   .snaplen = from->snaplen,
								   .name = copy_text(from->name),
								   .description = copy_text(from->description) };
	}
	input->about.interfaces = input->interfaces;
	input->about.interface_count = count;
}

static const char *keep_text(struct recording_input *input, const char *text)
{
	return text ? arena_string(&input->texts, bytes_of(text)) : NULL;
}

static enum nt_status read_events(struct recording_input *input, struct nt_error *error)
{
	struct recording_event event;
	enum nt_status status;
	size_t count = 0;

	while ((status = recording_next_event(input->recording, &event, error)) == NT_OK) {
		if (count == LIMIT_RECORDING_EVENTS) {
			limit_hit(input->hits, LIMIT_RECORDING_EVENTS_HIT);
			continue;
		}
		event.kind = keep_text(input, event.kind);
		event.subject = keep_text(input, event.subject);
		event.text = keep_text(input, event.text);
		input->events = nt_realloc_array(input->events, count + 1, sizeof *input->events);
		input->events[count++] = event;
	}
	input->about.events = input->events;
	input->about.event_count = count;
	return status == NT_END ? NT_OK : status;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* Counters run from the begin of the session: of each subject the last is the whole. */
static void keep_statistics(struct recording_input *input, const struct recording_statistics *row)
{
	size_t count = input->about.statistics_count;
	struct recording_statistics *kept;

	for (size_t i = 0; i < count; i++)
		if (same_text(input->statistics[i].subject, row->subject)) {
			const char *subject = input->statistics[i].subject;

			input->statistics[i] = *row;
			input->statistics[i].subject = subject;
			return;
		}
	if (count == LIMIT_UNKNOWN_KINDS) {
		limit_hit(input->hits, LIMIT_UNKNOWN_KINDS_HIT);
		return;
	}
	input->statistics = nt_realloc_array(input->statistics, count + 1, sizeof *input->statistics);
	kept = &input->statistics[count];
	*kept = *row;
	kept->subject = keep_text(input, row->subject);
	input->about.statistics = input->statistics;
	input->about.statistics_count = count + 1;
}

static bool has_negative_count(const struct recording_statistics *row)
{
	return is_negative(row->received) || is_negative(row->captured) || is_negative(row->dropped_by_kernel) ||
	       is_negative(row->dropped_by_interface) || is_negative(row->lost);
}

static enum nt_status read_statistics(struct recording_input *input, struct nt_error *error)
{
	struct recording_statistics row;
	enum nt_status status;

	while ((status = recording_next_statistics(input->recording, &row, error)) == NT_OK)
		if (has_negative_count(&row))
			note_negative(input, "statistics", row.time);
		else
			keep_statistics(input, &row);
	for (size_t i = 0; i < input->about.statistics_count; i++) {
		const struct recording_statistics *s = &input->statistics[i];

		if (!same_text(s->subject, "conntrack"))
			input->about.input.dropped += s->dropped_by_kernel + s->dropped_by_interface + s->lost;
	}
	return status == NT_END ? NT_OK : status;
}

/* ---- opening ---- */

static enum nt_status set_filter(struct recording_input *input, const char *expression, struct nt_error *error)
{
	size_t count = input->about.interface_count;
	uint32_t *link_types = nt_zalloc((count + 1) * sizeof *link_types);
	enum nt_status status;

	for (size_t i = 0; i < count; i++)
		link_types[i] = input->interfaces[i].link_type;
	status = filter_new(&input->filter, expression, link_types, count, error);
	free(link_types);
	return status;
}

/* A damaged page costs what stands in it, not the rest. */
static void read_beside(struct recording_input *input)
{
	struct nt_error error;

	read_interfaces(input);
	if (read_events(input, &error) != NT_OK)
		note_damage(input, &error);
	if (read_statistics(input, &error) != NT_OK)
		note_damage(input, &error);
}

enum nt_status recording_input_open(struct recording_input **out, const char *path, const char *session, const char *filter,
				    bool secrets, const struct notes *notes, struct limit_hits *hits, struct nt_error *error)
{
	struct recording_input *input = nt_zalloc(sizeof *input);
	enum nt_status status = recording_open_reader(&input->recording, path, hits, error);

	*out = NULL;
	input->hits = hits;
	input->name = nt_strdup(path);
	input->about.input = (struct capture_input){
		.name = input->name, .format = "recording", .compression = "", .first = NT_TIME_NONE, .last = NT_TIME_NONE
	};
	if (status == NT_OK)
		status = choose_session(input, session, secrets, notes, error);
	if (status == NT_OK) {
		read_beside(input);
		if (filter)
			status = set_filter(input, filter, error);
	}
	if (status == NT_OK)
		*out = input;
	else
		recording_input_free(input);
	return status;
}

void recording_input_free(struct recording_input *input)
{
	if (!input)
		return;
	for (size_t i = 0; i < input->about.interface_count; i++) {
		free(input->interfaces[i].name);
		free(input->interfaces[i].description);
	}
	if (input->recording)
		recording_close(input->recording, NULL);
	filter_free(input->filter);
	arena_free(&input->texts);
	free(input->interfaces);
	free(input->interface_ids);
	free(input->events);
	free(input->statistics);
	free(input->name);
	free(input);
}

/* ---- reading ---- */

static const struct capture_interface *find_interface(const struct recording_input *input, uint32_t id)
{
	for (size_t i = 0; i < input->about.interface_count; i++)
		if (input->interface_ids[i] == id)
			return &input->interfaces[i];
	return NULL;
}

static void count_packet(struct capture_input *about, const struct packet *packet)
{
	about->packets++;
	about->packets_cut += packet->captured < packet->size;
	about->bytes += packet->captured;
	if (packet->time == NT_TIME_NONE)
		return;
	if (about->first == NT_TIME_NONE || packet->time < about->first)
		about->first = packet->time;
	if (packet->time > about->last) /* NT_TIME_NONE is the smallest value */
		about->last = packet->time;
}

bool recording_input_packet(struct recording_input *input, struct packet *out)
{
	struct recording_packet row;
	struct nt_error error;
	enum nt_status status;

	while ((status = recording_next_packet(input->recording, &row, &error)) == NT_OK) {
		const struct capture_interface *interface = find_interface(input, row.interface);

		if (!interface) {
			nt_fail(&error, NT_EDAMAGED, "packet %" PRIu64 " is of an interface that is not described", row.number);
			note_damage(input, &error);
			continue;
		}
		*out = (struct packet){ .time = row.time,
					.number = row.number,
					.captured = row.captured,
					.size = row.size < row.captured ? row.captured : row.size,
					.data = row.data,
					.interface = interface };
		count_packet(&input->about.input, out);
		if (!input->filter || filter_takes(input->filter, out))
			return true;
		input->about.filtered_out++;
	}
	if (status != NT_END)
		note_damage(input, &error);
	return false;
}

bool recording_input_conntrack(struct recording_input *input, struct conntrack_entry *out)
{
	struct nt_error error;
	enum nt_status status = recording_next_conntrack(input->recording, out, &error);

	if (status != NT_OK && status != NT_END)
		note_damage(input, &error);
	for (int i = 0; status == NT_OK && i < 2; i++)
		if (is_negative(out->packets[i]) || is_negative(out->bytes[i])) {
			out->has_counters = false;
			note_negative(input, "conntrack", out->time);
		}
	return status == NT_OK;
}

struct bytes recording_input_keys(struct recording_input *input)
{
	struct bytes keys;
	struct nt_error error;

	if (recording_keys(input->recording, &keys, &error) != NT_OK)
		note_damage(input, &error);
	return keys;
}

const struct output_recording *recording_input_about(const struct recording_input *input)
{
	return &input->about;
}
