#include "cli/timestamp.h"

#include <string.h>

enum {
	SECONDS_PER_DAY = 24 * 60 * 60,
	DAYS_PER_400_YEARS = 400 * 365 + 97,
	DAYS_PER_100_YEARS = 100 * 365 + 24,
	DAYS_PER_4_YEARS = 4 * 365 + 1
};

/* 0000-01-01T00:00:00Z and 9999-12-31T23:59:59Z. */
#define OLDEST_SECOND INT64_C(-62167219200)
#define NEWEST_SECOND INT64_C(253402300799)

/* From 0000-03-01 to 1970-01-01: in years that begin in March the leap day is the last. */
enum { DAYS_MARCH_0_TO_1970 = 719468 };

struct date {
	uint32_t year, month, day;
};

static int64_t divide_down(int64_t value, int64_t by, int64_t *rest)
{
	int64_t quotient = value / by;

	*rest = value % by;
	if (*rest < 0) {
		*rest += by;
		quotient--;
	}
	return quotient;
}

/* At most `most` whole periods, as the last of them holds the leap day. */
static uint32_t take_periods(uint32_t *days, uint32_t period, uint32_t most)
{
	uint32_t count = *days / period;

	if (count > most)
		count = most;
	*days -= count * period;
	return count;
}

static struct date date_of_day(int64_t days_since_1970)
{
	static const uint16_t days_before[] = { 0, 31, 61, 92, 122, 153, 184, 214, 245, 275, 306, 337 }; /* from March on */
	int64_t rest;
	int64_t era = divide_down(days_since_1970 + DAYS_MARCH_0_TO_1970, DAYS_PER_400_YEARS, &rest);
	uint32_t days = (uint32_t)rest, month = 11;
	int64_t year = era * 400;

	year += 100 * take_periods(&days, DAYS_PER_100_YEARS, 3);
	year += 4 * take_periods(&days, DAYS_PER_4_YEARS, 24);
	year += take_periods(&days, 365, 3);
	while (days < days_before[month])
		month--;
	days -= days_before[month];
	if (month >= 10)
		return (struct date){ (uint32_t)(year + 1), month - 9, days + 1 };
	return (struct date){ (uint32_t)year, month + 3, days + 1 };
}

static char *put_digits(char *out, uint32_t value, unsigned digits)
{
	for (unsigned i = digits; i > 0; i--) {
		out[i - 1] = (char)('0' + value % 10);
		value /= 10;
	}
	return out + digits;
}

static char *put_separated(char *out, char before, uint32_t value)
{
	*out = before;
	return put_digits(out + 1, value, 2);
}

/* "2022-12-23T10:17:45"; returns where it ends. */
static char *put_seconds(char *out, int64_t seconds)
{
	int64_t second;
	int64_t day = divide_down(seconds, SECONDS_PER_DAY, &second);
	struct date date = date_of_day(day);

	out = put_digits(out, date.year, 4);
	out = put_separated(out, '-', date.month);
	out = put_separated(out, '-', date.day);
	out = put_separated(out, 'T', (uint32_t)(second / 3600));
	out = put_separated(out, ':', (uint32_t)(second / 60 % 60));
	return put_separated(out, ':', (uint32_t)(second % 60));
}

char *timestamp_absolute_text(nt_time time, char out[TIMESTAMP_SIZE])
{
	int64_t nanoseconds;
	int64_t seconds = divide_down(time, NT_SECOND, &nanoseconds);
	char *at = put_seconds(out, seconds);

	*at++ = '.';
	at = put_digits(at, (uint32_t)nanoseconds, 9);
	memcpy(at, "Z", sizeof "Z");
	return out;
}

char *timestamp_seconds_text(int64_t seconds, char out[TIMESTAMP_SIZE])
{
	if (seconds == INT64_MIN)
		return memcpy(out, "undefined", sizeof "undefined");
	if (seconds < OLDEST_SECOND)
		seconds = OLDEST_SECOND;
	if (seconds > NEWEST_SECOND)
		seconds = NEWEST_SECOND;
	memcpy(put_seconds(out, seconds), "Z", sizeof "Z");
	return out;
}

static char *relative_text(uint32_t milliseconds, char *out)
{
	unsigned digits = 1;

	for (uint32_t rest = milliseconds; rest >= 10; rest /= 10)
		digits++;
	out[0] = '+';
	memcpy(put_digits(out + 1, milliseconds, digits), "ms", sizeof "ms");
	return out;
}

char *timestamp_text(nt_time begin, nt_time time, char out[TIMESTAMP_SIZE])
{
	int64_t after;

	if (time == NT_TIME_NONE)
		return memcpy(out, "undefined", sizeof "undefined");
	if (begin == NT_TIME_NONE || __builtin_sub_overflow(time, begin, &after) || after < 0 ||
	    after / NT_MILLISECOND > UINT32_MAX)
		return timestamp_absolute_text(time, out);
	return relative_text((uint32_t)(after / NT_MILLISECOND), out);
}
