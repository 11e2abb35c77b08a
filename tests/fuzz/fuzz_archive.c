#include "capture/archive.h"
#include "capture/raw_ip.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct limit_hits hits = { { 0 } };
	struct archive_contents contents;
	struct input input;
	uint64_t sum = 0;

	input_open_memory(&input, data, size);
	archive_unpack(&contents, &input, &hits);
	for (size_t i = 0; i < contents.count; i++) {
		sum += contents.members[i].content.size;
		if (strlen(contents.members[i].name) > LIMIT_ARCHIVE_NAME)
			abort();
		(void)raw_ip_looks_like(contents.members[i].content);
	}
	if (sum != contents.size || sum > LIMIT_ARCHIVE_SIZE)
		abort();
	archive_contents_free(&contents);
	input_close(&input);
	return 0;
}
