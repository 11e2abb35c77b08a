#include "cli/inputs.h"
#include "cli/recording_input.h"
#include "tests/support/pcap_bytes.h"
#include "tests/support/recordings.h"
#include "tests/unit/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const nt_time start = INT64_C(1700000000) * NT_SECOND;

static char folder[64], recording_path[96], log_path[96], pcap_path[96];
static struct options options;
static const char *paths[2];
static const char *logs[1];
static char noted[4][200];
static size_t note_count;
static struct limit_hits hits;
static struct inputs *inputs;

/* ---- files ---- */

static void set_up(void)
{
	snprintf(folder, sizeof folder, "/tmp/nettrace-check-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(recording_path, sizeof recording_path, "%s/trace.db", folder);
	snprintf(log_path, sizeof log_path, "%s/conntrack.log", folder);
	snprintf(pcap_path, sizeof pcap_path, "%s/a.pcap", folder);
	paths[0] = recording_path;
	logs[0] = log_path;
	options = (struct options){ .inputs = paths, .input_count = 1, .quiet = true };
	inputs = NULL;
}

static void tear_down(void)
{
	static const char *const suffixes[] = { "", "-wal", "-shm", "-journal" };
	char path[128];

	inputs_free(inputs);
	for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
		snprintf(path, sizeof path, "%s%s", recording_path, suffixes[i]);
		unlink(path);
	}
	unlink(log_path);
	unlink(pcap_path);
	rmdir(folder);
}

static void check(enum nt_status status, const struct nt_error *error)
{
	ck_assert_msg(status == NT_OK, "%s", status == NT_OK ? "" : error->text);
}

static void put_data(struct recording *r, uint32_t interface, nt_time time, const char *data)
{
	struct nt_error error;

	check(recording_put_packet(r,
				   &(struct recording_packet){ .time = time,
							       .interface = interface,
							       .captured = (uint32_t)strlen(data),
							       .size = 100,
							       .data = (const uint8_t *)data },
				   &error),
	      &error);
}

static struct conntrack_entry entry(nt_time time, uint32_t mark)
{
	struct conntrack_entry e = { .kind = CONNTRACK_UPDATE,
				     .time = time,
				     .protocol = 6,
				     .mark = mark,
				     .original = { .ip_version = 4, .source_port = 1 },
				     .reply = { .ip_version = 4, .source_port = 2 },
				     .start = NT_TIME_NONE,
				     .stop = NT_TIME_NONE };

	return e;
}

static void put_statistics(struct recording *r, const char *subject, uint64_t dropped, uint64_t lost)
{
	struct nt_error error;

	check(recording_put_statistics(r,
				       &(struct recording_statistics){ .time = start,
								       .subject = subject,
								       .received = 10,
								       .captured = 9,
								       .dropped_by_kernel = dropped,
								       .lost = lost },
				       &error),
	      &error);
}

static void put_interfaces(struct recording *r)
{
	const struct recording_interface interfaces[] = { { .id = 5, .link_type = 1, .name = "eth0" },
							  { .id = 9, .link_type = 1, .snaplen = 96, .name = "wlan0" } };
	struct nt_error error;

	for (int i = 0; i < 2; i++)
		check(recording_put_interface(r, &interfaces[i], &error), &error);
}

static void put_rows(struct recording *r)
{
	struct conntrack_entry first = entry(start, 1), second = entry(start + 15, 2);
	struct nt_error error;

	put_interfaces(r);
	put_data(r, 9, start + 10, "0123456789");
	put_data(r, 5, start + 20, "abc");
	check(recording_put_conntrack(r, &first, &error), &error);
	check(recording_put_conntrack(r, &second, &error), &error);
	check(recording_put_keys(r, BYTES("CLIENT_RANDOM 00 11\n"), &error), &error);
	check(recording_put_event(r,
				  &(struct recording_event){
					  .time = start + 5, .kind = "interface-down", .subject = "wlan0", .text = "It is gone." },
				  &error),
	      &error);
	put_statistics(r, "wlan0", 1, 0);
	put_statistics(r, "conntrack", 0, 50);
	put_statistics(r, "wlan0", 3, 4);
}

