/* The comparison for programs: tests/schema/diff.schema.json describes it. */
#include "cli/diff/diff.h"

#include "cli/json/json_trace.h"
#include "cli/timestamp.h"

static void write_value(struct json *json, const char *name, const struct diff_value *value)
{
	char date[TIMESTAMP_SIZE];

	switch (value->kind) {
	case DIFF_IS_NOTHING:
		break;
	case DIFF_IS_TEXT:
		json_string(json, name, value->text);
		break;
	case DIFF_IS_TEXTS:
		json_begin_array(json, name);
		for (size_t i = 0; i < value->count; i++)
			json_string(json, NULL, value->texts[i]);
		json_end(json);
		break;
	case DIFF_IS_DATE:
		json_text(json, name, timestamp_seconds_text(value->number, date));
		break;
	case DIFF_IS_FLAG:
		json_bool(json, name, value->number != 0);
		break;
	case DIFF_IS_NUMBER:
	case DIFF_IS_DURATION:
		json_int(json, name, value->number);
		break;
	}
}

static void write_packet(struct json *json, const struct diff_side *side, const char *name, struct packet_ref packet)
{
	if (!packet.number)
		return;
	json_begin_object(json, name);
	json_put_packet(json, side->output, packet);
	json_end(json);
}

static void write_change(struct json *json, const struct diff *diff, const struct diff_change *change)
{
	json_begin_object(json, NULL);
	json_text(json, "step", diff_step_text(diff_field_step(change->field)));
	json_text(json, "field", diff_field_member(change->field));
	write_value(json, "good", &change->good);
	write_value(json, "bad", &change->bad);
	write_packet(json, &diff->good, "goodPacket", change->good_packet);
	write_packet(json, &diff->bad, "badPacket", change->bad_packet);
	json_end(json);
}

static void write_subject(struct json *json, const char *name, const struct diff_side *side, const struct diff_subject *subject)
{
	json_begin_object(json, name);
	json_text(json, "kind", diff_kind_text(subject->kind));
	json_string(json, "host", subject->host);
	json_optional_uint(json, "port", subject->port);
	json_optional_string(json, "method", subject->method);
	json_optional_string(json, "path", subject->path);
	json_put_timestamp(json, side->output, "at", subject->at);
	json_put_optional_id(json, "dial", subject->dial ? subject->dial->id : 0);
	json_put_optional_id(json, "tcpConn", subject->tcp ? subject->tcp->id : 0);
	json_put_optional_id(json, "udpConn", subject->udp ? subject->udp->id : 0);
	json_put_optional_id(json, "tlsTunnel", subject->tunnel ? subject->tunnel->id : 0);
	json_put_optional_id(json, "httpRequest", subject->request ? subject->request->id : 0);
	json_end(json);
}

static void write_pair(struct json *json, const struct diff *diff, const struct diff_pair *pair)
{
	json_begin_object(json, NULL);
	write_subject(json, "good", &diff->good, pair->good);
	write_subject(json, "bad", &diff->bad, pair->bad);
	if (pair->change_count)
		json_text(json, "firstStep", diff_step_text(diff_field_step(pair->changes[0].field)));
	json_begin_array(json, "changes");
	for (size_t i = 0; i < pair->change_count; i++)
		write_change(json, diff, &pair->changes[i]);
	json_end(json);
	json_end(json);
}

static void write_subjects(struct json *json, const char *name, const struct diff_side *side, bool unseen)
{
	json_begin_array(json, name);
	for (size_t i = 0; i < side->subject_count; i++)
		if (!side->subjects[i].pair && side->subjects[i].unseen == unseen)
			write_subject(json, NULL, side, &side->subjects[i]);
	json_end(json);
}

static void write_side(struct json *json, const char *name, const struct diff_side *side)
{
	json_begin_object(json, name);
	json_write_begin(json, side->output);
	json_write_end(json, side->output);
	json_begin_array(json, "inputs");
	for (size_t i = 0; i < output_input_count(side->output); i++)
		json_text(json, NULL, output_input(side->output, i)->name);
	json_end(json);
	write_subjects(json, "only", side, false);
	write_subjects(json, "notComparable", side, true);
	json_begin_array(json, "findings");
	for (size_t i = 0; i < side->finding_count; i++)
		json_write_finding(json, side->output, side->findings[i].finding);
	json_end(json);
	json_end(json);
}

static void write_first(struct json *json, const struct diff *diff)
{
	if (!diff->first)
		return;
	json_begin_object(json, "firstDifference");
	json_uint(json, "pair", (uint64_t)(diff->first - diff->pairs));
	json_text(json, "step", diff_step_text(diff_field_step(diff->first->changes[0].field)));
	json_text(json, "field", diff_field_member(diff->first->changes[0].field));
	json_end(json);
}

bool diff_json(FILE *out, const struct diff *diff)
{
	struct json *json = json_new(out, JSON_INDENTED);
	bool written;

	json_begin_object(json, NULL);
	json_bool(json, "different", diff_found(diff));
	write_first(json, diff);
	json_begin_array(json, "pairs");
	for (size_t i = 0; i < diff->pair_count; i++)
		write_pair(json, diff, &diff->pairs[i]);
	json_end(json);
	write_side(json, "good", &diff->good);
	write_side(json, "bad", &diff->bad);
	json_end(json);
	written = json_finish(json);
	json_free(json);
	return written;
}
