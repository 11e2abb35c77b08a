#include "dissect/dns/rdata.h"

#include <stdio.h>

/* ---- registries ---- */

/* https://www.iana.org/assignments/dns-parameters, "Resource Record (RR) TYPEs" */
static const char *const type_names[] = {
	[1] = "A",          [2] = "NS",        [3] = "MD",          [4] = "MF",     [5] = "CNAME",     [6] = "SOA",
	[7] = "MB",         [8] = "MG",        [9] = "MR",          [10] = "NULL",  [11] = "WKS",      [12] = "PTR",
	[13] = "HINFO",     [14] = "MINFO",    [15] = "MX",         [16] = "TXT",   [17] = "RP",       [18] = "AFSDB",
	[19] = "X25",       [20] = "ISDN",     [21] = "RT",         [22] = "NSAP",  [23] = "NSAP-PTR", [24] = "SIG",
	[25] = "KEY",       [26] = "PX",       [27] = "GPOS",       [28] = "AAAA",  [29] = "LOC",      [30] = "NXT",
	[31] = "EID",       [32] = "NIMLOC",   [33] = "SRV",        [34] = "ATMA",  [35] = "NAPTR",    [36] = "KX",
	[37] = "CERT",      [38] = "A6",       [39] = "DNAME",      [40] = "SINK",  [41] = "OPT",      [42] = "APL",
	[43] = "DS",        [44] = "SSHFP",    [45] = "IPSECKEY",   [46] = "RRSIG", [47] = "NSEC",     [48] = "DNSKEY",
	[49] = "DHCID",     [50] = "NSEC3",    [51] = "NSEC3PARAM", [52] = "TLSA",  [53] = "SMIMEA",   [55] = "HIP",
	[56] = "NINFO",     [57] = "RKEY",     [58] = "TALINK",     [59] = "CDS",   [60] = "CDNSKEY",  [61] = "OPENPGPKEY",
	[62] = "CSYNC",     [63] = "ZONEMD",   [64] = "SVCB",       [65] = "HTTPS", [66] = "DSYNC",    [67] = "HHIT",
	[68] = "BRID",      [99] = "SPF",      [100] = "UINFO",     [101] = "UID",  [102] = "GID",     [103] = "UNSPEC",
	[104] = "NID",      [105] = "L32",     [106] = "L64",       [107] = "LP",   [108] = "EUI48",   [109] = "EUI64",
	[128] = "NXNAME",   [249] = "TKEY",    [250] = "TSIG",      [251] = "IXFR", [252] = "AXFR",    [253] = "MAILB",
	[254] = "MAILA",    [255] = "ALL",     [256] = "URI",       [257] = "CAA",  [258] = "AVC",     [259] = "DOA",
	[260] = "AMTRELAY", [261] = "RESINFO", [262] = "WALLET",    [263] = "CLA",  [264] = "IPN",
};
enum { TYPE_NIMLOC = 32, TYPE_TA = 32768, TYPE_DLV = 32769 };

const char *dns_type_text(uint16_t type, char out[16])
{
	if (type < sizeof type_names / sizeof *type_names && type_names[type])
		return type_names[type];
	if (type == TYPE_TA)
		return "TA";
	if (type == TYPE_DLV)
		return "DLV";
	snprintf(out, 16, "TYPE%u", (unsigned)type);
	return out;
}

const char *dns_rcode_text(uint16_t rcode)
{
	static const char *const names[] = {
		"no-error", "format-error", "server-fail", "non-existent-domain", "not-implemented", "query-refused",
	};

	return rcode < sizeof names / sizeof *names ? names[rcode] : "unrecognized-rcode";
}

/* ---- names ---- */

enum { LABEL_SIZE = 63, POINTER = 0xc0, POINTER_REACH = 0x4000 };

static size_t position(const struct dns_reader *reader, const struct cursor *c)
{
	return (size_t)(c->at - reader->message.at);
}

/*
 * Where the pointer leads whose first byte has been read from *c.  RFC 1035 4.1.4: to a prior occurrence.  So it leads before the
 * labels that it ends, which start at `begin`, and a chain of pointers comes to its end.
 */
