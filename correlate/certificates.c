#include "correlate/certificates.h"

#include "dissect/tls/x509.h"
#include "store/hash.h"

#include <stdlib.h>

enum { KEPT = 64, KEPT_MAX = 8192, LOOKED_AT = 64 };

struct kept {
	struct buffer der;
	struct trace_certificate certificate;
	struct arena arena; /* of its texts */
};

struct certificates {
	struct kept kept[KEPT]; /* by hash: a place is for whoever came last */
};

struct certificates *certificates_new(void)
{
	struct certificates *certificates = nt_zalloc(sizeof *certificates);

	for (int i = 0; i < KEPT; i++)
		certificates->kept[i].der.max = KEPT_MAX;
	return certificates;
}

void certificates_free(struct certificates *certificates)
{
	for (int i = 0; certificates && i < KEPT; i++) {
		buffer_free(&certificates->kept[i].der);
		arena_free(&certificates->kept[i].arena);
	}
	free(certificates);
}

static void read_der(struct bytes der, struct arena *arena, struct trace_certificate *out)
{
	struct x509_summary summary;
	struct bytes *names;

	*out = (struct trace_certificate){ .unreadable = !x509_summarise(der, arena, &summary) };
	out->subject = bytes_of(summary.subject);
	out->issuer = bytes_of(summary.issuer);
	out->not_before_s = out->unreadable ? INT64_MIN : summary.not_before_s;
	out->not_after_s = out->unreadable ? INT64_MIN : summary.not_after_s;
	out->is_ca = summary.is_ca;
	out->serial = bytes_of(summary.serial);
	out->sha256 = arena_copy(arena, bytes_of(summary.sha256));
	out->key_type = bytes_of(summary.key_type);
	names = arena_alloc(arena, summary.name_count * sizeof *names);
	for (size_t i = 0; i < summary.name_count; i++)
		names[i] = bytes_of(summary.names[i]);
	out->names = names;
	out->name_count = summary.name_count;
}

static void copy(const struct trace_certificate *from, struct arena *arena, struct trace_certificate *out)
{
	struct bytes *names = arena_alloc(arena, from->name_count * sizeof *names);

	*out = *from;
	out->subject = arena_copy(arena, from->subject);
	out->issuer = arena_copy(arena, from->issuer);
	out->serial = arena_copy(arena, from->serial);
	out->sha256 = arena_copy(arena, from->sha256);
	out->key_type = arena_copy(arena, from->key_type);
	for (size_t i = 0; i < from->name_count; i++)
		names[i] = arena_copy(arena, from->names[i]);
	out->names = names;
}

/* By its last bytes, where the signature is.  Who makes two with the same only has them read again. */
static struct kept *place_of(struct certificates *certificates, struct bytes der)
{
	const size_t size = der.size < LOOKED_AT ? der.size : LOOKED_AT;

	return &certificates->kept[hash_bytes(der.size, der.at + der.size - size, size) % KEPT];
}

void certificates_read(struct certificates *certificates, struct bytes der, struct arena *arena, struct trace_certificate *out)
{
	struct kept *kept;

	if (der.size == 0 || der.size > KEPT_MAX) {
		read_der(der, arena, out);
		return;
	}
	kept = place_of(certificates, der);
	if (!bytes_equal(der, (struct bytes){ kept->der.at, kept->der.size })) {
		buffer_clear(&kept->der);
		buffer_add(&kept->der, der.at, der.size); /* holds: it is not above the maximum */
		arena_free(&kept->arena);
		read_der(der, &kept->arena, &kept->certificate);
	}
	copy(&kept->certificate, arena, out);
}
