/*
 * dissect/dns: the presentation form of record data.
 */
#include "tests/support/dns_message.h"
#include "tests/unit/suite.h"

/* The data of an answer to "example.com", whose name stands at 12 (\xc0\x0c). */
struct data_case {
	const char *what;
	unsigned type;
	const char *data;
	size_t size;
	const char *value;
};
#define DATA(bytes) bytes, sizeof(bytes) - 1

static const struct data_case good_data[] = {
	{ "A", 1, DATA("\x7f\0\0\1"), "127.0.0.1" },
	{ "AAAA that is mapped", 28, DATA("\0\0\0\0\0\0\0\0\0\0\xff\xff\1\2\3\4"), "::ffff:1.2.3.4" },
	{ "NS", 2, DATA("\2ns\xc0\x0c"), "ns.example.com." },
	{ "CNAME to the root", 5, DATA("\0"), "." },
	{ "PTR", 12, DATA("\xc0\x0c"), "example.com." },
	{ "DNAME", 39, DATA("\1x\0"), "x." },
	{ "SOA", 6, DATA("\1a\xc0\x0c\1b\xc0\x0c\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\xff\xff\xff\xff"),
	  "a.example.com. b.example.com. 1 2 3 4 4294967295" },
	{ "MX", 15, DATA("\0\x0a\4mail\xc0\x0c"), "10 mail.example.com." },
	{ "MINFO", 14, DATA("\xc0\x0c\1b\xc0\x0c"), "example.com. b.example.com." },
	{ "RP", 17, DATA("\xc0\x0c\0"), "example.com. ." },
	{ "SRV", 33, DATA("\0\1\0\2\x14\x66\1s\xc0\x0c"), "1 2 5222 s.example.com." },
	{ "TXT", 16, DATA("\3a b\0\5\"\\\x01\xffz"), "\"a b\" \"\" \"\\\"\\\\\\001\\255z\"" },
	{ "SPF", 99, DATA("\6v=spf1"), "\"v=spf1\"" },
	{ "HINFO", 13, DATA("\7RFC8482\0"), "\"RFC8482\" \"\"" },
	{ "CAA", 257, DATA("\x80\5issueca.example; x=\"1\""), "128 issue \"ca.example; x=\\\"1\\\"\"" },
	{ "CAA without value", 257, DATA("\0\5issue"), "0 issue \"\"" },
	{ "URI", 256, DATA("\0\1\0\2https://a/"), "1 2 \"https://a/\"" },
	{ "NAPTR", 35, DATA("\0\x64\0\x0a\1u\7E2U+sip\3!a!\0"), "100 10 \"u\" \"E2U+sip\" \"!a!\" ." },
	{ "HTTPS alias", 65, DATA("\0\0\3cdn\xc0\x0c"), "0 cdn.example.com." },
	{ "HTTPS", 65,
	  DATA("\0\1\0"
	       "\0\0\0\4\0\1\0\3"
	       "\0\1\0\6\2h2\2h3"
	       "\0\2\0\0"
	       "\0\3\0\2\x01\xbb"
	       "\0\4\0\x08\1\2\3\4\5\6\7\x08"
	       "\0\5\0\4abcd"
	       "\0\6\0\x10\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"
	       "\0\7\0\6/q{?d}"),
	  "1 . mandatory=alpn,port alpn=h2,h3 no-default-alpn port=443 ipv4hint=1.2.3.4,5.6.7.8 ech=YWJjZA== ipv6hint=2001:db8::1 "
	  "dohpath=/q{?d}" },
	{ "SVCB with keys without a name", 64, DATA("\0\1\1a\0\x02\x9a\0\0\xff\xfe\0\4a\" \xff"),
	  "1 a. key666 key65534=a\\\"\\032\\255" },
	{ "SVCB with awkward protocols", 64,
	  DATA("\0\1\0\0\1\0\x0c\x08"
	       "f\\oo,bar\2h2"),
	  "1 . alpn=f\\\\\\\\oo\\\\,bar,h2" },
	{ "base64 of 3 and 5 bytes", 64, DATA("\0\1\0\0\5\0\5\xff\xfe\xfd\xfc\xfb"), "1 . ech=//79/Ps=" },
	{ "DS", 43, DATA("\x30\x39\x08\2\1\2\xab"), "12345 8 2 0102ab" },
	{ "DNSKEY", 48, DATA("\1\1\3\x0dxyz"), "257 3 13 eHl6" },
	{ "RRSIG with a compressed signer", 46, DATA("\0\x41\x0d\2\0\0\1\x2c\x65\x53\xf1\0\x64\xbb\x5a\x80\x10\x92\xc0\x0cxyz"),
	  "HTTPS 13 2 300 20231114221320 20230722042640 4242 example.com. eHl6" },
	{ "RRSIG of a young type", 46, DATA("\1\5\x0d\2\0\0\1\x2c\x65\x53\xf1\0\x64\xbb\x5a\x80\x10\x92\0xyz"),
	  "RESINFO 13 2 300 20231114221320 20230722042640 4242 . eHl6" },
	{ "NSEC", 47, DATA("\3a b\xc0\x0c\0\x09\x40\0\0\x08\0\0\0\0\x40\1\1\x40"), "a\\032b.example.com. A AAAA HTTPS CAA" },
	{ "NSEC with a bitmap of no type", 47, DATA("\xc0\x0c\0\1\0"), "example.com." },
	{ "NSEC without types", 47, DATA("\xc0\x0c"), "example.com." },
	{ "NSEC3", 50, DATA("\1\0\0\x0a\2\xaa\xbb\5\0\x44\x32\x14\xc7\0\1\x40"), "1 0 10 aabb 01234567 A" },
	{ "NSEC3 without salt", 50, DATA("\1\1\0\0\0\5\0\x44\x32\x14\xc7"), "1 1 0 - 01234567" },
	{ "NSEC3PARAM", 51, DATA("\1\0\0\0\0"), "1 0 0 -" },
	{ "TLSA", 52, DATA("\3\1\1\xaa\xbb"), "3 1 1 aabb" },
	{ "SSHFP", 44, DATA("\4\2\1\2"), "4 2 0102" },
	{ "CERT", 37, DATA("\0\1\0\2\x08xyz"), "PKIX 2 8 eHl6" },
	{ "CSYNC", 62, DATA("\0\0\0\1\0\3\0\1\x40"), "1 3 A" },
	{ "EUI48", 108, DATA("\0\0\x5e\0\x53\x2a"), "00-00-5e-00-53-2a" },
	{ "LOC", 29, DATA("\0\x12\x16\x13\x8b\x3c\xf0\x18\x81\x0c\xbc\xe0\0\x98\x95\xb8"),
	  "52 22 23.000 N 04 53 32.000 E -2m 1m 10000m 10m" },
	{ "IPSECKEY with an address", 45, DATA("\x0a\1\2\1\2\3\4xyz"), "10 1 2 1.2.3.4 eHl6" },
	{ "IPSECKEY with a name", 45, DATA("\x0a\3\2\1g\0xyz"), "10 3 2 g. eHl6" },
	{ "TSIG", 250, DATA("\1h\0\0\0\0\0\0\1\1\x2c\0\3xyz\x12\x34\0\0\0\0"), "h. 1 300 3 eHl6 4660 0 0" },
	{ "unknown type", 65280, DATA("\xde\xad"), "\\# 2 dead" },
	{ "unknown type without data", 65280, DATA(""), "" },
	{ "NULL", 10, DATA("\0"), "\\# 1 00" },
	{ "OPT in the answer section", 41, DATA("\0\x0a\0\0"), "\\# 4 000a0000" },
	{ "WKS", 11, DATA("\1\2\3\4\6\x80"), "\\# 6 010203040680" },
	{ "LOC of another version", 29, DATA("\1\2"), "\\# 2 0102" },
};

