/*
 * dissect/dns: sections, names, recognition.  Record data: check_dns_data.c.
 */
#include "tests/support/dns_message.h"
#include "tests/unit/suite.h"

/* ---- the header and the sections ---- */

START_TEST(query_gives_its_header_and_question)
{
	d_query();
	ck_assert_int_eq(d_parse(), CUR_OK);
	ck_assert_uint_eq(dt.got.id, 0x1234);
	ck_assert(!dt.got.is_response && dt.got.recursion_desired && !dt.got.recursion_available && !dt.got.truncated &&
		  !dt.got.authoritative);
	ck_assert_uint_eq(dt.got.question_count, 1);
	ck_assert_str_eq(dt.got.questions[0].name, "www.example.com.");
	ck_assert_uint_eq(dt.got.questions[0].type, DNS_TYPE_A);
	ck_assert_uint_eq(dt.got.questions[0].class, D_IN);
	ck_assert_uint_eq(dt.got.answer_count, 0);
	ck_assert_uint_eq(dt.got.size, dt.size);
	ck_assert_uint_eq(dt.got.soa_minimum, UINT32_MAX);
	ck_assert(!dt.got.cut && !dt.got.malformed);
}
END_TEST

START_TEST(response_gives_its_answers_in_order)
{
	d_response();
	ck_assert_int_eq(d_parse(), CUR_OK);
	ck_assert(dt.got.is_response && dt.got.recursion_available && !dt.got.malformed && !dt.got.cut);
	ck_assert_uint_eq(dt.got.answer_count, 3);
	ck_assert_str_eq(dt.got.answers[0].name, "www.example.com.");
	ck_assert_uint_eq(dt.got.answers[0].type, DNS_TYPE_CNAME);
	ck_assert_uint_eq(dt.got.answers[0].ttl, 300);
	ck_assert_str_eq(dt.got.answers[0].value, "cdn.example.com.");
	ck_assert_str_eq(dt.got.answers[1].name, "cdn.example.com.");
	ck_assert_str_eq(dt.got.answers[1].value, "192.0.2.1");
	ck_assert_uint_eq(dt.got.answers[1].data.size, 4);
	ck_assert_uint_eq(dt.got.answers[1].data.at[0], 192);
	ck_assert_str_eq(dt.got.answers[2].name, "www.example.com.");
	ck_assert_str_eq(dt.got.answers[2].value, "2001:db8::1");
	ck_assert_uint_eq(dt.got.answers[2].ttl, 61);
}
END_TEST

START_TEST(header_flags_and_counts_are_given)
{
	d_header(D_QR | D_AA | D_TC | 5 << 11 | 9, 0, 0, 0, 0);
	ck_assert_int_eq(d_parse(), CUR_OK);
	ck_assert(dt.got.is_response && dt.got.authoritative && dt.got.truncated && !dt.got.recursion_desired);
	ck_assert_uint_eq(dt.got.opcode, 5);
	ck_assert_uint_eq(dt.got.rcode, 9);
	d_header(0, 1, 2, 3, 4);
	ck_assert_int_eq(d_parse(), CUR_BAD);
	for (unsigned i = 0; i < 4; i++)
		ck_assert_uint_eq(dt.got.counts[i], i + 1);
}
END_TEST

START_TEST(opt_record_gives_edns_and_the_upper_rcode_bits)
{
	d_header(D_QR | 0, 0, 0, 0, 1);
	d_name("");
	d_begin_record(DNS_TYPE_OPT, 1232, 0x01020000);
	d_end_record();
	ck_assert_int_eq(d_parse(), CUR_OK);
	ck_assert(dt.got.has_edns);
	ck_assert_uint_eq(dt.got.edns_udp_size, 1232);
	ck_assert_uint_eq(dt.got.edns_version, 2);
	ck_assert_uint_eq(dt.got.rcode, 16);
}
END_TEST

START_TEST(second_opt_record_is_malformed)
{
	d_header(D_QR, 0, 0, 0, 2);
	for (int i = 0; i < 2; i++) {
		d_name("");
		d_begin_record(DNS_TYPE_OPT, 1000 + (unsigned)i, 0);
		d_end_record();
	}
	ck_assert_int_eq(d_parse(), CUR_OK);
	ck_assert(dt.got.malformed);
	ck_assert_uint_eq(dt.got.edns_udp_size, 1000);
}
END_TEST

