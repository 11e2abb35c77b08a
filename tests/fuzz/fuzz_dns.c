/*
 * One DNS message.  The first byte says how many bytes the snaplen cut off behind the rest.
 */
#include "dissect/dns/dns.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

static void must(bool truth)
{
	if (!truth)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = { 0 };
	struct limit_hits hits = { 0 };
	struct dns_message message;
	struct cursor c;

	if (size == 0)
		return 0;
	c = cur_of(data + 1, size - 1, data[0]);
	(void)dns_looks_like(c);
	if (dns_parse(c, &arena, &hits, &message) == CUR_OK)
		must(message.question_count == message.counts[0] && message.answer_count == message.counts[1]);
	for (size_t i = 0; i < message.answer_count; i++)
		must(strlen(message.answers[i].name) > 0 &&
		     strlen(message.answers[i].value) <= 2048 + 80 * message.answers[i].data.size);
	arena_free(&arena);
	return 0;
}
