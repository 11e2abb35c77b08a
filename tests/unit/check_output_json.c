#include "cli/json/json_trace.h"
#include "tests/support/json_check.h"
#include "tests/unit/suite.h"

#include <stdlib.h>
#include <string.h>

/* ---- a source that was read, without its files ---- */

struct capture_source {
	struct capture_input inputs[2];
	size_t input_count;
	struct capture_interface interfaces[2];
	size_t interface_count;
	uint64_t filtered_out;
};

size_t capture_input_count(const struct capture_source *source)
{
	return source->input_count;
}

const struct capture_input *capture_input(const struct capture_source *source, size_t index)
{
	return &source->inputs[index];
}

size_t capture_interface_count(const struct capture_source *source)
{
	return source->interface_count;
}

const struct capture_interface *capture_interface(const struct capture_source *source, size_t index)
{
	return &source->interfaces[index];
}

uint64_t capture_filtered_out(const struct capture_source *source)
{
	return source->filtered_out;
}

/* ---- the values that every test begins with ---- */

static const nt_time begin = INT64_C(1671787065260618344);

static struct capture_source source;
static struct correlate_stats stats;
static struct limit_hits hits;
static struct trace_list list;
static struct output output;
static char interface_name[] = "eth0";

static void set_up(void)
{
	source = (struct capture_source){ .input_count = 1, .interface_count = 1 };
	source.inputs[0] = (struct capture_input){ .name = "a.pcap",
						   .format = "pcap",
						   .compression = "",
						   .packets = 5,
						   .bytes = 700,
						   .first = begin,
						   .last = begin + NT_SECOND };
	source.inputs[1] = (struct capture_input){
		.name = "b.pcap", .format = "pcap", .compression = "", .first = NT_TIME_NONE, .last = NT_TIME_NONE
	};
	source.interfaces[0] = (struct capture_interface){ .link_type = 1 };
	source.interfaces[1] = (struct capture_interface){ .id = 1, .file = 1, .link_type = 1 };
	stats = (struct correlate_stats){ .packets = 5, .smallest_time = begin, .largest_time = begin + NT_SECOND };
	hits = (struct limit_hits){ { 0 } };
	list = (struct trace_list){ 0 };
	output = (struct output){ .description = "test",
				  .headers = "none",
				  .begin = begin,
				  .end = begin + NT_SECOND,
				  .list = &list,
				  .source = &source,
				  .stats = &stats,
				  .hits = &hits };
}

static struct packet_ref packet_of(uint64_t file, uint64_t number)
{
	return (struct packet_ref){ .file = (uint16_t)(file & 0xfff), .number = number };
}

static struct ip_address address(const char *text)
{
	struct ip_address result = { { 0 } };
	uint8_t version;

	ck_assert(ip_address_parse(text, &version, &result));
	return result;
}

static struct address_tuple tuple(void)
{
	return (struct address_tuple){ 4, address("10.0.0.1"), address("10.0.0.2"), 40000, 443 };
}

static FILE *stream;
static char *written;
static size_t written_size;

static char *whole_trace(void)
{
	stream = open_memstream(&written, &written_size);
	ck_assert(output_json(stream, &output));
	fclose(stream);
	ck_assert(json_check((struct bytes){ (uint8_t *)written, written_size }));
	return written;
}

static void assert_contains(const char *text, const char *part)
{
	ck_assert_msg(strstr(text, part) != NULL, "no %s in %s", part, text);
}

START_TEST(trace_without_packets_is_complete)
{
	static const char head[] = "{\n  \"description\": \"test\",\n  \"traceBeginAt\": \"1970-01-01T00:00:00.000000000Z\",\n"
				   "  \"traceEndAt\": \"undefined\",\n  \"uuid\": \"";
	static const char tail[] = "\",\n  \"dials\": [],\n  \"tcpConns\": [],\n  \"udpConns\": [],\n  \"dnsQueries\": [],\n"
				   "  \"tlsTunnels\": [],\n  \"httpRequests\": [],\n  \"findings\": [],\n  \"capture\": {\n";
	char *text;

	output.begin = output.end = NT_TIME_NONE;
	stats = (struct correlate_stats){ .smallest_time = NT_TIME_NONE, .largest_time = NT_TIME_NONE };
	source.input_count = source.interface_count = 0;
	text = whole_trace();
	ck_assert_int_eq(strncmp(text, head, strlen(head)), 0);
	ck_assert_int_eq(strncmp(text + strlen(head) + 36, tail, strlen(tail)), 0);
	assert_contains(text, "\n    \"inputs\": [],\n    \"interfaces\": [],\n    \"packets\": {\n      \"read\": 0,\n");
	assert_contains(
		text,
		"\n    \"skipped\": {},\n    \"clock\": {},\n    \"limitsReached\": {},\n    \"headers\": \"none\"\n  }\n}\n");
	free(text);
}
END_TEST