START_TEST(opt_record_of_a_name_is_malformed)
{
	d_header(D_QR, 0, 0, 0, 1);
	d_name("a");
	d_begin_record(DNS_TYPE_OPT, 1000, 0);
	d_end_record();
	ck_assert_int_eq(d_parse(), CUR_OK);
	ck_assert(dt.got.malformed && !dt.got.has_edns);
}
END_TEST

START_TEST(negative_answer_lives_for_the_soa_minimum)
{
	d_negative();
	ck_assert_int_eq(d_parse(), CUR_OK);
	ck_assert_uint_eq(dt.got.rcode, 3);
	ck_assert_uint_eq(dt.got.soa_minimum, 500);
}
END_TEST

START_TEST(negative_answer_lives_for_the_ttl_of_the_soa_if_that_is_shorter)
{
	d_negative();
	memcpy(dt.at + dt.rdlength_at - 4, "\0\0\0\x07", 4);
	ck_assert_int_eq(d_parse(), CUR_OK);
	ck_assert_uint_eq(dt.got.soa_minimum, 7);
}
END_TEST

START_TEST(class_is_given_with_the_bits_of_mdns)
{
	d_mdns();
	ck_assert_int_eq(d_parse(), CUR_OK);
	ck_assert_uint_eq(dt.got.answers[1].class, 0x8001);
	ck_assert_str_eq(dt.got.answers[0].value, "My\\032Disk._http._tcp.local.");
	ck_assert_str_eq(dt.got.answers[1].name, "My\\032Disk._http._tcp.local.");
	ck_assert_str_eq(dt.got.answers[1].value, "0 0 80 disk.local.");
	ck_assert_str_eq(dt.got.answers[2].name, "_http._tcp.local.");
	ck_assert_str_eq(dt.got.answers[2].value, "\"a=b\" \"c\"");
}
END_TEST

START_TEST(bytes_behind_the_last_section_are_let_pass)
{
	d_query();
	d_raw("padding", 7);
	ck_assert_int_eq(d_parse(), CUR_OK);
	ck_assert(!dt.got.malformed);
}
END_TEST

START_TEST(message_without_a_whole_header_gives_only_its_size)
{
	d_query();
	for (size_t size = 0; size < 12; size++) {
		ck_assert_int_eq(d_parse_part(size, 0), CUR_BAD);
		ck_assert_uint_eq(dt.got.size, size);
		ck_assert_int_eq(d_parse_part(size, 500), CUR_CUT);
		ck_assert_uint_eq(dt.got.size, size + 500);
		ck_assert_uint_eq(dt.got.id, 0);
		ck_assert_ptr_null(dt.got.questions);
	}
}
END_TEST

START_TEST(answers_stay_when_a_later_section_is_broken)
{
	d_response();
	dt.size -= 3;
	ck_assert_int_eq(d_parse(), CUR_BAD);
	ck_assert(dt.got.malformed && !dt.got.cut);
	ck_assert_uint_eq(dt.got.answer_count, 3);
	ck_assert(!dt.got.has_edns);
}
END_TEST

START_TEST(counts_that_lie_give_what_is_there)
{
	d_header(D_QR, 1, 65535, 65535, 65535);
	d_question("example.com", DNS_TYPE_A);
	D_RECORD(DNS_TYPE_A, 1, "\x01\x02\x03\x04");
	ck_assert_int_eq(d_parse(), CUR_BAD);
	ck_assert(dt.got.malformed);
	ck_assert_uint_eq(dt.got.answer_count, 1);
	ck_assert_str_eq(dt.got.answers[0].value, "1.2.3.4");
	ck_assert_uint_lt(dt.arena.used, 1000);
}
END_TEST

START_TEST(rdlength_beyond_the_message_is_malformed)
{
	d_header(D_QR, 1, 1, 0, 0);
	d_question("example.com", DNS_TYPE_A);
	D_RECORD(DNS_TYPE_A, 1, "\x01\x02\x03\x04");
	dt.at[dt.rdlength_at + 1] = 5;
	ck_assert_int_eq(d_parse(), CUR_BAD);
	ck_assert(dt.got.malformed);
	ck_assert_uint_eq(dt.got.answer_count, 0);
	ck_assert_uint_eq(dt.got.question_count, 1);
}
END_TEST

