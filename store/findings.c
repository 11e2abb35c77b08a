#include "store/findings.h"

const char *finding_severity_text(enum finding_severity severity)
{
	static const char *const texts[] = { "error", "warning", "info" };

	return texts[severity];
}

const char *finding_code_text(enum finding_code code)
{
	static const char *const texts[] = {
#define X(name, text, severity) text,
		FINDING_LIST(X)
#undef X
	};

	return texts[code];
}

enum finding_severity finding_code_severity(enum finding_code code)
{
	static const unsigned char severities[] = {
#define X(name, text, severity) FINDING_##severity,
		FINDING_LIST(X)
#undef X
	};

	return (enum finding_severity)severities[code];
}