static void make_sessions(int count)
{
	struct nt_error error;

	for (int i = 0; i < count; i++) {
		struct recording_session session = { .begin = start + i * NT_SECOND,
						     .end = NT_TIME_NONE,
						     .source = "live",
						     .command_begin = NT_TIME_NONE,
						     .command_end = NT_TIME_NONE };
		struct recording *r;

		check(recording_open_writer(&r, recording_path, &error), &error);
		check(recording_begin_session(r, &session, &error), &error);
		put_rows(r);
		session.end = session.begin + NT_SECOND / 2;
		session.end_reason = "signal";
		check(recording_end_session(r, &session, &error), &error);
		check(recording_close(r, &error), &error);
	}
}

static void write_file(const char *path, const void *bytes, size_t size)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
	fclose(file);
}

static void make_pcap(void)
{
	struct pcap_bytes file = pcap_bytes_little();

	file.nanoseconds = true;
	pcap_bytes_header(&file, 1, 0);
	pcap_bytes_record(&file, start + 10, "0123456789", 10, 10);
	pcap_bytes_record(&file, start + 20, "abc", 3, 3);
	write_file(pcap_path, file.out.at, file.out.size);
	pcap_bytes_free(&file);
	paths[0] = pcap_path;
}

static void make_log(const char *text)
{
	write_file(log_path, text, strlen(text));
	options.conntracks = logs;
	options.conntrack_count = 1;
}

static void take_note(void *context, enum note_kind kind, const char *text)
{
	(void)context;
	ck_assert_uint_lt(note_count, 4);
	snprintf(noted[note_count++], sizeof noted[0], "%s%s", kind == NOTE_OF_FAILURE ? "failure: " : "", text);
}

static enum nt_status try_open(struct nt_error *error)
{
	static const struct notes notes = { take_note, NULL };

	error->text[0] = 0;
	note_count = 0;
	return inputs_open(&inputs, &options, &notes, &hits, error);
}

static void open_good(void)
{
	struct nt_error error;

	check(try_open(&error), &error);
}

/* What comes, as "c0 p10 …": kind and nanoseconds after the start. */
static const char *order(void)
{
	static char text[200];
	struct conntrack_entry e;
	struct packet packet;
	enum inputs_item item;
	size_t size = 0;

	text[0] = 0;
	while ((item = inputs_next(inputs, &packet, &e)) != INPUTS_END)
		size += (size_t)snprintf(text + size, sizeof text - size, "%s%c%lld", size ? " " : "",
					 item == INPUTS_PACKET ? 'p' : 'c',
					 (long long)((item == INPUTS_PACKET ? packet.time : e.time) - start));
	ck_assert_int_eq(inputs_next(inputs, &packet, &e), INPUTS_END);
	return text;
}

/* ---- recordings ---- */

START_TEST(recording_is_told_from_other_files)
{
	make_sessions(1);
	make_pcap();
	ck_assert(recording_input_is(recording_path));
	ck_assert(!recording_input_is(pcap_path));
	ck_assert(!recording_input_is("-"));
	ck_assert(!recording_input_is("/dev/null"));
	ck_assert(!recording_input_is(folder));
}
END_TEST

START_TEST(rows_of_a_recording_come_by_time)
{
	const struct output_recording *recording;

	make_sessions(1);
	open_good();
	ck_assert_ptr_null(inputs_source(inputs));
	ck_assert_str_eq(order(), "c0 p10 c15 p20");
	recording = inputs_recording(inputs);
	ck_assert_uint_eq(recording->input.packets, 2);
	ck_assert_uint_eq(recording->input.bytes, 13);
	ck_assert_int_eq(recording->input.first, start + 10);
	ck_assert_int_eq(recording->input.last, start + 20);
	ck_assert(!recording->input.damage.damaged);
}
END_TEST