static struct cursor follow_pointer(const struct dns_reader *reader, struct cursor *c, uint8_t first, size_t begin)
{
	size_t target = (size_t)(first & ~POINTER) << 8 | cur_u8(c);
	struct cursor there = reader->message;

	if (c->state == CUR_OK && (target < DNS_HEADER_SIZE || target >= begin))
		c->state = CUR_BAD;
	there.state = c->state;
	cur_skip(&there, target);
	return there;
}

/* The label that follows its length, if the name has room for it and the root label. */
static void read_label(struct cursor *c, uint8_t length, struct dns_name *name)
{
	if (length > LABEL_SIZE || name->size + 1 + length + 1 > DNS_NAME_SIZE) {
		c->state = CUR_BAD;
		return;
	}
	name->wire[name->size] = length;
	if (cur_copy(c, name->wire + name->size + 1, length))
		name->size += 1 + (size_t)length;
}

enum cur_state dns_name_read(const struct dns_reader *reader, struct cursor *c, struct dns_name *name)
{
	struct cursor *at = c, elsewhere;
	size_t begin = position(reader, c), jumps = 0;
	uint8_t length;

	name->size = 0;
	while ((length = cur_u8(at)) != 0) {
		if (length < POINTER) {
			read_label(at, length, name);
		} else if (++jumps > LIMIT_DNS_POINTERS) {
			limit_hit(reader->hits, LIMIT_DNS_POINTERS_HIT);
			at->state = CUR_BAD;
		} else {
			elsewhere = follow_pointer(reader, at, length, begin);
			at = &elsewhere;
			begin = position(reader, at);
		}
	}
	if (at->state == CUR_OK)
		name->wire[name->size++] = 0;
	c->state = at->state;
	return c->state;
}

size_t dns_escape(uint8_t byte, const char *special, char out[4])
{
	if (byte < ' ' || byte > '~' || (byte == ' ' && strchr(special, ' '))) {
		out[0] = '\\';
		out[1] = (char)('0' + byte / 100);
		out[2] = (char)('0' + byte / 10 % 10);
		out[3] = (char)('0' + byte % 10);
		return 4;
	}
	if (strchr(special, byte)) {
		out[0] = '\\';
		out[1] = (char)byte;
		return 2;
	}
	out[0] = (char)byte;
	return 1;
}

/* Nearly all are, and none of these is escaped. */
static bool is_of_host_names(uint8_t byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || byte == '-' ||
	       byte == '_';
}

size_t dns_name_text(const struct dns_name *name, char out[DNS_NAME_TEXT_SIZE])
{
	size_t size = 0;

	for (size_t at = 0; name->wire[at]; at += 1 + (size_t)name->wire[at]) {
		for (size_t i = 1; i <= name->wire[at]; i++)
			if (is_of_host_names(name->wire[at + i]))
				out[size++] = (char)name->wire[at + i];
			else
				size += dns_escape(name->wire[at + i], " .\\\"();@$", out + size);
		out[size++] = '.';
	}
	if (size == 0)
		out[size++] = '.';
	out[size] = 0;
	return size;
}

/* ---- the header, RFC 1035 4.1.1 ---- */

enum section { QUESTIONS, ANSWERS, AUTHORITIES, ADDITIONALS, SECTIONS };

enum header_flags {
	FLAG_QR = 0x8000,
	FLAG_AA = 0x0400,
	FLAG_TC = 0x0200,
	FLAG_RD = 0x0100,
	FLAG_RA = 0x0080,
	FLAG_Z = 0x0040,
	OPCODE_SHIFT = 11,
	OPCODE_MASK = 15,
	RCODE_MASK = 15,
};

enum { QUESTION_SIZE_MIN = 5, RECORD_SIZE_MIN = 11 }; /* with the root for a name */

struct header {
	uint16_t id, flags;
	uint16_t counts[SECTIONS];
};

static enum cur_state read_header(struct cursor *c, struct header *header)
{
	header->id = cur_u16(c);
	header->flags = cur_u16(c);
	for (int i = 0; i < SECTIONS; i++)
		header->counts[i] = cur_u16(c);
	return c->state;
}

