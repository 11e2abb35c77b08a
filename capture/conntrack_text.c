#include "capture/conntrack.h"

#include <string.h>

/*
 * The lines differ between versions of the tools and options, but all are words, and the words of interest name themselves: "src=…",
 * "[ASSURED]".  What is given for both directions comes twice, first for the original direction.  Unknown words are passed over.
 */

enum { PROTOCOL_ICMP = 1, PROTOCOL_TCP = 6, PROTOCOL_ICMPV6 = 58 };
enum { LONGEST_LINE = 4096, LONGEST_BRACKET = 80, LONGEST_ADDRESS = IP_ADDRESS_TEXT_SIZE + 16 };
enum { ORIGINAL, REPLY, DIRECTIONS };

/* What the words of a line said so far. */
struct reading {
	struct conntrack_entry *entry;
	bool protocol_known, timeout_known;
	bool wants_protocol_number; /* the next number says again which protocol it is, or first if it has no name */
	bool wants_family_number;
	bool unreplied, assured, offloaded;
	bool archived; /* as device archives have it, without flags in brackets */
	unsigned sources, destinations, source_ports, destination_ports, packet_counts, byte_counts, ids;
	uint8_t versions[2 * DIRECTIONS];
	unsigned version_count;
	bool bad;
};

/* ---- characters and numbers ---- */

