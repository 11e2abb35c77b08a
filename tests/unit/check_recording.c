/*
 * What is put into a recording comes out of it.
 */
#include "store/recording.h"
#include "tests/support/recordings.h"
#include "tests/unit/suite.h"

#include <stdlib.h>
#include <string.h>

static void same_text(const char *a, const char *b)
{
	if (!a || !b)
		ck_assert_ptr_eq(a, b);
	else
		ck_assert_str_eq(a, b);
}

/* ---- rows ---- */

static const struct recording_session full_session = {
	.begin = INT64_MAX,
	.end = NT_TIME_NONE,
	.host = "h\xc3\xb6st",
	.kernel = "Linux 6",
	.program_version = "nettrace 1",
	.command = "curl 'x'",
	.filter = "tcp",
	.command_begin = INT64_MIN + 1,
	.command_end = 0,
	.source = "live",
};

static struct bytes keys_of(struct recording *r)
{
	struct nt_error error = { 0 };
	struct bytes keys;

	ck_assert_msg(recording_keys(r, &keys, &error) == NT_OK, "%s", error.text);
	return keys;
}

static const struct recording_session bare_session = {
	.begin = 0,
	.end = NT_TIME_NONE,
	.command_begin = NT_TIME_NONE,
	.command_end = NT_TIME_NONE,
};

static void same_session(const struct recording_session *a, const struct recording_session *b)
{
	ck_assert_int_eq(a->id, b->id);
	ck_assert_int_eq(a->begin, b->begin);
	ck_assert_int_eq(a->end, b->end);
	same_text(a->host, b->host);
	same_text(a->kernel, b->kernel);
	same_text(a->program_version, b->program_version);
	same_text(a->command, b->command);
	same_text(a->filter, b->filter);
	ck_assert_int_eq(a->has_exit_status, b->has_exit_status);
	ck_assert_int_eq(a->exit_status, b->exit_status);
	ck_assert_int_eq(a->command_begin, b->command_begin);
	ck_assert_int_eq(a->command_end, b->command_end);
	same_text(a->source, b->source);
	same_text(a->end_reason, b->end_reason);
}

START_TEST(sessions_come_back_by_begin)
{
	const char *path = recordings_path("sessions.db");
	struct recording_session first = full_session, second = bare_session;
	struct recording *r = writer_of(path);

	begin_session(r, &first);
	ck_assert_int_ne(first.id, 0);
	first.end = -1;
	first.has_exit_status = true;
	first.exit_status = 130;
	first.end_reason = "command";
	ck_assert_int_eq(recording_end_session(r, &first, NULL), NT_OK);
	begin_session(r, &second);
	close_recording(r);

	r = reader_of(path);
	ck_assert_uint_eq(recording_session_count(r), 2);
	same_session(recording_session(r, 0), &second);
	same_session(recording_session(r, 1), &first);
	close_recording(r);
}
END_TEST

START_TEST(end_of_session_keeps_what_its_caller_left_out)
{
	const char *path = recordings_path("end.db");
	struct recording_session session = full_session, end = bare_session;
	struct recording *r = writer_of(path);

	begin_session(r, &session);
	end.end = 77;
	ck_assert_int_eq(recording_end_session(r, &end, NULL), NT_OK);
	close_recording(r);
	session.end = 77;
	r = reader_of(path);
	same_session(recording_session(r, 0), &session);
	close_recording(r);
}
END_TEST

START_TEST(interfaces_come_back)
{
	static const struct recording_interface interfaces[] = {
		{ 0, 1, 0, "eth0", NULL },
		{ 7, 276, 96, NULL, "all of them" },
		{ UINT32_MAX, UINT32_MAX, UINT32_MAX, "nflog:5", "" },
	};
	const char *path = recordings_path("interfaces.db");
	struct recording_session session = bare_session;
	struct recording *r = writer_of(path);

	begin_session(r, &session);
	for (size_t i = 0; i < 3; i++)
		ck_assert_int_eq(recording_put_interface(r, &interfaces[2 - i], NULL), NT_OK);
	close_recording(r);
	r = reader_of(path);
	ck_assert_uint_eq(recording_interface_count(r), 3);
	for (size_t i = 0; i < 3; i++) {
		const struct recording_interface *got = recording_interface(r, i);

		ck_assert_uint_eq(got->id, interfaces[i].id);
		ck_assert_uint_eq(got->link_type, interfaces[i].link_type);
		ck_assert_uint_eq(got->snaplen, interfaces[i].snaplen);
		same_text(got->name, interfaces[i].name);
		same_text(got->description, interfaces[i].description);
	}
	close_recording(r);
}
END_TEST

