#include "store/conntrack.h"

#include "store/conntrack_names.h"

#include <stdio.h>

#define NAME(number, word) [number] = word,
static const char *const kinds[] = { CONNTRACK_KIND_LIST(NAME) };
static const char *const status_bits[] = { CONNTRACK_STATUS_LIST(NAME) };
static const char *const tcp_states[] = { CONNTRACK_TCP_STATE_LIST(NAME) };
#undef NAME

#define COUNT(array) (sizeof(array) / sizeof *(array))
_Static_assert(COUNT(kinds) == CONNTRACK_DUMP + 1, "a word for each kind");
_Static_assert(1 << (COUNT(status_bits) - 1) == CONNTRACK_OFFLOAD, "a word for each bit");
_Static_assert(COUNT(tcp_states) == CONNTRACK_TCP_SYN_SENT2 + 1, "a word for each state");

const char *conntrack_kind_text(enum conntrack_kind kind)
{
	return (size_t)kind < COUNT(kinds) ? kinds[kind] : "unknown";
}

char *conntrack_status_text(uint32_t status, char *out)
{
	size_t used = 0;

	out[0] = 0;
	for (size_t bit = 0; bit < COUNT(status_bits); bit++)
		if (status >> bit & 1)
			used += (size_t)snprintf(out + used, CONNTRACK_STATUS_TEXT_SIZE - used, "%s%s", used ? "|" : "",
						 status_bits[bit]);
	return out;
}

const char *conntrack_tcp_state_text(enum conntrack_tcp_state state)
{
	return (size_t)state < COUNT(tcp_states) ? tcp_states[state] : "unknown";
}
