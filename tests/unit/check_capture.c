/*
 * A source as a whole: several inputs merged, filters, what is told of inputs and interfaces.
 */
#include "capture/source.h"
#include "tests/support/packet.h"
#include "tests/support/pcap_bytes.h"
#include "tests/unit/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST = 4 };

static char paths[MOST][64];
static const char *names[MOST];
static size_t path_count;

/* Writes the file and forgets it; capture_open() gets it by its place in `names`. */
static void add_file(struct pcap_bytes *file)
{
	char *path = paths[path_count];
	int fd;

	ck_assert_uint_lt(path_count, MOST);
	snprintf(path, sizeof paths[0], "/tmp/check_capture_XXXXXX");
	fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, file->out.at, file->out.size), (ssize_t)file->out.size);
	close(fd);
	names[path_count++] = path;
	pcap_bytes_free(file);
}

static struct capture_source *open_files(void)
{
	struct capture_source *source;
	struct nt_error error;
	enum nt_status status = capture_open(&source, names, path_count, NULL, &error);

	ck_assert_msg(status == NT_OK, "%s", status == NT_OK ? "" : error.text);
	return source;
}

static void finish(struct capture_source *source)
{
	capture_free(source);
	for (size_t i = 0; i < path_count; i++)
		unlink(paths[i]);
	path_count = 0;
}

/* A pcap file with a packet of one byte per letter; "a3 b7" is a packet "a" at 3 s and one "b" at 7 s. */
static void add_pcap(const char *packets)
{
	struct pcap_bytes file = pcap_bytes_little();

	pcap_bytes_header(&file, 1, 65535);
	for (; packets[0]; packets += packets[2] ? 3 : 2)
		pcap_bytes_record(&file, (packets[1] - '0') * NT_SECOND, packets, 1, 1);
	add_file(&file);
}

/* The same as pcapng, of which "a-" is a packet without time. */
static void add_pcapng(const char *packets)
{
	struct pcap_bytes file = pcap_bytes_little();

	pcapng_bytes_section(&file);
	pcapng_bytes_interface(&file, &(struct pcapng_bytes_interface){ .link_type = 101, .name = "tun0" });
	for (; packets[0]; packets += packets[2] ? 3 : 2)
		if (packets[1] == '-')
			pcapng_bytes_simple(&file, packets, 1, 1);
		else
			pcapng_bytes_packet(&file, 0, (uint64_t)(packets[1] - '0') * 1000000, packets, 1, 1,
					    (struct bytes){ NULL, 0 });
	add_file(&file);
}

static const char *order_of(struct capture_source *source)
{
	static char order[64];
	struct packet packet;
	size_t count = 0;

	while (capture_next(source, &packet) == NT_OK && count < sizeof order - 1)
		order[count++] = (char)packet.data[0];
	order[count] = 0;
	return order;
}

static const struct merge {
	const char *first, *second, *third, *order;
} merges[] = {
	{ "a1 b4 c7", "d2 e5", "f3 g6", "adfbegc" },
	{ "a1 b1", "c1 d1", "e1", "abcde" },         /* equal times: by input */
	{ "a5 b1 c6", "d2 e5", "f9", "dabecf" },     /* each file keeps its order */
	{ "", "a1", "", "a" },                       /* */
	{ "", "", "", "" },                          /* */
	{ "a9", "b1 c2 d3", "e0", "ebcda" },         /* */
	{ "a1 b3", "c1 d- e- f3", "g1", "acdegbf" }, /* without a time: right after its predecessor */
	{ "a1 b2", "c- d- e2", "f1", "cdafbe" },     /* or at the very start */
};

START_TEST(inputs_are_merged_by_time)
{
	struct capture_source *source;

	add_pcap(merges[_i].first);
	add_pcapng(merges[_i].second);
	add_pcap(merges[_i].third);
	source = open_files();
	ck_assert_str_eq(order_of(source), merges[_i].order);
	ck_assert_str_eq(order_of(source), "");
	finish(source);
}
END_TEST

START_TEST(packets_keep_their_file_and_number)
{
	struct capture_source *source;
	struct packet packet;
	static const struct {
		uint32_t file;
		uint64_t number;
	} expected[] = { { 0, 1 }, { 1, 1 }, { 1, 2 }, { 0, 2 } };

	add_pcap("a1 b9");
	add_pcap("c2 d3");
	source = open_files();
	for (size_t i = 0; i < 4; i++) {
		ck_assert_int_eq(capture_next(source, &packet), NT_OK);
		ck_assert_uint_eq(packet.interface->file, expected[i].file);
		ck_assert_uint_eq(packet.number, expected[i].number);
	}
	finish(source);
}
END_TEST

