/*
 * Assertions on the findings of a scene.  The first of them ends the scene, and looks at every frame that any finding names: it must really
 * show what the finding says.
 *
 *	const struct trace_finding *f = findings_expect_root(&s, FINDING_TCP_REFUSED);
 *
 *	FINDINGS_EXPECT_PACKETS(f, { 3, "SYN" }, { 4, "RST in answer to the SYN" });
 *	FINDINGS_EXPECT_WORDS(f, "www.example.org", "192.0.2.1:443");
 */
#ifndef NETTRACE_TESTS_SUPPORT_FINDINGS_H
#define NETTRACE_TESTS_SUPPORT_FINDINGS_H

#include "tests/support/scene.h"

/* The only root cause, and no other error beside it; it explains one dial or one request that is in the trace. */
const struct trace_finding *findings_expect_root(struct scene *s, enum finding_code code);

/* Neither errors nor warnings. */
void findings_expect_healthy(struct scene *s);
/* No errors. */
void findings_expect_no_error(struct scene *s);

/* No errors, and one finding of this code, with this severity. */
const struct trace_finding *findings_expect_note(struct scene *s, enum finding_code code, enum finding_severity severity);
/* One finding of this code, whatever else there is. */
const struct trace_finding *findings_expect_one(struct scene *s, enum finding_code code);
void findings_expect_none(struct scene *s, enum finding_code code);

struct findings_packet {
	uint64_t frame;
	const char *shows;
};
/* Exactly these frames prove it. */
void findings_expect_packets(const struct trace_finding *f, const struct findings_packet *packets, size_t count);
#define FINDINGS_EXPECT_PACKETS(f, ...) \
	findings_expect_packets(f, (const struct findings_packet[]){ __VA_ARGS__ }, \
				sizeof((const struct findings_packet[]){ __VA_ARGS__ }) / sizeof(struct findings_packet))

/* The sentence has all these words, and is one: it begins with a letter or digit and ends with a full stop. */
void findings_expect_words(const struct trace_finding *f, const char *const *words);
#define FINDINGS_EXPECT_WORDS(f, ...) findings_expect_words(f, (const char *const[]){ __VA_ARGS__, NULL })

#endif
