#include "dissect/tls/keylog.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

enum { RANDOM_SIZE = 32, MASTER_SIZE = 48, FIRST_CAPACITY = 64, CHUNK_SIZE = 64 * 1024 };

/* All secrets of one connection are a list; they never move, so that none is left behind in freed memory. */
struct secret {
	struct secret *next;
	uint8_t label, size;
	uint8_t bytes[];
};

struct chunk {
	struct chunk *older;
	size_t used;
	_Alignas(struct secret) uint8_t memory[CHUNK_SIZE];
};

struct slot {
	uint8_t random[RANDOM_SIZE];
	struct secret *secrets; /* NULL: the slot is free */
};

/* Open addressing, at most three quarters full. */
struct tls_keylog {
	uint64_t seed;
	struct limit_hits *hits;
	struct slot *slots;
	size_t capacity; /* a power of two */
	uint64_t connections, malformed;
	struct chunk *chunks;
};

struct tls_keylog *tls_keylog_new(uint64_t hash_seed, struct limit_hits *hits)
{
	struct tls_keylog *keylog = nt_zalloc(sizeof(*keylog));

	keylog->seed = hash_seed;
	keylog->hits = hits;
	keylog->capacity = FIRST_CAPACITY;
	keylog->slots = nt_zalloc(FIRST_CAPACITY * sizeof(*keylog->slots));
	return keylog;
}

void tls_keylog_free(struct tls_keylog *keylog)
{
	if (!keylog)
		return;
	while (keylog->chunks) {
		struct chunk *chunk = keylog->chunks;

		keylog->chunks = chunk->older;
		OPENSSL_cleanse(chunk, sizeof(*chunk));
		free(chunk);
	}
	free(keylog->slots);
	free(keylog);
}

/* ---- the table ---- */