static const struct recording_nflog nflogs[] = {
	{ "in: ", UINT32_MAX, UINT32_MAX, 0, true, false, 255, UINT32_MAX, 0 },
	{ NULL, 0, 0, UINT32_MAX, false, true, 1, 0, UINT32_MAX },
	{ "", 1, 1000, 1000, true, true, 3, 2, 3 },
	{ "in: ", UINT32_MAX, 5, 0, true, false, 255, UINT32_MAX, 0 },
};

static void same_nflog(const struct recording_nflog *a, const struct recording_nflog *b)
{
	same_text(a->prefix, b->prefix);
	ck_assert_uint_eq(a->mark, b->mark);
	ck_assert_int_eq(a->has_uid, b->has_uid);
	ck_assert_int_eq(a->has_gid, b->has_gid);
	ck_assert_uint_eq(a->uid, b->uid);
	ck_assert_uint_eq(a->gid, b->gid);
	ck_assert_uint_eq(a->hook, b->hook);
	ck_assert_uint_eq(a->in_interface, b->in_interface);
	ck_assert_uint_eq(a->out_interface, b->out_interface);
}

START_TEST(nflog_details_come_back_and_equal_ones_are_shared)
{
	const char *path = recordings_path("nflog.db");
	struct recording *r = writer_with_session(path);
	struct recording_packet packet;

	for (size_t i = 0; i < 100; i++) {
		struct recording_packet in = test_packet(i + 1, 60);

		in.nflog = i % 5 < 4 ? &nflogs[i % 5] : NULL;
		ck_assert_int_eq(recording_put_packet(r, &in, NULL), NT_OK);
	}
	close_recording(r);
	ck_assert_str_eq(ask_sqlite(path, "SELECT count(*) FROM nflog"), "4");
	r = reader_of(path);
	for (size_t i = 0; i < 100; i++) {
		ck_assert_int_eq(recording_next_packet(r, &packet, NULL), NT_OK);
		if (i % 5 < 4)
			same_nflog(packet.nflog, &nflogs[i % 5]);
		else
			ck_assert_ptr_null(packet.nflog);
	}
	close_recording(r);
}
END_TEST

START_TEST(many_different_nflog_details_come_back)
{
	const char *path = recordings_path("nflogs.db");
	struct recording *r = writer_with_session(path);
	struct recording_packet packet;

	for (uint32_t i = 0; i < 300; i++) {
		struct recording_nflog nflog = { .prefix = i % 2 ? "odd" : "even", .mark = i % 100 };
		struct recording_packet in = test_packet(i + 1, 60);

		in.nflog = &nflog;
		ck_assert_int_eq(recording_put_packet(r, &in, NULL), NT_OK);
	}
	close_recording(r);
	r = reader_of(path);
	for (uint32_t i = 0; i < 300; i++) {
		ck_assert_int_eq(recording_next_packet(r, &packet, NULL), NT_OK);
		ck_assert_uint_eq(packet.nflog->mark, i % 100);
		ck_assert_str_eq(packet.nflog->prefix, i % 2 ? "odd" : "even");
	}
	close_recording(r);
}
END_TEST

START_TEST(packets_with_extreme_values_come_back)
{
	const char *path = recordings_path("extremes.db");
	static const nt_time times[] = { NT_TIME_NONE, INT64_MIN + 1, -1, 0, INT64_MAX };
	struct recording *r = writer_with_session(path);
	struct recording_packet packet;

	for (size_t i = 0; i < 5; i++) {
		struct recording_packet in = { .time = times[i], .interface = UINT32_MAX, .size = UINT32_MAX };

		ck_assert_int_eq(recording_put_packet(r, &in, NULL), NT_OK);
	}
	close_recording(r);
	r = reader_of(path);
	for (size_t i = 0; i < 5; i++) {
		ck_assert_int_eq(recording_next_packet(r, &packet, NULL), NT_OK);
		ck_assert_int_eq(packet.time, times[i]);
		ck_assert_uint_eq(packet.number, i + 1);
		ck_assert_uint_eq(packet.interface, UINT32_MAX);
		ck_assert_uint_eq(packet.size, UINT32_MAX);
		ck_assert_uint_eq(packet.captured, 0);
	}
	ck_assert_int_eq(recording_next_packet(r, &packet, NULL), NT_END);
	close_recording(r);
}
END_TEST

