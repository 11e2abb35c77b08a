#include "cli/exports.h"

#include "cli/har/har.h"
#include "cli/html/html_page.h"
#include "cli/otlp/otlp.h"

#include <errno.h>

struct export_row {
	const char *option;
	bool (*write)(FILE *out, const struct output *output);
};

static const struct export_row rows[EXPORT_KINDS] = {
	[EXPORT_HTML] = { "--html", html_write },
	[EXPORT_HAR] = { "--har", har_write },
	[EXPORT_OTLP] = { "--otlp", otlp_write },
};

_Static_assert(EXPORT_KINDS + 2 <= OUTFILES, "beside the trace and its packets");

const char *export_option(enum export_kind kind)
{
	return rows[kind].option;
}

enum nt_status exports_open(struct exports *exports, const char *const paths[EXPORT_KINDS], struct nt_error *error)
{
	enum nt_status status = NT_OK;

	*exports = (struct exports){ 0 };
	for (int i = 0; i < EXPORT_KINDS && status == NT_OK; i++)
		if (paths[i])
			status = outfile_open(&exports->files[i], paths[i], 0666, error);
	return status;
}

enum nt_status exports_finish(struct exports *exports, const struct output *output, struct nt_error *error)
{
	enum nt_status status = NT_OK;

	for (int i = 0; i < EXPORT_KINDS; i++) {
		struct outfile *file = &exports->files[i];
		struct nt_error further;
		enum nt_status one;
		bool complete;

		if (!file->file)
			continue;
		errno = 0;
		complete = rows[i].write(file->file, output);
		one = outfile_finish(file, complete, status == NT_OK ? error : &further);
		if (status == NT_OK)
			status = one;
	}
	return status;
}
