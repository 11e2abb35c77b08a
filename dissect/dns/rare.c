/*
 * The rare types of records, which libldns writes.  It gets a private copy of the data, checked beforehand, in which every name is
 * written out: so it meets no pointer and no length that lies.  Types on which it is slow or wrong are left to the form of RFC
 * 3597: WKS (looks every port up in the system), HIP (a list without end), APL, NXT.
 */
#include "dissect/dns/rdata.h"

#include <ldns/ldns.h>
#include <stdlib.h>

/*
 * One letter per stretch of the data: a digit so many bytes; N a name; S a string; D 16 bits of length and as many bytes; W a type
 * bitmap to the end; + one byte or more to the end; * any number to the end.  Where the shape depends on a byte of the data,
 * shapes[] is indexed by that byte.
 */
struct shape {
	uint16_t type;
	uint8_t kind_at, kind_mask; /* where that byte is, and its bits that count */
	const char *shapes[4];
};

static const struct shape shapes[] = {
	{ 22, 0, 0, { "+" } },                          /* NSAP, RFC 1706 */
	{ 24, 0, 0, { "99N+" } },                       /* SIG, RFC 2535 */
	{ 25, 0, 0, { "4*" } },                         /* KEY */
	{ 29, 0, 0xff, { "88" } },                      /* LOC, RFC 1876: version 0 */
	{ 37, 0, 0, { "5+" } },                         /* CERT, RFC 4398 */
	{ 43, 0, 0, { "4+" } },                         /* DS, RFC 4034 */
	{ 44, 0, 0, { "2+" } },                         /* SSHFP, RFC 4255 */
	{ 45, 1, 0xff, { "3*", "7*", "991*", "3N*" } }, /* IPSECKEY, RFC 4025: gateway */
	{ 46, 0, 0, { "99N+" } },                       /* RRSIG, RFC 4034 */
	{ 47, 0, 0, { "NW" } },                         /* NSEC */
	{ 48, 0, 0, { "4+" } },                         /* DNSKEY */
	{ 49, 0, 0, { "+" } },                          /* DHCID, RFC 4701 */
	{ 50, 0, 0, { "4SSW" } },                       /* NSEC3, RFC 5155 */
	{ 51, 0, 0, { "4S" } },                         /* NSEC3PARAM */
	{ 52, 0, 0, { "3+" } },                         /* TLSA, RFC 6698 */
	{ 53, 0, 0, { "3+" } },                         /* SMIMEA, RFC 8162 */
	{ 59, 0, 0, { "4+" } },                         /* CDS, RFC 7344 */
	{ 60, 0, 0, { "4+" } },                         /* CDNSKEY */
	{ 61, 0, 0, { "+" } },                          /* OPENPGPKEY, RFC 7929 */
	{ 62, 0, 0, { "6W" } },                         /* CSYNC, RFC 7477 */
	{ 63, 0, 0, { "6+" } },                         /* ZONEMD, RFC 8976 */
	{ 104, 0, 0, { "28" } },                        /* NID, RFC 6742 */
	{ 106, 0, 0, { "28" } },                        /* L64 */
	{ 108, 0, 0, { "6" } },                         /* EUI48, RFC 7043 */
	{ 109, 0, 0, { "8" } },                         /* EUI64 */
	{ 249, 0, 0, { "N4422DD" } },                   /* TKEY, RFC 2930 */
	{ 250, 0, 0, { "N62D22D" } },                   /* TSIG, RFC 8945 */
	{ 260, 1, 0x7f, { "2", "6", "99", "2N" } },     /* AMTRELAY, RFC 8777: relay */
	{ 32769, 0, 0, { "4+" } },                      /* DLV, RFC 4431 */
};

static const struct shape *find_shape(uint16_t type)
{
	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
		if (shapes[i].type == type)
			return &shapes[i];
	return NULL;
}

/* NULL if the data are of a kind that is not in the table. */
static const char *select_shape(const struct shape *shape, struct cursor rdata)
{
	unsigned kind;

	cur_skip(&rdata, shape->kind_at);
	kind = cur_u8(&rdata) & shape->kind_mask;
	return kind < sizeof shape->shapes / sizeof *shape->shapes ? shape->shapes[kind] : NULL;
}

/* RFC 4034 4.1.2: windows in ascending order, each with 1 to 32 bytes. */
static void check_bitmap(struct cursor *c)
{
	int previous = -1;

	while (c->state == CUR_OK && cur_left(c) > 0) {
		int window = cur_u8(c);
		size_t size = cur_u8(c);

		cur_skip(c, size);
		if (window <= previous || size < 1 || size > 32)
			c->state = CUR_BAD;
		previous = window;
	}
}

static void skip_stretch(struct cursor *c, char stretch)
{
	switch (stretch) {
	case 'S':
		cur_skip(c, cur_u8(c));
		break;
	case 'D':
		cur_skip(c, cur_u16(c));
		break;
	case 'W':
		check_bitmap(c);
		break;
	case '+':
		cur_skip(c, cur_left(c) > 0 ? cur_left(c) : 1);
		break;
	case '*':
		cur_skip(c, cur_left(c));
		break;
	default:
		cur_skip(c, (size_t)(stretch - '0'));
		break;
	}
}