START_TEST(packets_of_a_recording_are_whole)
{
	struct conntrack_entry e;
	struct packet packet;

	make_sessions(1);
	open_good();
	ck_assert_int_eq(inputs_next(inputs, &packet, &e), INPUTS_CONNTRACK);
	ck_assert_uint_eq(e.mark, 1);
	ck_assert_int_eq(inputs_next(inputs, &packet, &e), INPUTS_PACKET);
	ck_assert_str_eq(packet.interface->name, "wlan0");
	ck_assert_uint_eq(packet.interface->snaplen, 96);
	ck_assert_uint_eq(packet.number, 1);
	ck_assert_uint_eq(packet.size, 100);
	ck_assert_uint_eq(packet.captured, 10);
	ck_assert_mem_eq(packet.data, "0123456789", 10);
}
END_TEST

START_TEST(what_stands_beside_the_packets_is_known)
{
	const struct output_recording *recording;

	make_sessions(1);
	open_good();
	recording = inputs_recording(inputs);
	ck_assert_uint_eq(recording->interface_count, 2);
	ck_assert_uint_eq(recording->interfaces[1].id, 1);
	ck_assert_uint_eq(recording->event_count, 1);
	ck_assert_str_eq(recording->events[0].kind, "interface-down");
	ck_assert_str_eq(recording->events[0].text, "It is gone.");
	ck_assert_uint_eq(recording->statistics_count, 2);
	ck_assert_uint_eq(recording->input.dropped, 7); /* the last of wlan0; losses of conntrack are no packets */
	ck_assert(bytes_equal(inputs_keys(inputs), BYTES("CLIENT_RANDOM 00 11\n")));
	ck_assert_int_eq(recording->session->begin, start);
}
END_TEST

START_TEST(damaged_keys_are_told_and_the_packets_read)
{
	make_sessions(1);
	ck_assert(tell_sqlite(recording_path, "UPDATE keys SET text = zeroblob(20000000)")); /* longer than any that we write */
	open_good();
	ck_assert_uint_eq(inputs_keys(inputs).size, 0);
	ck_assert(inputs_recording(inputs)->input.damage.damaged);
	ck_assert_str_eq(order(), "c0 p10 c15 p20");
}
END_TEST

static const struct {
	const char *script;
	size_t statistics;
	uint64_t dropped;
} negative[] = {
	{ "UPDATE statistics SET lost = -1 WHERE subject = 'wlan0' AND lost = 4", 2, 1 },
	{ "UPDATE statistics SET received = -5 WHERE subject = 'wlan0'", 1, 0 },
	{ "UPDATE conntrack SET packets = 1, bytes = -7, reply_packets = 1, reply_bytes = 1", 2, 7 },
};

START_TEST(counts_below_zero_are_damage_and_not_shown)
{
	struct packet packet;
	struct conntrack_entry got;

	make_sessions(1);
	ck_assert(tell_sqlite(recording_path, negative[_i].script));
	open_good();
	ck_assert_int_eq(inputs_next(inputs, &packet, &got), INPUTS_CONNTRACK);
	ck_assert(!got.has_counters);
	ck_assert(inputs_recording(inputs)->input.damage.damaged);
	ck_assert_uint_eq(inputs_recording(inputs)->statistics_count, negative[_i].statistics);
	ck_assert_uint_eq(inputs_recording(inputs)->input.dropped, negative[_i].dropped);
}
END_TEST

START_TEST(filter_holds_for_a_recording)
{
	make_sessions(1);
	options.filter = "greater 1000";
	open_good();
	ck_assert_str_eq(order(), "c0 c15");
	ck_assert_uint_eq(inputs_recording(inputs)->filtered_out, 2);
}
END_TEST

START_TEST(one_of_several_sessions_is_to_be_chosen)
{
	struct nt_error error;

	make_sessions(2);
	ck_assert_int_eq(try_open(&error), NT_EUSAGE);
	ck_assert_ptr_nonnull(strstr(error.text, "2 sessions"));
	ck_assert_uint_eq(note_count, 2);
	ck_assert_str_eq(noted[0], "failure: session 1: 2023-11-14 22:13:20.000000 UTC, 500 ms");
	options.session = "3";
	ck_assert_int_eq(try_open(&error), NT_EUSAGE);
	ck_assert_ptr_nonnull(strstr(error.text, "no session 3"));
	options.session = "1";
	open_good();
	ck_assert_int_eq(inputs_recording(inputs)->session->begin, start);
	inputs_free(inputs);
	options.session = "last";
	open_good();
	ck_assert_int_eq(inputs_recording(inputs)->session->begin, start + NT_SECOND);
}
END_TEST

