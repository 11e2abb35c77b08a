#include "dissect/tls/trust_store.h"
#include "dissect/tls/der.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a trust store may hold.  The largest in use have some hundred certificates. */
enum { MAX_FILE = 64 * 1024 * 1024, MAX_CERTIFICATES = 20000 };

static const char debian_bundle[] = "/etc/ssl/certs/ca-certificates.crt";

/* A certificate that OpenSSL has not read yet. */
struct anchor {
	X509_NAME *subject;
	uint8_t *der;
	size_t size;
	bool trusted; /* in OpenSSL's own format */
};

struct trust_store {
	X509_STORE *openssl;
	X509_LOOKUP_METHOD *method; /* by which it finds its certificates; NULL: all of them were read at once */
	struct anchor *anchors;
	size_t anchor_count, anchor_capacity;
	size_t certificates; /* in the files, of which some may be the same */
};

/* ---- certificates ---- */

/* `trusted`: in OpenSSL's own format, in which what it is trusted for follows the certificate.  The store then has it, once. */
static bool parse_anchor(struct trust_store *store, const uint8_t *der, size_t size, bool trusted)
{
	const uint8_t *at = der;
	X509 *certificate = trusted ? d2i_X509_AUX(NULL, &at, (long)size) : d2i_X509(NULL, &at, (long)size);
	bool good = certificate && at == der + size && X509_STORE_add_cert(store->openssl, certificate) == 1;

	X509_free(certificate);
	return good;
}

/* RFC 5280 4.1; what may follow the certificate is OpenSSL's own. */
static X509_NAME *read_subject(const uint8_t *der, size_t size, bool trusted)
{
	struct cursor file = cur_of(der, size, 0), certificate = der_enter(&file, DER_SEQUENCE);
	struct cursor tbs = der_enter(&certificate, DER_SEQUENCE);
	struct bytes subject;

	(void)der_enter_optional(&tbs, DER_VERSION);
	for (int i = 0; i < 4; i++)
		(void)der_next(&tbs); /* serial number, signature, issuer, validity */
	subject = der_next(&tbs).whole;
	if (file.state != CUR_OK || tbs.state != CUR_OK || (cur_left(&file) && !trusted))
		return NULL;
	return d2i_X509_NAME(NULL, &subject.at, (long)subject.size);
}

/* A store often holds a certificate twice: in a bundle and in a file of its own. */
static bool is_kept(const struct trust_store *store, const uint8_t *der, size_t size)
{
	for (size_t i = 0; i < store->anchor_count; i++)
		if (store->anchors[i].size == size && memcmp(store->anchors[i].der, der, size) == 0)
			return true;
	return false;
}

/* Reading a certificate takes OpenSSL a tenth of a millisecond, and of those of a system no capture needs more than a few. */
static bool keep_anchor(struct trust_store *store, const uint8_t *der, size_t size, bool trusted)
{
	struct anchor *anchor;
	X509_NAME *subject;

	if (is_kept(store, der, size))
		return true;
	subject = read_subject(der, size, trusted);
	if (!subject)
		return false;
	if (store->anchor_count == store->anchor_capacity) {
		store->anchor_capacity = store->anchor_capacity ? store->anchor_capacity * 2 : 256;
		store->anchors = nt_realloc_array(store->anchors, store->anchor_capacity, sizeof(struct anchor));
	}
	anchor = &store->anchors[store->anchor_count++];
	*anchor = (struct anchor){ .subject = subject, .der = nt_alloc(size), .size = size, .trusted = trusted };
	memcpy(anchor->der, der, size);
	return true;
}

static void drop_anchor(struct trust_store *store, size_t index)
{
	X509_NAME_free(store->anchors[index].subject);
	free(store->anchors[index].der);
	store->anchors[index] = store->anchors[--store->anchor_count];
}

