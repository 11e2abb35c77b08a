#include "correlate/seed_values.h"

#include "dissect/dns/dns.h"
#include "store/conntrack_names.h"

#include <string.h>

/* ---- times ---- */

/* Digits at the front of a text, at most `most` of them, are taken off it. */
static bool take_digits(struct bytes *text, size_t least, size_t most, uint64_t *out)
{
	size_t count = 0;

	*out = 0;
	if (!text->size)
		return least == 0;
	while (count < text->size && count < most && text->at[count] >= '0' && text->at[count] <= '9')
		*out = *out * 10 + (uint64_t)(text->at[count++] - '0');
	if (count) { /* an empty text may be nowhere */
		text->at += count;
		text->size -= count;
	}
	return count >= least;
}

static bool take(struct bytes *text, char c)
{
	if (!text->size || (text->at[0] | 32) != (c | 32))
		return false;
	text->at++;
	text->size--;
	return true;
}

/* Of the proleptic Gregorian calendar, years counted from March so that the leap day is the last. */
static int64_t days_since_1970(int64_t year, int64_t month, int64_t day)
{
	const int64_t months = (month + 9) % 12, years = year + 400 - (month <= 2);

	return years * 365 + years / 4 - years / 100 + years / 400 + (months * 306 + 5) / 10 + day - 1 - 719468 - 146097;
}

static bool take_date(struct bytes *text, int64_t *seconds)
{
	uint64_t year, month, day, hour, minute, second;

	if (!take_digits(text, 4, 4, &year) || !take(text, '-') || !take_digits(text, 2, 2, &month) || !take(text, '-') ||
	    !take_digits(text, 2, 2, &day) || !take(text, 'T') || !take_digits(text, 2, 2, &hour) || !take(text, ':') ||
	    !take_digits(text, 2, 2, &minute) || !take(text, ':') || !take_digits(text, 2, 2, &second))
		return false;
	if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60)
		return false;
	*seconds = days_since_1970((int64_t)year, (int64_t)month, (int64_t)day) * 86400 +
		   (int64_t)(hour * 3600 + minute * 60 + second);
	return true;
}

/* ".260618344": nanoseconds, further digits count for nothing. */
static bool take_fraction(struct bytes *text, int64_t *nanoseconds)
{
	uint64_t value, more;
	size_t size;

	*nanoseconds = 0;
	if (!take(text, '.'))
		return true;
	size = text->size;
	if (!take_digits(text, 1, 9, &value))
		return false;
	for (size_t digits = size - text->size; digits < 9; digits++)
		value *= 10;
	*nanoseconds = (int64_t)value;
	while (text->size && take_digits(text, 1, 9, &more))
		;
	return true;
}

/* "Z" or "+01:00", which was added to UTC. */
static bool take_offset(struct bytes *text, int64_t *seconds)
{
	bool negative = text->size && text->at[0] == '-';
	uint64_t hours, minutes;

	*seconds = 0;
	if (take(text, 'Z'))
		return true;
	if (!text->size || (text->at[0] != '+' && !negative))
		return false;
	text->at++;
	text->size--;
	if (!take_digits(text, 2, 2, &hours) || !take(text, ':') || !take_digits(text, 2, 2, &minutes) || hours > 23 ||
	    minutes > 59)
		return false;
	*seconds = (int64_t)(hours * 3600 + minutes * 60) * (negative ? -1 : 1);
	return true;
}

static bool absolute(struct bytes text, int64_t *seconds, int64_t *nanoseconds)
{
	int64_t offset;

	if (!take_date(&text, seconds) || !take_fraction(&text, nanoseconds) || !take_offset(&text, &offset) || text.size)
		return false;
	*seconds -= offset;
	return true;
}

static bool relative(struct bytes text, nt_time begin, nt_time *out)
{
	uint64_t milliseconds;

	if (!take(&text, '+') || !take_digits(&text, 1, 12, &milliseconds) || !bytes_equal(text, BYTES("ms")) ||
	    begin == NT_TIME_NONE)
		return false;
	return !__builtin_add_overflow(begin, (nt_time)milliseconds * NT_MILLISECOND, out);
}

bool seed_time(struct bytes text, nt_time begin, nt_time *out)
{
	const int64_t most = INT64_MAX / NT_SECOND - 1;
	int64_t seconds, nanoseconds;

	*out = NT_TIME_NONE;
	if (!text.size || bytes_equal(text, BYTES("undefined")))
		return true;
	if (text.at[0] == '+') {
		if (relative(text, begin, out))
			return true;
		*out = NT_TIME_NONE;
		return false;
	}
	if (!absolute(text, &seconds, &nanoseconds) || seconds > most || seconds < -most)
		return false;
	*out = seconds * NT_SECOND + nanoseconds;
	return true;
}

