/*
 * The entry point of every fuzz target: fuzz_X.c defines it, libFuzzer (make fuzz-X) or replay.c (make check) calls it.
 */
#ifndef NETTRACE_TESTS_FUZZ_FUZZ_H
#define NETTRACE_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A target may have mutations of its own, in which libFuzzer's can be used; a replay has neither. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max) __attribute__((weak));

#endif