START_TEST(lists_of_kinds_left_out_are_empty)
{
	struct trace_dial dial = { .id = 1 };
	struct trace_tcp_conn tcp = { .id = 2, .tuple = tuple() };
	struct trace_udp_conn udp = { .id = 3, .from_dial = 1, .tuple = tuple() };
	struct trace_dns_query query = { .id = 4 };
	struct trace_tls_tunnel tunnel = { .id = 5 };
	struct trace_http_request request = { .id = 6 };
	char *text;

	list = (struct trace_list){ .dials = &dial,
				    .dial_count = 1,
				    .tcp_conns = &tcp,
				    .tcp_conn_count = 1,
				    .udp_conns = &udp,
				    .udp_conn_count = 1,
				    .dns_queries = &query,
				    .dns_query_count = 1,
				    .tls_tunnels = &tunnel,
				    .tls_tunnel_count = 1,
				    .http_requests = &request,
				    .http_request_count = 1 };
	output.omit = (struct output_omit){ .dials = true, .tcp = true, .dns = true, .tls = true, .http = true };
	text = whole_trace();
	assert_contains(text, "\"dials\": [],\n  \"tcpConns\": [],\n  \"udpConns\": [\n    {\n      \"traceID\": \"tid-3\",\n"
			      "      \"fromDial\": \"\",\n");
	assert_contains(text, "\"dnsQueries\": [],\n  \"tlsTunnels\": [],\n  \"httpRequests\": [],\n");
	free(text);
	output.omit = (struct output_omit){ .udp = true };
	text = whole_trace();
	for (int id = 1; id <= 6; id++) {
		char line[32];

		snprintf(line, sizeof line, "\"traceID\": \"tid-%d\"", id);
		ck_assert((strstr(text, line) != NULL) == (id != 3));
	}
	free(text);
}
END_TEST

static void read_uuid(char uuid[37])
{
	static const char before[] = "\"uuid\": \"";
	char *text = whole_trace();

	memcpy(uuid, strstr(text, before) + strlen(before), 36);
	uuid[36] = 0;
	free(text);
}

START_TEST(uuid_follows_from_the_input_alone)
{
	char first[37], again[37], other[37];

	read_uuid(first);
	source.inputs[0].name = "renamed.pcap";
	output.description = "another";
	output.omit.tcp = true;
	read_uuid(again);
	ck_assert_str_eq(first, again);
	ck_assert_int_eq(first[14], '5');
	ck_assert_ptr_nonnull(strchr("89ab", first[19]));
	source.inputs[0].bytes++;
	read_uuid(other);
	ck_assert_str_ne(first, other);
}
END_TEST

START_TEST(failing_output_is_reported)
{
	FILE *full = fopen("/dev/full", "w");

	ck_assert_ptr_nonnull(full);
	ck_assert(!output_json(full, &output));
	fclose(full);
}
END_TEST

/* ---- what records say of several inputs and interfaces ---- */

static struct json *begin_writing(void)
{
	stream = open_memstream(&written, &written_size);
	return json_new(stream, JSON_COMPACT);
}

static void expect(struct json *json, const char *text)
{
	ck_assert(json_finish(json));
	json_free(json);
	fclose(stream);
	ck_assert(json_check((struct bytes){ (uint8_t *)written, written_size }));
	written[strlen(written) - 1] = 0;
	ck_assert_str_eq(written, text);
	free(written);
}

START_TEST(packets_of_several_inputs_say_which_file)
{
	const struct json_packet packets[] = { { "none", "noneFile", packet_of(0, 0) },
					       { "first", "firstFile", packet_of(1, 3) },
					       { "same", "sameFile", packet_of(1, 4) },
					       { "other", "otherFile", packet_of(0, 8) } };
	struct json *json = begin_writing();

	json_begin_array(json, NULL);
	for (source.input_count = 1; source.input_count <= 2; source.input_count++) {
		json_begin_object(json, NULL);
		json_put_packets(json, &output, packets, 4);
		json_put_icmp(json, &output, 3, 1, packet_of(1, 5));
		json_end(json);
	}
	json_end(json);
	expect(json, "[{\"first\":3,\"same\":4,\"other\":8,\"icmp\":{\"type\":3,\"code\":1,\"packet\":5}},"
		     "{\"first\":3,\"file\":1,\"same\":4,\"other\":8,\"otherFile\":0,"
		     "\"icmp\":{\"type\":3,\"code\":1,\"packet\":5,\"file\":1}}]");
}
END_TEST

START_TEST(interface_without_name_is_given_by_its_id_if_there_are_several)
{
	struct json *json = begin_writing();

	source.interfaces[1].name = interface_name;
	json_begin_array(json, NULL);
	for (source.interface_count = 0; source.interface_count <= 2; source.interface_count++) {
		for (uint32_t interface = 0; interface <= 2; interface++) {
			json_begin_optional_object(json, NULL);
			json_put_interface(json, &output, interface);
			json_end(json);
		}
	}
	json_end(json);
	expect(json, "[{\"interfaceId\":0},{\"interface\":\"eth0\"}]");
}
END_TEST