static unsigned header_opcode(const struct header *header)
{
	return header->flags >> OPCODE_SHIFT & OPCODE_MASK;
}

static void set_header(struct dns_message *out, const struct header *header)
{
	out->id = header->id;
	out->opcode = (uint8_t)header_opcode(header);
	out->rcode = header->flags & RCODE_MASK;
	out->is_response = header->flags & FLAG_QR;
	out->authoritative = header->flags & FLAG_AA;
	out->truncated = header->flags & FLAG_TC;
	out->recursion_desired = header->flags & FLAG_RD;
	out->recursion_available = header->flags & FLAG_RA;
	memcpy(out->counts, header->counts, sizeof out->counts);
	out->soa_minimum = UINT32_MAX;
}

/* ---- sections ---- */

/* The reading of one message. */
struct parser {
	struct dns_reader reader;
	struct cursor c;
	struct dns_message *out;
	uint16_t known_pointer; /* the pointer that the last owner name was, or could have been; 0 if none */
	const char *known_name;
	bool left_out; /* records beyond the limit */
};

/* Room for element `count` of a list that is only ever appended to: at 0 and at powers of two the list is moved. */
static void *list_room(struct arena *arena, void *list, size_t count, size_t size)
{
	void *larger;

	if (count & (count - 1))
		return list;
	larger = arena_alloc(arena, (count ? count * 2 : 1) * size);
	if (count)
		memcpy(larger, list, count * size);
	return larger;
}

/* False, and counted once per message, when `count` records are kept already. */
static bool may_keep(struct parser *parser, size_t count)
{
	if (count < LIMIT_DNS_RECORDS)
		return true;
	if (!parser->left_out)
		limit_hit(parser->reader.hits, LIMIT_DNS_RECORDS_HIT);
	parser->left_out = true;
	return false;
}

/* Most records of a message have the same owner, a pointer to the name of the question: its text is made once. */
static const char *read_name_text(struct parser *parser)
{
	struct cursor *c = &parser->c, peek = *c;
	size_t begin = position(&parser->reader, c);
	uint16_t pointer = cur_u16(&peek);
	struct dns_name name;
	char text[DNS_NAME_TEXT_SIZE];
	size_t size;

	if (peek.state == CUR_OK && pointer >= POINTER << 8 && pointer == parser->known_pointer) {
		*c = peek;
		return parser->known_name;
	}
	if (dns_name_read(&parser->reader, c, &name) != CUR_OK)
		return NULL;
	size = dns_name_text(&name, text);
	if (pointer < POINTER << 8)
		pointer = begin < POINTER_REACH ? (uint16_t)(POINTER << 8 | begin) : 0;
	parser->known_pointer = pointer;
	parser->known_name = arena_string(parser->reader.arena, (struct bytes){ (const uint8_t *)text, size });
	return parser->known_name;
}

/* What follows the name of a record, RFC 1035 4.1.3.  Data that were cut fail the section, as the record cannot be shown. */
static struct cursor read_record(struct cursor *c, struct dns_record *record)
{
	struct cursor rdata;

	record->type = cur_u16(c);
	record->class = cur_u16(c);
	record->ttl = cur_u32(c);
	rdata = cur_sub(c, cur_u16(c));
	if (c->state == CUR_OK && rdata.cut > 0)
		c->state = CUR_CUT;
	record->data = cur_rest(&rdata);
	return rdata;
}

static void note(struct dns_message *out, enum cur_state state)
{
	out->cut |= state == CUR_CUT;
	out->malformed |= state == CUR_BAD;
}

static void read_question(struct parser *parser)
{
	struct dns_message *out = parser->out;
	bool keep = may_keep(parser, out->question_count);
	struct dns_question question = { 0 };
	struct dns_name name;

	if (keep)
		question.name = read_name_text(parser);
	else
		dns_name_read(&parser->reader, &parser->c, &name);
	question.type = cur_u16(&parser->c);
	question.class = cur_u16(&parser->c);
	if (!keep || parser->c.state != CUR_OK)
		return;
	out->questions = list_room(parser->reader.arena, out->questions, out->question_count, sizeof question);
	out->questions[out->question_count++] = question;
}