START_TEST(answers_before_the_cut_are_given)
{
	d_response();
	ck_assert_int_eq(d_parse_part(dt.size - 25, 25), CUR_CUT);
	ck_assert(dt.got.cut && !dt.got.malformed);
	ck_assert_uint_eq(dt.got.answer_count, 2);
	ck_assert_uint_eq(dt.got.size, dt.size);
}
END_TEST

START_TEST(many_records_are_all_given)
{
	enum { MANY = 1000 };

	d_header(D_QR, 1, MANY, 0, 0);
	d_question("example.com", DNS_TYPE_A);
	for (unsigned i = 0; i < MANY; i++) {
		d_pointer(D_QUESTION_AT);
		d_begin_record(DNS_TYPE_A, D_IN, i);
		d_u32(i);
		d_end_record();
	}
	ck_assert_int_eq(d_parse(), CUR_OK);
	ck_assert_uint_eq(dt.got.answer_count, MANY);
	for (unsigned i = 0; i < MANY; i++) {
		ck_assert_uint_eq(dt.got.answers[i].ttl, i);
		ck_assert_str_eq(dt.got.answers[i].name, "example.com.");
	}
	ck_assert_str_eq(dt.got.answers[MANY - 1].value, "0.0.3.231");
}
END_TEST

START_TEST(records_beyond_the_limit_are_left_out_and_counted)
{
	unsigned many = LIMIT_DNS_RECORDS + 10;

	d_header(D_QR, 0, many, 0, 1);
	for (unsigned i = 0; i < many; i++) {
		d_name("");
		d_begin_record(DNS_TYPE_A, D_IN, i);
		d_u32(i);
		d_end_record();
	}
	d_name("");
	d_begin_record(DNS_TYPE_OPT, 512, 0);
	d_end_record();
	ck_assert_int_eq(d_parse(), CUR_OK);
	ck_assert_uint_eq(dt.got.answer_count, LIMIT_DNS_RECORDS);
	ck_assert_uint_eq(dt.hits.count[LIMIT_DNS_RECORDS_HIT], 1);
	ck_assert(dt.got.has_edns);
}
END_TEST

/* ---- names ---- */

/* The question's name, from the bytes of the message behind the header. */
static const char *name_of(const char *bytes, size_t size)
{
	d_header(0, 1, 0, 0, 0);
	d_raw(bytes, size);
	d_u16(DNS_TYPE_A);
	d_u16(D_IN);
	return d_parse() == CUR_OK ? dt.got.questions[0].name : dt.got.malformed ? "malformed" : "cut";
}
#define NAME(bytes) name_of(bytes, sizeof(bytes) - 1)

START_TEST(names_are_in_presentation_form)
{
	ck_assert_str_eq(NAME("\0"), ".");
	ck_assert_str_eq(NAME("\x03"
			      "CoM\0"),
			 "CoM.");
	ck_assert_str_eq(NAME("\x05_ldap\x04_tcp\x02"
			      "a-\0"),
			 "_ldap._tcp.a-.");
	ck_assert_str_eq(NAME("\x03"
			      "a.b\x02\\\"\0"),
			 "a\\.b.\\\\\\\".");
	ck_assert_str_eq(NAME("\x05();@$\0"), "\\(\\)\\;\\@\\$.");
	ck_assert_str_eq(NAME("\x05\0 \x7f\xff\n\0"), "\\000\\032\\127\\255\\010.");
}
END_TEST

START_TEST(name_of_255_bytes_is_the_longest)
{
	d_header(0, 1, 0, 0, 0);
	for (int i = 0; i < 126; i++)
		d_raw("\1\xff", 2);
	d_raw("\1\xff\0\0\1\0\1", 7);
	ck_assert_int_eq(d_parse(), CUR_OK);
	ck_assert_uint_eq(strlen(dt.got.questions[0].name), 127 * 5);
	d_header(0, 1, 0, 0, 0);
	for (int i = 0; i < 126; i++)
		d_raw("\1\xff", 2);
	d_raw("\2\xff\xff\0\0\1\0\1", 8);
	ck_assert_int_eq(d_parse(), CUR_BAD);
	ck_assert(dt.got.malformed);
}
END_TEST

