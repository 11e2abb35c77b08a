#include "tests/support/tls_wire.h"
#include "dissect/tls/hello.h"

#include <assert.h>

void wire_put8(struct wire *w, unsigned value)
{
	assert(w->size < sizeof(w->at));
	w->at[w->size++] = (uint8_t)value;
}

void wire_put16(struct wire *w, unsigned value)
{
	wire_put8(w, value >> 8);
	wire_put8(w, value & 0xff);
}

void wire_put(struct wire *w, const void *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		wire_put8(w, ((const uint8_t *)bytes)[i]);
}

void wire_put_text(struct wire *w, const char *text)
{
	wire_put(w, text, strlen(text));
}

void wire_fill(struct wire *w, unsigned value, size_t count)
{
	assert(count <= sizeof(w->at) - w->size);
	memset(w->at + w->size, (int)value, count);
	w->size += count;
}

size_t wire_open(struct wire *w, unsigned bytes)
{
	wire_fill(w, 0, bytes);
	return w->size;
}

void wire_shut(struct wire *w, size_t begin, unsigned bytes)
{
	size_t length = w->size - begin;

	for (unsigned i = 1; i <= bytes; i++, length >>= 8)
		w->at[begin - i] = (uint8_t)length;
}

size_t wire_open_record(struct wire *w, unsigned type)
{
	wire_put8(w, type);
	wire_put16(w, TLS_1_2);
	return wire_open(w, 2);
}

void wire_put_record(struct wire *w, unsigned type, size_t size)
{
	size_t record = wire_open_record(w, type);

	wire_fill(w, 0xee, size);
	wire_shut(w, record, 2);
}

size_t wire_open_message(struct wire *w, unsigned type)
{
	wire_put8(w, type);
	return wire_open(w, 3);
}

size_t wire_open_extension(struct wire *w, unsigned type)
{
	wire_put16(w, type);
	return wire_open(w, 2);
}

void wire_put_extension16(struct wire *w, unsigned type, unsigned value)
{
	size_t extension = wire_open_extension(w, type);

	wire_put16(w, value);
	wire_shut(w, extension, 2);
}

/* An extension that is a list of 16-bit numbers, up to 0, after a length of so many bytes. */
void wire_put_list(struct wire *w, unsigned type, unsigned bytes, const uint16_t *numbers)
{
	size_t extension = wire_open_extension(w, type), list = wire_open(w, bytes);

	while (*numbers)
		wire_put16(w, *numbers++);
	wire_shut(w, list, bytes);
	wire_shut(w, extension, 2);
}

void wire_put_name(struct wire *w, const char *name)
{
	size_t extension = wire_open_extension(w, 0), list = wire_open(w, 2), entry;

	wire_put8(w, 0);
	entry = wire_open(w, 2);
	wire_put_text(w, name);
	wire_shut(w, entry, 2);
	wire_shut(w, list, 2);
	wire_shut(w, extension, 2);
}

void wire_put_alpn(struct wire *w, const char *first, const char *second)
{
	const char *names[] = { first, second };
	size_t extension = wire_open_extension(w, 16), list = wire_open(w, 2);

	for (int i = 0; i < 2 && names[i]; i++) {
		size_t entry = wire_open(w, 1);

		wire_put_text(w, names[i]);
		wire_shut(w, entry, 1);
	}
	wire_shut(w, list, 2);
	wire_shut(w, extension, 2);
}

/* Version, random, session id, ciphers (up to a 0, which cannot be offered here), compression. */
void wire_put_hello_start(struct wire *w, unsigned version, const uint16_t *ciphers)
{
	size_t list;

	wire_put16(w, version);
	wire_fill(w, 0x55, 32);
	wire_put8(w, 2);
	wire_put16(w, 0x1234);
	list = wire_open(w, 2);
	while (*ciphers)
		wire_put16(w, *ciphers++);
	wire_shut(w, list, 2);
	wire_put8(w, 1);
	wire_put8(w, 0);
}

const uint16_t wire_two_ciphers[] = { 0x1301, 0xc02f, 0 };

void wire_put_client_hello(struct wire *w, unsigned offers)
{
	size_t message = wire_open_message(w, TLS_CLIENT_HELLO), block;

	wire_put_hello_start(w, TLS_1_2, wire_two_ciphers);
	block = wire_open(w, 2);
	wire_put_name(w, "example.org");
	wire_put_alpn(w, "h2", "http/1.1");
	wire_put_list(w, 10, 2, (const uint16_t[]){ 0x0a0a, 29, 23, 0 });
	if (offers & OFFER_13)
		wire_put_list(w, 43, 1, (const uint16_t[]){ 0x1a1a, TLS_1_3, TLS_1_2, 0 });
	if (offers & OFFER_EARLY)
		wire_shut(w, wire_open_extension(w, 42), 2);
	if (offers & OFFER_PSK)
		wire_put_extension16(w, 41, 0);
	if (offers & OFFER_TICKET)
		wire_put_extension16(w, 35, 0xabcd);
	wire_shut(w, block, 2);
	wire_shut(w, message, 3);
}