static void parse_data(const struct data_case *test)
{
	d_header(D_QR, 1, 2, 0, 0);
	d_question("example.com", DNS_TYPE_A);
	d_record(test->type, 1, test->data, test->size);
	D_RECORD(DNS_TYPE_A, 1, "\1\2\3\4");
	ck_assert_int_eq(d_parse(), CUR_OK);
	ck_assert_uint_eq(dt.got.answer_count, 2);
	ck_assert_str_eq(dt.got.answers[1].value, "1.2.3.4");
}

START_TEST(data_are_in_presentation_form)
{
	const struct data_case *test = &good_data[_i];

	parse_data(test);
	ck_assert_msg(!dt.got.malformed, "%s: malformed, %s", test->what, dt.got.answers[0].value);
	ck_assert_msg(!strcmp(dt.got.answers[0].value, test->value), "%s: %s", test->what, dt.got.answers[0].value);
}
END_TEST

static const struct data_case bad_data[] = {
	{ "A of 5 bytes", 1, DATA("\1\2\3\4\5"), "\\# 5 0102030405" },
	{ "A of 3 bytes", 1, DATA("\1\2\3"), "\\# 3 010203" },
	{ "A of nothing", 1, DATA(""), "" },
	{ "AAAA of 4 bytes", 28, DATA("\1\2\3\4"), "\\# 4 01020304" },
	{ "name that leaves the data", 2, DATA("\3ab"), "\\# 3 036162" },
	{ "name that points forwards", 2, DATA("\xc0\xff"), "\\# 2 c0ff" },
	{ "bytes behind a name", 5, DATA("\1a\0x"), "\\# 4 01610078" },
	{ "MX without name", 15, DATA("\0\1"), "\\# 2 0001" },
	{ "TXT that overruns", 16, DATA("\3ab"), "\\# 3 036162" },
	{ "TXT that overruns later", 16, DATA("\0\1"), "\\# 2 0001" },
	{ "TXT without string", 16, DATA(""), "" },
	{ "SOA without minimum", 6, DATA("\0\0\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1"), "\\# 18 000000000001000000010000000100000001" },
	{ "CAA with an empty tag", 257, DATA("\0\0x"), "\\# 3 000078" },
	{ "CAA with a tag of other characters", 257, DATA("\0\2a b"), "\\# 5 0002612062" },
	{ "parameter that overruns", 65, DATA("\0\1\0\0\1\0\6\2h2"), "\\# 10 00010000010006026832" },
	{ "parameters not in order", 65, DATA("\0\1\0\0\3\0\2\0\1\0\2\0\0"), "\\# 13 00010000030002000100020000" },
	{ "parameter twice", 65, DATA("\0\1\0\0\2\0\0\0\2\0\0"), "\\# 11 0001000002000000020000" },
	{ "port of 3 bytes", 65, DATA("\0\1\0\0\3\0\3\0\1\2"), "\\# 10 00010000030003000102" },
	{ "no-default-alpn with value", 65, DATA("\0\1\0\0\2\0\1x"), "\\# 8 0001000002000178" },
	{ "alpn without protocol", 65, DATA("\0\1\0\0\1\0\0"), "\\# 7 00010000010000" },
	{ "alpn with an empty protocol", 65, DATA("\0\1\0\0\1\0\1\0"), "\\# 8 0001000001000100" },
	{ "alpn that overruns", 65, DATA("\0\1\0\0\1\0\2\2h"), "\\# 9 000100000100020268" },
	{ "ipv4hint of 5 bytes", 65, DATA("\0\1\0\0\4\0\5\1\2\3\4\5"), "\\# 12 000100000400050102030405" },
	{ "ipv4hint without address", 65, DATA("\0\1\0\0\4\0\0"), "\\# 7 00010000040000" },
	{ "mandatory that names itself", 65, DATA("\0\1\0\0\0\0\2\0\0"), "\\# 9 000100000000020000" },
	{ "mandatory not in order", 65, DATA("\0\1\0\0\0\0\4\0\3\0\1"), "\\# 11 0001000000000400030001" },
	{ "DS without digest", 43, DATA("\0\1\x08\2"), "\\# 4 00010802" },
	{ "RRSIG without signature", 46, DATA("\0\1\x08\2\0\0\0\1\0\0\0\1\0\0\0\1\0\1\0"),
	  "\\# 19 00010802000000010000000100000001000100" },
	{ "NSEC with an empty window", 47, DATA("\0\0\0"), "\\# 3 000000" },
	{ "NSEC with a long window", 47,
	  DATA("\0\0\x21"
	       "012345678901234567890123456789012"),
	  "\\# 36 000021303132333435363738393031323334353637383930313233343536373839303132" },
	{ "NSEC with windows not in order", 47, DATA("\0\1\1\x40\0\1\x40"), "\\# 7 00010140000140" },
	{ "NSEC3 whose salt overruns", 50, DATA("\1\0\0\0\x08\1"), "\\# 6 010000000801" },
	{ "EUI48 of 7 bytes", 108, DATA("\1\2\3\4\5\6\7"), "\\# 7 01020304050607" },
	{ "LOC that is short", 29, DATA("\0\1\2"), "\\# 3 000102" },
	{ "IPSECKEY without its gateway", 45, DATA("\1\1\1\1\2\3"), "\\# 6 010101010203" },
};

