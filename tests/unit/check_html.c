#include "cli/html/html.h"
#include "tests/unit/suite.h"

#include <stdlib.h>
#include <string.h>

/* ---- what comes out ---- */

static struct html html;
static char *written;
static size_t written_size;

static void begin(void)
{
	free(written);
	written = NULL;
	html.out = open_memstream(&written, &written_size);
}

static const char *end(void)
{
	fclose(html.out);
	return written;
}

static void clear(void)
{
	free(written);
	written = NULL;
}

static const char *text_of(struct bytes text)
{
	begin();
	html_text(&html, text);
	return end();
}

static const char *report_text_of(struct bytes text)
{
	begin();
	html_report_text(&html, text);
	return end();
}

/* ---- text ---- */

START_TEST(plain_text_stays_as_it_is)
{
	ck_assert_str_eq(text_of(BYTES("GET http://a.test/b?c=d 200 (ok)")), "GET http://a.test/b?c=d 200 (ok)");
	ck_assert_str_eq(text_of(BYTES("Grüße → 日本 🙂")), "Grüße → 日本 🙂");
	ck_assert_str_eq(text_of((struct bytes){ 0 }), "");
}
END_TEST

START_TEST(what_could_be_markup_becomes_references)
{
	ck_assert_str_eq(text_of(BYTES("<script>alert('x' && \"y\")</script>")),
			 "&lt;script&gt;alert(&#39;x&#39; &amp;&amp; &quot;y&quot;)&lt;/script&gt;");
	ck_assert_str_eq(text_of(BYTES("<!-- ]]> &amp; -->")), "&lt;!-- ]]&gt; &amp;amp; --&gt;");
}
END_TEST

START_TEST(no_byte_is_markup_or_a_control_character)
{
	for (int byte = 0; byte < 256; byte++) {
		const uint8_t text[2] = { (uint8_t)byte, 'x' };

		text_of((struct bytes){ text, 2 });
		ck_assert_uint_ge(written_size, 2);
		for (size_t i = 0; i < written_size; i++)
			ck_assert_msg((uint8_t)written[i] >= 0x20 && (uint8_t)written[i] < 0x7f && !strchr("<>\"'", written[i]),
				      "byte %d gave %s", byte, written);
	}
}
END_TEST

START_TEST(control_characters_and_bytes_that_are_no_utf8_are_shown)
{
	static const uint8_t overlong[] = { 0xc0, 0xbc }, half[] = { 'a', 0xe2, 0x82 }, surrogate[] = { 0xed, 0xa0, 0x80 };

	ck_assert_str_eq(text_of(((struct bytes){ (const uint8_t *)"a\0b\r\n\t\x7f", 7 })), "a\\x00b\\x0d\\x0a\\x09\\x7f");
	ck_assert_str_eq(text_of(((struct bytes){ overlong, 2 })), "\\xc0\\xbc");
	ck_assert_str_eq(text_of(((struct bytes){ half, 3 })), "a\\xe2\\x82");
	ck_assert_str_eq(text_of(((struct bytes){ surrogate, 3 })), "\\xed\\xa0\\x80");
	ck_assert_str_eq(text_of(BYTES("\xc2\x85")), "\\xc2\\x85"); /* NEL, of C1 */
}
END_TEST

START_TEST(characters_that_turn_the_direction_are_shown)
{
	ck_assert_str_eq(text_of(BYTES("exe\u202egnp.test")), "exe\\xe2\\x80\\xaegnp.test");
	ck_assert_str_eq(text_of(BYTES("\u2066a\u2069\u200f\ufeff")),
			 "\\xe2\\x81\\xa6a\\xe2\\x81\\xa9\\xe2\\x80\\x8f\\xef\\xbb\\xbf");
}
END_TEST

START_TEST(words_of_right_to_left_scripts_stay_among_themselves)
{
	ck_assert_str_eq(text_of(BYTES("דוגמה.test:80")), "<bdi dir=\"ltr\">דוגמה.test:80</bdi>");
	ck_assert_str_eq(text_of(BYTES("مثال<b>")), "<bdi dir=\"ltr\">مثال&lt;b&gt;</bdi>");
}
END_TEST

/* ---- attributes and words ---- */

START_TEST(value_cannot_leave_its_attribute)
{
	begin();
	html_attribute(&html, "title", BYTES("\" onclick=\"x()\" a='b' דו\n"));
	ck_assert_str_eq(end(), " title=\"&quot; onclick=&quot;x()&quot; a=&#39;b&#39; דו\\x0a\"");
}
END_TEST

START_TEST(words_are_escaped_however_long)
{
	char many[2000], expected[8001] = "";

	memset(many, '<', sizeof many - 1);
	many[sizeof many - 1] = 0;
	for (size_t i = 0; i < sizeof many - 1; i++)
		memcpy(expected + i * 4, "&lt;", 5);
	begin();
	html_words(&html, "%s%d", many, 7);
	end();
	ck_assert_uint_eq(written_size, (sizeof many - 1) * 4 + 1);
	ck_assert_int_eq(strncmp(written, expected, strlen(expected)), 0);
	ck_assert_int_eq(written[written_size - 1], '7');
}
END_TEST

/* ---- lines of the report ---- */

START_TEST(colours_of_the_report_become_elements)
{
	ck_assert_str_eq(report_text_of(BYTES("a \033[31mrefused\033[0m, \033[1m9 < 10\033[0m b")),
			 "a <b class=\"bad\">refused</b>, <b>9 &lt; 10</b> b");
}
END_TEST

START_TEST(elements_of_a_line_are_closed_whatever_it_holds)
{
	ck_assert_str_eq(report_text_of(BYTES("\033[1ma\033[31mb")), "<b>a</b><b class=\"bad\">b</b>");
	ck_assert_str_eq(report_text_of(BYTES("\033[0m\033[0m")), "");
	ck_assert_str_eq(report_text_of(BYTES("\033[1m")), "<b></b>");
}
END_TEST

START_TEST(other_sequences_are_shown)
{
	ck_assert_str_eq(report_text_of(BYTES("\033[32mx\033")), "\\x1b[32mx\\x1b");
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("html");
	TCase *tcase = tcase_create("writer");

	tcase_add_checked_fixture(tcase, NULL, clear);
	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, plain_text_stays_as_it_is);
	tcase_add_test(tcase, what_could_be_markup_becomes_references);
	tcase_add_test(tcase, no_byte_is_markup_or_a_control_character);
	tcase_add_test(tcase, control_characters_and_bytes_that_are_no_utf8_are_shown);
	tcase_add_test(tcase, characters_that_turn_the_direction_are_shown);
	tcase_add_test(tcase, words_of_right_to_left_scripts_stay_among_themselves);
	tcase_add_test(tcase, value_cannot_leave_its_attribute);
	tcase_add_test(tcase, words_are_escaped_however_long);
	tcase_add_test(tcase, colours_of_the_report_become_elements);
	tcase_add_test(tcase, elements_of_a_line_are_closed_whatever_it_holds);
	tcase_add_test(tcase, other_sequences_are_shown);
	return suite;
}