static const uint8_t retry_random[32] = { 0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c,
					  0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb,
					  0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c };

void wire_put_server_hello(struct wire *w, unsigned choice)
{
	size_t message = wire_open_message(w, TLS_SERVER_HELLO), block;

	wire_put16(w, TLS_1_2);
	if (choice & CHOOSE_RETRY)
		wire_put(w, retry_random, 32);
	else
		wire_fill(w, 0x66, 32);
	wire_put8(w, 0);
	wire_put16(w, choice & CHOOSE_13 ? 0x1301 : 0xc02f);
	wire_put8(w, 0);
	block = wire_open(w, 2);
	if (choice & CHOOSE_13) {
		wire_put_extension16(w, 43, TLS_1_3);
		wire_put_extension16(w, 51, 29);
	} else {
		wire_put_alpn(w, "h2", NULL);
	}
	if (choice & CHOOSE_PSK)
		wire_put_extension16(w, 41, 0);
	wire_shut(w, block, 2);
	wire_shut(w, message, 3);
}

void wire_put_certificates(struct wire *w, unsigned count, size_t size)
{
	size_t message = wire_open_message(w, TLS_CERTIFICATE), list = wire_open(w, 3);

	while (count-- > 0) {
		size_t entry = wire_open(w, 3);

		wire_fill(w, 0x30, size);
		wire_shut(w, entry, 3);
	}
	wire_shut(w, list, 3);
	wire_shut(w, message, 3);
}

void wire_put_certificates_13(struct wire *w, unsigned count, size_t size)
{
	size_t list, entry, extensions;

	wire_put8(w, 0); /* no context */
	list = wire_open(w, 3);
	for (unsigned i = 0; i < count; i++) {
		entry = wire_open(w, 3);
		wire_fill(w, 0x30 + i, size);
		wire_shut(w, entry, 3);
		extensions = wire_open(w, 2);
		if (i == 0)
			wire_shut(w, wire_open_extension(w, 5), 2);
		wire_shut(w, extensions, 2);
	}
	wire_shut(w, list, 3);
}

void wire_put_compressed(struct wire *w, unsigned algorithm, size_t size, struct bytes compressed)
{
	size_t message = wire_open_message(w, TLS_COMPRESSED_CERTIFICATE), vector;

	wire_put16(w, algorithm);
	wire_put8(w, size >> 16 & 0xff);
	wire_put16(w, size & 0xffff);
	vector = wire_open(w, 3);
	wire_put(w, compressed.at, compressed.size);
	wire_shut(w, vector, 3);
	wire_shut(w, message, 3);
}

void wire_put_message(struct wire *w, unsigned type, size_t size)
{
	size_t message = wire_open_message(w, type);

	wire_fill(w, 0, size);
	wire_shut(w, message, 3);
}

void wire_put_alert(struct wire *w, unsigned level, unsigned description)
{
	size_t record = wire_open_record(w, 21);

	wire_put8(w, level);
	wire_put8(w, description);
	wire_shut(w, record, 2);
}

void wire_put_server_flight(struct wire *w)
{
	size_t record = wire_open_record(w, 22);

	wire_put_server_hello(w, 0);
	wire_put_certificates(w, 2, 900);
	wire_put_message(w, TLS_CERTIFICATE_STATUS, 30);
	wire_put_message(w, TLS_SERVER_KEY_EXCHANGE, 100);
	wire_put_message(w, TLS_CERTIFICATE_REQUEST, 20);
	wire_put_message(w, TLS_SERVER_HELLO_DONE, 0);
	wire_shut(w, record, 2);
}

void wire_put_ssl2_hello(struct wire *w)
{
	size_t begin = w->size, hello = wire_open(w, 2);

	wire_put8(w, TLS_CLIENT_HELLO);
	wire_put16(w, TLS_1_0);
	wire_put16(w, 6);
	wire_put16(w, 0);
	wire_put16(w, 16);
	wire_put(w, "\x07\x00\xc0\x00\x00\x2f", 6);
	wire_fill(w, 0x77, 16);
	wire_shut(w, hello, 2);
	w->at[begin] |= 0x80;
}
