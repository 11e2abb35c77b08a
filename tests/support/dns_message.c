#include "tests/support/dns_message.h"

#include <check.h>
#include <stdlib.h>

struct dns_test dt;

void d_u8(unsigned value)
{
	dt.at[dt.size++] = (uint8_t)value;
}

void d_u16(unsigned value)
{
	d_u8(value >> 8 & 0xff);
	d_u8(value & 0xff);
}

void d_u32(uint32_t value)
{
	d_u16(value >> 16);
	d_u16(value & 0xffff);
}

void d_raw(const char *bytes, size_t size)
{
	memcpy(dt.at + dt.size, bytes, size);
	dt.size += size;
}

void d_label(const char *text)
{
	d_u8((unsigned)strlen(text));
	d_raw(text, strlen(text));
}

void d_pointer(size_t to)
{
	d_u16(0xc000 | (unsigned)to);
}

void d_name(const char *text)
{
	while (*text) {
		size_t size = strcspn(text, ".");

		d_u8((unsigned)size);
		d_raw(text, size);
		text += size + (text[size] == '.');
	}
	d_u8(0);
}

void d_header(unsigned flags, unsigned questions, unsigned answers, unsigned authorities, unsigned additionals)
{
	dt.size = 0;
	d_u16(0x1234);
	d_u16(flags);
	d_u16(questions);
	d_u16(answers);
	d_u16(authorities);
	d_u16(additionals);
}

void d_question(const char *qname, unsigned type)
{
	d_name(qname);
	d_u16(type);
	d_u16(D_IN);
}

void d_begin_record(unsigned type, unsigned class, uint32_t ttl)
{
	d_u16(type);
	d_u16(class);
	d_u32(ttl);
	dt.rdlength_at = dt.size;
	d_u16(0);
}

void d_end_record(void)
{
	size_t size = dt.size - dt.rdlength_at - 2;

	dt.at[dt.rdlength_at] = (uint8_t)(size >> 8);
	dt.at[dt.rdlength_at + 1] = (uint8_t)size;
}

void d_record(unsigned type, uint32_t ttl, const char *data, size_t size)
{
	d_pointer(D_QUESTION_AT);
	d_begin_record(type, D_IN, ttl);
	d_raw(data, size);
	d_end_record();
}

static void copy_part(size_t size)
{
	arena_clear(&dt.arena);
	free(dt.block);
	dt.block = malloc(size ? size : 1);
	ck_assert_ptr_nonnull(dt.block);
	memcpy(dt.block, dt.at, size);
}

enum cur_state d_parse_part(size_t size, size_t cut)
{
	copy_part(size);
	return dns_parse(cur_of(dt.block, size, cut), &dt.arena, &dt.hits, &dt.got);
}

enum cur_state d_parse(void)
{
	return d_parse_part(dt.size, 0);
}

bool d_looks_like_part(size_t size, size_t cut)
{
	copy_part(size);
	return dns_looks_like(cur_of(dt.block, size, cut));
}

bool d_looks_like(void)
{
	return d_looks_like_part(dt.size, 0);
}

void d_setup(void)
{
	memset(&dt.hits, 0, sizeof dt.hits);
	dt.size = 0;
}

void d_teardown(void)
{
	arena_free(&dt.arena);
	free(dt.block);
	dt.block = NULL;
}

/* ---- whole messages, for many tests ---- */

void d_query(void)
{
	d_header(D_RD, 1, 0, 0, 1);
	d_question("www.example.com", DNS_TYPE_A);
	d_name("");
	d_begin_record(DNS_TYPE_OPT, 1232, 0);
	d_end_record();
}

void d_response(void)
{
	d_header(D_QR | D_RD | D_RA, 1, 3, 0, 1);
	d_question("www.example.com", DNS_TYPE_A);
	d_pointer(D_QUESTION_AT);
	d_begin_record(DNS_TYPE_CNAME, D_IN, 300);
	d_label("cdn");
	d_pointer(D_QUESTION_AT + 4);
	d_end_record();
	d_pointer(dt.rdlength_at + 2);
	d_begin_record(DNS_TYPE_A, D_IN, 60);
	d_raw("\xc0\x00\x02\x01", 4);
	d_end_record();
	D_RECORD(DNS_TYPE_AAAA, 61, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01");
	d_name("");
	d_begin_record(DNS_TYPE_OPT, 4096, 0x00008000);
	d_raw("\x00\x0a\x00\x02zz", 6);
	d_end_record();
}

void d_negative(void)
{
	d_header(D_QR | D_AA | 3, 1, 0, 1, 0);
	d_question("none.example.com", DNS_TYPE_AAAA);
	d_pointer(D_QUESTION_AT + 5);
	d_begin_record(DNS_TYPE_SOA, D_IN, 3600);
	d_label("ns");
	d_pointer(D_QUESTION_AT + 5);
	d_label("hostmaster");
	d_pointer(D_QUESTION_AT + 5);
	for (uint32_t i = 1; i <= 5; i++)
		d_u32(i * 100);
	d_end_record();
}

void d_dnssec(void)
{
	d_header(D_QR, 1, 3, 0, 0);
	d_question("example.com", 46);
	D_RECORD(46, 300, "\0\x41\x0d\x02\0\0\x01\x2c\x65\x53\xf1\0\x64\xbb\x5a\x80\x10\x92\xc0\x0cxyz");
	D_RECORD(50, 300, "\x01\0\0\x0a\x02\xaa\xbb\x05\0\x44\x32\x14\xc7\0\x01\x40");
	D_RECORD(65, 300, "\0\x01\0\0\x01\0\x06\x02h2\x02h3\0\x03\0\x02\x01\xbb");
}

void d_mdns(void)
{
	d_header(D_QR | D_AA, 0, 3, 0, 0);
	d_name("_http._tcp.local");
	d_begin_record(DNS_TYPE_PTR, D_IN, 4500);
	d_label("My Disk");
	d_pointer(D_QUESTION_AT);
	d_end_record();
	d_pointer(dt.rdlength_at + 2);
	d_begin_record(DNS_TYPE_SRV, 0x8001, 120);
	d_raw("\0\0\0\0\0\x50", 6);
	d_name("disk.local");
	d_end_record();
	d_pointer(D_QUESTION_AT);
	d_begin_record(DNS_TYPE_TXT, 0x8001, 4500);
	d_raw("\3a=b\1c", 6);
	d_end_record();
}

void (*const d_builders[])(void) = { d_query, d_response, d_negative, d_dnssec, d_mdns };