/* All with this name, as there may be several; the store has them from then on, and does not ask for the name again. */
static int find_anchors(X509_LOOKUP *lookup, X509_LOOKUP_TYPE type, const X509_NAME *name, X509_OBJECT *found)
{
	struct trust_store *store = X509_LOOKUP_get_method_data(lookup);
	const X509_OBJECT *object;
	X509 *certificate;

	for (size_t i = 0; type == X509_LU_X509 && i < store->anchor_count;) {
		const struct anchor *anchor = &store->anchors[i];

		if (X509_NAME_cmp(anchor->subject, name) != 0) {
			i++;
			continue;
		}
		(void)parse_anchor(store, anchor->der, anchor->size, anchor->trusted);
		drop_anchor(store, i);
	}
	object = X509_OBJECT_retrieve_by_subject(X509_STORE_get0_objects(store->openssl), type, name);
	certificate = object ? X509_OBJECT_get0_X509(object) : NULL;
	if (!certificate || !X509_OBJECT_set1_X509(found, certificate))
		return 0;
	X509_free(certificate); /* X509_LOOKUP_meth_new(3): who asked takes a reference of its own */
	return 1;
}

static bool read_when_needed(struct trust_store *store)
{
	X509_LOOKUP *lookup;

	store->method = X509_LOOKUP_meth_new("certificates of the system");
	if (!store->method || !X509_LOOKUP_meth_set_get_by_subject(store->method, find_anchors))
		return false;
	lookup = X509_STORE_add_lookup(store->openssl, store->method);
	return lookup && X509_LOOKUP_set_method_data(lookup, store);
}

static bool add_anchor(struct trust_store *store, const uint8_t *der, size_t size, bool trusted)
{
	if (store->certificates >= MAX_CERTIFICATES ||
	    !(store->method ? keep_anchor(store, der, size, trusted) : parse_anchor(store, der, size, trusted)))
		return false;
	store->certificates++;
	return true;
}

/* ---- files ---- */

/* PEM blocks with any text between them; those of other kinds (keys, revocation lists) are passed over.  False at the first damage. */
static bool add_blocks(struct trust_store *store, struct bytes file)
{
	BIO *bio = BIO_new_mem_buf(file.at, (int)file.size);
	char *name = NULL, *header = NULL;
	unsigned char *der = NULL;
	long size = 0;
	bool good = true;

	while (good && bio && PEM_read_bio(bio, &name, &header, &der, &size)) {
		bool trusted = strcmp(name, PEM_STRING_X509_TRUSTED) == 0;

		if (trusted || strcmp(name, PEM_STRING_X509) == 0 || strcmp(name, PEM_STRING_X509_OLD) == 0)
			good = add_anchor(store, der, (size_t)size, trusted);
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_free(der);
	}
	BIO_free(bio);
	return good && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
}

static bool read_file(int fd, struct buffer *file)
{
	uint8_t chunk[16384];

	for (;;) {
		ssize_t size = read(fd, chunk, sizeof(chunk));

		if (size == 0)
			return true;
		if (size < 0 && errno != EINTR)
			return false;
		if (size > 0 && !buffer_add(file, chunk, (size_t)size)) {
			errno = EFBIG;
			return false;
		}
	}
}

/* After a source was read that was to add some certificates to `before`. */
static enum nt_status judge_source(const struct trust_store *store, const char *path, size_t before, struct nt_error *error)
{
	if (store->certificates >= MAX_CERTIFICATES)
		return nt_fail(error, NT_ELIMIT, "cannot use %s: it has more than %d certificates", path, MAX_CERTIFICATES);
	if (store->certificates == before)
		return nt_fail(error, NT_EFORMAT, "cannot use %s: it holds no certificate; give a PEM file, or a directory of them",
			       path);
	return NT_OK;
}

static enum nt_status add_file(struct trust_store *store, const char *path, struct bytes file, struct nt_error *error)
{
	size_t before = store->certificates;

	/* DER begins with a SEQUENCE, but so may a text with the digit 0 */
	if (file.size > 0 && file.at[0] == 0x30 && add_anchor(store, file.at, file.size, false))
		return NT_OK;
	if (file.size > 0 && !add_blocks(store, file) && store->certificates < MAX_CERTIFICATES)
		return nt_fail(error, NT_EDAMAGED,
			       "cannot use %s: after %zu good certificates it is damaged; mend or remove what follows", path,
			       store->certificates - before);
	return judge_source(store, path, before, error);
}

static enum nt_status load_file(struct trust_store *store, const char *path, int fd, struct nt_error *error)
{
	struct buffer file = { .max = MAX_FILE };
	enum nt_status status;