START_TEST(data_that_do_not_fit_are_malformed_and_given_in_generic_form)
{
	const struct data_case *test = &bad_data[_i];

	parse_data(test);
	ck_assert_msg(dt.got.malformed, "%s: taken, %s", test->what, dt.got.answers[0].value);
	ck_assert_msg(!strcmp(dt.got.answers[0].value, test->value), "%s: %s", test->what, dt.got.answers[0].value);
	ck_assert_uint_eq(dt.got.answers[0].data.size, test->size);
}
END_TEST

START_TEST(address_of_an_update_may_be_absent)
{
	d_header(5 << 11, 1, 1, 0, 0);
	d_question("example.com", DNS_TYPE_SOA);
	d_pointer(D_QUESTION_AT);
	d_begin_record(DNS_TYPE_A, 255, 0);
	d_end_record();
	ck_assert_int_eq(d_parse(), CUR_OK);
	ck_assert(!dt.got.malformed);
	ck_assert_str_eq(dt.got.answers[0].value, "");
}
END_TEST

START_TEST(address_of_class_chaos_is_not_an_ipv4_address)
{
	d_header(D_QR, 1, 1, 0, 0);
	d_question("example.com", DNS_TYPE_A);
	d_pointer(D_QUESTION_AT);
	d_begin_record(DNS_TYPE_A, 3, 0);
	d_raw("\0\1\2", 3);
	d_end_record();
	ck_assert_int_eq(d_parse(), CUR_OK);
	ck_assert(!dt.got.malformed);
	ck_assert_str_eq(dt.got.answers[0].value, "\\# 3 000102");
}
END_TEST

