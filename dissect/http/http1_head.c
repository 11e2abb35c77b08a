#include "dissect/http/http1_head.h"

#include <stdlib.h>
#include <string.h>

enum { FIELDS_FIRST = 32 };

/* ---- pieces of text ---- */

static inline struct bytes bytes_after(struct bytes text, size_t n)
{
	if (n >= text.size)
		return (struct bytes){ NULL, 0 };
	return (struct bytes){ text.at + n, text.size - n };
}

static inline struct bytes bytes_until(struct bytes text, size_t n)
{
	return (struct bytes){ text.at, n < text.size ? n : text.size };
}

static inline bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r'; /* a bare CR counts as a space, RFC 9112 2.2 */
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_upper(uint8_t c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_alphanumeric(uint8_t c)
{
	return is_digit(c) || is_upper(c) || (c >= 'a' && c <= 'z');
}

/* tchar of RFC 9110 5.6.2 */
static bool is_token_char(uint8_t c)
{
	return is_alphanumeric(c) || (c && memchr("!#$%&'*+-.^_`|~", c, 15));
}

static inline struct bytes trim_left(struct bytes text)
{
	size_t n = 0;

	while (n < text.size && is_space(text.at[n]))
		n++;
	return bytes_after(text, n);
}

static inline struct bytes trim(struct bytes text)
{
	if (text.size && is_space(text.at[0]))
		text = trim_left(text);
	while (text.size && is_space(text.at[text.size - 1]))
		text.size--;
	return text;
}

static bool starts_with(struct bytes text, const char *start)
{
	struct bytes want = bytes_of(start);

	return text.size >= want.size && memcmp(text.at, want.at, want.size) == 0;
}

/* Both begin alike as far as both go. */
static bool agrees_with(struct bytes text, const char *start)
{
	size_t n = strlen(start);

	return memcmp(start, text.size ? text.at : (const uint8_t *)"", text.size < n ? text.size : n) == 0;
}

static struct bytes next_element(struct bytes *list)
{
	const uint8_t *comma = list->size ? memchr(list->at, ',', list->size) : NULL;
	size_t n = comma ? (size_t)(comma - list->at) : list->size;
	struct bytes element = bytes_until(*list, n);

	*list = bytes_after(*list, n + 1);
	return trim(element);
}

/* ---- the end of a section ---- */

static bool begins_with(struct bytes text, struct bytes start)
{
	return start.size && text.size >= start.size && memcmp(text.at, start.at, start.size) == 0;
}

size_t http1_scan_section(struct http1_scan *scan, struct bytes data, struct bytes section, bool *complete)
{
	size_t done = 0;

	*complete = false;
	while (done < data.size && !*complete) {
		const uint8_t *from = data.at + done;
		const uint8_t *end = memchr(from, '\n', data.size - done);
		size_t n = end ? (size_t)(end - from) : data.size - done;

		if (n)
			scan->lone_cr = scan->line == 0 && n == 1 && from[0] == '\r';
		scan->line += n;
		done += n;
		if (!end)
			break;
		done++;
		*complete = scan->line == 0 || scan->lone_cr;
		scan->line = 0;
		scan->lone_cr = false;
		if (scan->first_line)
			continue;
		scan->first_line = scan->size + done;
		if (!*complete && begins_with(bytes_after(data, done), section)) {
			done += section.size;
			*complete = true;
		}
	}
	scan->size += done;
	return done;
}

/* ---- the first line ---- */

/* IANA's registry of methods without PRI (that is HTTP/2), and what UPnP, caches, Icecast, Exchange and MS-RPC use. */
static const char known_methods[] =
	"GET POST HEAD PUT OPTIONS CONNECT DELETE PATCH TRACE ACL BASELINE-CONTROL BIND CHECKIN CHECKOUT COPY "
	"LABEL LINK LOCK MERGE MKACTIVITY MKCALENDAR MKCOL MKREDIRECTREF MKWORKSPACE MOVE ORDERPATCH PROPFIND "
	"PROPPATCH QUERY REBIND REPORT SEARCH UNBIND UNCHECKOUT UNLINK UNLOCK UPDATE UPDATEREDIRECTREF "
	"VERSION-CONTROL NOTIFY SUBSCRIBE UNSUBSCRIBE M-SEARCH PURGE SOURCE BREW POLL BCOPY BDELETE BMOVE "
	"BPROPFIND BPROPPATCH CCM_POST RPC_IN_DATA RPC_OUT_DATA";

bool http1_method_known(struct bytes method)
{
	struct bytes left = BYTES(known_methods);

	while (left.size) {
		const uint8_t *space = memchr(left.at, ' ', left.size);
		size_t n = space ? (size_t)(space - left.at) : left.size;

		if (bytes_equal(method, bytes_until(left, n)))
			return true;
		left = bytes_after(left, n + 1);
	}
	return false;
}

static size_t token_size(struct bytes text)
{
	size_t n = 0;

	while (n < text.size && n <= HTTP1_METHOD_MAX && is_token_char(text.at[n]))
		n++;
	return n;
}

bool http1_start_plausible(enum http1_kind kind, struct bytes start)
{
	size_t n;

	if (kind == HTTP1_RESPONSE)
		return agrees_with(start, "HTTP/") || agrees_with(start, "ICY ");
	n = token_size(start);
	if (n == 0 || n > HTTP1_METHOD_MAX)
		return false;
	return n == start.size || is_space(start.at[n]) || start.at[n] == '\n';
}

/* A decimal number at the front of *text, at most 255.  False if there is none. */
static bool take_number(struct bytes *text, uint8_t *number)
{
	unsigned value = 0;
	size_t n = 0;

	for (; n < text->size && is_digit(text->at[n]); n++)
		value = value < 100 ? value * 10 + (text->at[n] - '0') : 255;
	*text = bytes_after(*text, n);
	*number = value < 255 ? (uint8_t)value : 255;
	return n > 0;
}

/* What follows "HTTP/", RFC 9112 2.3.  Senders with something else there mean HTTP/1 all the same. */
static void read_version(struct http1_head *head, struct bytes text, bool cut)
{
	bool whole = take_number(&text, &head->major);

	if (!whole)
		head->major = 1;
	if (text.size && text.at[0] == '.') {
		text = bytes_after(text, 1);
		whole = take_number(&text, &head->minor) && whole;
	} else {
		whole = false;
	}
	if (!whole && cut && !head->minor)
		head->minor = 1;
	if ((!whole && !cut) || trim(text).size)
		head->suspicious = true;
}

/* Takes the last " HTTP/..." off *text, which begins with the space before the target. */
static bool take_version(struct http1_head *head, struct bytes *text, bool cut)
{
	size_t n = text->size;
	const uint8_t *space;

	while (n && (space = memrchr(text->at, ' ', n))) {
		n = (size_t)(space - text->at);
		if (starts_with(bytes_after(*text, n + 1), "HTTP/")) {
			read_version(head, bytes_after(*text, n + 6), cut);
			*text = bytes_until(*text, n);
			return true;
		}
	}
	return false;
}

/* A target that was cut while the version was being written: "/path HT". */
static struct bytes without_cut_version(struct bytes target)
{
	const uint8_t *space = target.size ? memrchr(target.at, ' ', target.size) : NULL;
	size_t n = space ? (size_t)(space - target.at) : target.size;

	return agrees_with(bytes_after(target, n + 1), "HTTP/") ? trim(bytes_until(target, n)) : target;
}

/* Without a version only what can hardly be anything else is a request line. */
static bool versionless_plausible(const struct http1_head *head)
{
	size_t i = 0;

	if (http1_method_known(head->method))
		return true;
	while (i < head->method.size && (is_upper(head->method.at[i]) || memchr("_-", head->method.at[i], 2)))
		i++;
	return i == head->method.size && starts_with(head->target, "/");
}

/* RFC 9112 3; the target is everything between, as some clients do not encode spaces. */
static bool read_request_line(struct http1_head *head, struct bytes line, bool cut)
{
	size_t n = token_size(line);
	struct bytes rest = bytes_after(line, n);

	if (n == 0 || n > HTTP1_METHOD_MAX || (rest.size && !is_space(rest.at[0])))
		return false;
	head->method = bytes_until(line, n);
	if (take_version(head, &rest, cut)) {
		head->target = trim(rest);
		return !(head->major == 2 && bytes_equal(head->method, BYTES("PRI"))); /* the preface of HTTP/2, RFC 9113 3.4 */
	}
	head->target = trim(rest);
	if (!cut) {
		head->minor = 9;
		return versionless_plausible(head);
	}
	head->target = without_cut_version(head->target);
	head->major = head->minor = 1;
	return head->target.size && versionless_plausible(head);
}

/* RFC 9112 4, and "ICY 200 OK" of Shoutcast. */
static bool read_status_line(struct http1_head *head, struct bytes line, bool cut)
{
	struct bytes rest;
	size_t n = 0;

	if (starts_with(line, "ICY ")) {
		head->major = 1;
		rest = bytes_after(line, 4);
	} else if (starts_with(line, "HTTP/")) {
		rest = bytes_after(line, 5);
		while (n < rest.size && !is_space(rest.at[n]))
			n++;
		read_version(head, bytes_until(rest, n), cut);
		rest = bytes_after(rest, n);
	} else {
		return false;
	}
	rest = trim_left(rest);
	for (n = 0; n < 3 && n < rest.size && is_digit(rest.at[n]); n++)
		head->status = (uint16_t)(head->status * 10 + (rest.at[n] - '0'));
	if (cut && n < 3)
		return false;
	if (n < 3 || (n < rest.size && !is_space(rest.at[n])))
		head->suspicious = true;
	if (n < 3)
		head->invalid = "its status line has no status code";
	head->reason = trim(bytes_after(rest, n));
	return true;
}

bool http1_head_read_line(struct http1_head *head, struct bytes line, bool cut)
{
	if (line.size && line.at[line.size - 1] == '\n')
		line.size--;
	if (line.size && line.at[line.size - 1] == '\r')
		line.size--;
	if (line.size && memchr(line.at, '\r', line.size))
		head->suspicious = true;
	return head->kind == HTTP1_REQUEST ? read_request_line(head, line, cut) : read_status_line(head, line, cut);
}

bool http1_head_read_whole_line(struct http1_head *head, struct bytes line, struct http1_first_line *first)
{
	if (first->kept_size && bytes_equal(line, (struct bytes){ first->kept, first->kept_size })) {
		*head = first->head;
		return true;
	}
	first->kept_size = 0;
	if (line.size > sizeof first->kept)
		return http1_head_read_line(head, line, false);
	memcpy(first->kept, line.at, line.size);
	if (!http1_head_read_line(head, (struct bytes){ first->kept, line.size }, false))
		return false;
	first->kept_size = line.size;
	first->head = *head;
	return true;
}

/* ---- framing, RFC 9112 6 and 9.3 ---- */

/* Digits, also after a plus sign, which only lenient receivers take. */
static bool read_length(struct http1_head *head, struct bytes text, uint64_t *length)
{
	uint64_t value = 0;

	if (text.size && text.at[0] == '+') {
		head->suspicious = true;
		text = bytes_after(text, 1);
	}
	if (!text.size)
		return false;
	for (size_t i = 0; i < text.size; i++) {
		unsigned digit = text.at[i] - (unsigned)'0';

		if (!is_digit(text.at[i]))
			return false;
		value = value > (UINT64_MAX - digit) / 10 ? UINT64_MAX : value * 10 + digit;
	}
	*length = value;
	return true;
}

/* RFC 9110 8.6.  Of values that differ the last counts, as in other tools that read captures. */
static void note_content_length(struct http1_head *head, struct http1_framing *framing, struct bytes value)
{
	do {
		uint64_t length;

		if (!read_length(head, next_element(&value), &length)) {
			head->suspicious = true;
			head->invalid = "its Content-Length is no number";
			continue;
		}
		if (framing->has_content_length)
			head->suspicious = true;
		framing->has_content_length = true;
		framing->content_length = length;
	} while (value.size);
}

/* RFC 9112 6.1 and 7.  Parameters of codings are not looked at. */
static void note_transfer_encoding(struct http1_head *head, struct http1_framing *framing, struct bytes value)
{
	while (value.size) {
		struct bytes coding = next_element(&value);
		const uint8_t *parameters = coding.size ? memchr(coding.at, ';', coding.size) : NULL;

		if (parameters)
			coding = trim(bytes_until(coding, (size_t)(parameters - coding.at)));
		if (!coding.size || bytes_equal_nocase(coding, BYTES("identity")))
			continue;
		if (framing->chunked) /* chunked must be the last, and applied once */
			head->suspicious = true;
		framing->has_transfer_encoding = true;
		if (bytes_equal_nocase(coding, BYTES("chunked")))
			framing->chunked = true;
	}
}

static void note_connection(struct http1_framing *framing, struct bytes value)
{
	while (value.size) {
		struct bytes option = next_element(&value);

		if (bytes_equal_nocase(option, BYTES("close")))
			framing->close = true;
		else if (bytes_equal_nocase(option, BYTES("keep-alive")))
			framing->keep_alive = true;
		else if (bytes_equal_nocase(option, BYTES("upgrade")))
			framing->upgrade = true;
	}
}

static void note_field(struct http1_head *head, struct http1_framing *framing, const struct http1_field *field)
{
	switch (field->name.size) {
	case 7:
		if (bytes_equal_nocase(field->name, BYTES("Upgrade")))
			framing->upgrade_field = true;
		break;
	case 10:
		if (bytes_equal_nocase(field->name, BYTES("Connection")))
			note_connection(framing, field->value);
		break;
	case 14:
		if (bytes_equal_nocase(field->name, BYTES("Content-Length")))
			note_content_length(head, framing, field->value);
		break;
	case 17:
		if (bytes_equal_nocase(field->name, BYTES("Transfer-Encoding")))
			note_transfer_encoding(head, framing, field->value);
		break;
	default:
		break;
	}
}

static void conclude(struct http1_head *head, const struct http1_framing *framing)
{
	bool modern = head->major > 1 || (head->major == 1 && head->minor >= 1);

	head->chunked = framing->chunked;
	head->has_transfer_encoding = framing->has_transfer_encoding;
	head->has_content_length = framing->has_content_length;
	head->content_length = framing->content_length;
	head->upgrade = framing->upgrade && framing->upgrade_field;
	head->keep_alive = !framing->close && (modern || (framing->keep_alive && head->major == 1));
	/* RFC 9112 6.1: both fields, a Transfer-Encoding in HTTP/1.0, and codings without chunked are signs of smuggling. */
	if (head->has_transfer_encoding && (head->has_content_length || !modern || !head->chunked))
		head->suspicious = true;
}

/* ---- fields ---- */

void http1_fields_free(struct http1_fields *fields)
{
	free(fields->at);
	free(fields->folded);
	free(fields->kept);
	*fields = (struct http1_fields){ 0 };
}

static void add_field(struct http1_fields *fields, const struct http1_field *field, struct limit_hits *hits)
{
	if (fields->count >= LIMIT_HTTP_FIELDS) {
		limit_hit(hits, LIMIT_HTTP_FIELDS_HIT);
		return;
	}
	if (fields->count == fields->capacity) {
		fields->capacity = fields->capacity ? fields->capacity * 2 : FIELDS_FIRST;
		fields->at = nt_realloc_array(fields->at, fields->capacity, sizeof *fields->at);
	}
	fields->at[fields->count++] = *field;
}

static void append_folded(struct http1_fields *fields, struct bytes piece)
{
	if (piece.size)
		memcpy(fields->folded + fields->folded_size, piece.at, piece.size);
	fields->folded_size += piece.size;
}

/*
 * obs-fold, RFC 9112 5.2.  The joined values of a section are never longer than the section, so that the memory taken at the
 * first fold holds all of them and does not move.
 */
static void fold(struct http1_fields *fields, struct http1_field *field, struct bytes more, size_t section_size)
{
	if (!more.size)
		return;
	if (!field->value.size) {
		field->value = more;
		return;
	}
	if (fields->folded_capacity < section_size) { /* only at the first fold of the section */
		fields->folded_capacity = section_size;
		fields->folded = nt_realloc(fields->folded, section_size);
	}
	if (field->value.at + field->value.size != fields->folded + fields->folded_size) { /* not folded yet */
		size_t start = fields->folded_size;

		append_folded(fields, field->value);
		field->value.at = fields->folded + start;
	}
	append_folded(fields, BYTES(" "));
	append_folded(fields, more);
	field->value.size += 1 + more.size;
}

/* RFC 9112 5.1.  False if the line has no colon. */
static bool read_field(struct http1_head *head, struct bytes line, struct http1_field *field)
{
	const uint8_t *colon = line.size ? memchr(line.at, ':', line.size) : NULL;
	size_t n = colon ? (size_t)(colon - line.at) : 0;

	if (!colon)
		return false;
	field->name = trim(bytes_until(line, n));
	field->value = trim(bytes_after(line, n + 1));
	if (field->name.size == 0 || field->name.size != n)
		head->suspicious = true;
	return true;
}

/* The next line of *text that has an end, without it.  False at the empty line and when there is none. */
static bool next_line(struct http1_head *head, struct bytes *text, struct bytes *line)
{
	const uint8_t *end = text->size ? memchr(text->at, '\n', text->size) : NULL;
	size_t n = end ? (size_t)(end - text->at) : 0;

	if (!end)
		return false;
	*line = bytes_until(*text, n);
	*text = bytes_after(*text, n + 1);
	if (line->size && line->at[line->size - 1] == '\r')
		line->size--;
	if (line->size && memchr(line->at, '\r', line->size))
		head->suspicious = true;
	return line->size > 0;
}

/* Returns whether an empty line ends the section, as it is to be. */
static bool read_section(struct http1_head *head, struct bytes text, struct http1_fields *fields, struct http1_framing *framing,
			 struct limit_hits *hits)
{
	const size_t section_size = text.size;
	struct http1_field field;
	struct bytes line = text;
	bool open = false; /* `field` may be continued on the next line */

	fields->count = 0;
	fields->folded_size = 0;
	if (text.size && memchr(text.at, 0, text.size))
		head->suspicious = true;
	while (next_line(head, &text, &line)) {
		if (line.at[0] == ' ' || line.at[0] == '\t') {
			if (open)
				fold(fields, &field, trim(line), section_size);
			else
				head->suspicious = true; /* RFC 9112 2.2 */
			continue;
		}
		if (open) {
			note_field(head, framing, &field);
			add_field(fields, &field, hits);
		}
		open = read_field(head, line, &field);
		if (!open) {
			head->suspicious = true;
			head->invalid = "a line of its head is no field, as it has no colon";
		}
	}
	if (open) {
		note_field(head, framing, &field);
		add_field(fields, &field, hits);
	}
	return line.size == 0 && text.size == 0;
}

/* ---- sections that come again ---- */

struct bytes http1_fields_kept(const struct http1_fields *fields)
{
	return (struct bytes){ fields->kept, fields->kept_size };
}

static bool is_kept(const struct http1_fields *fields, struct bytes text)
{
	return fields->kept_size && bytes_equal(text, http1_fields_kept(fields));
}

static void point_to_copy(struct bytes *view, struct bytes text, const uint8_t *copy)
{
	if (view->size)
		view->at = copy + (view->at - text.at);
}

/* Not what was folded, which points elsewhere, nor what hit a limit, which is to be counted each time. */
static void keep(struct http1_fields *fields, struct bytes text, const struct http1_framing *framing)
{
	enum { KEPT_MAX = 4096 };

	if (!fields->is_reused || text.size == 0 || text.size > KEPT_MAX || fields->folded_size ||
	    fields->count == LIMIT_HTTP_FIELDS)
		return;
	if (text.size > fields->kept_capacity) {
		fields->kept = nt_realloc(fields->kept, text.size);
		fields->kept_capacity = text.size;
	}
	memcpy(fields->kept, text.at, text.size);
	fields->kept_size = text.size;
	fields->kept_framing = *framing;
	for (size_t i = 0; i < fields->count; i++) {
		point_to_copy(&fields->at[i].name, text, fields->kept);
		point_to_copy(&fields->at[i].value, text, fields->kept);
	}
}

void http1_head_read_fields(struct http1_head *head, struct bytes text, struct http1_fields *fields, struct limit_hits *hits)
{
	struct http1_framing framing = { 0 };
	const bool was_suspicious = head->suspicious;

	if (is_kept(fields, text)) {
		framing = fields->kept_framing;
	} else {
		head->suspicious = false;
		fields->kept_size = 0;
		if (read_section(head, text, fields, &framing, hits) && !head->suspicious)
			keep(fields, text, &framing);
		head->suspicious |= was_suspicious;
		fields->is_reused = true;
	}
	conclude(head, &framing);
	head->fields = fields->at;
	head->field_count = fields->count;
}

struct bytes http1_field_value(const struct http1_head *head, const char *name)
{
	struct bytes want = bytes_of(name);

	for (size_t i = 0; i < head->field_count; i++)
		if (bytes_equal_nocase(head->fields[i].name, want))
			return head->fields[i].value;
	return (struct bytes){ NULL, 0 };
}

/* ---- recognition ---- */

enum { LOOK_LINE_MAX = 8192, LOOK_METHOD_MAX = 32, LOOK_EMPTY_MAX = 4 };

/* Takes `pattern` off the front of *text: 'd' is a digit, '_' one space or more, others stand for themselves. */
static enum cur_state match_front(struct bytes *text, const char *pattern)
{
	for (; *pattern; pattern++) {
		if (!text->size)
			return CUR_CUT;
		if (*pattern == 'd' ? !is_digit(text->at[0]) : text->at[0] != (*pattern == '_' ? ' ' : *pattern))
			return CUR_BAD;
		*text = *pattern == '_' ? trim_left(*text) : bytes_after(*text, 1);
	}
	return CUR_OK;
}

static enum cur_state look_response(struct bytes start)
{
	struct bytes text = start, icy = start;
	enum cur_state state = match_front(&text, "HTTP/d.d_ddd");

	if (state == CUR_BAD) {
		state = match_front(&icy, "ICY_200");
		text = icy;
	}
	if (state == CUR_CUT && start.size >= LOOK_LINE_MAX)
		return CUR_BAD;
	if (state == CUR_OK && text.size && !is_space(text.at[0]) && text.at[0] != '\n')
		return CUR_BAD;
	return state;
}

/* A complete first line with its method taken off. */
static enum cur_state look_version(struct bytes text, bool known)
{
	struct http1_head head = { .kind = HTTP1_REQUEST };

	text.size = (size_t)((const uint8_t *)memchr(text.at, '\n', text.size) - text.at);
	while (text.size && is_space(text.at[text.size - 1]))
		text.size--;
	if (!take_version(&head, &text, false))
		return CUR_BAD;
	return known || !head.suspicious ? CUR_OK : CUR_BAD;
}

static enum cur_state look_request(struct bytes text)
{
	struct bytes method, rest;
	size_t n = 0;
	bool known;

	while (n < text.size && n <= LOOK_METHOD_MAX && (is_alphanumeric(text.at[n]) || text.at[n] == '_' || text.at[n] == '-'))
		n++;
	method = bytes_until(text, n);
	rest = bytes_after(text, n);
	if (n > LOOK_METHOD_MAX)
		return CUR_BAD;
	if (!rest.size)
		return CUR_CUT;
	if (n == 0 || rest.at[0] != ' ' || bytes_equal(method, BYTES("PRI")))
		return CUR_BAD;
	if (rest.size > 1 && (rest.at[1] <= ' ' || rest.at[1] == 0x7f))
		return CUR_BAD;
	known = http1_method_known(method);
	if (memchr(rest.at, '\n', rest.size < LOOK_LINE_MAX ? rest.size : LOOK_LINE_MAX))
		return look_version(rest, known);
	if (text.size < LOOK_LINE_MAX)
		return CUR_CUT;
	return known ? CUR_OK : CUR_BAD;
}

enum cur_state http1_looks_like(struct bytes start, enum http1_kind *kind)
{
	enum cur_state response, request;

	for (int i = 0; i < LOOK_EMPTY_MAX && start.size && (start.at[0] == '\r' || start.at[0] == '\n'); i++)
		start = bytes_after(start, 1);
	response = look_response(start);
	request = look_request(start);
	if (response != CUR_OK && request != CUR_OK)
		return response == CUR_CUT || request == CUR_CUT ? CUR_CUT : CUR_BAD;
	*kind = response == CUR_OK ? HTTP1_RESPONSE : HTTP1_REQUEST;
	return CUR_OK;
}