	if (read_file(fd, &file))
		status = add_file(store, path, (struct bytes){ file.at, file.size }, error);
	else
		status = nt_fail(error, NT_EIO, "cannot read %s: %s", path, strerror(errno));
	buffer_free(&file);
	return status;
}

/* Whatever is no regular file, cannot be read or holds no certificates does not belong to the store. */
static void load_entry(struct trust_store *store, int directory, const char *name)
{
	int fd = openat(directory, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat info;

	if (fd < 0)
		return;
	if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode))
		(void)load_file(store, name, fd, NULL);
	close(fd);
}

/* "5ed36f99.0": OpenSSL looks a certificate up by the hash of its subject, and does not see what is named otherwise. */
static bool is_hashed_name(const char *name)
{
	return strspn(name, "0123456789abcdef") == 8 && name[8] == '.' && strspn(name + 9, "0123456789") > 0;
}

/* Takes over `fd`. */
static enum nt_status load_directory(struct trust_store *store, const char *path, int fd, bool hashed, struct nt_error *error)
{
	DIR *directory = fdopendir(fd);
	size_t before = store->certificates;
	struct dirent *entry;

	if (!directory) {
		nt_fail(error, NT_EIO, "cannot read %s: %s", path, strerror(errno));
		close(fd);
		return NT_EIO;
	}
	while ((entry = readdir(directory)) && store->certificates < MAX_CERTIFICATES)
		if (!hashed || is_hashed_name(entry->d_name))
			load_entry(store, dirfd(directory), entry->d_name);
	closedir(directory);
	return judge_source(store, path, before, error);
}

static enum nt_status load_path(struct trust_store *store, const char *path, struct nt_error *error)
{
	int fd = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	struct stat info;
	enum nt_status status;

	if (fd < 0)
		return nt_fail(error, NT_EIO, "cannot open %s: %s", path, strerror(errno));
	if (fstat(fd, &info) == 0 && S_ISDIR(info.st_mode))
		return load_directory(store, path, fd, false, error);
	status = load_file(store, path, fd, error);
	close(fd);
	return status;
}

static void load_hashed(struct trust_store *store, const char *list)
{
	char *paths = nt_strdup(list), *rest = paths, *path;

	while ((path = strsep(&rest, ":"))) {
		int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (fd >= 0)
			(void)load_directory(store, path, fd, true, NULL);
	}
	free(paths);
}

/* Where OpenSSL looks, in the way it does: each variable replaces its default, and what is not there is not missed. */
static enum nt_status load_system(struct trust_store *store, struct nt_error *error)
{
	const char *file = secure_getenv(X509_get_default_cert_file_env());
	const char *directories = secure_getenv(X509_get_default_cert_dir_env());

	if (load_path(store, file ? file : X509_get_default_cert_file(), NULL) != NT_OK && !file)
		(void)load_path(store, debian_bundle, NULL);
	load_hashed(store, directories ? directories : X509_get_default_cert_dir());
	if (store->certificates > 0)
		return NT_OK;
	return nt_fail(error, NT_EIO,
		       "no trusted certificates in %s and %s; install ca-certificates, or name a file of trusted certificates",
		       file ? file : X509_get_default_cert_file(), directories ? directories : X509_get_default_cert_dir());
}

enum nt_status trust_store_new(struct trust_store **out, const char *path, struct nt_error *error)
{
	struct trust_store *store = nt_zalloc(sizeof *store);
	enum nt_status status;

	*out = NULL;
	store->openssl = X509_STORE_new();
	if (!store->openssl || (!path && !read_when_needed(store)))
		status = nt_fail(error, NT_ENOTSUP, "cannot read trusted certificates: OpenSSL has no memory for them");
	else
		status = path ? load_path(store, path, error) : load_system(store, error);
	if (status == NT_OK)
		*out = store;
	else
		trust_store_free(store);
	return status;
}

void trust_store_free(struct trust_store *store)
{
	if (!store)
		return;
	X509_STORE_free(store->openssl);
	X509_LOOKUP_meth_free(store->method);
	while (store->anchor_count)
		drop_anchor(store, 0);
	free(store->anchors);
	free(store);
}

X509_STORE *trust_store_openssl(const struct trust_store *store)
{
	return store->openssl;
}