START_TEST(name_of_the_longest_text_fits)
{
	d_header(0, 1, 0, 0, 0);
	for (int i = 0; i < 4; i++) {
		unsigned size = i < 3 ? 63 : 61;

		d_u8(size);
		memset(dt.at + dt.size, 0, size);
		dt.size += size;
	}
	d_raw("\0\0\1\0\1", 5);
	ck_assert_int_eq(d_parse(), CUR_OK);
	ck_assert_uint_eq(strlen(dt.got.questions[0].name), (3 * 63 + 61) * 4 + 4);
}
END_TEST

START_TEST(label_types_other_than_plain_and_pointer_are_malformed)
{
	for (unsigned type = 0x40; type < 0xc0; type += 0x40) {
		d_header(0, 1, 0, 0, 0);
		d_u8(type | 1);
		dt.size += type + 1;
		d_raw("\0\0\1\0\1", 5);
		ck_assert_int_eq(d_parse(), CUR_BAD);
	}
}
END_TEST

START_TEST(pointer_to_itself_is_malformed)
{
	ck_assert_str_eq(NAME("\xc0\x0c"), "malformed");
	ck_assert_uint_eq(dt.hits.count[LIMIT_DNS_POINTERS_HIT], 0);
}
END_TEST

START_TEST(pointer_forwards_is_malformed)
{
	ck_assert_str_eq(NAME("\xc0\x0e\1a\0"), "malformed");
}
END_TEST

START_TEST(pointer_into_the_header_is_malformed)
{
	ck_assert_str_eq(NAME("\xc0\x04"), "malformed");
}
END_TEST

START_TEST(name_with_pointer_loop_is_malformed)
{
	ck_assert_str_eq(NAME("\1a\xc0\x0c"), "malformed");
	d_header(0, 2, 0, 0, 0);
	d_raw("\1a\xc0\x10\0\1\0\1", 8);
	d_raw("\1b\xc0\x0c\0\1\0\1", 8);
	ck_assert_int_eq(d_parse(), CUR_BAD);
	ck_assert_uint_eq(dt.got.question_count, 0);
	ck_assert_uint_eq(dt.hits.count[LIMIT_DNS_POINTERS_HIT], 0);
}
END_TEST

START_TEST(pointers_chain_through_names)
{
	d_header(0, 3, 0, 0, 0);
	d_question("c", 1);
	d_label("b");
	d_pointer(D_QUESTION_AT);
	d_raw("\0\1\0\1", 4);
	d_label("a");
	d_pointer(D_QUESTION_AT + 7);
	d_raw("\0\1\0\1", 4);
	ck_assert_int_eq(d_parse(), CUR_OK);
	ck_assert_str_eq(dt.got.questions[2].name, "a.b.c.");
}
END_TEST

/* A root name, then pointers to pointers; the last one takes `jumps` jumps. */
static enum cur_state parse_chain(unsigned jumps)
{
	d_header(D_QR, 0, 2, 0, 0);
	d_name("");
	d_begin_record(10, D_IN, 0);
	for (unsigned i = 1; i < jumps; i++)
		d_pointer(i == 1 ? D_QUESTION_AT : dt.size - 2);
	d_end_record();
	d_pointer(dt.size - 2);
	d_begin_record(10, D_IN, 0);
	d_end_record();
	return d_parse();
}

START_TEST(more_pointers_than_the_limit_are_malformed)
{
	ck_assert_int_eq(parse_chain(LIMIT_DNS_POINTERS), CUR_OK);
	ck_assert_str_eq(dt.got.answers[1].name, ".");
	ck_assert_uint_eq(dt.hits.count[LIMIT_DNS_POINTERS_HIT], 0);
	ck_assert_int_eq(parse_chain(LIMIT_DNS_POINTERS + 1), CUR_BAD);
	ck_assert_uint_eq(dt.hits.count[LIMIT_DNS_POINTERS_HIT], 1);
	ck_assert_uint_eq(dt.got.answer_count, 1);
}
END_TEST

