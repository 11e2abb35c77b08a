/*
 * The entry point of every fuzz target: fuzz_X.c defines it, libFuzzer (make fuzz-X) or replay.c (make check) calls it.
 */
#ifndef NETTRACE_TESTS_FUZZ_FUZZ_H
#define NETTRACE_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
