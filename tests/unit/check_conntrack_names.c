#include "store/conntrack.h"
#include "tests/unit/suite.h"

#include <string.h>

START_TEST(kinds_and_states_have_words)
{
	ck_assert_str_eq(conntrack_kind_text(CONNTRACK_NEW), "new");
	ck_assert_str_eq(conntrack_kind_text(CONNTRACK_UPDATE), "update");
	ck_assert_str_eq(conntrack_kind_text(CONNTRACK_DESTROY), "destroy");
	ck_assert_str_eq(conntrack_kind_text(CONNTRACK_DUMP), "dump");
	ck_assert_str_eq(conntrack_kind_text((enum conntrack_kind)99), "unknown");
	ck_assert_str_eq(conntrack_tcp_state_text(CONNTRACK_TCP_NONE), "none");
	ck_assert_str_eq(conntrack_tcp_state_text(CONNTRACK_TCP_ESTABLISHED), "established");
	ck_assert_str_eq(conntrack_tcp_state_text(CONNTRACK_TCP_SYN_SENT2), "syn-sent2");
	ck_assert_str_eq(conntrack_tcp_state_text((enum conntrack_tcp_state)99), "unknown");
}
END_TEST

START_TEST(status_words_are_in_the_order_of_the_bits)
{
	char text[CONNTRACK_STATUS_TEXT_SIZE];

	ck_assert_str_eq(conntrack_status_text(0, text), "");
	ck_assert_str_eq(conntrack_status_text(CONNTRACK_CONFIRMED | CONNTRACK_SEEN_REPLY, text), "seen-reply|confirmed");
	ck_assert_str_eq(conntrack_status_text(CONNTRACK_OFFLOAD, text), "offload");
	ck_assert_str_eq(conntrack_status_text(1u << 30, text), "");
}
END_TEST

START_TEST(all_status_words_fit)
{
	char text[CONNTRACK_STATUS_TEXT_SIZE];

	conntrack_status_text(UINT32_MAX, text);
	ck_assert_uint_lt(strlen(text), sizeof text - 1);
	ck_assert_str_eq(strrchr(text, '|'), "|offload");
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("conntrack names");
	TCase *tcase = tcase_create("names");

	tcase_add_test(tcase, kinds_and_states_have_words);
	tcase_add_test(tcase, status_words_are_in_the_order_of_the_bits);
	tcase_add_test(tcase, all_status_words_fit);
	suite_add_tcase(suite, tcase);
	return suite;
}