START_TEST(root_owner_after_a_far_name_is_the_root)
{
	d_header(D_QR, 0, 3, 0, 0);
	d_name("");
	d_begin_record(10, D_IN, 0);
	dt.size += 0x4000;
	d_end_record();
	for (int i = 0; i < 2; i++) {
		d_name(i ? "" : "far");
		d_begin_record(i ? DNS_TYPE_A : 10, D_IN, 0);
		d_raw("\1\2\3\4", 4);
		d_end_record();
	}
	ck_assert_int_eq(d_parse(), CUR_OK);
	ck_assert_str_eq(dt.got.answers[1].name, "far.");
	ck_assert_str_eq(dt.got.answers[2].name, ".");
}
END_TEST

/* ---- any prefix, any change ---- */

START_TEST(every_prefix_is_cut)
{
	size_t size;

	d_builders[_i]();
	size = dt.size;
	for (size_t n = 0; n < size; n++) {
		ck_assert_int_eq(d_parse_part(n, size - n), CUR_CUT);
		ck_assert(!dt.got.malformed);
		ck_assert_int_eq(d_parse_part(n, CUR_OPEN), CUR_CUT);
		ck_assert(!dt.got.malformed);
		ck_assert_int_eq(d_parse_part(n, 0), CUR_BAD);
		ck_assert(!dt.got.cut);
	}
}
END_TEST

static void check_result(enum cur_state state)
{
	ck_assert(state == CUR_OK || dt.got.malformed || (state == CUR_BAD && !dt.got.counts[0]));
	for (size_t i = 0; i < dt.got.question_count; i++)
		ck_assert_uint_gt(strlen(dt.got.questions[i].name), 0);
	for (size_t i = 0; i < dt.got.answer_count; i++) {
		size_t size = strlen(dt.got.answers[i].value);

		ck_assert_uint_gt(strlen(dt.got.answers[i].name), 0);
		ck_assert(size == 0 || dt.got.answers[i].value[size - 1] != ' ' || dt.got.answers[i].value[size - 2] == '\\');
	}
}

START_TEST(every_change_of_a_byte_gives_some_result)
{
	d_builders[_i]();
	for (size_t at = 0; at < dt.size; at++) {
		uint8_t kept = dt.at[at];

		for (unsigned value = 0; value < 256; value++) {
			dt.at[at] = (uint8_t)value;
			check_result(d_parse());
			(void)d_looks_like();
		}
		dt.at[at] = kept;
	}
}
END_TEST

/* ---- recognition ---- */

START_TEST(messages_look_like_dns)
{
	size_t size;

	d_builders[_i]();
	size = dt.size;
	ck_assert(d_looks_like());
	for (size_t n = 12; n < size; n++)
		ck_assert(d_looks_like_part(n, size - n));
	for (size_t n = 0; n < 12; n++)
		ck_assert(!d_looks_like_part(n, size - n));
}
END_TEST

START_TEST(bare_header_is_dns_only_as_an_error)
{
	d_header(D_QR | D_RD | 5, 0, 0, 0, 0);
	ck_assert(d_looks_like());
	d_header(D_QR | D_RD, 0, 0, 0, 0);
	ck_assert(!d_looks_like());
	d_header(D_RD, 0, 0, 0, 0);
	ck_assert(!d_looks_like());
}
END_TEST

START_TEST(more_than_20_questions_are_not_dns)
{
	for (unsigned count = 20; count <= 21; count++) {
		d_header(D_RD, count, 0, 0, 0);
		for (unsigned i = 0; i < count; i++)
			d_question("a", DNS_TYPE_A);
		ck_assert(d_looks_like() == (count == 20));
	}
}
END_TEST

START_TEST(class_may_carry_the_bit_of_mdns)
{
	d_header(0, 1, 0, 0, 0);
	d_name("_http._tcp.local");
	d_u16(DNS_TYPE_PTR);
	d_u16(0x8001);
	ck_assert(d_looks_like());
}
END_TEST

START_TEST(update_and_zone_transfer_look_like_dns)
{
	d_header(5 << 11, 1, 0, 1, 0);
	d_question("example.com", DNS_TYPE_SOA);
	d_pointer(D_QUESTION_AT);
	d_begin_record(DNS_TYPE_A, 255, 0);
	d_end_record();
	ck_assert(d_looks_like());
	d_header(D_QR | D_AA, 1, 500, 0, 0);
	d_question("example.com", 252);
	for (int i = 0; i < 500; i++)
		D_RECORD(DNS_TYPE_A, 1, "\1\2\3\4");
	ck_assert(d_looks_like());
}
END_TEST

