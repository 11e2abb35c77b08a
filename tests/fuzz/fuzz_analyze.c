/*
 * A whole capture file with the keys that it carries, into everything that nettrace-analyze writes of it.
 */
#include "capture/source.h"
#include "cli/har/har.h"
#include "cli/otlp/otlp.h"
#include "cli/har/har.h"
#include "cli/html/html_page.h"
#include "cli/otlp/otlp.h"
#include "cli/output.h"
#include "correlate/views.h"
#include "dissect/tls/keylog.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/mutate.h"

#include <stdlib.h>
#include <string.h>

static void write_all(FILE *out, const struct capture_source *source, const struct correlate_stats *stats,
		      const struct trace_list *list, const struct limit_hits *hits)
{
	const struct output output = { .description = "fuzz",
				       .headers = "values",
				       .verbose = true,
				       .begin = stats->first_packet_time,
				       .end = stats->largest_time,
				       .list = list,
				       .source = source,
				       .stats = stats,
				       .hits = hits };

	if (!output_json(out, &output) || !output_report(out, &output) || !har_write(out, &output) || !otlp_write(out, &output))
		abort();
}

static struct tls_keylog *keys_of(const uint8_t *data, size_t size, struct limit_hits *hits)
{
	struct tls_keylog *keylog = tls_keylog_new(1, hits);
	struct limit_hits counted_twice = { 0 };
	struct capture_source *source;
	const struct capture_secrets *secrets;
	struct packet packet;

	if (capture_open_memory(&source, data, size, &counted_twice, NULL) != NT_OK)
		return keylog;
	while (capture_next(source, &packet) == NT_OK)
		continue;
	secrets = capture_secrets(source);
	for (size_t i = 0; i < secrets->count; i++)
		tls_keylog_add(keylog, secrets->key_logs[i]);
	capture_free(source);
	return keylog;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static FILE *nowhere;
	struct correlate_options options = { .headers = CORRELATE_HEADERS_VALUES, .no_app_protocol = true };
	struct capture_source *source;
	struct limit_hits hits = { 0 };
	struct trace_list list = { 0 };
	struct tls_keylog *keylog;
	struct correlator *correlator;
	struct packet packet;

	if (!nowhere)
		nowhere = fopen("/dev/null", "w");
	if (!nowhere || capture_open_memory(&source, data, size, &hits, NULL) != NT_OK)
		return 0;
	options.keylog = keylog = keys_of(data, size, &hits);
	correlator = correlator_new(&options, &trace_list_sink, &list, &hits);
	while (capture_next(source, &packet) == NT_OK)
		correlator_packet(correlator, &packet);
	correlator_finish(correlator);
	trace_list_sort(&list);
	views_join(&list);
	write_all(nowhere, source, correlator_stats(correlator), &list, &hits);
	correlator_free(correlator);
	capture_free(source);
	trace_list_free(&list);
	tls_keylog_free(keylog);
	return 0;
}

/* ---- mutations that reach what is inside the packets: the lengths around them fit, and no checksum is wrong ---- */

enum { MOST_PAYLOAD = 16384, MOST_CHANGES = 4 };

static void mutate_payload(struct buffer *file, struct dice *dice)
{
	static uint8_t changed[MOST_PAYLOAD];
	struct bytes payload;
	size_t size;

	if (!mutate_find_payload(file, dice, &payload) || payload.size > sizeof changed)
		return;
	memcpy(changed, payload.at, payload.size);
	size = LLVMFuzzerMutate(changed, payload.size, payload.size + 64 < sizeof changed ? payload.size + 64 : sizeof changed);
	mutate_replace_payload(file, payload, (struct bytes){ changed, size });
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	struct dice dice = { seed };
	struct buffer file = { .max = max };

	if (dice_below(&dice, 8) == 0 || !LLVMFuzzerMutate)
		return LLVMFuzzerMutate ? LLVMFuzzerMutate(data, size, max) : size;
	buffer_add(&file, data, size);
	for (size_t i = 1 + dice_below(&dice, MOST_CHANGES); i > 0; i--)
		dice_roll(&dice) & 1 ? mutate_payload(&file, &dice) : mutate(&file, &dice);
	mutate_checksums(&file);
	size = file.size;
	if (size)
		memcpy(data, file.at, size);
	buffer_free(&file);
	return size;
}
