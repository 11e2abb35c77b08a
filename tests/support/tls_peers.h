/*
 * Two TLS peers of OpenSSL in memory.  What they send is recorded, with the keys that the client logs and what each of them said.
 *
 * All of it stands in the header, so that only the tests that include it need libssl.
 */
#ifndef NETTRACE_TESTS_SUPPORT_TLS_PEERS_H
#define NETTRACE_TESTS_SUPPORT_TLS_PEERS_H

#include "dissect/tls/tls.h"

#include <check.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>

struct piece {
	enum tls_side from;
	size_t at, size; /* in the talk's bytes */
};

struct talk {
	struct buffer bytes, keys, said[2];
	struct piece pieces[400];
	size_t count;
};

struct setup {
	const char *name;
	int version;
	const char *ciphers, *suites; /* of TLS 1.2 and below; of TLS 1.3; NULL: any */
	uint64_t options;             /* of both, SSL_OP_… */
	bool client_certificate, retry, ticket_off, small_records;
};

struct peers {
	struct talk *talk;
	SSL_CTX *context[2];
	SSL *ssl[2];
};

static EVP_PKEY *key;
static X509 *certificate;

static inline void make_certificate(void)
{
	X509_NAME *name;

	key = EVP_RSA_gen(2048);
	certificate = X509_new();
	name = X509_get_subject_name(certificate);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"example.org", -1, -1, 0);
	X509_set_issuer_name(certificate, name);
	X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
	X509_set_pubkey(certificate, key);
	X509_sign(certificate, key, EVP_sha256());
}

static inline void drop_certificate(void)
{
	X509_free(certificate);
	EVP_PKEY_free(key);
}

static inline struct talk *talk_new(void)
{
	struct talk *talk = nt_zalloc(sizeof(*talk));

	talk->bytes.max = talk->keys.max = talk->said[0].max = talk->said[1].max = 64 * 1024 * 1024;
	return talk;
}

static inline void talk_free(struct talk *talk)
{
	buffer_free(&talk->bytes);
	buffer_free(&talk->keys);
	buffer_free(&talk->said[0]);
	buffer_free(&talk->said[1]);
	free(talk);
}

static inline void on_key(const SSL *ssl, const char *line)
{
	struct peers *peers = SSL_get_app_data(ssl);

	ck_assert(buffer_add(&peers->talk->keys, line, strlen(line)));
	ck_assert(buffer_add(&peers->talk->keys, "\n", 1));
}

static inline int choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *size, const unsigned char *in,
			      unsigned int in_size, void *arg)
{
	(void)ssl;
	(void)in_size;
	(void)arg;
	*out = in + 1;
	*size = in[0];
	return SSL_TLSEXT_ERR_OK;
}

static inline int accept_any(int good, X509_STORE_CTX *store)
{
	(void)good;
	(void)store;
	return 1;
}

static inline int give_status(SSL *ssl, void *arg)
{
	unsigned char *response = OPENSSL_malloc(5);

	(void)arg;
	memcpy(response, "\x30\x03\x0a\x01\x06", 5);
	SSL_set_tlsext_status_ocsp_resp(ssl, response, 5);
	return SSL_TLSEXT_ERR_OK;
}

static inline SSL_CTX *context_new(const struct setup *setup, bool server)
{
	SSL_CTX *context = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());

	SSL_CTX_set_min_proto_version(context, setup->version);
	SSL_CTX_set_max_proto_version(context, setup->version);
	SSL_CTX_set_security_level(context, 0);
	ck_assert_int_eq(SSL_CTX_set_cipher_list(context, setup->ciphers ? setup->ciphers : "ALL:eNULL:@SECLEVEL=0"), 1);
	if (setup->suites)
		ck_assert_int_eq(SSL_CTX_set_ciphersuites(context, setup->suites), 1);
	SSL_CTX_set_options(context, setup->options | (setup->ticket_off ? SSL_OP_NO_TICKET : 0));
	if (setup->small_records)
		SSL_CTX_set_max_send_fragment(context, 512);
	if (server || setup->client_certificate) {
		SSL_CTX_use_certificate(context, certificate);
		SSL_CTX_use_PrivateKey(context, key);
	}
	return context;
}

static inline void server_setup(SSL_CTX *context, const struct setup *setup)
{
	SSL_CTX_set_dh_auto(context, 1);
	SSL_CTX_set_alpn_select_cb(context, choose_alpn, NULL);
	SSL_CTX_set_session_id_context(context, (const unsigned char *)"test", 4);
	SSL_CTX_set_max_early_data(context, 16384);
	SSL_CTX_set_recv_max_early_data(context, 16384);
	SSL_CTX_set_options(context, SSL_OP_NO_ANTI_REPLAY | SSL_OP_ALLOW_CLIENT_RENEGOTIATION);
	SSL_CTX_set_tlsext_status_cb(context, give_status);
	if (setup->client_certificate)
		SSL_CTX_set_verify(context, SSL_VERIFY_PEER, accept_any);
	if (setup->retry)
		SSL_CTX_set1_groups_list(context, "P-384");
}

