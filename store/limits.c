#include "store/limits.h"

#include <ctype.h>

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

const char *limit_name(enum limit which)
{
	static const char *const constants[] = {
#define X(name, value, unit, effect) #name,
		LIMIT_LIST(X)
#undef X
	};
	static char names[LIMIT_COUNT][40];

	if ((unsigned)which >= LIMIT_COUNT)
		return "unknown";
	if (!names[which][0])
		camel_case(constants[which], names[which]);
	return names[which];
}