START_TEST(interfaces_are_numbered_over_all_inputs)
{
	struct capture_source *source;

	add_pcap("a1");
	add_pcapng("b2");
	add_pcap("c3");
	source = open_files();
	ck_assert_uint_eq(capture_interface_count(source), 3);
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_uint_eq(capture_interface(source, i)->id, i);
		ck_assert_uint_eq(capture_interface(source, i)->file, i);
		ck_assert_uint_eq(capture_interface(source, i)->link_type, i == 1 ? 101 : 1);
	}
	ck_assert_ptr_null(capture_interface(source, 3));
	ck_assert_uint_eq(capture_input_count(source), 3);
	ck_assert_str_eq(capture_input(source, 2)->name, names[2]);
	ck_assert_ptr_null(capture_input(source, 3));
	finish(source);
}
END_TEST

START_TEST(damage_in_one_input_leaves_the_others)
{
	struct pcap_bytes cut = pcap_bytes_little();
	struct capture_source *source;

	pcap_bytes_header(&cut, 1, 65535);
	pcap_bytes_record(&cut, NT_SECOND, "x", 1, 1);
	pcap_bytes_raw(&cut, "rest", 4);
	add_file(&cut);
	add_pcap("a2 b3");
	source = open_files();
	ck_assert_str_eq(order_of(source), "xab");
	ck_assert(capture_input(source, 0)->damage.damaged);
	ck_assert(!capture_input(source, 1)->damage.damaged);
	finish(source);
}
END_TEST

START_TEST(one_unreadable_input_of_several_fails_the_opening)
{
	struct capture_source *source;
	struct nt_error error;

	add_pcap("a1");
	names[path_count] = "/nowhere.pcap";
	ck_assert_int_eq(capture_open(&source, names, 2, NULL, &error), NT_EIO);
	ck_assert_ptr_null(source);
	ck_assert_ptr_nonnull(strstr(error.text, "/nowhere.pcap"));
	finish(NULL);
}
END_TEST

START_TEST(no_input_and_standard_input_twice_are_wrong_use)
{
	static const char *const twice[] = { "-", "-" };
	struct capture_source *source;
	struct nt_error error;

	ck_assert_int_eq(capture_open(&source, NULL, 0, NULL, &error), NT_EUSAGE);
	ck_assert_ptr_null(source);
	ck_assert_int_eq(capture_open(&source, twice, 2, NULL, &error), NT_EUSAGE);
	ck_assert_ptr_nonnull(strstr(error.text, "twice"));
}
END_TEST

/* ---- filters ---- */

static const struct test_packet to_dns = { .source_port = 40000, .destination_port = 53 };
static const struct test_packet to_web = { .source_port = 40001, .destination_port = 80, .flags = 2 };
static const struct test_packet to_dns_raw = { .source_port = 40000, .destination_port = 53, .raw = true };

/* On Ethernet: DNS, HTTP; on raw IP: DNS; on a link type that libpcap does not know: anything. */
static struct pcap_bytes three_links(void)
{
	static uint8_t frame[TEST_FRAME_SIZE];
	struct pcap_bytes file = pcap_bytes_little();
	size_t size;

	pcapng_bytes_section(&file);
	pcapng_bytes_interface(&file, &(struct pcapng_bytes_interface){ .link_type = 1 });
	pcapng_bytes_interface(&file, &(struct pcapng_bytes_interface){ .link_type = 101 });
	pcapng_bytes_interface(&file, &(struct pcapng_bytes_interface){ .link_type = 60000 });
	size = test_packet_udp(&to_dns, "question", 8, frame);
	pcapng_bytes_packet(&file, 0, 1, frame, size, size, (struct bytes){ NULL, 0 });
	size = test_packet_tcp(&to_web, NULL, 0, frame);
	pcapng_bytes_packet(&file, 0, 2, frame, size, size, (struct bytes){ NULL, 0 });
	size = test_packet_udp(&to_dns_raw, "question", 8, frame);
	pcapng_bytes_packet(&file, 1, 3, frame, size, size, (struct bytes){ NULL, 0 });
	pcapng_bytes_packet(&file, 2, 4, frame, size, size, (struct bytes){ NULL, 0 });
	return file;
}

static const struct filtered {
	const char *expression;
	uint64_t taken[4]; /* numbers, 0 ends them */
} filters[] = {
	{ "udp port 53", { 1, 3 } }, { "tcp", { 2 } },
	{ "ip", { 1, 2, 3 } },       { "ether src 02:00:00:00:00:01", { 1, 2 } }, /* means nothing on raw IP */
	{ "icmp", { 0 } },
};