START_TEST(packets_of_all_sizes_come_back)
{
	const char *path = recordings_path("sizes.db");
	struct recording *r = writer_with_session(path);
	struct recording_packet packet;
	uint64_t bytes = 0;

	for (uint32_t size = 0, i = 0; size <= LARGEST_TEST_PACKET; size += 977, i++) {
		put_packets(r, i + 1, 1, size);
		bytes += size;
	}
	ck_assert_uint_eq(recording_packet_bytes(r), bytes);
	close_recording(r);
	r = reader_of(path);
	ck_assert_uint_eq(count_packets(r, 1), 1 + LARGEST_TEST_PACKET / 977);
	ck_assert_int_eq(recording_next_packet(r, &packet, NULL), NT_END);
	close_recording(r);
}
END_TEST

static const struct conntrack_entry entries[] = {
	{
		.kind = CONNTRACK_DESTROY,
		.time = 5,
		.time_is_kernels = true,
		.id = UINT32_MAX,
		.zone = UINT16_MAX,
		.protocol = 6,
		.original = { 4, { { 192, 0, 2, 1 } }, { { 198, 51, 100, 7 } }, 40000, 443 },
		.reply = { 4, { { 198, 51, 100, 7 } }, { { 203, 0, 113, 9 } }, 443, 65535 },
		.status = UINT32_MAX,
		.has_tcp_state = true,
		.tcp_state = CONNTRACK_TCP_SYN_SENT2,
		.mark = UINT32_MAX,
		.has_counters = true,
		.packets = { UINT64_MAX, 1 },
		.bytes = { (uint64_t)INT64_MAX + 1, UINT64_MAX - 1 },
		.start = INT64_MIN + 1,
		.stop = INT64_MAX,
		.timeout_s = UINT32_MAX,
	},
	{
		.kind = CONNTRACK_NEW,
		.time = NT_TIME_NONE,
		.protocol = 58,
		.original = { 6, { { 0x20, 1, 0xd, 0xb8, [15] = 1 } }, { { 0xfe, 0x80, [15] = 2 } }, 0, 0 },
		.start = NT_TIME_NONE,
		.stop = NT_TIME_NONE,
	},
	{
		.kind = CONNTRACK_UPDATE,
		.time = 4,
		.start = NT_TIME_NONE,
		.stop = NT_TIME_NONE,
	},
};

static void same_tuple(const struct address_tuple *a, const struct address_tuple *b)
{
	ck_assert_uint_eq(a->ip_version, b->ip_version);
	ck_assert_mem_eq(&a->source, &b->source, sizeof a->source);
	ck_assert_mem_eq(&a->destination, &b->destination, sizeof a->destination);
	ck_assert_uint_eq(a->source_port, b->source_port);
	ck_assert_uint_eq(a->destination_port, b->destination_port);
}

static void same_entry(const struct conntrack_entry *a, const struct conntrack_entry *b)
{
	ck_assert_int_eq(a->kind, b->kind);
	ck_assert_int_eq(a->time, b->time);
	ck_assert_int_eq(a->time_is_kernels, b->time_is_kernels);
	ck_assert_uint_eq(a->id, b->id);
	ck_assert_uint_eq(a->zone, b->zone);
	ck_assert_uint_eq(a->protocol, b->protocol);
	same_tuple(&a->original, &b->original);
	same_tuple(&a->reply, &b->reply);
	ck_assert_uint_eq(a->status, b->status);
	ck_assert_int_eq(a->has_tcp_state, b->has_tcp_state);
	ck_assert_int_eq(a->tcp_state, b->tcp_state);
	ck_assert_uint_eq(a->mark, b->mark);
	ck_assert_int_eq(a->has_counters, b->has_counters);
	ck_assert_mem_eq(a->packets, b->packets, sizeof a->packets);
	ck_assert_mem_eq(a->bytes, b->bytes, sizeof a->bytes);
	ck_assert_int_eq(a->start, b->start);
	ck_assert_int_eq(a->stop, b->stop);
	ck_assert_uint_eq(a->timeout_s, b->timeout_s);
}

