/*
 * The keyed hash of all tables: with a secret seed, nobody can prepare packets that all fall into one bucket.
 */
#ifndef NETTRACE_STORE_HASH_H
#define NETTRACE_STORE_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Folded 64 x 64 -> 128 bit multiplication: every bit of a and b reaches every bit of the result. */
static inline uint64_t hash_mix(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t hash_bytes(uint64_t seed, const void *bytes, size_t size)
{
	const uint8_t *at = bytes;
	uint64_t hash = seed ^ UINT64_C(0x9e3779b97f4a7c15), word;

	for (; size >= 8; size -= 8, at += 8) {
		memcpy(&word, at, 8);
		hash = hash_mix(hash ^ word, seed ^ UINT64_C(0xa0761d6478bd642f));
	}
	word = size;
	memcpy(&word, at, size);
	return hash_mix(hash ^ word, UINT64_C(0xe7037ed1a0b428db) ^ size << 56);
}

#endif
