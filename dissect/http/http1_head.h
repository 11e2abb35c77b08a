/*
 * Heads and trailers of HTTP/1 messages: where they end, the first line, the fields, what the fields say about framing.
 *
 * For http1.c only; everybody else uses http1.h.
 */
#ifndef NETTRACE_DISSECT_HTTP_HTTP1_HEAD_H
#define NETTRACE_DISSECT_HTTP_HTTP1_HEAD_H

#include "dissect/http/http1.h"

/* What the fields of a section say about the body behind it and about the connection: RFC 9112 6 and 9.3. */
struct http1_framing {
	bool chunked, has_transfer_encoding, has_content_length; /* as in struct http1_head */
	uint64_t content_length;
	bool close, keep_alive, upgrade; /* options of the Connection field */
	bool upgrade_field;
};

/* Fields of one head or trailer section.  Zeroed memory is an empty list; it is reused from message to message. */
struct http1_fields {
	struct http1_field *at;
	size_t count, capacity;
	uint8_t *folded; /* the joined values of folded lines; never moves while a section is read */
	size_t folded_size, folded_capacity;
	/*
	 * Many clients send the same fields with all their requests, and servers nearly the same: a copy of the last section, to which
	 * the fields point, so that it is read once.  None of the first, which is the last on most connections, nor of any that is odd.
	 */
	uint8_t *kept;
	size_t kept_size, kept_capacity;
	struct http1_framing kept_framing;
	bool is_reused;
};

void http1_fields_free(struct http1_fields *fields); /* empty and usable again */
struct bytes http1_fields_kept(const struct http1_fields *fields);

/* The first line of the last head, kept for the next one as its fields are: servers say "HTTP/1.1 200 OK" nearly always. */
struct http1_first_line {
	uint8_t kept[128];
	size_t kept_size;
	struct http1_head head; /* what it says; views into `kept` */
};

/* The search for the empty line that ends a section, across slices.  Zeroed memory begins one. */
struct http1_scan {
	size_t size;       /* bytes seen */
	size_t first_line; /* bytes of the first line with its end; 0 while it is not complete */
	size_t line;       /* bytes of the line that is not complete */
	bool lone_cr;      /* that line is a single CR */
};

/*
 * Returns how many bytes of `data` belong to the section: up to its empty line, then *complete is set, else all.  `section`, which may be empty,
 * is what an earlier one had behind its first line: where it comes again, its end is known.
 */
size_t http1_scan_section(struct http1_scan *scan, struct bytes data, struct bytes section, bool *complete);

/* Whether the first bytes of a message can be one: cheap, and enough to refuse other protocols without waiting for a line end. */
bool http1_start_plausible(enum http1_kind kind, struct bytes start);

/* How many bytes http1_start_plausible() looks at. */
enum { HTTP1_METHOD_MAX = 64 };

/* A method of the IANA registry, or another one in wide use. */
bool http1_method_known(struct bytes method);

/*
 * Reads the first line (line end optional) into *head, which the caller has zeroed except for `kind`.  With `cut` the rest of the
 * line is missing.  False: that is no first line, or too little of one; *head is then of no use.
 */
bool http1_head_read_line(struct http1_head *head, struct bytes line, bool cut);

/* The same for a whole line, of which *first keeps what it says; the views in *head live until the next call. */
bool http1_head_read_whole_line(struct http1_head *head, struct bytes line, struct http1_first_line *first);

/*
 * Reads the complete lines of `text` up to the empty line into *fields and head->fields, and sets the framing members of *head.
 * For trailers *head is a dummy.  The views live as long as `text`, and until the next call.
 */
void http1_head_read_fields(struct http1_head *head, struct bytes text, struct http1_fields *fields, struct limit_hits *hits);

#endif
