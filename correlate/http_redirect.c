#include "correlate/http_redirect.h"

#include "correlate/http_url.h"
#include "store/limits.h"

#include <ctype.h>
#include <string.h>

/* Parts of a URL or of a reference; what is absent is empty, has NULL. */
struct parts {
	struct bytes scheme, authority, path, query; /* scheme without ":", authority without "//", query with "?" */
};

static struct bytes between(const uint8_t *from, const uint8_t *to)
{
	return (struct bytes){ from, (size_t)(to - from) };
}

static const uint8_t *find_any(const uint8_t *at, const uint8_t *end, const char *stops)
{
	const size_t count = strlen(stops);

	while (at < end && !memchr(stops, *at, count))
		at++;
	return at;
}

/* RFC 3986 B */
static struct parts parse(struct bytes text)
{
	struct parts parts = { 0 };
	const uint8_t *at = text.at, *end = text.size ? find_any(text.at, text.at + text.size, "#") : text.at, *stop;

	stop = find_any(at, end, ":/?");
	if (stop > at && stop < end && *stop == ':') {
		parts.scheme = between(at, stop);
		at = stop + 1;
	}
	if (end - at >= 2 && at[0] == '/' && at[1] == '/') {
		stop = find_any(at + 2, end, "/?");
		parts.authority = between(at + 2, stop);
		at = stop;
	}
	stop = find_any(at, end, "?");
	parts.path = between(at, stop);
	parts.query = between(stop, end);
	return parts;
}

static void add_lower(struct buffer *out, struct bytes text)
{
	for (size_t i = 0; i < text.size; i++) {
		uint8_t lower = (uint8_t)tolower(text.at[i]);

		buffer_add(out, &lower, 1);
	}
}

static bool is_default_port(struct bytes scheme, struct bytes port)
{
	return (bytes_equal(port, BYTES("80")) && bytes_equal_nocase(scheme, BYTES("http"))) ||
	       (bytes_equal(port, BYTES("443")) && bytes_equal_nocase(scheme, BYTES("https")));
}

static void add_authority(struct buffer *out, const struct parts *parts)
{
	struct bytes host = parts->authority;
	const uint8_t *at = host.size ? memrchr(host.at, '@', host.size) : NULL, *colon;

	if (at)
		host = between(at + 1, host.at + host.size);
	colon = host.size ? memrchr(host.at, ':', host.size) : NULL;
	if (colon && (colon + 1 == host.at + host.size || is_default_port(parts->scheme, between(colon + 1, host.at + host.size))))
		host = between(host.at, colon);
	add_lower(out, host);
}

/* RFC 3986 5.2.4; `base` is where the path begins in `out`. */
static void add_path(struct buffer *out, struct bytes path)
{
	const size_t base = out->size;
	const uint8_t *at = path.at, *end = at + path.size;

	while (path.size && at < end) {
		const uint8_t *begin = *at == '/' ? at + 1 : at, *stop = find_any(begin, end, "/");
		struct bytes segment = between(begin, stop);
		bool up = bytes_equal(segment, BYTES("..")), dot = bytes_equal(segment, BYTES("."));

		if (up)
			while (out->size > base && out->at[--out->size] != '/')
				continue;
		if (!up && !dot) {
			buffer_add(out, "/", 1);
			http_url_escape(out, segment);
		} else if (stop == end) {
			buffer_add(out, "/", 1);
		}
		at = stop;
	}
	if (out->size == base)
		buffer_add(out, "/", 1);
}

/* The folder of `base` and the reference's path (RFC 3986 5.2.3). */
static void add_merged(struct buffer *out, struct bytes base, struct bytes path)
{
	struct buffer whole = { .max = LIMIT_HTTP_HEAD * 2u };
	const uint8_t *slash = base.size ? memrchr(base.at, '/', base.size) : NULL;

	if (slash)
		buffer_add(&whole, base.at, (size_t)(slash - base.at) + 1);
	else
		buffer_add(&whole, "/", 1);
	buffer_add(&whole, path.at, path.size);
	add_path(out, (struct bytes){ whole.at, whole.size });
	buffer_free(&whole);
}

void http_redirect_target(struct buffer *out, struct bytes url, struct bytes location)
{
	struct parts base = parse(url), to = parse(location);
	bool absolute = to.scheme.size != 0, elsewhere = absolute || to.authority.size;

	if (!absolute)
		to.scheme = base.scheme;
	if (!elsewhere)
		to.authority = base.authority;
	add_lower(out, to.scheme);
	buffer_add(out, "://", 3);
	add_authority(out, &to);
	if (!elsewhere && !to.path.size)
		add_path(out, base.path);
	else if (elsewhere || to.path.at[0] == '/')
		add_path(out, to.path);
	else
		add_merged(out, base.path, to.path);
	http_url_escape(out, elsewhere || to.path.size || to.query.size ? to.query : base.query);
}