START_TEST(conntrack_entries_come_back_by_time)
{
	static const size_t order[] = { 2, 0, 1 }; /* the one without a time after the one before it */
	const char *path = recordings_path("conntrack.db");
	struct recording *r = writer_with_session(path);
	struct conntrack_entry entry;

	for (size_t i = 0; i < 3; i++)
		ck_assert_int_eq(recording_put_conntrack(r, &entries[i], NULL), NT_OK);
	close_recording(r);
	r = reader_of(path);
	for (size_t i = 0; i < 3; i++) {
		ck_assert_int_eq(recording_next_conntrack(r, &entry, NULL), NT_OK);
		same_entry(&entry, &entries[order[i]]);
	}
	ck_assert_int_eq(recording_next_conntrack(r, &entry, NULL), NT_END);
	close_recording(r);
}
END_TEST

START_TEST(many_conntrack_entries_come_back)
{
	const char *path = recordings_path("conntracks.db");
	struct recording *r = writer_with_session(path);
	struct conntrack_entry entry = entries[0];

	for (uint32_t i = 0; i < 10000; i++) {
		entry.time = i * 7919 % 10007;
		entry.id = i;
		ck_assert_int_eq(recording_put_conntrack(r, &entry, NULL), NT_OK);
	}
	close_recording(r);
	r = reader_of(path);
	for (nt_time last = -1, i = 0; i < 10000; i++) {
		ck_assert_int_eq(recording_next_conntrack(r, &entry, NULL), NT_OK);
		ck_assert_int_eq(entry.time, entry.id * 7919LL % 10007);
		ck_assert_int_gt(entry.time, last);
		last = entry.time;
	}
	ck_assert_int_eq(recording_next_conntrack(r, &entry, NULL), NT_END);
	close_recording(r);
}
END_TEST

START_TEST(events_come_back_by_time)
{
	static const struct recording_event events[] = {
		{ INT64_MAX, "clock-step", "clock", INT64_MIN, "The clock was set." },
		{ 3, "kernel-drops", NULL, INT64_MAX, NULL },
		{ 3, NULL, "eth0", 0, "second of its time" },
	};
	static const size_t order[] = { 1, 2, 0 };
	const char *path = recordings_path("events.db");
	struct recording *r = writer_with_session(path);
	struct recording_event event;

	for (size_t i = 0; i < 3; i++)
		ck_assert_int_eq(recording_put_event(r, &events[i], NULL), NT_OK);
	close_recording(r);
	r = reader_of(path);
	for (size_t i = 0; i < 3; i++) {
		const struct recording_event *good = &events[order[i]];

		ck_assert_int_eq(recording_next_event(r, &event, NULL), NT_OK);
		ck_assert_int_eq(event.time, good->time);
		ck_assert_int_eq(event.count, good->count);
		same_text(event.kind, good->kind);
		same_text(event.subject, good->subject);
		same_text(event.text, good->text);
	}
	ck_assert_int_eq(recording_next_event(r, &event, NULL), NT_END);
	close_recording(r);
}
END_TEST

START_TEST(statistics_come_back_by_time)
{
	const char *path = recordings_path("statistics.db");
	struct recording *r = writer_with_session(path);
	struct recording_statistics in = { 9, "eth0", UINT64_MAX, UINT64_MAX - 1, INT64_MAX, 0, 1 }, out;

	ck_assert_int_eq(recording_put_statistics(r, &in, NULL), NT_OK);
	in.time = 8;
	in.subject = NULL;
	ck_assert_int_eq(recording_put_statistics(r, &in, NULL), NT_OK);
	close_recording(r);
	r = reader_of(path);
	for (size_t i = 0; i < 2; i++) {
		ck_assert_int_eq(recording_next_statistics(r, &out, NULL), NT_OK);
		ck_assert_int_eq(out.time, i ? 9 : 8);
		same_text(out.subject, i ? "eth0" : NULL);
		ck_assert_uint_eq(out.received, UINT64_MAX);
		ck_assert_uint_eq(out.captured, UINT64_MAX - 1);
		ck_assert_uint_eq(out.dropped_by_kernel, INT64_MAX);
		ck_assert_uint_eq(out.dropped_by_interface, 0);
		ck_assert_uint_eq(out.lost, 1);
	}
	ck_assert_int_eq(recording_next_statistics(r, &out, NULL), NT_END);
	close_recording(r);
}
END_TEST

