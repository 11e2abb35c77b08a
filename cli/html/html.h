/*
 * Writes HTML (WHATWG HTML Living Standard) as a stream.
 *
 * There are two ways for bytes into the page.  HTML() takes literals of this program alone, and is what makes elements.  Everything else,
 * be it from the wire or a number of ours, goes through one of the functions below, which let nothing leave its place: neither a text its
 * element nor a value its attribute, as & < > " and ' become character references; control characters, characters that change the
 * direction of writing and bytes that are no UTF-8 are shown as \xNN, as in the terminal.
 *
 * A write error sticks to the FILE: ferror() tells.
 */
#ifndef NETTRACE_CLI_HTML_H
#define NETTRACE_CLI_HTML_H

#include "store/base.h"

#include <stdio.h>

struct html {
	FILE *out;
};

/* A literal, as it stands; the compiler refuses anything else. */
#define HTML(html, literal) html_literal(html, "" literal "", sizeof(literal) - 1)
void html_literal(struct html *html, const char *literal, size_t size);

/* Any bytes as text of an element.  Words of right-to-left scripts stay among themselves (<bdi>). */
void html_text(struct html *html, struct bytes text);

/* Words and numbers of ours, in an element or within the value of an attribute; escaped all the same. */
void html_words(struct html *html, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ` name="value"`; the name is a constant that needs no escaping. */
void html_attribute(struct html *html, const char *name, struct bytes value);

/*
 * A line of the report (see struct report_said): what it colours red becomes <b class=bad>, what it makes bold <b>.  Only sequences of the
 * report itself are taken for that, as it lets no control character of others through.
 */
void html_report_text(struct html *html, struct bytes text);

#endif