static void read_answer(struct parser *parser)
{
	struct dns_message *out = parser->out;
	bool keep = may_keep(parser, out->answer_count);
	struct dns_record record = { 0 };
	struct dns_name name;
	struct cursor rdata;

	if (keep)
		record.name = read_name_text(parser);
	else
		dns_name_read(&parser->reader, &parser->c, &name);
	rdata = read_record(&parser->c, &record);
	if (!keep || parser->c.state != CUR_OK)
		return;
	note(out, dns_rdata_text(&parser->reader, record.type, record.class, rdata, &record.value));
	out->answers = list_room(parser->reader.arena, out->answers, out->answer_count, sizeof record);
	out->answers[out->answer_count++] = record;
}

/* RFC 2308 5: a negative answer lives for the smaller of the SOA's own TTL and its MINIMUM. */
static void read_soa_minimum(struct parser *parser, const struct dns_record *soa, struct cursor rdata)
{
	struct dns_name name;
	uint32_t minimum;

	dns_name_read(&parser->reader, &rdata, &name);
	if (rdata.state == CUR_OK)
		dns_name_read(&parser->reader, &rdata, &name);
	cur_skip(&rdata, 16);
	minimum = cur_u32(&rdata);
	if (rdata.state == CUR_OK && cur_left(&rdata) > 0)
		rdata.state = CUR_BAD;
	note(parser->out, rdata.state);
	if (rdata.state == CUR_OK)
		parser->out->soa_minimum = minimum < soa->ttl ? minimum : soa->ttl;
}

static void read_authority(struct parser *parser)
{
	struct dns_record record = { 0 };
	struct dns_name name;
	struct cursor rdata;

	dns_name_read(&parser->reader, &parser->c, &name);
	rdata = read_record(&parser->c, &record);
	if (parser->c.state == CUR_OK && record.type == DNS_TYPE_SOA && record.data.size > 0 &&
	    parser->out->soa_minimum == UINT32_MAX)
		read_soa_minimum(parser, &record, rdata);
}

/* RFC 6891 6.1.3: the class is the sender's UDP size; the TTL is the upper rcode bits, the version and flags. */
static void read_additional(struct parser *parser)
{
	struct dns_message *out = parser->out;
	struct dns_record record = { 0 };
	struct dns_name name;

	dns_name_read(&parser->reader, &parser->c, &name);
	(void)read_record(&parser->c, &record);
	if (parser->c.state != CUR_OK || record.type != DNS_TYPE_OPT)
		return;
	if (out->has_edns || name.size != 1) { /* RFC 6891 6.1.1, 6.1.2: one at most, of the root */
		out->malformed = true;
		return;
	}
	out->has_edns = true;
	out->edns_udp_size = record.class;
	out->rcode |= (uint16_t)(record.ttl >> 24 << 4);
	out->edns_version = (uint8_t)(record.ttl >> 16);
}

/* What stands behind the last section is let pass: padding. */
enum cur_state dns_parse(struct cursor message, struct arena *arena, struct limit_hits *hits, struct dns_message *out)
{
	static void (*const read_element[SECTIONS])(struct parser *) = { read_question, read_answer, read_authority,
									 read_additional };
	struct parser parser = { .reader = { .message = message, .arena = arena, .hits = hits }, .c = message, .out = out };
	struct header header;

	*out = (struct dns_message){ .size = cur_left_on_wire(&message) };
	if (read_header(&parser.c, &header) != CUR_OK)
		return parser.c.state;
	set_header(out, &header);
	for (int section = 0; section < SECTIONS; section++)
		for (unsigned i = 0; i < header.counts[section] && parser.c.state == CUR_OK; i++)
			read_element[section](&parser);
	note(out, parser.c.state);
	buffer_free(&parser.reader.text);
	return parser.c.state;
}

/* ---- recognition ---- */

enum opcode { OPCODE_QUERY = 0, OPCODE_IQUERY = 1, OPCODE_STATUS = 2, OPCODE_NOTIFY = 4, OPCODE_UPDATE = 5, OPCODE_DSO = 6 };
enum { RCODE_LAST = 11, QUESTIONS_MAX = 20, QUERY_RECORDS_MAX = 255 };