START_TEST(largest_data_are_given_whole)
{
	d_header(D_QR, 1, 1, 0, 0);
	d_question("example.com", DNS_TYPE_A);
	d_pointer(D_QUESTION_AT);
	d_begin_record(65280, D_IN, 0);
	for (unsigned i = 0; i < 65535; i++)
		d_u8(0xab);
	d_end_record();
	ck_assert_int_eq(d_parse(), CUR_OK);
	ck_assert_uint_eq(strlen(dt.got.answers[0].value), strlen("\\# 65535 ") + 2 * 65535);
}
END_TEST

/* 64 KiB of strings of no length: what is handed out must stay in proportion. */
START_TEST(many_empty_strings_take_little_memory)
{
	d_header(D_QR, 1, 1, 0, 0);
	d_question("example.com", DNS_TYPE_A);
	d_pointer(D_QUESTION_AT);
	d_begin_record(DNS_TYPE_TXT, D_IN, 0);
	memset(dt.at + dt.size, 0, 60000);
	dt.size += 60000;
	d_end_record();
	ck_assert_int_eq(d_parse(), CUR_OK);
	ck_assert_uint_eq(strlen(dt.got.answers[0].value), 3 * 60000 - 1);
	ck_assert_uint_lt(dt.arena.used, 200000);
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("dns data");
	TCase *tcase = tcase_create("data");

	tcase_add_checked_fixture(tcase, d_setup, d_teardown);
	suite_add_tcase(suite, tcase);
	tcase_add_loop_test(tcase, data_are_in_presentation_form, 0, sizeof good_data / sizeof *good_data);
	tcase_add_loop_test(tcase, data_that_do_not_fit_are_malformed_and_given_in_generic_form, 0,
			    sizeof bad_data / sizeof *bad_data);
	tcase_add_test(tcase, address_of_an_update_may_be_absent);
	tcase_add_test(tcase, address_of_class_chaos_is_not_an_ipv4_address);
	tcase_add_test(tcase, largest_data_are_given_whole);
	tcase_add_test(tcase, many_empty_strings_take_little_memory);
	return suite;
}
