#include "tests/support/quic_wire.h"

#include <openssl/evp.h>
#include <stdlib.h>

enum { FULL_DATAGRAM = 1200, SAMPLE_OFFSET = 4, PADDING_BYTE = 0 };

static const uint8_t client_dcid[] = { 0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08 };
static const uint8_t client_name[] = { 0xc1, 0xc1 }, server_name[] = { 0x5e, 0x5e, 0x5e, 0x5e };

#define VIEW(array) ((struct bytes){ (array), sizeof(array) })

struct quic_wire_end quic_wire_client(uint32_t version)
{
	return (struct quic_wire_end){ .side = QUIC_CLIENT,
				       .version = version,
				       .dcid = VIEW(client_dcid),
				       .scid = VIEW(client_name),
				       .origin = VIEW(client_dcid) };
}

struct quic_wire_end quic_wire_server(uint32_t version)
{
	return (struct quic_wire_end){ .side = QUIC_SERVER,
				       .version = version,
				       .dcid = VIEW(client_name),
				       .scid = VIEW(server_name),
				       .origin = VIEW(client_dcid) };
}

void quic_wire_heard(struct quic_wire_end *client)
{
	client->dcid = VIEW(server_name);
}

/* ---- frames ---- */

/* In as few bytes as it needs, RFC 9000 16. */
void quic_wire_put_varint(struct wire *w, uint64_t value)
{
	unsigned log = value < 0x40 ? 0 : value < 0x4000 ? 1 : value < 0x40000000 ? 2 : 3, size = 1U << log;

	for (unsigned i = size; i-- > 0;)
		wire_put8(w, (unsigned)((i == size - 1 ? (uint64_t)log << 6 : 0) | (value >> (8 * i) & 0xff)));
}

void quic_wire_crypto(struct wire *frames, uint64_t offset, const void *bytes, size_t size)
{
	wire_put8(frames, 0x06);
	quic_wire_put_varint(frames, offset);
	quic_wire_put_varint(frames, size);
	wire_put(frames, bytes, size);
}

void quic_wire_ack(struct wire *frames, uint64_t largest)
{
	wire_put8(frames, 0x02);
	quic_wire_put_varint(frames, largest);
	quic_wire_put_varint(frames, 0);
	quic_wire_put_varint(frames, 0);
	quic_wire_put_varint(frames, 0);
}

void quic_wire_close(struct wire *frames, uint64_t code, const char *reason)
{
	wire_put8(frames, 0x1c);
	quic_wire_put_varint(frames, code);
	quic_wire_put_varint(frames, 0x06);
	quic_wire_put_varint(frames, strlen(reason));
	wire_put_text(frames, reason);
}

/* ---- protection ---- */

/* No assertion of Check: the fuzz target builds packets too. */
static void must(bool good)
{
	if (!good)
		abort();
}

static void encrypt(const EVP_CIPHER *cipher, const uint8_t *key, const uint8_t *iv, struct bytes aad, const uint8_t *in,
		    size_t size, uint8_t *out, uint8_t *tag)
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	int done;

	must(EVP_EncryptInit_ex2(context, cipher, key, iv, NULL) == 1);
	if (aad.size)
		must(EVP_EncryptUpdate(context, NULL, &done, aad.at, (int)aad.size) == 1);
	if (size)
		must(EVP_EncryptUpdate(context, out, &done, in, (int)size) == 1);
	if (tag) {
		must(EVP_EncryptFinal_ex(context, out + size, &done) == 1);
		must(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, QUIC_TAG, tag) == 1);
	}
	EVP_CIPHER_CTX_free(context);
}

static void mask_header(const struct quic_keys *keys, uint8_t *packet, size_t number_at, size_t number_size)
{
	const uint8_t *sample = packet + number_at + SAMPLE_OFFSET, zeros[5] = { 0 };
	const struct bytes none = { NULL, 0 };
	uint8_t mask[16];

	if (keys->cipher == QUIC_CHACHA20_POLY1305)
		encrypt(EVP_chacha20(), keys->mask, sample, none, zeros, sizeof(zeros), mask, NULL);
	else
		encrypt(keys->cipher == QUIC_AES_128_GCM ? EVP_aes_128_ecb() : EVP_aes_256_ecb(), keys->mask, NULL, none, sample,
			16, mask, NULL);
	packet[0] ^= mask[0] & 0x0f;
	for (size_t i = 0; i < number_size; i++)
		packet[number_at + i] ^= mask[1 + i];
}

/* The packet from `begin` on, whose header is complete, gets its content and protection. */
static void seal(const struct quic_keys *keys, struct wire *datagram, size_t begin, size_t number_size, uint64_t number,
		 const struct wire *frames)
{
	const EVP_CIPHER *cipher = keys->cipher == QUIC_CHACHA20_POLY1305 ? EVP_chacha20_poly1305()
				   : keys->cipher == QUIC_AES_128_GCM     ? EVP_aes_128_gcm()
									  : EVP_aes_256_gcm();
	uint8_t *packet = datagram->at + begin, nonce[12];
	size_t head = datagram->size - begin;

	memcpy(nonce, keys->iv, sizeof(nonce));
	for (int i = 0; i < 8; i++)
		nonce[11 - i] ^= (uint8_t)(number >> (8 * i));
	wire_fill(datagram, 0, frames->size + QUIC_TAG);
	encrypt(cipher, keys->key, nonce, (struct bytes){ packet, head }, frames->at, frames->size, packet + head,
		packet + head + frames->size);
	mask_header(keys, packet, head - number_size, number_size);
}

/* ---- packets ---- */

