#include "correlate/findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_TRACES = 16, MAX_PACKETS = 8, MAX_MESSAGE = 600 };

struct finding {
	struct trace_finding record;
	struct findings *owner;
	uint64_t order;          /* of beginning: ties are broken by it */
	enum finding_code begun; /* its first code; record.code may become another */
	bool softened, hidden;
	trace_id traces[MAX_TRACES];
	struct finding_packet packets[MAX_PACKETS];
	char message[MAX_MESSAGE];
};

/* Of one code.  So many harmless ones take no failure's place, whoever may still hold them. */
enum { MOST_SOFTENED = 16 * LIMIT_FINDINGS };

struct findings {
	struct limit_hits *hits;
	struct finding **list;
	size_t count, capacity;
	/* By the code that they began with: of both kinds LIMIT_FINDINGS are told. */
	size_t kept[FINDING_CODE_COUNT], softened[FINDING_CODE_COUNT];
	uint64_t more[FINDING_CODE_COUNT];
};

struct findings *findings_new(void)
{
	return nt_zalloc(sizeof(struct findings));
}

void findings_free(struct findings *findings)
{
	if (!findings)
		return;
	for (size_t i = 0; i < findings->count; i++)
		free(findings->list[i]);
	free(findings->list);
	free(findings);
}

struct finding *finding_begin(struct correlator *c, enum finding_code code, nt_time at)
{
	struct findings *findings = c->findings;
	struct finding *f;

	if (findings->kept[code] >= LIMIT_FINDINGS) {
		limit_hit(c->hits, LIMIT_FINDINGS_HIT);
		findings->more[code]++;
		return NULL;
	}
	if (findings->count == findings->capacity) {
		findings->capacity = findings->capacity ? findings->capacity * 2 : 16;
		findings->list = nt_realloc_array(findings->list, findings->capacity, sizeof(struct finding *));
	}
	f = nt_zalloc(sizeof *f);
	f->owner = findings;
	findings->hits = c->hits;
	f->begun = code;
	f->record.code = code;
	f->record.severity = finding_code_severity(code);
	f->record.at = at;
	f->order = findings->count;
	findings->list[findings->count++] = f;
	findings->kept[code]++;
	return f;
}

void finding_severity(struct finding *f, enum finding_severity severity)
{
	if (f)
		f->record.severity = severity;
}

void finding_say(struct finding *f, const char *format, ...)
{
	size_t used = f ? strlen(f->message) : 0;
	va_list args;

	if (!f)
		return;
	va_start(args, format);
	vsnprintf(f->message + used, sizeof f->message - used, format, args);
	va_end(args);
}

void finding_trace(struct finding *f, trace_id id)
{
	if (!f || id == 0 || f->record.trace_count == MAX_TRACES)
		return;
	for (size_t i = 0; i < f->record.trace_count; i++)
		if (f->traces[i] == id)
			return;
	f->traces[f->record.trace_count++] = id;
}

void finding_packet(struct finding *f, struct packet_ref packet, const char *shows)
{
	if (!f || packet.number == 0 || f->record.packet_count == MAX_PACKETS)
		return;
	for (size_t i = 0; i < f->record.packet_count; i++)
		if (f->packets[i].packet.number == packet.number && f->packets[i].packet.file == packet.file)
			return;
	f->packets[f->record.packet_count++] = (struct finding_packet){ packet, bytes_of(shows) };
}

void finding_root(struct finding *f, trace_id dial, trace_id request)
{
	if (!f)
		return;
	f->record.root_cause = true;
	f->record.dial = dial;
	f->record.request = request;
}

static void note_softened(struct findings *findings, struct finding *f)
{
	if (f->softened || findings->softened[f->begun] >= MOST_SOFTENED)
		return;
	f->softened = true;
	findings->kept[f->begun]--;
	f->hidden = findings->softened[f->begun]++ >= LIMIT_FINDINGS;
	if (!f->hidden)
		return;
	limit_hit(findings->hits, LIMIT_FINDINGS_HIT);
	findings->more[f->begun]++;
}

void finding_soften(struct finding *f, enum finding_severity severity, const char *words)
{
	if (!f)
		return;
	note_softened(f->owner, f);
	f->record.severity = severity;
	f->record.root_cause = false;
	f->record.dial = f->record.request = 0;
	finding_say(f, "%s", words);
}

void finding_take_back(struct finding *f, enum finding_code code, const char *words)
{
	if (f)
		f->record.code = code;
	finding_soften(f, FINDING_INFO, words);
}

static int by_importance(const void *a, const void *b)
{
	const struct finding *x = *(struct finding *const *)a, *y = *(struct finding *const *)b;

	if (x->record.root_cause != y->record.root_cause)
		return x->record.root_cause ? -1 : 1;
	if (x->record.severity != y->record.severity)
		return x->record.severity < y->record.severity ? -1 : 1;
	if (x->record.at != y->record.at)
		return x->record.at < y->record.at ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

/* What was only counted is told by the last of its kind. */
static void tell_more(struct findings *findings)
{
	for (int harmless = 0; harmless <= 1; harmless++) /* by one of these only if no other is left */
		for (size_t i = findings->count; i-- > 0;) {
			struct finding *f = findings->list[i];

			if (f->hidden || (f->softened && !harmless))
				continue;
			f->record.more += findings->more[f->begun];
			findings->more[f->begun] = 0;
		}
}

void findings_report(struct correlator *c)
{
	struct findings *findings = c->findings;

	tell_more(findings);
	if (findings->count)
		qsort(findings->list, findings->count, sizeof(struct finding *), by_importance);
	for (size_t i = 0; i < findings->count; i++) {
		struct finding *f = findings->list[i];

		if (f->hidden)
			continue;
		f->record.message = bytes_of(f->message);
		f->record.traces = f->traces;
		f->record.packets = f->packets;
		if (c->sink->finding)
			c->sink->finding(c->context, &f->record);
	}
}

char *endpoint_text(uint8_t ip_version, const struct ip_address *address, uint16_t port, char *out)
{
	char text[IP_ADDRESS_TEXT_SIZE];

	ip_address_text(ip_version, address, text);
	snprintf(out, ENDPOINT_TEXT_SIZE, ip_version == 6 ? "[%s]:%u" : "%s:%u", text, port);
	return out;
}

char *duration_text(nt_time duration, char *out)
{
	if (duration >= 10 * NT_SECOND)
		snprintf(out, 24, "%.0f s", (double)duration / (double)NT_SECOND);
	else if (duration >= NT_SECOND)
		snprintf(out, 24, "%.1f s", (double)duration / (double)NT_SECOND);
	else if (duration >= NT_MILLISECOND)
		snprintf(out, 24, "%.0f ms", (double)duration / (double)NT_MILLISECOND);
	else
		snprintf(out, 24, "%.0f us", (double)duration / (double)NT_MICROSECOND);
	return out;
}
