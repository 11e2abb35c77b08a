#include "store/limits.h"

#include <ctype.h>
#include <pthread.h>

/* LIMIT_DNS_RECORDS becomes dnsRecords. */
static void camel_case(const char *constant, char *out)
{
	const char *at = constant + sizeof "LIMIT_" - 1;
	int upper = 0;

	for (; *at; at++) {
		if (*at == '_') {
			upper = 1;
			continue;
		}
		*out++ = upper ? *at : (char)tolower((unsigned char)*at);
		upper = 0;
	}
	*out = 0;
}

static char names[LIMIT_COUNT][40];

static void make_names(void)
{
	static const char *const constants[] = {
#define X(name, value, unit, effect) #name,
		LIMIT_LIST(X)
#undef X
	};

	for (int i = 0; i < LIMIT_COUNT; i++)
		camel_case(constants[i], names[i]);
}

const char *limit_name(enum limit which)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	if ((unsigned)which >= LIMIT_COUNT)
		return "unknown";
	pthread_once(&once, make_names);
	return names[which];
}