START_TEST(recording_is_read_alone)
{
	struct nt_error error;

	make_sessions(1);
	make_pcap();
	paths[1] = recording_path;
	options.input_count = 2;
	ck_assert_int_eq(try_open(&error), NT_EUSAGE);
	ck_assert_ptr_nonnull(strstr(error.text, "read alone"));
}
END_TEST

/* ---- captures and logs ---- */

#define LINE(time) time "udp 17 src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2 src=10.0.0.2 dst=10.0.0.1 sport=2 dport=1\n"

START_TEST(log_lines_come_between_packets_by_time)
{
	make_pcap();
	make_log(LINE("[1700000000.000000030] ") LINE("[1700000000.000000010] ") LINE("[1700000000.000000011] "));
	open_good();
	ck_assert_ptr_null(inputs_recording(inputs));
	ck_assert_str_eq(order(), "c10 p10 c11 p20 c30");
}
END_TEST

START_TEST(log_lines_without_a_time_are_of_the_end)
{
	make_pcap();
	make_log(LINE("") LINE("[1700000000.000000005] "));
	open_good();
	ck_assert_str_eq(order(), "c5 p10 p20 c20");
}
END_TEST

START_TEST(log_joins_a_recording_too)
{
	make_sessions(1);
	make_log(LINE("[1700000000.000000016] ") LINE("[1700000000.000000014] "));
	open_good();
	ck_assert_str_eq(order(), "c0 p10 c14 c15 c16 p20");
}
END_TEST

START_TEST(lines_of_a_log_that_are_no_entries_are_told)
{
	make_pcap();
	make_log(LINE("") "what is this\nand this\n");
	open_good();
	ck_assert_uint_eq(note_count, 1);
	ck_assert_ptr_nonnull(strstr(noted[0], "conntrack.log: 2 lines are no connection tracking entry, the first is line 2"));
}
END_TEST

START_TEST(missing_log_is_an_error)
{
	struct nt_error error;

	make_pcap();
	options.conntracks = logs;
	options.conntrack_count = 1;
	ck_assert_int_eq(try_open(&error), NT_EIO);
	ck_assert_ptr_nonnull(strstr(error.text, log_path));
}
END_TEST

START_TEST(key_log_without_a_final_newline_is_completed)
{
	make_pcap();
	write_file(log_path, "A B C", 5);
	options.keylogs = logs;
	options.keylog_count = 1;
	open_good();
	ck_assert(bytes_equal(inputs_keys(inputs), BYTES("A B C\n")));
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("inputs");
	TCase *tcase = tcase_create("all");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, recording_is_told_from_other_files);
	tcase_add_test(tcase, rows_of_a_recording_come_by_time);
	tcase_add_test(tcase, packets_of_a_recording_are_whole);
	tcase_add_test(tcase, what_stands_beside_the_packets_is_known);
	tcase_add_test(tcase, damaged_keys_are_told_and_the_packets_read);
	tcase_add_loop_test(tcase, counts_below_zero_are_damage_and_not_shown, 0, sizeof negative / sizeof *negative);
	tcase_add_test(tcase, filter_holds_for_a_recording);
	tcase_add_test(tcase, one_of_several_sessions_is_to_be_chosen);
	tcase_add_test(tcase, recording_is_read_alone);
	tcase_add_test(tcase, log_lines_come_between_packets_by_time);
	tcase_add_test(tcase, log_lines_without_a_time_are_of_the_end);
	tcase_add_test(tcase, log_joins_a_recording_too);
	tcase_add_test(tcase, lines_of_a_log_that_are_no_entries_are_told);
	tcase_add_test(tcase, missing_log_is_an_error);
	tcase_add_test(tcase, key_log_without_a_final_newline_is_completed);
	suite_add_tcase(suite, tcase);
	return suite;
}
