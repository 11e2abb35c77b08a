#include "correlate/http_url.h"

#include "correlate/dials.h"
#include "correlate/http_secrets.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bytes http_host_name(struct bytes host)
{
	const uint8_t *at = host.size ? memrchr(host.at, '@', host.size) : NULL, *colon;

	if (at) /* RFC 9110 7.2 knows no user there, but no output shows credentials */
		host = (struct bytes){ at + 1, (size_t)(host.at + host.size - at) - 1 };
	colon = host.size ? memrchr(host.at, ':', host.size) : NULL;
	if (host.size && host.at[0] == '[') {
		const uint8_t *close = memchr(host.at, ']', host.size);

		return close ? (struct bytes){ host.at + 1, (size_t)(close - host.at) - 1 } : host;
	}
	return colon ? (struct bytes){ host.at, (size_t)(colon - host.at) } : host;
}

static void add_text(struct buffer *out, const char *text)
{
	buffer_add(out, text, strlen(text));
}

/* How much of it is as it may be in a URL: mostly all. */
static size_t plain_size(struct bytes text)
{
	size_t n = 0;

	while (n < text.size && text.at[n] > 0x20 && text.at[n] < 0x7f)
		n++;
	return n;
}

void http_url_escape(struct buffer *out, struct bytes text)
{
	static const char hex[] = "0123456789ABCDEF";

	while (text.size) {
		size_t n = plain_size(text);

		if (n)
			buffer_add(out, text.at, n);
		if (n < text.size) {
			char escaped[3] = { '%', hex[text.at[n] >> 4], hex[text.at[n] & 15] };

			buffer_add(out, escaped, sizeof escaped);
			n++;
		}
		text.at += n;
		text.size -= n;
	}
}

static void add_address(struct buffer *out, const struct tcp_conn *conn, bool always_port)
{
	struct address_tuple tuple = tcp_tuple(conn);
	char address[IP_ADDRESS_TEXT_SIZE], text[IP_ADDRESS_TEXT_SIZE + 10];

	ip_address_text(tuple.ip_version, &tuple.destination, address);
	snprintf(text, sizeof text, tuple.ip_version == 6 ? "[%s]" : "%s", address);
	add_text(out, text);
	if (always_port || tuple.destination_port != 80) {
		snprintf(text, sizeof text, ":%u", tuple.destination_port);
		add_text(out, text);
	}
}

/* "scheme://" at the beginning: its length, 0 if the target is in no absolute form. */
size_t http_scheme_size(struct bytes target)
{
	size_t i = 0;

	while (i < target.size && (isalnum(target.at[i]) || target.at[i] == '+' || target.at[i] == '-' || target.at[i] == '.'))
		i++;
	if (i == 0 || !isalpha(target.at[0]) || target.size - i < 3 || memcmp(target.at + i, "://", 3) != 0)
		return 0;
	return i + 3;
}

/* http://user:password@host/ becomes http://user:***@host/: no output shows credentials. */
static void add_absolute(struct buffer *out, struct bytes target, size_t scheme)
{
	const uint8_t *authority = target.size ? target.at + scheme : NULL;
	size_t size = target.size - scheme, authority_size = 0;
	const uint8_t *at, *colon;

	if (!size || !memchr(authority, '@', size)) {
		http_url_escape(out, target);
		return;
	}
	while (authority_size < size && !http_ends_authority(authority[authority_size]))
		authority_size++;
	at = authority_size ? memrchr(authority, '@', authority_size) : NULL;
	colon = at ? memchr(authority, ':', (size_t)(at - authority)) : NULL;
	if (!colon) {
		http_url_escape(out, target);
		return;
	}
	http_url_escape(out, (struct bytes){ target.at, (size_t)(colon - target.at) });
	add_text(out, ":***");
	http_url_escape(out, (struct bytes){ at, (size_t)(target.at + target.size - at) });
}

struct bytes http_url(struct arena *arena, const struct app *app, bool is_connect, struct bytes target, struct bytes host_field)
{
	struct buffer *out = &app->c->url;
	size_t scheme = http_scheme_size(target);

	buffer_clear(out);
	if (!app->c->options.secrets)
		target = http_without_secrets(arena, target);
	if (is_connect || scheme) {
		add_absolute(out, target, scheme);
	} else {
		add_text(out, app->in.tls_tunnel ? "https://" : "http://");
		if (host_field.size)
			add_absolute(out, host_field, 0);
		else
			add_address(out, app->conn, false);
		if (bytes_equal(target, BYTES("*"))) /* RFC 9112 3.3: no path */
			target.size = 0;
		else if (target.size == 0 || target.at[0] != '/')
			add_text(out, "/");
		http_url_escape(out, target);
	}
	return arena_copy(arena, (struct bytes){ out->at, out->size });
}

char *http_proxy_url(const struct app *app, const char *scheme)
{
	struct buffer out = { .max = 1024 };

	struct bytes host = dials_host(app->conn);
	char port[8];

	add_text(&out, scheme);
	if (host.size) {
		http_url_escape(&out, host);
		snprintf(port, sizeof port, ":%u", tcp_tuple(app->conn).destination_port);
		add_text(&out, port);
	} else {
		add_address(&out, app->conn, true);
	}
	buffer_add(&out, "", 1);
	return (char *)out.at;
}