static void put_cid(struct wire *w, struct bytes cid)
{
	wire_put8(w, (unsigned)cid.size);
	wire_put(w, cid.at, cid.size);
}

static void put_start(struct wire *w, const struct quic_wire_end *from, unsigned first_byte)
{
	wire_put8(w, first_byte);
	wire_put16(w, from->version >> 16);
	wire_put16(w, from->version & 0xffff);
	put_cid(w, from->dcid);
	put_cid(w, from->scid);
}

static unsigned first_byte_of(const struct quic_wire_end *from, unsigned v1_type, size_t number_size)
{
	unsigned type = from->version == 0x6b3343cf ? (v1_type + 1) & 3 : v1_type;

	return (from->clear_fixed_bit ? 0x80 : 0xc0) | type << 4 | from->first_byte_extra | (unsigned)(number_size - 1);
}

/* A length of two bytes, as all senders write it that fill it in later, and the packet number. */
static void put_end(struct wire *w, const struct quic_wire_end *from, size_t number_size, const struct wire *frames)
{
	wire_put16(w, (unsigned)(0x4000 | (number_size + frames->size + QUIC_TAG)));
	for (size_t i = number_size; i-- > 0;)
		wire_put8(w, (unsigned)(from->number >> (8 * i) & 0xff));
}

void quic_wire_initial(struct wire *datagram, struct quic_wire_end *from, const struct wire *frames)
{
	size_t begin = datagram->size, number_size = from->number_size ? from->number_size : 4;
	struct quic_keys keys;

	must(quic_keys_initial(quic_version_find(from->version), from->origin, from->side, &keys));
	put_start(datagram, from, first_byte_of(from, 0, number_size));
	quic_wire_put_varint(datagram, from->token.size);
	wire_put(datagram, from->token.at, from->token.size);
	put_end(datagram, from, number_size, frames);
	seal(&keys, datagram, begin, number_size, from->number++, frames);
}

void quic_wire_handshake(struct wire *datagram, struct quic_wire_end *from, const struct wire *frames)
{
	size_t begin = datagram->size, number_size = from->number_size ? from->number_size : 4;
	struct quic_keys keys;

	must(quic_keys_from_secret(quic_version_find(from->version), from->suite, from->secret, &keys));
	put_start(datagram, from, first_byte_of(from, 2, number_size));
	put_end(datagram, from, number_size, frames);
	seal(&keys, datagram, begin, number_size, from->number++, frames);
}

void quic_wire_short(struct wire *datagram, const struct quic_wire_end *from, size_t size)
{
	wire_put8(datagram, 0x55);
	wire_put(datagram, from->dcid.at, from->dcid.size);
	wire_fill(datagram, 0xee, size);
}

void quic_wire_retry(struct wire *datagram, const struct quic_wire_end *server, struct bytes new_name, const char *token)
{
	const struct quic_version *version = quic_version_find(server->version);
	struct quic_wire_end renamed = *server;
	struct wire pseudo = { .size = 0 }, retry = { .size = 0 };
	uint8_t nothing[QUIC_TAG], tag[QUIC_TAG];

	renamed.scid = new_name;
	put_start(&retry, &renamed, first_byte_of(server, 3, 16));
	wire_put_text(&retry, token);
	put_cid(&pseudo, server->origin);
	wire_put(&pseudo, retry.at, retry.size);
	encrypt(EVP_aes_128_gcm(), version->retry_key, version->retry_nonce, (struct bytes){ pseudo.at, pseudo.size }, NULL, 0,
		nothing, tag);
	wire_put(datagram, retry.at, retry.size);
	wire_put(datagram, tag, sizeof(tag));
}

void quic_wire_versions(struct wire *datagram, const struct quic_wire_end *server, const uint32_t *versions, size_t count)
{
	struct quic_wire_end named = *server;

	named.version = 0;
	named.scid = server->origin; /* the client's destination, given back */
	put_start(datagram, &named, 0xaa);
	for (size_t i = 0; i < count; i++) {
		wire_put16(datagram, versions[i] >> 16);
		wire_put16(datagram, versions[i] & 0xffff);
	}
}

/* ---- whole datagrams ---- */

void quic_wire_client_hello(struct wire *message)
{
	size_t begin = wire_open_message(message, 1), block;

	wire_put_hello_start(message, TLS_1_2, (const uint16_t[]){ 0x1301, 0x1302, 0x1303, 0 });
	block = wire_open(message, 2);
	wire_put_name(message, "example.org");
	wire_put_alpn(message, "h3", NULL);
	wire_put_list(message, 43, 1, (const uint16_t[]){ TLS_1_3, 0 });
	wire_put_extension16(message, 57, 0x0100); /* quic_transport_parameters */
	wire_shut(message, block, 2);
	wire_shut(message, begin, 3);
}

void quic_wire_server_hello(struct wire *message)
{
	wire_put_server_hello(message, CHOOSE_13);
}

void quic_wire_put_hello(struct wire *datagram, struct quic_wire_end *client)
{
	struct wire hello = { .size = 0 }, frames = { .size = 0 };

	quic_wire_client_hello(&hello);
	quic_wire_crypto(&frames, 0, hello.at, hello.size);
	wire_fill(&frames, PADDING_BYTE, FULL_DATAGRAM - frames.size - 80);
	quic_wire_initial(datagram, client, &frames);
}

void quic_wire_put_answer(struct wire *datagram, struct quic_wire_end *server)
{
	struct wire hello = { .size = 0 }, frames = { .size = 0 };

	quic_wire_server_hello(&hello);
	quic_wire_ack(&frames, 0);
	quic_wire_crypto(&frames, 0, hello.at, hello.size);
	quic_wire_initial(datagram, server, &frames);
}