START_TEST(keys_are_joined_as_they_were_put)
{
	const char *path = recordings_path("keys.db");
	size_t size = 3 * 1024 * 1024 + 17;
	uint8_t *text = malloc(size);
	struct recording *r = writer_with_session(path);
	struct bytes keys;

	for (size_t i = 0; i < size; i++)
		text[i] = i % 100 == 99 ? '\n' : (uint8_t)(i * 7 % 256);
	ck_assert_int_eq(recording_put_keys(r, BYTES("first\n"), NULL), NT_OK);
	ck_assert_int_eq(recording_put_keys(r, BYTES(""), NULL), NT_OK);
	ck_assert_int_eq(recording_put_keys(r, (struct bytes){ text, size }, NULL), NT_OK);
	close_recording(r);
	ck_assert_str_eq(ask_sqlite(path, "SELECT typeof(text) || ' ' || count(*) FROM keys"), "text 5");
	r = reader_of(path);
	for (int i = 0; i < 2; i++) {
		keys = keys_of(r);
		ck_assert_uint_eq(keys.size, 6 + size);
		ck_assert_mem_eq(keys.at, "first\n", 6);
		ck_assert_mem_eq(keys.at + 6, text, size);
	}
	close_recording(r);
	free(text);
}
END_TEST

START_TEST(keys_beyond_the_limit_are_counted)
{
	enum { PIECE = 1024 * 1024 };
	const char *path = recordings_path("many.db");
	struct recording *r = writer_with_session(path);
	struct limit_hits hits = { { 0 } };
	uint8_t *text = nt_zalloc(PIECE);
	struct bytes keys;

	for (size_t i = 0; i < LIMIT_SECRETS / PIECE + 2; i++)
		ck_assert_int_eq(recording_put_keys(r, (struct bytes){ text, PIECE }, NULL), NT_OK);
	close_recording(r);
	ck_assert_int_eq(recording_open_reader(&r, path, &hits, NULL), NT_OK);
	ck_assert_int_eq(recording_select(r, 1, NULL), NT_OK);
	ck_assert_int_eq(recording_keys(r, &keys, NULL), NT_OK);
	ck_assert_uint_eq(keys.size, LIMIT_SECRETS);
	ck_assert_uint_eq(hits.count[LIMIT_SECRETS_HIT], 1);
	close_recording(r);
	free(text);
}
END_TEST

START_TEST(rows_belong_to_their_session)
{
	const char *path = recordings_path("two.db");
	struct recording_session second = bare_session;
	struct conntrack_entry entry = entries[0];
	struct recording *r = writer_with_session(path);
	struct recording_packet packet;

	put_packets(r, 1, 300, 100);
	ck_assert_int_eq(recording_put_keys(r, BYTES("a"), NULL), NT_OK);
	begin_session(r, &second);
	ck_assert_uint_eq(recording_packet_bytes(r), 0);
	put_packets(r, 1, 200, 100);
	ck_assert_int_eq(recording_put_keys(r, BYTES("b"), NULL), NT_OK);
	ck_assert_int_eq(recording_put_conntrack(r, &entry, NULL), NT_OK);
	close_recording(r);

	r = reader_of(path);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(recording_select(r, second.id, NULL), NT_OK);
		ck_assert_uint_eq(count_packets(r, 1), 200);
		ck_assert(bytes_equal(keys_of(r), BYTES("b")));
		ck_assert_uint_eq(recording_interface_count(r), 0);
		ck_assert_int_eq(recording_next_conntrack(r, &entry, NULL), NT_OK);
		ck_assert_int_eq(recording_select(r, second.id - 1, NULL), NT_OK);
		ck_assert_uint_eq(count_packets(r, 1), 300);
		ck_assert(bytes_equal(keys_of(r), BYTES("a")));
		ck_assert_uint_eq(recording_interface_count(r), 1);
		ck_assert_int_eq(recording_next_conntrack(r, &entry, NULL), NT_END);
	}
	ck_assert_int_eq(recording_select(r, 99, NULL), NT_EUSAGE);
	ck_assert_int_eq(recording_next_packet(r, &packet, NULL), NT_END);
	close_recording(r);
}
END_TEST

START_TEST(recording_is_continued_by_the_next_writer)
{
	const char *path = recordings_path("continued.db");

	for (int i = 0; i < 3; i++) {
		struct recording *r = writer_with_session(path);

		put_packets(r, 1, 50, 100);
		close_recording(r);
	}
	struct recording *r = reader_of(path);

	ck_assert_uint_eq(recording_session_count(r), 3);
	for (size_t i = 0; i < 3; i++) {
		ck_assert_int_eq(recording_select(r, recording_session(r, i)->id, NULL), NT_OK);
		ck_assert_uint_eq(count_packets(r, 1), 50);
	}
	close_recording(r);
}
END_TEST