#define DATA(bytes) bytes, sizeof(bytes) - 1

static const struct {
	const char *what;
	const char *bytes;
	size_t size;
} not_dns[] = {
	{ "zeros", DATA("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0") },
	{ "STUN", DATA("\0\1\0\x10\x21\x12\xa4\x42"
		       "abcdefghijkl\0\x06\0\x04wxyz\0\x24\0\x04\0\0\0\1") },
	{ "RTP", DATA("\x80\x60\x12\x34\0\0\0\xa0\x11\x22\x33\x44zzzzzzzzzzzzzzzzzzzz") },
	{ "DTLS", DATA("\x16\xfe\xfd\0\0\0\0\0\0\0\0\0\x20\1\0\0\x14\0\0\0\0\0\0\0\x14") },
	{ "NTP", DATA("\x23\2\x06\xe9\0\0\0\x20\0\0\0\x30\x0a\0\0\1\xe0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xe0\0\0\0\0\0"
		      "\0\0") },
	{ "NetBIOS", DATA("\x12\x34\1\x10\0\1\0\0\0\0\0\0\x20"
			  "CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
			  "\0\0\x21\0\1") },
	{ "NetBIOS response", DATA("\x12\x34\x85\0\0\0\0\1\0\0\0\0\x20"
				   "EFEDEJFPEEEPENEBEJEOCACACACACABM"
				   "\0\0\x20\0\1\0\0\0\1\0\6\0\0\1\2\3\4") },
	{ "text", DATA("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n") },
	{ "query of class 5", DATA("\x12\x34\1\0\0\1\0\0\0\0\0\0\1a\0\0\1\0\5") },
	{ "query of type 0", DATA("\x12\x34\1\0\0\1\0\0\0\0\0\0\1a\0\0\0\0\1") },
	{ "query with rcode", DATA("\x12\x34\1\3\0\1\0\0\0\0\0\0\1a\0\0\1\0\1") },
	{ "query with Z", DATA("\x12\x34\1\x40\0\1\0\0\0\0\0\0\1a\0\0\1\0\1") },
	{ "opcode 3", DATA("\x12\x34\x19\0\0\1\0\0\0\0\0\0\1a\0\0\1\0\1") },
	{ "name that is none", DATA("\x12\x34\1\0\0\1\0\0\0\0\0\0\x50"
				    "a\0\0\1\0\1") },
	{ "more records than fit", DATA("\x12\x34\1\0\0\1\0\0\0\0\0\1\1a\0\0\1\0\1") },
	{ "second record that cannot fit", DATA("\x12\x34\x81\0\0\0\0\2\0\0\0\0\0\0\1\0\1\0\0\0\0\0\4abcd") },
	{ "record that does not fit", DATA("\x12\x34\x81\0\0\0\0\1\0\0\0\0\0\0\1\0\1\0\0\0\0\0\4abc") },
};

START_TEST(other_protocols_do_not_look_like_dns)
{
	dt.size = 0;
	d_raw(not_dns[_i].bytes, not_dns[_i].size);
	ck_assert_msg(!d_looks_like(), "%s", not_dns[_i].what);
}
END_TEST

START_TEST(random_bytes_do_not_look_like_dns)
{
	uint64_t state = 42;
	unsigned taken = 0;

	for (int i = 0; i < 200000; i++) {
		dt.size = 0;
		for (int word = 0; word < 24; word++) {
			state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
			d_u32((uint32_t)(state >> 32));
		}
		taken += d_looks_like();
	}
	ck_assert_uint_eq(taken, 0);
}
END_TEST

/* ---- registries ---- */

START_TEST(types_have_their_mnemonics)
{
	char text[16];

	ck_assert_str_eq(dns_type_text(1, text), "A");
	ck_assert_str_eq(dns_type_text(65, text), "HTTPS");
	ck_assert_str_eq(dns_type_text(255, text), "ALL");
	ck_assert_str_eq(dns_type_text(32769, text), "DLV");
	ck_assert_str_eq(dns_type_text(0, text), "TYPE0");
	ck_assert_str_eq(dns_type_text(54, text), "TYPE54");
	ck_assert_str_eq(dns_type_text(65535, text), "TYPE65535");
}
END_TEST