static inline struct peers *peers_new(struct talk *talk, const struct setup *setup)
{
	struct peers *peers = nt_zalloc(sizeof(*peers));

	peers->talk = talk;
	for (int i = 0; i < 2; i++)
		peers->context[i] = context_new(setup, i == TLS_SERVER);
	server_setup(peers->context[TLS_SERVER], setup);
	SSL_CTX_set_alpn_protos(peers->context[TLS_CLIENT], (const unsigned char *)"\x02h2", 3);
	SSL_CTX_set_keylog_callback(peers->context[TLS_CLIENT], on_key);
	return peers;
}

/* A new connection between the same peers. */
static inline void begin_connection(struct peers *peers)
{
	for (int i = 0; i < 2; i++) {
		SSL_free(peers->ssl[i]);
		peers->ssl[i] = SSL_new(peers->context[i]);
		SSL_set_app_data(peers->ssl[i], peers);
		SSL_set_bio(peers->ssl[i], BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	}
	SSL_set_connect_state(peers->ssl[TLS_CLIENT]);
	SSL_set_accept_state(peers->ssl[TLS_SERVER]);
	SSL_set_tlsext_host_name(peers->ssl[TLS_CLIENT], "example.org");
	SSL_set_tlsext_status_type(peers->ssl[TLS_CLIENT], TLSEXT_STATUSTYPE_ocsp);
}

static inline void peers_free(struct peers *peers)
{
	for (int i = 0; i < 2; i++) {
		SSL_free(peers->ssl[i]);
		SSL_CTX_free(peers->context[i]);
	}
	free(peers);
}

/* Takes what one side wrote to the other, by way of the record. */
static inline bool carry(struct peers *peers, enum tls_side from)
{
	struct talk *talk = peers->talk;
	BIO *out = SSL_get_wbio(peers->ssl[from]);
	char *bytes;
	long size = BIO_get_mem_data(out, &bytes);

	if (size <= 0)
		return false;
	ck_assert_uint_lt(talk->count, sizeof(talk->pieces) / sizeof(talk->pieces[0]));
	talk->pieces[talk->count++] = (struct piece){ from, talk->bytes.size, (size_t)size };
	ck_assert(buffer_add(&talk->bytes, bytes, (size_t)size));
	BIO_write(SSL_get_rbio(peers->ssl[!from]), bytes, (int)size);
	(void)BIO_reset(out);
	return true;
}

static inline void receive(struct peers *peers, enum tls_side to)
{
	uint8_t bytes[4096];

	while (SSL_read(peers->ssl[to], bytes, sizeof(bytes)) > 0)
		continue;
	ERR_clear_error();
}

static inline void shake_hands(struct peers *peers)
{
	bool moved = true;

	while (moved) {
		moved = false;
		for (int i = 0; i < 2; i++) {
			if (SSL_in_init(peers->ssl[i]))
				(void)SSL_do_handshake(peers->ssl[i]);
			else
				receive(peers, (enum tls_side)i);
			moved |= carry(peers, (enum tls_side)i);
		}
	}
	ERR_clear_error();
}

static inline void say(struct peers *peers, enum tls_side from, const void *bytes, size_t size)
{
	ck_assert_int_eq(SSL_write(peers->ssl[from], bytes, (int)size), (int)size);
	ck_assert(buffer_add(&peers->talk->said[from], bytes, size));
	carry(peers, from);
	receive(peers, !from);
}

static inline void say_text(struct peers *peers, enum tls_side from, const char *text)
{
	say(peers, from, text, strlen(text));
}

static inline void exchange(struct peers *peers)
{
	uint8_t much[40000];

	for (size_t i = 0; i < sizeof(much); i++)
		much[i] = (uint8_t)(i * 7);
	say_text(peers, TLS_CLIENT, "GET / HTTP/1.1\r\n\r\n");
	say(peers, TLS_SERVER, much, sizeof(much));
	say_text(peers, TLS_CLIENT, "x");
}

static inline void part(struct peers *peers)
{
	SSL_shutdown(peers->ssl[TLS_CLIENT]);
	carry(peers, TLS_CLIENT);
	receive(peers, TLS_SERVER);
	SSL_shutdown(peers->ssl[TLS_SERVER]);
	carry(peers, TLS_SERVER);
}

/* Encrypt-then-MAC is what OpenSSL does unless told otherwise. */
#define NO_ETM SSL_OP_NO_ENCRYPT_THEN_MAC

static inline struct talk *record_exchange(const struct setup *setup)
{
	struct talk *talk = talk_new();
	struct peers *peers = peers_new(talk, setup);

	begin_connection(peers);
	shake_hands(peers);
	ck_assert_msg(SSL_is_init_finished(peers->ssl[TLS_CLIENT]), "%s", setup->name);
	exchange(peers);
	part(peers);
	peers_free(peers);
	return talk;
}

#endif