START_TEST(connection_is_shown_if_its_own_kind_is)
{
	struct trace_udp_conn udp[] = { { .id = 3 }, { .id = 5 }, { .id = 9 } };

	list.udp_conns = udp;
	list.udp_conn_count = 3;
	ck_assert_uint_eq(json_conn_shown(&output, 4), 4);
	output.omit.udp = true;
	for (trace_id id = 1; id < 12; id++)
		ck_assert_uint_eq(json_conn_shown(&output, id), id == 3 || id == 5 || id == 9 ? 0 : id);
	output.omit = (struct output_omit){ .tcp = true };
	for (trace_id id = 1; id < 12; id++)
		ck_assert_uint_eq(json_conn_shown(&output, id), id == 3 || id == 5 || id == 9 ? id : 0);
}
END_TEST

/* ---- capture ---- */

START_TEST(capture_says_where_packets_came_from_and_went)
{
	struct json *json;

	source.input_count = source.interface_count = 2;
	source.inputs[0].compression = "gzip";
	source.inputs[0].packets_cut = 2;
	source.inputs[0].dropped = 3;
	source.inputs[0].damage = (struct capture_damage){ true, 690, 5, 10, "the last packet is cut" };
	source.interfaces[0].name = interface_name;
	source.interfaces[0].snaplen = 96;
	source.filtered_out = 1;
	stats.ip_packets = 4;
	stats.skipped.not_ip = 1;
	stats.time_went_backwards = 2;
	stats.unknown[0] = (struct correlate_unknown){ NET_ETHERTYPE, 0x1234, 1 };
	stats.unknown_count = 1;
	hits.count[LIMIT_DNS_RECORDS_HIT] = 6;
	output.filter = "tcp";
	output.headers = "values";
	json = begin_writing();
	json_begin_object(json, NULL);
	json_write_capture(json, &output);
	json_end(json);
	expect(json,
	       "{\"capture\":{\"tool\":{\"name\":\"nettrace-analyze\",\"version\":\"0.1.0\"},\"inputs\":[{\"name\":\"a.pcap\","
	       "\"format\":\"pcap\",\"compression\":\"gzip\",\"packets\":5,\"bytes\":700,\"packetsCut\":2,"
	       "\"first\":\"2022-12-23T09:17:45.260618344Z\",\"last\":\"2022-12-23T09:17:46.260618344Z\",\"dropped\":3,"
	       "\"damage\":{\"byteOffset\":690,\"packetNumber\":5,\"bytesLost\":10,\"reason\":\"the last packet is cut\"}},"
	       "{\"name\":\"b.pcap\",\"format\":\"pcap\",\"packets\":0,\"bytes\":0}],\"interfaces\":[{\"id\":0,\"name\":\"eth0\","
	       "\"linkType\":1,\"linkTypeName\":\"ETHERNET\",\"snaplen\":96,\"file\":0},{\"id\":1,\"linkType\":1,"
	       "\"linkTypeName\":\"ETHERNET\",\"file\":1}],\"filter\":\"tcp\",\"packets\":{\"read\":5,\"filteredOut\":1,\"ip\":4,"
	       "\"tcp\":0,\"udp\":0,\"icmp\":0,\"cut\":0,\"fragments\":0,\"reassembled\":0},\"skipped\":{\"notIp\":1,"
	       "\"unknown\":[{\"registry\":\"etherType\",\"number\":4660,\"name\":\"EtherType 0x1234\",\"packets\":1}]},"
	       "\"clock\":{\"first\":\"2022-12-23T09:17:45.260618344Z\",\"last\":\"2022-12-23T09:17:46.260618344Z\","
	       "\"wentBackwards\":2},\"limitsReached\":{\"dnsRecords\":6},\"headers\":\"values\"}}");
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("output_json");
	TCase *tcase = tcase_create("trace");

	tcase_add_checked_fixture(tcase, set_up, NULL);
	tcase_add_test(tcase, packets_of_several_inputs_say_which_file);
	tcase_add_test(tcase, connection_is_shown_if_its_own_kind_is);
	tcase_add_test(tcase, trace_without_packets_is_complete);
	tcase_add_test(tcase, lists_of_kinds_left_out_are_empty);
	tcase_add_test(tcase, uuid_follows_from_the_input_alone);
	tcase_add_test(tcase, capture_says_where_packets_came_from_and_went);
	tcase_add_test(tcase, failing_output_is_reported);
	tcase_add_test(tcase, interface_without_name_is_given_by_its_id_if_there_are_several);
	suite_add_tcase(suite, tcase);
	return suite;
}
