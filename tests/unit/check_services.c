/*
 * appProtocol of connections to one service: nDPI is asked about the first.  It calls GET "HTTP.Google" at once, but PROPFIND "Google", and
 * not before the response.
 */
#include "tests/support/scene.h"
#include "tests/unit/suite.h"

#include <stdio.h>

static void ask(struct scene *s, uint16_t client_port, uint16_t server_port, const char *method, const char *host)
{
	struct scene_tcp t = scene_tcp(s, client_port, server_port);
	char request[200];

	snprintf(request, sizeof request, "%s / HTTP/1.1\r\nHost: %s\r\nAccept: */*\r\n\r\n", method, host);
	scene_open(&t);
	scene_send(&t, CLIENT, request);
	scene_send(&t, SERVER, "HTTP/1.1 204 No Content\r\n\r\n");
	scene_close(&t);
}

static void begin(struct scene *s)
{
	scene_begin(s);
	s->options.no_app_protocol = false;
}

static void expect(struct scene *s, const char *const *names, size_t count)
{
	scene_end(s);
	ck_assert_uint_eq(s->got.tcp_conn_count, count);
	for (size_t i = 0; i < count; i++)
		ck_assert_msg(bytes_equal(s->got.tcp_conns[i].app_protocol, bytes_of(names[i])), "%zu is %.*s", i,
			      (int)s->got.tcp_conns[i].app_protocol.size, (const char *)s->got.tcp_conns[i].app_protocol.at);
	scene_free(s);
}

START_TEST(further_connections_to_a_service_are_called_as_the_first)
{
	static const char *const names[] = { "HTTP.Google", "HTTP.Google", "HTTP.Google" };
	struct scene s;

	begin(&s);
	ask(&s, 40000, 80, "GET", "www.google.com");
	ask(&s, 40001, 80, "PROPFIND", "www.google.com");
	ask(&s, 40002, 80, "PROPFIND", "www.google.com:80");
	expect(&s, names, 3);
}
END_TEST

START_TEST(another_name_or_another_port_is_another_service)
{
	static const char *const names[] = { "HTTP.Google", "HTTP", "Google" };
	struct scene s;

	begin(&s);
	ask(&s, 40000, 80, "GET", "www.google.com");
	ask(&s, 40001, 80, "PROPFIND", "www.example.org");
	ask(&s, 40002, 8080, "PROPFIND", "www.google.com");
	expect(&s, names, 3);
}
END_TEST

/* More of them than are remembered: those that came first are asked about again. */
START_TEST(services_that_came_long_ago_are_asked_about_again)
{
	static const char *names[202];
	struct scene s;

	begin(&s);
	for (uint16_t i = 0; i < 200; i++) {
		ask(&s, 40000, (uint16_t)(31000 + i), "GET", "www.google.com");
		names[i] = "HTTP.Google";
	}
	ask(&s, 40001, 31199, "PROPFIND", "www.google.com");
	names[200] = "HTTP.Google";
	ask(&s, 40001, 31000, "PROPFIND", "www.google.com");
	names[201] = "Google";
	expect(&s, names, 202);
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("services");
	TCase *tests = tcase_create("services");

	tcase_add_test(tests, further_connections_to_a_service_are_called_as_the_first);
	tcase_add_test(tests, another_name_or_another_port_is_another_service);
	tcase_add_test(tests, services_that_came_long_ago_are_asked_about_again);
	suite_add_tcase(suite, tests);
	return suite;
}
