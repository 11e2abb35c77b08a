/* The style and the script of the page, as the files beside this one hold them; the Makefile knows that they belong to it. */
#include "cli/html/html_page.h"

extern const uint8_t nettrace_page_css[], nettrace_page_css_end[], nettrace_page_js[], nettrace_page_js_end[];

__asm__(".section .rodata\n"
	".global nettrace_page_css, nettrace_page_css_end, nettrace_page_js, nettrace_page_js_end\n"
	"nettrace_page_css:\n\t.incbin \"cli/html/page.css\"\n"
	"nettrace_page_css_end:\n"
	"nettrace_page_js:\n\t.incbin \"cli/html/page.js\"\n"
	"nettrace_page_js_end:\n"
	"\t.byte 0\n"
	"\t.previous\n");

struct bytes html_css(void)
{
	return (struct bytes){ nettrace_page_css, (size_t)(nettrace_page_css_end - nettrace_page_css) };
}

struct bytes html_script(void)
{
	return (struct bytes){ nettrace_page_js, (size_t)(nettrace_page_js_end - nettrace_page_js) };
}
