/* The style and the script of the page, as the files beside this one hold them; the Makefile knows that they belong to it. */
#include "cli/html/html_page.h"

extern const uint8_t nettrace_page_css[], nettrace_page_js[];
extern const uint32_t nettrace_page_css_size, nettrace_page_js_size;

__asm__("\t.section .rodata\n"
	"\t.global nettrace_page_css, nettrace_page_css_size, nettrace_page_js, nettrace_page_js_size\n"
	"nettrace_page_css:\n\t.incbin \"cli/html/page.css\"\n0:\n"
	"nettrace_page_js:\n\t.incbin \"cli/html/page.js\"\n1:\n"
	"\t.balign 4\n"
	"nettrace_page_css_size:\n\t.long 0b - nettrace_page_css\n"
	"nettrace_page_js_size:\n\t.long 1b - nettrace_page_js\n"
	"\t.previous\n");

struct bytes html_css(void)
{
	return (struct bytes){ nettrace_page_css, nettrace_page_css_size };
}

struct bytes html_script(void)
{
	return (struct bytes){ nettrace_page_js, nettrace_page_js_size };
}