static bool counts_can_be(const struct header *header, size_t left)
{
	const uint16_t *counts = header->counts;
	size_t records = (size_t)counts[ANSWERS] + counts[AUTHORITIES] + counts[ADDITIONALS];

	if (counts[QUESTIONS] > QUESTIONS_MAX)
		return false;
	if ((size_t)counts[QUESTIONS] * QUESTION_SIZE_MIN + records * RECORD_SIZE_MIN > left)
		return false;
	if (header->flags & FLAG_QR) /* an error may come as a bare header */
		return counts[QUESTIONS] + records > 0 || header->flags & RCODE_MASK;
	return counts[QUESTIONS] > 0 && records <= QUERY_RECORDS_MAX;
}

static bool header_can_be(const struct header *header, size_t left)
{
	unsigned opcode = header_opcode(header), rcode = header->flags & RCODE_MASK;

	if (opcode > OPCODE_DSO || opcode == 3 || header->flags & FLAG_Z)
		return false;
	if (header->flags & FLAG_QR ? rcode > RCODE_LAST : rcode > 0 || header->flags & FLAG_RA)
		return false;
	return counts_can_be(header, left);
}

/* The upper bit is a flag of mDNS: RFC 6762 5.4, 10.2. */
static bool class_can_be(uint16_t class)
{
	class &= 0x7fff;
	return class == 1 || class == 3 || class == 4 || class == 254 || class == 255;
}

/*
 * NetBIOS names travel in the same format (RFC 1002 4.2), with 32 characters in the first label and types of their own, of which
 * one is that of SRV, whose names begin otherwise, and one that of NIMLOC, which nobody uses.
 */
static bool is_netbios(const struct dns_name *name, uint16_t type)
{
	return type == TYPE_NIMLOC || (type == DNS_TYPE_SRV && name->wire[0] == 32 && name->wire[1] != '_');
}

/* What every question and record begins with. */
static bool owner_can_be(const struct dns_name *name, uint16_t type, uint16_t class)
{
	return type != 0 && (type == DNS_TYPE_OPT || class_can_be(class)) && !is_netbios(name, type);
}

static bool question_can_be(const struct dns_reader *reader, struct cursor *c)
{
	struct dns_name name;
	uint16_t type, class;

	if (dns_name_read(reader, c, &name) != CUR_OK)
		return c->state == CUR_CUT;
	type = cur_u16(c);
	class = cur_u16(c);
	if (c->state != CUR_OK)
		return c->state == CUR_CUT;
	return owner_can_be(&name, type, class);
}

static bool record_can_be(const struct dns_reader *reader, struct cursor *c)
{
	struct dns_record record;
	struct dns_name name;

	if (dns_name_read(reader, c, &name) != CUR_OK)
		return c->state == CUR_CUT;
	(void)read_record(c, &record);
	if (c->state != CUR_OK)
		return c->state == CUR_CUT;
	return owner_can_be(&name, record.type, record.class);
}

bool dns_looks_like(struct cursor message)
{
	struct dns_reader reader = { .message = message };
	struct cursor c = message;
	struct header header;

	if (read_header(&c, &header) != CUR_OK || !header_can_be(&header, cur_left_on_wire(&c)))
		return false;
	for (unsigned i = 0; i < header.counts[QUESTIONS] && c.state == CUR_OK; i++)
		if (!question_can_be(&reader, &c))
			return false;
	if (c.state != CUR_OK || header.counts[ANSWERS] + header.counts[AUTHORITIES] + header.counts[ADDITIONALS] == 0)
		return true;
	return record_can_be(&reader, &c);
}

bool dns_is_plain_query(struct cursor message)
{
	struct cursor c = message;
	uint16_t flags, counts[4];

	cur_skip(&c, 2);
	flags = cur_u16(&c);
	for (int i = 0; i < 4; i++)
		counts[i] = cur_u16(&c);
	return c.state == CUR_OK && (flags & 0xfe0f) == 0 && counts[0] == 1 && counts[1] == 0 && counts[2] == 0 && counts[3] <= 1 &&
	       dns_looks_like(message);
}