bool seed_date(struct bytes text, int64_t *seconds)
{
	int64_t nanoseconds;

	if (absolute(text, seconds, &nanoseconds))
		return true;
	*seconds = INT64_MIN;
	return false;
}

/* ---- addresses ---- */

bool seed_address(struct bytes text, uint8_t *ip_version, struct ip_address *out)
{
	char copy[IP_ADDRESS_TEXT_SIZE];

	if (text.size >= sizeof copy || memchr(text.at ? text.at : (const uint8_t *)"", 0, text.size))
		return false;
	memcpy(copy, text.size ? text.at : (const uint8_t *)"", text.size);
	copy[text.size] = 0;
	return ip_address_parse(copy, ip_version, out);
}

bool seed_host_port(struct bytes text, struct bytes *host, uint16_t *port)
{
	const uint8_t *colon = text.size ? memrchr(text.at, ':', text.size) : NULL;
	struct bytes digits;
	uint64_t number;

	*host = text;
	*port = 0;
	if (!colon)
		return false;
	digits = (struct bytes){ colon + 1, text.size - (size_t)(colon + 1 - text.at) };
	if (!take_digits(&digits, 1, 5, &number) || digits.size || number > UINT16_MAX)
		return false;
	host->size = (size_t)(colon - text.at);
	if (host->size >= 2 && host->at[0] == '[' && host->at[host->size - 1] == ']')
		*host = (struct bytes){ host->at + 1, host->size - 2 };
	else if (memchr(host->at, ':', host->size)) {
		*host = text; /* an IPv6 address without brackets has no port */
		return false;
	}
	*port = (uint16_t)number;
	return true;
}

uint32_t seed_id_number(struct bytes text)
{
	uint64_t number;

	if (text.size < 5 || memcmp(text.at, "tid-", 4) != 0)
		return 0;
	text = (struct bytes){ text.at + 4, text.size - 4 };
	return take_digits(&text, 1, 9, &number) && !text.size ? (uint32_t)number : 0;
}

/* ---- words ---- */

struct word {
	unsigned number;
	const char *text;
};

#define WORD(number, text) { number, text },

static const struct word *find_word(const struct word *words, size_t count, struct bytes text)
{
	for (size_t i = 0; i < count; i++)
		if (bytes_equal(bytes_of(words[i].text), text))
			return &words[i];
	return NULL;
}

uint32_t seed_conntrack_status(struct bytes text, bool *known)
{
	static const struct word words[] = { CONNTRACK_STATUS_LIST(WORD) };
	uint32_t status = 0;

	*known = true;
	while (text.size) {
		const uint8_t *bar = memchr(text.at, '|', text.size);
		const size_t size = bar ? (size_t)(bar - text.at) : text.size;
		const struct word *word = find_word(words, sizeof words / sizeof *words, (struct bytes){ text.at, size });

		if (word)
			status |= 1u << word->number;
		else
			*known = false;
		text.at += size + (bar != NULL);
		text.size -= size + (bar != NULL);
	}
	return status;
}

bool seed_conntrack_tcp_state(struct bytes text, enum conntrack_tcp_state *out)
{
	static const struct word words[] = { CONNTRACK_TCP_STATE_LIST(WORD){ CONNTRACK_TCP_SYN_RECV, "sync-recv" } };
	const struct word *word = find_word(words, sizeof words / sizeof *words, text);

	if (word)
		*out = (enum conntrack_tcp_state)word->number;
	return word != NULL;
}

uint16_t seed_dns_type(struct bytes text)
{
	enum { LAST_WITH_A_NAME = 264, TRUST_ANCHORS = 32768 };
	struct bytes digits = { text.size > 4 ? text.at + 4 : NULL, text.size > 4 ? text.size - 4 : 0 };
	char name[16];
	uint64_t number;

	if (text.size > 4 && memcmp(text.at, "TYPE", 4) == 0 && take_digits(&digits, 1, 5, &number) && !digits.size)
		return number <= UINT16_MAX ? (uint16_t)number : 0;
	for (uint16_t type = 1; type <= LAST_WITH_A_NAME; type++)
		if (bytes_equal(bytes_of(dns_type_text(type, name)), text))
			return type;
	for (unsigned type = TRUST_ANCHORS; type <= TRUST_ANCHORS + 1; type++)
		if (bytes_equal(bytes_of(dns_type_text((uint16_t)type, name)), text))
			return (uint16_t)type;
	return 0;
}

uint16_t seed_dns_rcode(struct bytes text)
{
	for (uint16_t rcode = 0; rcode <= 5; rcode++)
		if (bytes_equal(bytes_of(dns_rcode_text(rcode)), text))
			return rcode;
	return SEED_RCODE_UNKNOWN;
}