/* Appends the data to the scratch, checked and with names written out. */
static enum cur_state expand(struct dns_reader *reader, const char *shape, struct cursor rdata)
{
	for (const char *stretch = shape; *stretch; stretch++) {
		const uint8_t *begin = rdata.at;
		struct dns_name name;

		if (*stretch == 'N') {
			if (dns_name_read(reader, &rdata, &name) == CUR_OK)
				dns_put(reader, name.wire, name.size);
			continue;
		}
		skip_stretch(&rdata, *stretch);
		dns_put(reader, begin, (size_t)(rdata.at - begin));
	}
	if (rdata.state == CUR_OK && cur_left(&rdata) > 0)
		return CUR_BAD;
	return rdata.state;
}

static void put_type(struct dns_reader *reader, uint16_t type)
{
	char unknown[16];
	const char *text = dns_type_text(type, unknown);

	dns_put(reader, text, strlen(text));
}

static void put_bitmap(struct dns_reader *reader, struct cursor c)
{
	const char *separator = "";

	while (c.state == CUR_OK && cur_left(&c) > 0) {
		unsigned window = cur_u8(&c);
		size_t size = cur_u8(&c);
		const uint8_t *bits = cur_take(&c, size);

		for (unsigned bit = 0; bits && bit < size * 8; bit++) {
			if (!(bits[bit / 8] & 0x80 >> bit % 8))
				continue;
			dns_put(reader, separator, strlen(separator));
			put_type(reader, (uint16_t)(window << 8 | bit));
			separator = " ";
		}
	}
}

/* What libldns writes, without the spaces that it puts behind some fields. */
static bool put_ldns_text(struct dns_reader *reader, const ldns_rdf *rdf)
{
	char *text = ldns_rdf2str(rdf);
	size_t size = text ? strlen(text) : 0;

	while (size > 0 && text[size - 1] == ' ')
		size--;
	dns_put(reader, text, size);
	free(text);
	return size > 0;
}

/* Names, strings and types look as they do elsewhere. */
static bool put_ldns_field(struct dns_reader *reader, const ldns_rdf *rdf)
{
	struct cursor c = cur_of(ldns_rdf_data(rdf), ldns_rdf_size(rdf), 0);
	struct dns_reader alone = { .message = c };
	struct dns_name name;
	char text[DNS_NAME_TEXT_SIZE];

	switch (ldns_rdf_get_type(rdf)) {
	case LDNS_RDF_TYPE_DNAME:
		if (dns_name_read(&alone, &c, &name) == CUR_OK)
			dns_put(reader, text, dns_name_text(&name, text));
		return c.state == CUR_OK;
	case LDNS_RDF_TYPE_TYPE:
		put_type(reader, cur_u16(&c));
		return c.state == CUR_OK;
	case LDNS_RDF_TYPE_NSEC:
		put_bitmap(reader, c);
		return true;
	default:
		return put_ldns_text(reader, rdf);
	}
}

/* `wire` is RDLENGTH and the data. */
static bool put_ldns_fields(struct dns_reader *reader, ldns_rr *rr, struct bytes wire)
{
	size_t read = 0, count, before;

	if (ldns_wire2rdf(rr, wire.at, wire.size, &read) != LDNS_STATUS_OK || read != wire.size)
		return false;
	count = ldns_rr_rd_count(rr);
	for (size_t i = 0; i < count; i++) {
		before = reader->text.size;
		if (i > 0)
			dns_put(reader, " ", 1);
		if (!put_ldns_field(reader, ldns_rr_rdf(rr, i)))
			return false;
		if (i > 0 && reader->text.size == before + 1) /* a bitmap in which no bit is set */
			reader->text.size = before;
	}
	return count > 0;
}

static bool put_ldns(struct dns_reader *reader, uint16_t type, struct bytes wire)
{
	ldns_rr *rr = ldns_rr_new();
	bool done;

	if (!rr)
		return false;
	ldns_rr_set_type(rr, (ldns_rr_type)type);
	done = put_ldns_fields(reader, rr, wire);
	ldns_rr_free(rr);
	return done;
}

static enum cur_state put_shape(struct dns_reader *reader, uint16_t type, const char *shape, struct cursor rdata, bool *written)
{
	enum cur_state state = expand(reader, shape, rdata);
	size_t size = reader->text.size;
	uint8_t *wire;

	if (state != CUR_OK || size == 0 || size > UINT16_MAX)
		return state;
	wire = nt_alloc(2 + size);
	wire[0] = (uint8_t)(size >> 8);
	wire[1] = (uint8_t)size;
	memcpy(wire + 2, reader->text.at, size);
	buffer_clear(&reader->text);
	*written = put_ldns(reader, type, (struct bytes){ wire, 2 + size });
	free(wire);
	return CUR_OK;
}

enum cur_state dns_rare_text(struct dns_reader *reader, uint16_t type, struct cursor rdata, bool *written)
{
	const struct shape *shape = find_shape(type);
	const char *stretches = shape ? select_shape(shape, rdata) : NULL;

	*written = false;
	return stretches ? put_shape(reader, type, stretches, rdata, written) : CUR_OK;
}