START_TEST(rcodes_above_5_are_unrecognized)
{
	ck_assert_str_eq(dns_rcode_text(0), "no-error");
	ck_assert_str_eq(dns_rcode_text(3), "non-existent-domain");
	ck_assert_str_eq(dns_rcode_text(5), "query-refused");
	ck_assert_str_eq(dns_rcode_text(6), "unrecognized-rcode");
	ck_assert_str_eq(dns_rcode_text(4095), "unrecognized-rcode");
}
END_TEST

static TCase *add_case(Suite *suite, const char *title)
{
	TCase *tcase = tcase_create(title);

	tcase_add_checked_fixture(tcase, d_setup, d_teardown);
	tcase_set_timeout(tcase, 60);
	suite_add_tcase(suite, tcase);
	return tcase;
}

static void add_sections(TCase *tcase)
{
	tcase_add_test(tcase, query_gives_its_header_and_question);
	tcase_add_test(tcase, response_gives_its_answers_in_order);
	tcase_add_test(tcase, header_flags_and_counts_are_given);
	tcase_add_test(tcase, opt_record_gives_edns_and_the_upper_rcode_bits);
	tcase_add_test(tcase, second_opt_record_is_malformed);
	tcase_add_test(tcase, opt_record_of_a_name_is_malformed);
	tcase_add_test(tcase, negative_answer_lives_for_the_soa_minimum);
	tcase_add_test(tcase, negative_answer_lives_for_the_ttl_of_the_soa_if_that_is_shorter);
	tcase_add_test(tcase, class_is_given_with_the_bits_of_mdns);
	tcase_add_test(tcase, bytes_behind_the_last_section_are_let_pass);
	tcase_add_test(tcase, message_without_a_whole_header_gives_only_its_size);
	tcase_add_test(tcase, answers_stay_when_a_later_section_is_broken);
	tcase_add_test(tcase, counts_that_lie_give_what_is_there);
	tcase_add_test(tcase, rdlength_beyond_the_message_is_malformed);
	tcase_add_test(tcase, answers_before_the_cut_are_given);
	tcase_add_test(tcase, many_records_are_all_given);
	tcase_add_test(tcase, records_beyond_the_limit_are_left_out_and_counted);
}

static void add_names(TCase *tcase)
{
	tcase_add_test(tcase, names_are_in_presentation_form);
	tcase_add_test(tcase, name_of_255_bytes_is_the_longest);
	tcase_add_test(tcase, name_of_the_longest_text_fits);
	tcase_add_test(tcase, label_types_other_than_plain_and_pointer_are_malformed);
	tcase_add_test(tcase, pointer_to_itself_is_malformed);
	tcase_add_test(tcase, pointer_forwards_is_malformed);
	tcase_add_test(tcase, pointer_into_the_header_is_malformed);
	tcase_add_test(tcase, name_with_pointer_loop_is_malformed);
	tcase_add_test(tcase, pointers_chain_through_names);
	tcase_add_test(tcase, more_pointers_than_the_limit_are_malformed);
	tcase_add_test(tcase, root_owner_after_a_far_name_is_the_root);
}

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("dns");
	TCase *tcase;

	add_sections(add_case(suite, "sections"));
	add_names(add_case(suite, "names"));
	tcase = add_case(suite, "damage");
	tcase_add_loop_test(tcase, every_prefix_is_cut, 0, D_BUILDERS);
	tcase_add_loop_test(tcase, every_change_of_a_byte_gives_some_result, 0, D_BUILDERS);
	tcase = add_case(suite, "recognition");
	tcase_add_loop_test(tcase, messages_look_like_dns, 0, D_BUILDERS);
	tcase_add_test(tcase, bare_header_is_dns_only_as_an_error);
	tcase_add_test(tcase, more_than_20_questions_are_not_dns);
	tcase_add_test(tcase, class_may_carry_the_bit_of_mdns);
	tcase_add_test(tcase, update_and_zone_transfer_look_like_dns);
	tcase_add_loop_test(tcase, other_protocols_do_not_look_like_dns, 0, sizeof not_dns / sizeof *not_dns);
	tcase_add_test(tcase, random_bytes_do_not_look_like_dns);
	tcase = add_case(suite, "registries");
	tcase_add_test(tcase, types_have_their_mnemonics);
	tcase_add_test(tcase, rcodes_above_5_are_unrecognized);
	return suite;
}
