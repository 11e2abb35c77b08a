#include "cli/packets_out.h"

#include "capture/pcapng_write.h"
#include "cli/version.h"

enum nt_status packets_out_open(struct packets_out *out, const char *path, struct nt_error *error)
{
	/* Packets, and keys that open them: for nobody else, as with a recording. */
	enum nt_status status = outfile_open(&out->file, path, 0600, error);

	if (status == NT_OK)
		out->writer = pcapng_writer_new(out->file.file, "nettrace-analyze " NETTRACE_VERSION);
	return status;
}

void packets_out_add(struct packets_out *out, const struct packet *packet, struct bytes keys)
{
	if (keys.size > out->keys_written) {
		pcapng_writer_keys(out->writer, (struct bytes){ keys.at + out->keys_written, keys.size - out->keys_written });
		out->keys_written = keys.size;
	}
	pcapng_writer_packet(out->writer, packet);
}

enum nt_status packets_out_finish(struct packets_out *out, struct nt_error *error)
{
	bool complete;

	if (!out->writer)
		return NT_OK;
	complete = pcapng_writer_finish(out->writer);
	pcapng_writer_free(out->writer);
	out->writer = NULL;
	return outfile_finish(&out->file, complete, error);
}

void packets_out_clear(struct packets_out *out)
{
	pcapng_writer_free(out->writer);
	*out = (struct packets_out){ 0 };
}
