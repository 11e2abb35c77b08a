#include "correlate/portal.h"

#include "correlate/http_redirect.h"
#include "correlate/http_url.h"

#include <string.h>

#define TEXT(literal) \
	{ \
		(const uint8_t *)(literal), sizeof(literal) - 1 \
	}
#define NO_TEXT \
	{ \
		NULL, 0 \
	}

/* What the server of a check says: a status without a body, or a page with these words in it. */
struct connectivity_check {
	struct bytes host; /* empty: the path alone is known well enough */
	struct bytes path;
	uint16_t status;
	const char *words; /* NULL: no body */
};

/* Android and Chrome OS, Apple, Windows, Firefox, NetworkManager and its distributions. */
static const struct connectivity_check checks[] = {
	{ NO_TEXT, TEXT("/generate_204"), 204, NULL },
	{ NO_TEXT, TEXT("/gen_204"), 204, NULL },
	{ NO_TEXT, TEXT("/hotspot-detect.html"), 200, "Success" },
	{ NO_TEXT, TEXT("/library/test/success.html"), 200, "Success" },
	{ TEXT("captive.apple.com"), TEXT("/"), 200, "Success" },
	{ NO_TEXT, TEXT("/connecttest.txt"), 200, "Microsoft Connect Test" },
	{ NO_TEXT, TEXT("/ncsi.txt"), 200, "Microsoft NCSI" },
	{ TEXT("detectportal.firefox.com"), TEXT("/success.txt"), 200, "success" },
	{ TEXT("detectportal.firefox.com"), TEXT("/canonical.html"), 200, "support.mozilla.org" },
	{ NO_TEXT, TEXT("/nm-check.txt"), 200, "NetworkManager is online" },
	{ NO_TEXT, TEXT("/check_network_status.txt"), 200, "NetworkManager is online" },
	{ TEXT("network-test.debian.org"), TEXT("/nm"), 200, "NetworkManager is online" },
	{ TEXT("fedoraproject.org"), TEXT("/static/hotspot.txt"), 200, "OK" },
	{ TEXT("connectivity-check.ubuntu.com"), TEXT("/"), 204, NULL },
};

/* ---- URLs ---- */

struct url_parts {
	struct bytes host, path;
};

/* Of a URL without a user: that is in its normal form or was put together from target and Host. */
static bool split(struct bytes url, struct url_parts *parts)
{
	const size_t scheme = http_scheme_size(url);
	struct bytes rest;
	const uint8_t *end;
	size_t n = 0;

	if (!scheme)
		return false;
	rest.at = url.at + scheme;
	rest.size = url.size - scheme;
	while (n < rest.size && rest.at[n] != ':' && !http_ends_authority(rest.at[n]))
		n++;
	parts->host = (struct bytes){ rest.at, n };
	while (n < rest.size && !http_ends_authority(rest.at[n]))
		n++;
	parts->path = (struct bytes){ rest.at + n, rest.size - n };
	end = parts->path.size ? memchr(parts->path.at, '?', parts->path.size) : NULL;
	if (end)
		parts->path.size = (size_t)(end - parts->path.at);
	return true;
}

const struct connectivity_check *portal_check(const struct trace_http_request *request)
{
	struct url_parts url;

	if (request->is_connect || !bytes_equal(request->method, BYTES("GET")) || !split(request->url, &url))
		return NULL;
	for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
		if (bytes_equal(url.path, checks[i].path) && (!checks[i].host.size || bytes_equal_nocase(url.host, checks[i].host)))
			return &checks[i];
	return NULL;
}

/* The server itself may lead to HTTPS, or to another page of its own. */
static bool leads_elsewhere(struct bytes url, const char *location)
{
	struct buffer target = { .max = 65536 };
	struct url_parts from, to;
	bool elsewhere;

	http_redirect_target(&target, url, bytes_of(location));
	elsewhere = split(url, &from) && split((struct bytes){ target.at, target.size }, &to) &&
		    !bytes_equal_nocase(from.host, to.host);
	buffer_free(&target);
	return elsewhere;
}

/* ---- answers ---- */

static bool is_redirect(const struct trace_http_request *request)
{
	return request->status >= 300 && request->status < 400 && request->status != 304;
}

/* Whether the body is there as it was sent, or at least as much of it as is looked at. */
static bool has_body(const struct trace_http_request *request, struct bytes body)
{
	return request->resp_complete && body.size && request->gap_bytes == 0;
}

const char *portal_evidence(const struct connectivity_check *check, const struct trace_http_request *request, const char *location,
			    struct bytes body)
{
	if (is_redirect(request))
		return location && *location && leads_elsewhere(request->url, location)
			       ? "its own server does not lead a connectivity check to another host"
			       : NULL;
	if (request->status != 200 || !has_body(request, body))
		return NULL;
	if (check->status == 204)
		return "its own server answers a connectivity check with 204 and nothing else";
	return memmem(body.at, body.size, check->words, strlen(check->words))
		       ? NULL
		       : "its own server answers a connectivity check with other words";
}