START_TEST(sessions_and_interfaces_beyond_the_limit_are_counted)
{
	const char *path = recordings_path("limits.db");
	struct limit_hits hits = { { 0 } };
	struct recording *r;

	close_recording(writer_with_session(path));
	ck_assert(tell_sqlite(path, "WITH n(i) AS (VALUES (2) UNION ALL SELECT i + 1 FROM n WHERE i < 65536)"
				    " INSERT INTO sessions (id, begin_ns) SELECT i, i FROM n;"
				    "WITH n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 4095)"
				    " INSERT INTO interfaces (session, id, link_type, snaplen) SELECT 1, i, 1, 0 FROM n"));
	for (uint64_t beyond = 0; beyond < 2; beyond++) {
		ck_assert_int_eq(recording_open_reader(&r, path, &hits, NULL), NT_OK);
		ck_assert_uint_eq(recording_session_count(r), LIMIT_SESSIONS);
		ck_assert_uint_eq(hits.count[LIMIT_SESSIONS_HIT], beyond);
		ck_assert_int_eq(recording_select(r, 1, NULL), NT_OK);
		ck_assert_uint_eq(recording_interface_count(r), LIMIT_INTERFACES);
		ck_assert_uint_eq(hits.count[LIMIT_INTERFACES_HIT], beyond);
		close_recording(r);
		ck_assert(tell_sqlite(path, "INSERT OR IGNORE INTO sessions (id) VALUES (65537);"
					    "INSERT OR IGNORE INTO interfaces (session, id, link_type, snaplen)"
					    " VALUES (1, 4096, 1, 0)"));
	}
}
END_TEST

START_TEST(rows_before_a_session_are_refused)
{
	struct recording *r = writer_of(recordings_path("none.db"));
	struct nt_error error = { 0 };

	ck_assert_int_eq(put_packet(r, 1, 60, &error), NT_EUSAGE);
	ck_assert_ptr_nonnull(strstr(error.text, "no session"));
	ck_assert_int_eq(recording_put_keys(r, BYTES("x"), NULL), NT_EUSAGE);
	ck_assert_int_eq(recording_end_session(r, &(struct recording_session){ .end = 1 }, NULL), NT_EUSAGE);
	ck_assert_int_eq(recording_trim(r, 0, NULL), NT_OK);
	close_recording(r);
	r = reader_of(recordings_path("none.db"));
	ck_assert_uint_eq(recording_session_count(r), 0);
	ck_assert_int_eq(recording_next_packet(r, &(struct recording_packet){ 0 }, NULL), NT_END);
	ck_assert_uint_eq(keys_of(r).size, 0);
	close_recording(r);
	ck_assert_int_eq(recording_close(NULL, NULL), NT_OK);
}
END_TEST

static void make_directory(void)
{
	recordings_make();
}

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("recording");
	TCase *tcase = tcase_create("rows");

	tcase_add_unchecked_fixture(tcase, make_directory, recordings_remove);
	tcase_set_timeout(tcase, 30);
	tcase_add_test(tcase, sessions_come_back_by_begin);
	tcase_add_test(tcase, end_of_session_keeps_what_its_caller_left_out);
	tcase_add_test(tcase, interfaces_come_back);
	tcase_add_test(tcase, nflog_details_come_back_and_equal_ones_are_shared);
	tcase_add_test(tcase, many_different_nflog_details_come_back);
	tcase_add_test(tcase, packets_with_extreme_values_come_back);
	tcase_add_test(tcase, packets_of_all_sizes_come_back);
	tcase_add_test(tcase, conntrack_entries_come_back_by_time);
	tcase_add_test(tcase, many_conntrack_entries_come_back);
	tcase_add_test(tcase, events_come_back_by_time);
	tcase_add_test(tcase, statistics_come_back_by_time);
	tcase_add_test(tcase, keys_are_joined_as_they_were_put);
	tcase_add_test(tcase, keys_beyond_the_limit_are_counted);
	tcase_add_test(tcase, rows_belong_to_their_session);
	tcase_add_test(tcase, recording_is_continued_by_the_next_writer);
	tcase_add_test(tcase, sessions_and_interfaces_beyond_the_limit_are_counted);
	tcase_add_test(tcase, rows_before_a_session_are_refused);
	suite_add_tcase(suite, tcase);
	return suite;
}