static bool is_space(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static struct bytes without_front(struct bytes text, size_t size)
{
	return (struct bytes){ text.at + size, text.size - size };
}

static bool begins_with(struct bytes text, struct bytes start)
{
	return text.size >= start.size && memcmp(text.at, start.at, start.size) == 0;
}

static bool take_literal(struct bytes *text, struct bytes literal)
{
	if (!begins_with(*text, literal))
		return false;
	*text = without_front(*text, literal.size);
	return true;
}

static void skip_spaces(struct bytes *text)
{
	while (text->size && is_space(*text->at))
		*text = without_front(*text, 1);
}

static int digit_value(uint8_t c, unsigned base)
{
	int value = is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;

	return (unsigned)value < base ? value : -1;
}

/* Takes the digits at the front; false if there are none or they make more than `most`. */
static bool take_number(struct bytes *text, uint64_t most, uint64_t *out)
{
	unsigned base = take_literal(text, BYTES("0x")) ? 16 : 10;
	uint64_t value = 0;
	size_t digits = 0;

	while (digits < text->size && digit_value(text->at[digits], base) >= 0) {
		uint64_t digit = (uint64_t)digit_value(text->at[digits], base);

		if (value > (most - digit) / base || digit > most)
			return false;
		value = value * base + digit;
		digits++;
	}
	*text = without_front(*text, digits);
	*out = value;
	return digits > 0;
}

static bool read_number(struct bytes text, uint64_t most, uint64_t *out)
{
	return take_number(&text, most, out) && text.size == 0;
}

/* ---- times ---- */

/* Nanoseconds of ".597214", 0 if there is no fraction; what is finer than nanoseconds is left out. */
static int64_t take_fraction(struct bytes *text)
{
	int64_t value = 0, unit = NT_SECOND / 10;

	if (!take_literal(text, BYTES(".")))
		return 0;
	for (; text->size && is_digit(*text->at); *text = without_front(*text, 1)) {
		value += (*text->at - '0') * unit;
		unit /= 10;
	}
	return value;
}

struct date {
	uint64_t year, month, day, hour, minute, second; /* month from 1 */
	int64_t fraction, zone_s;
};

/* Days from 1970-01-01 in the Gregorian calendar; years are counted from March, so that the leap day is the last. */
static int64_t days_of(const struct date *date)
{
	int64_t year = (int64_t)date->year - (date->month <= 2);
	int64_t month = ((int64_t)date->month + 9) % 12;

	return 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + (int64_t)date->day - 1 - 719468;
}

/* The zero time means that there is none. */
static nt_time time_of(const struct date *date)
{
	int64_t seconds = days_of(date) * 86400;

	if (date->year < 1970 || date->month < 1 || date->month > 12 || date->day < 1)
		return NT_TIME_NONE;
	seconds += (int64_t)(date->hour * 3600 + date->minute * 60 + date->second) - date->zone_s;
	return seconds == 0 ? NT_TIME_NONE : seconds * NT_SECOND + date->fraction;
}

static bool take_clock(struct bytes *text, struct date *date)
{
	skip_spaces(text);
	if (!take_number(text, 23, &date->hour) || !take_literal(text, BYTES(":")) || !take_number(text, 59, &date->minute) ||
	    !take_literal(text, BYTES(":")) || !take_number(text, 60, &date->second))
		return false;
	date->fraction = take_fraction(text);
	return true;
}

static bool take_month_name(struct bytes *text, struct date *date)
{
	static const char names[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

	skip_spaces(text);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (take_literal(text, (struct bytes){ (const uint8_t *)names[i], 3 })) {
			date->month = i + 1;
			return true;
		}
	return false;
}

/* "Sun Nov 22 16:24:33 2026", as ctime(3) writes it: in the zone of the machine, which it does not tell. */
static bool take_ctime(struct bytes *text, struct date *date)
{
	while (text->size && !is_space(*text->at))
		*text = without_front(*text, 1);
	if (!take_month_name(text, date))
		return false;
	skip_spaces(text);
	if (!take_number(text, 31, &date->day) || !take_clock(text, date))
		return false;
	skip_spaces(text);
	return take_number(text, 2200, &date->year);
}

/* "+0130": seconds east of Greenwich */
static void take_zone(struct bytes *text, struct date *date)
{
	bool west;
	uint64_t value;

	skip_spaces(text);
	west = begins_with(*text, BYTES("-"));
	if (!west && !begins_with(*text, BYTES("+")))
		return;
	*text = without_front(*text, 1);
	if (take_number(text, 1400, &value))
		date->zone_s = (int64_t)(value / 100 * 3600 + value % 100 * 60) * (west ? -1 : 1);
}

/* "2019-07-26 01:26:21.557800506 +0000 UTC", as Go writes it. */
static bool take_go_date(struct bytes *text, struct date *date)
{
	if (!take_number(text, 2200, &date->year) || !take_literal(text, BYTES("-")) || !take_number(text, 12, &date->month) ||
	    !take_literal(text, BYTES("-")) || !take_number(text, 31, &date->day) || !take_clock(text, date))
		return false;
	take_zone(text, date);
	return true;
}

static nt_time take_date(struct bytes *text)
{
	struct date date = { 0 };
	bool good = text->size && is_digit(*text->at) ? take_go_date(text, &date) : take_ctime(text, &date);

	return good ? time_of(&date) : NT_TIME_NONE;
}

/* ---- words with a value ---- */

static bool read_address(struct reading *r, struct bytes value, struct ip_address *out)
{
	char text[LONGEST_ADDRESS];
	uint8_t version;

	if (value.size >= sizeof text || memchr(value.at, 0, value.size))
		return false;
	memcpy(text, value.at, value.size);
	text[value.size] = 0;
	if (!ip_address_parse(text, &version, out))
		return false;
	r->versions[r->version_count++] = version;
	return true;
}

static struct address_tuple *tuple_of(struct reading *r, unsigned direction)
{
	return direction == ORIGINAL ? &r->entry->original : &r->entry->reply;
}

static bool read_source(struct reading *r, struct bytes value)
{
	unsigned direction = r->sources++;

	return direction < DIRECTIONS && read_address(r, value, &tuple_of(r, direction)->source);
}

static bool read_destination(struct reading *r, struct bytes value)
{
	unsigned direction = r->destinations++;

	return direction < DIRECTIONS && read_address(r, value, &tuple_of(r, direction)->destination);
}

static bool read_port(struct bytes value, uint16_t *out)
{
	uint64_t number = 0;
	bool good = read_number(value, UINT16_MAX, &number);

	*out = (uint16_t)number;
	return good;
}

static bool read_source_port(struct reading *r, struct bytes value)
{
	unsigned direction = r->source_ports++;

	return direction < DIRECTIONS && read_port(value, &tuple_of(r, direction)->source_port);
}

static bool read_destination_port(struct reading *r, struct bytes value)
{
	unsigned direction = r->destination_ports++;

	return direction < DIRECTIONS && read_port(value, &tuple_of(r, direction)->destination_port);
}

static bool read_packets(struct reading *r, struct bytes value)
{
	unsigned direction = r->packet_counts++;

	return direction < DIRECTIONS && read_number(value, UINT64_MAX, &r->entry->packets[direction]);
}

static bool read_bytes(struct reading *r, struct bytes value)
{
	unsigned direction = r->byte_counts++;

	return direction < DIRECTIONS && read_number(value, UINT64_MAX, &r->entry->bytes[direction]);
}

/* The tuples of ICMP have an id too: that of the echo request. */
static bool read_id(struct reading *r, struct bytes value)
{
	bool is_icmp = r->entry->protocol == PROTOCOL_ICMP || r->entry->protocol == PROTOCOL_ICMPV6;
	uint64_t id;

	if (!read_number(value, UINT32_MAX, &id))
		return false;
	if (++r->ids > (is_icmp ? DIRECTIONS : 0))
		r->entry->id = (uint32_t)id;
	return true;
}

static bool read_mark(struct reading *r, struct bytes value)
{
	uint64_t mark = 0;
	bool good = read_number(value, UINT32_MAX, &mark);

	r->entry->mark = (uint32_t)mark;
	return good;
}

static bool read_zone(struct reading *r, struct bytes value)
{
	return read_port(value, &r->entry->zone);
}

/* "30(sec)" */
static bool read_timeout(struct reading *r, struct bytes value)
{
	uint64_t seconds = 0;
	bool good = take_number(&value, UINT32_MAX, &seconds);

	r->archived = r->archived || begins_with(value, BYTES("("));
	r->entry->timeout_s = (uint32_t)seconds;
	return good;
}

static bool read_start(struct reading *r, struct bytes value)
{
	r->entry->start = take_date(&value);
	return true;
}

static bool read_stop(struct reading *r, struct bytes value)
{
	r->entry->stop = take_date(&value);
	return true;
}

#define WORD(text) text, sizeof(text) - 1

static const struct keyword {
	const char *key;
	size_t size;
	bool (*read)(struct reading *r, struct bytes value); /* false: the line makes no sense */
	bool to_the_end;                                     /* the value has spaces in it */
} keywords[] = {
	{ WORD("src="), read_source, false },
	{ WORD("dst="), read_destination, false },
	{ WORD("sport="), read_source_port, false },
	{ WORD("dport="), read_destination_port, false },
	{ WORD("packets="), read_packets, false },
	{ WORD("bytes="), read_bytes, false },
	{ WORD("id="), read_id, false },
	{ WORD("mark="), read_mark, false },
	{ WORD("zone="), read_zone, false },
	{ WORD("timeout="), read_timeout, false },
	{ WORD("start="), read_start, true },
	{ WORD("stop="), read_stop, true },
};

/* `rest` is the word and all after it. */
static bool read_keyword(struct reading *r, struct bytes word, struct bytes rest)
{
	for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++) {
		const struct keyword *k = &keywords[i];

		if (!begins_with(word, (struct bytes){ (const uint8_t *)k->key, k->size }))
			continue;
		if (!k->read(r, without_front(k->to_the_end ? rest : word, k->size)))
			r->bad = true;
		return true;
	}
	return false;
}

/* ---- words in brackets ---- */

static void read_time(struct reading *r, struct bytes text)
{
	uint64_t seconds;
	int64_t fraction;

	if (!take_number(&text, INT64_MAX / NT_SECOND - 1, &seconds))
		return;
	fraction = take_fraction(&text);
	if (text.size == 0)
		r->entry->time = (nt_time)seconds * NT_SECOND + fraction;
}

/* `is_label`: a colon follows, as after the index of an entry in an archive. */
static void read_bracket(struct reading *r, struct bytes text, bool is_label)
{
	if (bytes_equal(text, BYTES("NEW")))
		r->entry->kind = CONNTRACK_NEW;
	else if (bytes_equal(text, BYTES("UPDATE")))
		r->entry->kind = CONNTRACK_UPDATE;
	else if (bytes_equal(text, BYTES("DESTROY")))
		r->entry->kind = CONNTRACK_DESTROY;
	else if (bytes_equal(text, BYTES("UNREPLIED")))
		r->unreplied = true;
	else if (bytes_equal(text, BYTES("ASSURED")))
		r->assured = true;
	else if (bytes_equal(text, BYTES("OFFLOAD")) || bytes_equal(text, BYTES("HW_OFFLOAD")))
		r->offloaded = true;
	else if (text.size && is_digit(*text.at) && !is_label)
		read_time(r, text);
	else
		read_keyword(r, text, text);
}

/* The text between the brackets at the front of `rest`; false if none of a plausible length close. */
static bool take_bracket(struct bytes *rest, struct bytes *out)
{
	size_t searched = rest->size < LONGEST_BRACKET ? rest->size : LONGEST_BRACKET;
	const uint8_t *end = memchr(rest->at, ']', searched);

	if (!end)
		return false;
	out->at = rest->at + 1;
	out->size = (size_t)(end - out->at);
	*rest = without_front(*rest, out->size + 2);
	return true;
}

/* ---- bare words ---- */

/* As libnetfilter_conntrack and the kernel name them; any other is "unknown". */
static const struct protocol {
	const char *name;
	uint8_t number;
} protocols[] = {
	{ "icmp", PROTOCOL_ICMP },     { "igmp", 2 },   { "tcp", PROTOCOL_TCP }, { "udp", 17 },    { "dccp", 33 }, { "gre", 47 },
	{ "icmpv6", PROTOCOL_ICMPV6 }, { "sctp", 132 }, { "udplite", 136 },      { "unknown", 0 },
};

static bool read_protocol(struct reading *r, struct bytes word)
{
	for (size_t i = 0; i < sizeof protocols / sizeof *protocols; i++)
		if (!r->protocol_known && bytes_equal(word, bytes_of(protocols[i].name))) {
			r->entry->protocol = protocols[i].number;
			r->protocol_known = r->wants_protocol_number = true;
			return true;
		}
	return false;
}

static void read_bare_number(struct reading *r, uint64_t number)
{
	if (r->wants_family_number) {
		r->wants_family_number = false;
	} else if (r->wants_protocol_number) {
		if (r->entry->protocol == 0 && number <= UINT8_MAX)
			r->entry->protocol = (uint8_t)number;
		r->wants_protocol_number = false;
	} else if (r->protocol_known && !r->timeout_known && r->sources == 0) {
		r->entry->timeout_s = (uint32_t)number;
		r->timeout_known = true;
	}
}

/* nf_conntrack_proto_tcp.c, tcp_conntrack_names; the last was LISTEN before it was SYN_SENT2. */
static void read_tcp_state(struct reading *r, struct bytes word)
{
	static const struct {
		const char *name;
		enum conntrack_tcp_state state;
	} states[] = {
		{ "NONE", CONNTRACK_TCP_NONE },           { "SYN_SENT", CONNTRACK_TCP_SYN_SENT },
		{ "SYN_RECV", CONNTRACK_TCP_SYN_RECV },   { "ESTABLISHED", CONNTRACK_TCP_ESTABLISHED },
		{ "FIN_WAIT", CONNTRACK_TCP_FIN_WAIT },   { "CLOSE_WAIT", CONNTRACK_TCP_CLOSE_WAIT },
		{ "LAST_ACK", CONNTRACK_TCP_LAST_ACK },   { "TIME_WAIT", CONNTRACK_TCP_TIME_WAIT },
		{ "CLOSE", CONNTRACK_TCP_CLOSE },         { "LISTEN", CONNTRACK_TCP_SYN_SENT2 },
		{ "SYN_SENT2", CONNTRACK_TCP_SYN_SENT2 },
	};

	if (r->entry->protocol != PROTOCOL_TCP || r->entry->has_tcp_state)
		return;
	for (size_t i = 0; i < sizeof states / sizeof *states; i++)
		if (bytes_equal(word, bytes_of(states[i].name))) {
			r->entry->has_tcp_state = true;
			r->entry->tcp_state = states[i].state;
		}
}

static void read_word(struct reading *r, struct bytes word, struct bytes rest)
{
	uint64_t number;

	if (read_number(word, UINT32_MAX, &number))
		read_bare_number(r, number);
	else if (bytes_equal(word, BYTES("ipv4")) || bytes_equal(word, BYTES("ipv6")))
		r->wants_family_number = true;
	else if (!read_keyword(r, word, rest) && !read_protocol(r, word))
		read_tcp_state(r, word);
}

static void read_words(struct reading *r, struct bytes rest)
{
	for (skip_spaces(&rest); rest.size && !r->bad; skip_spaces(&rest)) {
		struct bytes word = { rest.at, 0 };

		if (*rest.at == '[' && take_bracket(&rest, &word)) {
			read_bracket(r, word, begins_with(rest, BYTES(":")));
			continue;
		}
		while (word.size < rest.size && !is_space(rest.at[word.size]))
			word.size++;
		read_word(r, word, rest);
		rest = without_front(rest, word.size);
	}
}

/* ---- the whole line ---- */

static bool same_end(const struct ip_address *address, uint16_t port, const struct ip_address *other, uint16_t other_port)
{
	return port == other_port && memcmp(address, other, sizeof *address) == 0;
}

/* What is listed or reported is confirmed; that a reply was seen an archive says only by its counters. */
static void derive_status(const struct reading *r)
{
	struct conntrack_entry *e = r->entry;
	const struct address_tuple *o = &e->original, *p = &e->reply;
	bool replied = r->archived ? e->packets[REPLY] > 0 : !r->unreplied;

	e->status = CONNTRACK_CONFIRMED;
	if (replied)
		e->status |= CONNTRACK_SEEN_REPLY;
	if (r->assured)
		e->status |= CONNTRACK_ASSURED;
	if (r->offloaded)
		e->status |= CONNTRACK_OFFLOAD;
	if (!same_end(&o->source, o->source_port, &p->destination, p->destination_port))
		e->status |= CONNTRACK_SRC_NAT;
	if (!same_end(&o->destination, o->destination_port, &p->source, p->source_port))
		e->status |= CONNTRACK_DST_NAT;
}

static void shift(nt_time *time, int64_t by)
{
	if (*time != NT_TIME_NONE)
		*time += by;
}

/* Dates are in the zone of the machine.  A connection is destroyed when it stops, which shows the zone: a number of quarter hours. */
static void correct_zone(struct conntrack_entry *e)
{
	const int64_t quarter = 900 * NT_SECOND, most = 56 * quarter;
	int64_t off;

	if (e->kind != CONNTRACK_DESTROY || e->time == NT_TIME_NONE || e->stop == NT_TIME_NONE)
		return;
	if (__builtin_sub_overflow(e->time, e->stop, &off) || off < -most || off > most)
		return;
	off += off < 0 ? -quarter / 2 : quarter / 2;
	off -= off % quarter;
	shift(&e->start, off);
	shift(&e->stop, off);
}

static bool is_complete(const struct reading *r)
{
	if (r->bad || !r->protocol_known || r->sources != DIRECTIONS || r->destinations != DIRECTIONS)
		return false;
	for (unsigned i = 1; i < r->version_count; i++)
		if (r->versions[i] != r->versions[0])
			return false;
	return true;
}

bool conntrack_read_line(struct bytes line, struct conntrack_entry *out)
{
	struct conntrack_entry entry = {
		.kind = CONNTRACK_DUMP, .time = NT_TIME_NONE, .start = NT_TIME_NONE, .stop = NT_TIME_NONE
	};
	struct reading reading = { .entry = &entry };

	if (line.size > LONGEST_LINE)
		return false;
	read_words(&reading, line);
	if (!is_complete(&reading))
		return false;
	entry.original.ip_version = entry.reply.ip_version = reading.versions[0];
	entry.has_counters = reading.packet_counts == DIRECTIONS && reading.byte_counts == DIRECTIONS;
	derive_status(&reading);
	correct_zone(&entry);
	*out = entry;
	return true;
}