static uint64_t mix(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static size_t hash_random(uint64_t seed, const uint8_t random[RANDOM_SIZE])
{
	uint64_t words[RANDOM_SIZE / 8], hash = seed ^ UINT64_C(0x9e3779b97f4a7c15);

	memcpy(words, random, RANDOM_SIZE);
	for (size_t i = 0; i < RANDOM_SIZE / 8; i++)
		hash = mix(hash ^ words[i], seed ^ UINT64_C(0xa0761d6478bd642f));
	return (size_t)mix(hash, UINT64_C(0xe7037ed1a0b428db));
}

/* The slot of a connection, or the free one in which it belongs. */
static struct slot *find_slot(const struct tls_keylog *keylog, const uint8_t random[RANDOM_SIZE])
{
	size_t mask = keylog->capacity - 1, at = hash_random(keylog->seed, random) & mask;

	while (keylog->slots[at].secrets && memcmp(keylog->slots[at].random, random, RANDOM_SIZE) != 0)
		at = (at + 1) & mask;
	return &keylog->slots[at];
}

static void grow_table(struct tls_keylog *keylog)
{
	struct slot *old = keylog->slots;
	size_t old_capacity = keylog->capacity;

	keylog->capacity *= 2;
	keylog->slots = nt_zalloc(keylog->capacity * sizeof(*keylog->slots));
	for (size_t i = 0; i < old_capacity; i++)
		if (old[i].secrets)
			*find_slot(keylog, old[i].random) = old[i];
	free(old);
}

static struct secret *new_secret(struct tls_keylog *keylog, size_t size)
{
	const size_t align = _Alignof(struct secret), needed = (sizeof(struct secret) + size + align - 1) / align * align;
	struct secret *secret;

	if (!keylog->chunks || CHUNK_SIZE - keylog->chunks->used < needed) {
		struct chunk *chunk = nt_alloc(sizeof(*chunk));

		chunk->older = keylog->chunks;
		chunk->used = 0;
		keylog->chunks = chunk;
	}
	secret = (struct secret *)(void *)(keylog->chunks->memory + keylog->chunks->used);
	keylog->chunks->used += needed;
	return secret;
}

static const struct secret *find_secret(const struct slot *slot, enum tls_secret_label label)
{
	const struct secret *secret = slot->secrets;

	while (secret && secret->label != label)
		secret = secret->next;
	return secret;
}

/* False when there is no room for one more connection. */
static bool make_room(struct tls_keylog *keylog)
{
	if (keylog->connections >= (uint64_t)LIMIT_KEYLOG_CONNECTIONS) {
		limit_hit(keylog->hits, LIMIT_KEYLOG_CONNECTIONS_HIT);
		return false;
	}
	if (keylog->connections + 1 > keylog->capacity / 4 * 3)
		grow_table(keylog);
	return true;
}

void tls_keylog_put(struct tls_keylog *keylog, const uint8_t name[32], enum tls_secret_label label, const struct tls_secret *value)
{
	struct slot *slot = find_slot(keylog, name);
	struct secret *secret;

	if (find_secret(slot, label))
		return;
	if (!slot->secrets) {
		if (!make_room(keylog))
			return;
		slot = find_slot(keylog, name);
		memcpy(slot->random, name, RANDOM_SIZE);
		keylog->connections++;
	}
	secret = new_secret(keylog, value->size);
	secret->next = slot->secrets;
	secret->label = (uint8_t)label;
	secret->size = value->size;
	memcpy(secret->bytes, value->bytes, value->size);
	slot->secrets = secret;
}

bool tls_keylog_find(const struct tls_keylog *keylog, const uint8_t client_random[32], enum tls_secret_label label,
		     struct tls_secret *out)
{
	const struct secret *secret = find_secret(find_slot(keylog, client_random), label);

	out->size = 0;
	if (!secret)
		return false;
	out->size = secret->size;
	memcpy(out->bytes, secret->bytes, secret->size);
	return true;
}

uint64_t tls_keylog_connections(const struct tls_keylog *keylog)
{
	return keylog->connections;
}

uint64_t tls_keylog_malformed(const struct tls_keylog *keylog)
{
	return keylog->malformed;
}

/* ---- the text ---- */

static const struct {
	const char *name;
	enum tls_secret_label label;
} labels[] = {
	{ "CLIENT_RANDOM", TLS_SECRET_MASTER },
	{ "CLIENT_EARLY_TRAFFIC_SECRET", TLS_SECRET_CLIENT_EARLY_TRAFFIC },
	{ "CLIENT_HANDSHAKE_TRAFFIC_SECRET", TLS_SECRET_CLIENT_HANDSHAKE_TRAFFIC },
	{ "SERVER_HANDSHAKE_TRAFFIC_SECRET", TLS_SECRET_SERVER_HANDSHAKE_TRAFFIC },
	{ "CLIENT_TRAFFIC_SECRET_0", TLS_SECRET_CLIENT_TRAFFIC_0 },
	{ "SERVER_TRAFFIC_SECRET_0", TLS_SECRET_SERVER_TRAFFIC_0 },
	{ "EXPORTER_SECRET", TLS_SECRET_EXPORTER },
	{ "EARLY_EXPORTER_SECRET", TLS_SECRET_EXPORTER },
};

static bool is_space(uint8_t byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r';
}

/* The next word of the line; empty at its end. */
static struct bytes take_word(struct bytes *line)
{
	struct bytes word;
	size_t begin = 0, end;

	while (begin < line->size && is_space(line->at[begin]))
		begin++;
	end = begin;
	while (end < line->size && !is_space(line->at[end]))
		end++;
	word = (struct bytes){ line->at + begin, end - begin };
	line->at += end;
	line->size -= end;
	return word;
}

static int digit_value(uint8_t digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (digit >= 'a' && digit <= 'f')
		return digit - 'a' + 10;
	if (digit >= 'A' && digit <= 'F')
		return digit - 'A' + 10;
	return -1;
}

/* False unless the word is hexadecimal, of at most `max` bytes, and whole. */
static bool read_hex(struct bytes word, uint8_t *out, size_t max)
{
	if (word.size % 2 != 0 || word.size / 2 > max)
		return false;
	for (size_t i = 0; i < word.size / 2; i++) {
		int high = digit_value(word.at[2 * i]);
		int low = digit_value(word.at[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

/* The master secret has one size (RFC 5246 8.1), those of TLS 1.3 that of a hash. */
static bool size_fits(enum tls_secret_label label, size_t size)
{
	return label == TLS_SECRET_MASTER ? size == MASTER_SIZE : size == 32 || size == 48 || size == 64;
}

/* client random, secret, nothing more */
static bool read_values(struct tls_keylog *keylog, enum tls_secret_label label, struct bytes line)
{
	struct bytes random_text = take_word(&line), secret_text = take_word(&line);
	uint8_t random[RANDOM_SIZE];
	struct tls_secret secret;
	bool good;

	if (take_word(&line).size > 0 || random_text.size != (size_t)RANDOM_SIZE * 2 || !size_fits(label, secret_text.size / 2))
		return false;
	good = read_hex(random_text, random, sizeof(random)) && read_hex(secret_text, secret.bytes, sizeof(secret.bytes));
	secret.size = (uint8_t)(secret_text.size / 2);
	if (good && label != TLS_SECRET_EXPORTER)
		tls_keylog_put(keylog, random, label, &secret);
	OPENSSL_cleanse(&secret, sizeof(secret));
	return good;
}

/* What other labels look like, also those to come: capitals, digits, underscores. */
static bool is_label(struct bytes word)
{
	for (size_t i = 0; i < word.size; i++)
		if (!(word.at[i] >= 'A' && word.at[i] <= 'Z') && !(word.at[i] >= '0' && word.at[i] <= '9') && word.at[i] != '_')
			return false;
	return true;
}

static bool read_line(struct tls_keylog *keylog, struct bytes line)
{
	struct bytes word = take_word(&line);

	if (word.size == 0 || word.at[0] == '#')
		return true;
	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
		if (bytes_equal(word, bytes_of(labels[i].name)))
			return read_values(keylog, labels[i].label, line);
	return is_label(word);
}

void tls_keylog_add(struct tls_keylog *keylog, struct bytes text)
{
	while (text.size > 0) {
		const uint8_t *end = memchr(text.at, '\n', text.size);
		size_t size = end ? (size_t)(end - text.at) : text.size;

		if (!read_line(keylog, (struct bytes){ text.at, size }))
			keylog->malformed++;
		if (!end)
			return;
		text.at += size + 1;
		text.size -= size + 1;
	}
}