START_TEST(filter_is_compiled_for_each_link_type)
{
	struct pcap_bytes file = three_links();
	struct capture_source *source;
	struct packet packet;
	size_t taken = 0;

	add_file(&file);
	source = open_files();
	ck_assert_int_eq(capture_set_filter(source, filters[_i].expression, NULL), NT_OK);
	for (; filters[_i].taken[taken]; taken++) {
		ck_assert_int_eq(capture_next(source, &packet), NT_OK);
		ck_assert_uint_eq(packet.number, filters[_i].taken[taken]);
	}
	ck_assert_int_eq(capture_next(source, &packet), NT_END);
	ck_assert_uint_eq(capture_filtered_out(source), 4 - taken);
	ck_assert_uint_eq(capture_input(source, 0)->packets, 4);
	finish(source);
}
END_TEST

START_TEST(wrong_filter_is_refused_in_the_words_of_the_compiler)
{
	struct capture_source *source;
	struct nt_error error;

	add_pcap("a1");
	source = open_files();
	ck_assert_int_eq(capture_set_filter(source, "udp prt 53", &error), NT_EUSAGE);
	ck_assert_msg(strstr(error.text, "cannot compile the filter 'udp prt 53': ") && strstr(error.text, "error"), "%s",
		      error.text);
	ck_assert_str_eq(order_of(source), "a");
	finish(source);
}
END_TEST

START_TEST(filter_that_fits_only_the_link_type_of_an_input_is_taken)
{
	static const char *const wireless = "wlan type mgt subtype beacon";
	struct pcap_bytes file = pcap_bytes_little();
	struct capture_source *source;

	add_pcap("a1");
	source = open_files();
	ck_assert_int_eq(capture_set_filter(source, wireless, NULL), NT_EUSAGE);
	finish(source);
	pcap_bytes_header(&file, 105, 65535); /* LINKTYPE_IEEE802_11 */
	pcap_bytes_record(&file, 0, "\x80\0 a beacon, as far as the filter looks", 24, 24);
	pcap_bytes_record(&file, 0, "\x08\0 data", 8, 24);
	add_file(&file);
	source = open_files();
	ck_assert_int_eq(capture_set_filter(source, wireless, NULL), NT_OK);
	ck_assert_str_eq(order_of(source), "\x80");
	finish(source);
}
END_TEST

START_TEST(second_filter_replaces_the_first)
{
	struct pcap_bytes file = three_links();
	struct capture_source *source;
	struct packet packet;

	add_file(&file);
	source = open_files();
	ck_assert_int_eq(capture_set_filter(source, "icmp", NULL), NT_OK);
	ck_assert_int_eq(capture_set_filter(source, "tcp", NULL), NT_OK);
	ck_assert_int_eq(capture_set_filter(source, "no filter )(", NULL), NT_EUSAGE);
	ck_assert_int_eq(capture_next(source, &packet), NT_OK);
	ck_assert_uint_eq(packet.number, 2);
	finish(source);
}
END_TEST

START_TEST(merged_inputs_are_filtered_too)
{
	struct pcap_bytes file = three_links(), same = three_links();
	struct capture_source *source;
	struct packet packet;
	unsigned count = 0;

	add_file(&file);
	add_file(&same);
	source = open_files();
	ck_assert_int_eq(capture_set_filter(source, "udp", NULL), NT_OK);
	while (capture_next(source, &packet) == NT_OK)
		count++;
	ck_assert_uint_eq(count, 4);
	ck_assert_uint_eq(capture_filtered_out(source), 4);
	finish(source);
}
END_TEST

START_TEST(freeing_nothing_is_fine)
{
	capture_free(NULL);
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("capture");
	TCase *tests = tcase_create("capture");

	tcase_add_loop_test(tests, inputs_are_merged_by_time, 0, sizeof merges / sizeof *merges);
	tcase_add_test(tests, packets_keep_their_file_and_number);
	tcase_add_test(tests, interfaces_are_numbered_over_all_inputs);
	tcase_add_test(tests, damage_in_one_input_leaves_the_others);
	tcase_add_test(tests, one_unreadable_input_of_several_fails_the_opening);
	tcase_add_test(tests, no_input_and_standard_input_twice_are_wrong_use);
	tcase_add_loop_test(tests, filter_is_compiled_for_each_link_type, 0, sizeof filters / sizeof *filters);
	tcase_add_test(tests, wrong_filter_is_refused_in_the_words_of_the_compiler);
	tcase_add_test(tests, filter_that_fits_only_the_link_type_of_an_input_is_taken);
	tcase_add_test(tests, second_filter_replaces_the_first);
	tcase_add_test(tests, merged_inputs_are_filtered_too);
	tcase_add_test(tests, freeing_nothing_is_fine);
	suite_add_tcase(suite, tests);
	return suite;
}
