/*
 * Runs a fuzz target over files instead of under a fuzzer: every file named, and every file in every directory named.
 * Each input is copied into a block of exactly its size, so that a sanitizer sees an over-read of one byte.
 */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	struct stat info;
	uint8_t *bytes;
	size_t size;

	if (!file || fstat(fileno(file), &info) != 0) {
		perror(path);
		if (file)
			fclose(file);
		return 1;
	}
	size = (size_t)info.st_size;
	bytes = malloc(size ? size : 1);
	if (!bytes || fread(bytes, 1, size, file) != size) {
		fprintf(stderr, "%s: cannot be read\n", path);
		free(bytes);
		fclose(file);
		return 1;
	}
	fclose(file);
	LLVMFuzzerTestOneInput(bytes, size);
	free(bytes);
	return 0;
}

static int replay(const char *path, unsigned *count)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	int failed = 0;

	if (!directory) {
		++*count;
		return replay_file(path);
	}
	while ((entry = readdir(directory))) {
		char name[4096];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
		failed |= replay_file(name);
		++*count;
	}
	closedir(directory);
	return failed;
}

int main(int argc, char **argv)
{
	unsigned count = 0;
	int failed = 0;

	for (int i = 1; i < argc; i++)
		failed |= replay(argv[i], &count);
	printf("%s: %u inputs replayed\n", strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0], count);
	return failed || count == 0;
}
