/*
 * Where the bytes come from: files, pipes, memory, compressed or not, and what is said of those that are no captures.
 */
#include "capture/source.h"
#include "tests/support/pcap_bytes.h"
#include "tests/unit/suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

static char path[64];

static void write_file(struct bytes content)
{
	int fd;

	snprintf(path, sizeof path, "/tmp/check_input_XXXXXX");
	fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, content.at, content.size), (ssize_t)content.size);
	close(fd);
}

static enum nt_status try_open(const char *name, struct capture_source **out, struct nt_error *error)
{
	return capture_open(out, &name, 1, NULL, error);
}

static struct capture_source *open_path(const char *name)
{
	struct capture_source *source;
	struct nt_error error;
	enum nt_status status = try_open(name, &source, &error);

	ck_assert_msg(status == NT_OK, "%s", status == NT_OK ? "" : error.text);
	return source;
}

static struct capture_source *open_memory(struct bytes content)
{
	struct capture_source *source;
	struct nt_error error;
	enum nt_status status = capture_open_memory(&source, content.at, content.size, NULL, &error);

	ck_assert_msg(status == NT_OK, "%s", status == NT_OK ? "" : error.text);
	return source;
}

static struct bytes view(const struct pcap_bytes *b)
{
	return (struct bytes){ b->out.at, b->out.size };
}

/* ---- a capture of which every byte can be foretold, several windows large ---- */

enum { PACKETS = 1500 };

static size_t size_of_packet(unsigned i)
{
	return i % 100 == 99 ? 300000 : i * 37 % 1515; /* some are larger than the window */
}

static void fill_packet(unsigned i, uint8_t *out)
{
	for (size_t at = 0; at < size_of_packet(i); at++)
		out[at] = (uint8_t)(at * 7 + i + (at * i >> 9));
}

static uint8_t scratch[300000];

static struct pcap_bytes large_capture(void)
{
	struct pcap_bytes file = pcap_bytes_little();

	pcap_bytes_header(&file, 1, 65535);
	for (unsigned i = 0; i < PACKETS; i++) {
		fill_packet(i, scratch);
		pcap_bytes_record(&file, i * NT_MILLISECOND, scratch, size_of_packet(i), size_of_packet(i));
	}
	return file;
}

static unsigned check_large_capture(struct capture_source *source)
{
	struct packet packet;
	unsigned i = 0;

	for (; capture_next(source, &packet) == NT_OK; i++) {
		fill_packet(i, scratch);
		ck_assert_uint_eq(packet.captured, size_of_packet(i));
		if (packet.captured)
			ck_assert_mem_eq(packet.data, scratch, packet.captured);
	}
	return i;
}

static void check_whole(struct capture_source *source)
{
	const struct capture_input *input = capture_input(source, 0);

	ck_assert_uint_eq(check_large_capture(source), PACKETS);
	ck_assert_msg(!input->damage.damaged, "%s", input->damage.text);
	capture_free(source);
}

/* ---- compression ---- */

static void add_gzip(struct pcap_bytes *out, struct bytes content)
{
	size_t bound = content.size + content.size / 1000 + 100;
	uint8_t *packed = nt_alloc(bound);
	z_stream z = { .next_in = (uint8_t *)content.at,
		       .avail_in = (unsigned)content.size,
		       .next_out = packed,
		       .avail_out = (unsigned)bound };

	ck_assert_int_eq(deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	pcap_bytes_raw(out, packed, bound - z.avail_out);
	deflateEnd(&z);
	free(packed);
}

static void add_zstd(struct pcap_bytes *out, struct bytes content)
{
	size_t bound = ZSTD_compressBound(content.size), size;
	uint8_t *packed = nt_alloc(bound);

	size = ZSTD_compress(packed, bound, content.at, content.size, 1);
	ck_assert(!ZSTD_isError(size));
	pcap_bytes_raw(out, packed, size);
	free(packed);
}

static const struct packer {
	const char *name;
	void (*add)(struct pcap_bytes *out, struct bytes content);
} packers[] = { { "gzip", add_gzip }, { "zstd", add_zstd } };

enum { PACKERS = sizeof packers / sizeof *packers };

/* ---- tests ---- */

START_TEST(file_larger_than_the_window_is_read_whole)
{
	struct pcap_bytes file = large_capture();
	struct capture_source *source;

	write_file(view(&file));
	source = open_path(path);
	ck_assert_str_eq(capture_input(source, 0)->name, path);
	ck_assert_str_eq(capture_input(source, 0)->compression, "");
	ck_assert_uint_eq(capture_input(source, 0)->size_on_disk, file.out.size);
	ck_assert_uint_eq(check_large_capture(source), PACKETS);
	ck_assert_uint_eq(capture_input(source, 0)->bytes, file.out.size);
	ck_assert_uint_eq(capture_input(source, 0)->bytes_on_disk, file.out.size);
	ck_assert(!capture_input(source, 0)->damage.damaged);
	capture_free(source);
	unlink(path);
	pcap_bytes_free(&file);
}
END_TEST

START_TEST(large_file_cut_or_broken_tells_what_is_lost)
{
	struct pcap_bytes file = large_capture();
	const struct capture_damage *damage;
	struct capture_source *source;

	file.out.size -= 5;
	write_file(view(&file));
	source = open_path(path);
	ck_assert_uint_eq(check_large_capture(source), PACKETS - 1);
	damage = &capture_input(source, 0)->damage;
	ck_assert(damage->damaged);
	ck_assert_uint_eq(damage->byte_offset, file.out.size - (16 + 300000 - 5));
	ck_assert_uint_eq(damage->bytes_lost, 16 + 300000 - 5);
	capture_free(source);
	unlink(path);
	memset(file.out.at + 24 + 8, 0xff, 4); /* length of the first packet */
	write_file(view(&file));
	source = open_path(path);
	ck_assert_uint_eq(check_large_capture(source), 0);
	ck_assert_uint_eq(capture_input(source, 0)->damage.bytes_lost, file.out.size - 24);
	capture_free(source);
	unlink(path);
	pcap_bytes_free(&file);
}
END_TEST

/* A child process writes the content in pieces of `piece` bytes. */
static pid_t write_to_pipe(int fds[2], struct bytes content, size_t piece)
{
	pid_t child;

	ck_assert_int_eq(pipe(fds), 0);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child) {
		close(fds[1]);
		return child;
	}
	close(fds[0]);
	for (size_t at = 0; at < content.size; at += piece) {
		size_t size = content.size - at < piece ? content.size - at : piece;

		if (write(fds[1], content.at + at, size) != (ssize_t)size)
			_exit(1);
	}
	_exit(0);
}

static const size_t pieces[] = { 1000, 65536, 3 };

START_TEST(pipe_is_read_in_whatever_pieces_it_comes)
{
	struct pcap_bytes file = large_capture(), packed = pcap_bytes_little();
	struct capture_source *source;
	int fds[2], result;
	pid_t child;

	add_zstd(&packed, view(&file));
	child = write_to_pipe(fds, _i == 2 ? view(&packed) : view(&file), pieces[_i]);
	snprintf(path, sizeof path, "/dev/fd/%d", fds[0]);
	source = open_path(path);
	ck_assert_uint_eq(capture_input(source, 0)->size_on_disk, 0);
	check_whole(source);
	close(fds[0]);
	ck_assert_int_eq(waitpid(child, &result, 0), child);
	ck_assert_int_eq(result, 0);
	pcap_bytes_free(&packed);
	pcap_bytes_free(&file);
}
END_TEST

START_TEST(damaged_pipe_is_read_to_its_end_so_that_the_writer_finishes)
{
	struct pcap_bytes file = large_capture();
	struct capture_source *source;
	int fds[2], result;
	pid_t child;

	memset(file.out.at + 24 + 8, 0xff, 4);
	child = write_to_pipe(fds, view(&file), 65536);
	snprintf(path, sizeof path, "/dev/fd/%d", fds[0]);
	source = open_path(path);
	close(fds[0]);
	ck_assert_uint_eq(check_large_capture(source), 0);
	ck_assert_uint_eq(capture_input(source, 0)->damage.bytes_lost, file.out.size - 24);
	capture_free(source);
	ck_assert_int_eq(waitpid(child, &result, 0), child);
	ck_assert_int_eq(result, 0);
	pcap_bytes_free(&file);
}
END_TEST

START_TEST(secrets_on_a_pipe_serve_from_where_they_stand)
{
	struct pcap_bytes file = pcap_bytes_little();
	struct capture_source *source;
	struct packet packet;
	int fds[2];
	pid_t child;

	pcapng_bytes_section(&file);
	pcapng_bytes_interface(&file, &(struct pcapng_bytes_interface){ .link_type = 1 });
	pcapng_bytes_packet(&file, 0, 1, "x", 1, 1, (struct bytes){ NULL, 0 });
	pcapng_bytes_secrets(&file, PCAPNG_SECRETS_TLS, "key", 3);
	pcapng_bytes_packet(&file, 0, 2, "y", 1, 1, (struct bytes){ NULL, 0 });
	child = write_to_pipe(fds, view(&file), 1000);
	snprintf(path, sizeof path, "/dev/fd/%d", fds[0]);
	source = open_path(path);
	ck_assert_int_eq(capture_next(source, &packet), NT_OK);
	ck_assert_uint_eq(capture_secrets(source)->count, 0);
	ck_assert_int_eq(capture_next(source, &packet), NT_OK);
	ck_assert_uint_eq(capture_secrets(source)->count, 1);
	capture_free(source);
	close(fds[0]);
	waitpid(child, NULL, 0);
	pcap_bytes_free(&file);
}
END_TEST

START_TEST(standard_input_is_read_from_where_it_stands)
{
	struct pcap_bytes file = large_capture(), shifted = pcap_bytes_little();
	struct capture_source *source;
	int saved = dup(STDIN_FILENO), fd;

	pcap_bytes_raw(&shifted, "a line before\n", 14);
	pcap_bytes_raw(&shifted, file.out.at, file.out.size);
	write_file(view(&shifted));
	fd = open(path, O_RDONLY);
	ck_assert_int_eq(lseek(fd, 14, SEEK_SET), 14);
	dup2(fd, STDIN_FILENO);
	source = open_path("-");
	ck_assert_str_eq(capture_input(source, 0)->name, "-");
	ck_assert_uint_eq(capture_input(source, 0)->size_on_disk, file.out.size);
	check_whole(source);
	ck_assert_int_ge(fcntl(STDIN_FILENO, F_GETFD), 0); /* not ours to close */
	dup2(saved, STDIN_FILENO);
	close(fd);
	close(saved);
	unlink(path);
	pcap_bytes_free(&shifted);
	pcap_bytes_free(&file);
}
END_TEST

START_TEST(compressed_file_is_read_whole)
{
	struct pcap_bytes file = large_capture(), packed = pcap_bytes_little();
	struct capture_source *source;

	packers[_i].add(&packed, view(&file));
	write_file(view(&packed));
	source = open_path(path);
	ck_assert_str_eq(capture_input(source, 0)->compression, packers[_i].name);
	ck_assert_str_eq(capture_input(source, 0)->format, "pcap");
	ck_assert_uint_eq(check_large_capture(source), PACKETS);
	ck_assert_uint_eq(capture_input(source, 0)->bytes, file.out.size);
	ck_assert_uint_eq(capture_input(source, 0)->bytes_on_disk, packed.out.size);
	capture_free(source);
	unlink(path);
	check_whole(open_memory(view(&packed)));
	pcap_bytes_free(&packed);
	pcap_bytes_free(&file);
}
END_TEST

START_TEST(compressed_file_of_several_parts_is_read_whole)
{
	struct pcap_bytes file = large_capture(), packed = pcap_bytes_little();
	size_t third = file.out.size / 3;

	if (_i == 1)
		pcap_bytes_raw(&packed, "\x53\x2a\x4d\x18\5\0\0\0abcde", 13); /* a skippable frame */
	packers[_i].add(&packed, (struct bytes){ file.out.at, third });
	packers[_i].add(&packed, (struct bytes){ NULL, 0 });
	if (_i == 1)
		pcap_bytes_raw(&packed, "\x50\x2a\x4d\x18\0\0\0\0", 8);
	packers[_i].add(&packed, (struct bytes){ file.out.at + third, file.out.size - third });
	if (_i == 0)
		pcap_bytes_raw(&packed, "\0\0\0\0\0\0\0", 7); /* the padding of a tape */
	check_whole(open_memory(view(&packed)));
	pcap_bytes_free(&packed);
	pcap_bytes_free(&file);
}
END_TEST

START_TEST(cut_compressed_file_yields_what_could_be_decompressed)
{
	struct pcap_bytes file = large_capture(), packed = pcap_bytes_little();
	struct capture_source *source;
	const struct capture_damage *damage;
	unsigned count;

	packers[_i].add(&packed, view(&file));
	source = open_memory((struct bytes){ packed.out.at, packed.out.size / 2 });
	count = check_large_capture(source);
	damage = &capture_input(source, 0)->damage;
	ck_assert_uint_gt(count, PACKETS / 4);
	ck_assert_uint_lt(count, PACKETS);
	ck_assert(damage->damaged);
	ck_assert_uint_eq(damage->packet_number, count);
	ck_assert_str_eq(damage->text, _i ? "the zstd data is cut short" : "the gzip data is cut short");
	capture_free(source);
	/* only the check at the end is missing: all packets are there */
	source = open_memory((struct bytes){ packed.out.at, packed.out.size - 1 });
	count = check_large_capture(source);
	if (_i == 0)
		ck_assert_uint_eq(count, PACKETS);
	ck_assert(capture_input(source, 0)->damage.damaged);
	capture_free(source);
	pcap_bytes_free(&packed);
	pcap_bytes_free(&file);
}
END_TEST

START_TEST(compressed_file_cut_anywhere_gives_some_result)
{
	struct pcap_bytes file = pcap_bytes_little(), packed = pcap_bytes_little();
	struct nt_error error;

	pcap_bytes_header(&file, 1, 65535);
	pcap_bytes_record(&file, 0, "0123456789", 10, 10);
	packers[_i].add(&packed, view(&file));
	for (size_t size = 4; size <= packed.out.size; size++) {
		uint8_t *exact = nt_alloc(size);
		struct capture_source *source;
		struct packet packet;

		memcpy(exact, packed.out.at, size);
		if (capture_open_memory(&source, exact, size, NULL, &error) == NT_OK) {
			while (capture_next(source, &packet) == NT_OK)
				ck_assert_mem_eq(packet.data, "0123456789", 10);
			ck_assert_int_eq(capture_input(source, 0)->damage.damaged, size < packed.out.size);
		} else {
			ck_assert_int_eq(error.status, NT_EDAMAGED);
			ck_assert_uint_lt(size, packed.out.size);
		}
		capture_free(source);
		free(exact);
	}
	pcap_bytes_free(&packed);
	pcap_bytes_free(&file);
}
END_TEST

START_TEST(wrong_check_sum_of_gzip_is_damage)
{
	struct pcap_bytes file = large_capture(), packed = pcap_bytes_little();
	struct capture_source *source;

	add_gzip(&packed, view(&file));
	packed.out.at[packed.out.size - 8] ^= 1;
	source = open_memory(view(&packed));
	ck_assert_uint_eq(check_large_capture(source), PACKETS);
	ck_assert_str_eq(capture_input(source, 0)->damage.text, "the gzip data is damaged");
	ck_assert_uint_eq(capture_input(source, 0)->damage.bytes_lost, 0);
	capture_free(source);
	pcap_bytes_free(&packed);
	pcap_bytes_free(&file);
}
END_TEST

START_TEST(something_else_after_the_compressed_data_is_damage)
{
	struct pcap_bytes file = large_capture(), packed = pcap_bytes_little();
	struct capture_source *source;

	packers[_i].add(&packed, view(&file));
	pcap_bytes_raw(&packed, "something else", 14);
	source = open_memory(view(&packed));
	ck_assert_uint_eq(check_large_capture(source), PACKETS);
	ck_assert(capture_input(source, 0)->damage.damaged);
	capture_free(source);
	pcap_bytes_free(&packed);
	pcap_bytes_free(&file);
}
END_TEST

START_TEST(compression_in_compression_is_refused)
{
	struct pcap_bytes file = large_capture(), once = pcap_bytes_little(), twice = pcap_bytes_little();
	struct capture_source *source;
	struct nt_error error;

	packers[!_i].add(&once, view(&file));
	packers[_i].add(&twice, view(&once));
	ck_assert_int_eq(capture_open_memory(&source, twice.out.at, twice.out.size, NULL, &error), NT_EFORMAT);
	ck_assert_msg(strstr(error.text, _i ? "(gzip inside zstd); decompress it once" : "(zstd inside gzip); decompress it once"),
		      "%s", error.text);
	pcap_bytes_free(&file);
	pcap_bytes_free(&once);
	pcap_bytes_free(&twice);
}
END_TEST

START_TEST(what_expands_without_end_is_skipped_in_little_memory)
{
	enum { BLOCK = 64 * 1024 * 1024 };
	struct pcap_bytes file = pcap_bytes_little(), packed = pcap_bytes_little();
	uint8_t *zeros = nt_zalloc(BLOCK);
	struct capture_source *source;
	struct packet packet;

	pcapng_bytes_section(&file);
	pcapng_bytes_block(&file, 0xbad, zeros, BLOCK);
	add_zstd(&packed, view(&file));
	ck_assert_uint_lt(packed.out.size, BLOCK / 1000);
	source = open_memory(view(&packed));
	ck_assert_int_eq(capture_next(source, &packet), NT_END);
	ck_assert_uint_eq(capture_input(source, 0)->blocks_skipped, 1);
	ck_assert(!capture_input(source, 0)->damage.damaged);
	capture_free(source);
	free(zeros);
	pcap_bytes_free(&packed);
	pcap_bytes_free(&file);
}
END_TEST

/* RFC 8878 3.1.1.1.2: the window is what the decoder must keep. */
START_TEST(window_of_zstd_that_is_too_large_is_told)
{
	static const char frame[] = "\x28\xb5\x2f\xfd\0\xa8\x21\0\0abcd"; /* 2 GiB, and a raw block of 4 bytes */
	struct capture_source *source;
	struct nt_error error;

	ck_assert_int_ne(capture_open_memory(&source, frame, sizeof frame - 1, NULL, &error), NT_OK);
	ck_assert_msg(strstr(error.text, "128 MiB") && strstr(error.text, "zstd -d --long=31"), "%s", error.text);
}
END_TEST

START_TEST(very_many_empty_parts_are_passed_over)
{
	enum { PARTS = 20000 };
	struct pcap_bytes file = pcap_bytes_little(), packed = pcap_bytes_little(), empty = pcap_bytes_little();
	struct capture_source *source;
	struct packet packet;

	pcap_bytes_header(&file, 1, 65535);
	pcap_bytes_record(&file, NT_SECOND, "frame", 5, 5);
	packers[_i].add(&empty, (struct bytes){ NULL, 0 });
	packers[_i].add(&packed, (struct bytes){ file.out.at, 30 });
	for (unsigned i = 0; i < PARTS; i++)
		pcap_bytes_raw(&packed, empty.out.at, empty.out.size);
	packers[_i].add(&packed, (struct bytes){ file.out.at + 30, file.out.size - 30 });
	source = open_memory(view(&packed));
	ck_assert_int_eq(capture_next(source, &packet), NT_OK);
	ck_assert_int_eq(capture_next(source, &packet), NT_END);
	ck_assert(!capture_input(source, 0)->damage.damaged);
	capture_free(source);
	pcap_bytes_free(&empty);
	pcap_bytes_free(&packed);
	pcap_bytes_free(&file);
}
END_TEST

START_TEST(missing_file_and_directory_are_told_apart)
{
	struct capture_source *source;
	struct nt_error error;

	ck_assert_int_eq(try_open("/nowhere/at/all.pcap", &source, &error), NT_EIO);
	ck_assert_ptr_null(source);
	ck_assert_str_eq(error.text, "cannot open '/nowhere/at/all.pcap': no such file; check the path");
	ck_assert_int_eq(try_open("/tmp", &source, &error), NT_EIO);
	ck_assert_str_eq(error.text, "cannot open '/tmp': it is a directory; name the files in it");
}
END_TEST

START_TEST(forbidden_file_says_so)
{
	struct capture_source *source;
	struct nt_error error;

	if (geteuid() == 0)
		return; /* root may read everything */
	write_file(BYTES("x"));
	ck_assert_int_eq(chmod(path, 0), 0);
	ck_assert_int_eq(try_open(path, &source, &error), NT_EIO);
	ck_assert_ptr_nonnull(strstr(error.text, "permission denied"));
	unlink(path);
}
END_TEST

START_TEST(very_long_name_leaves_room_for_the_reason)
{
	char name[3000];
	struct capture_source *source;
	struct nt_error error;

	memset(name, 'x', sizeof name - 1);
	name[sizeof name - 1] = 0;
	ck_assert_int_eq(try_open(name, &source, &error), NT_EIO);
	ck_assert_msg(strncmp(error.text, "cannot open '...xxx", 19) == 0, "%s", error.text);
	ck_assert_ptr_nonnull(strstr(error.text, "xxx': "));
}
END_TEST

START_TEST(empty_file_is_called_empty)
{
	struct capture_source *source;
	struct nt_error error;

	write_file((struct bytes){ NULL, 0 });
	ck_assert_int_eq(try_open(path, &source, &error), NT_EFORMAT);
	ck_assert_ptr_nonnull(strstr(error.text, "it is empty"));
	unlink(path);
}
END_TEST

static const struct {
	struct bytes content;
	const char *words;
} refused[] = {
	{ BYTES("snoop\0\0\0\0\0\0\2"), "a Sun snoop capture; convert it" },
	{ BYTES("RTSS...."), "Network Monitor 1" },
	{ BYTES("GMBU\0\2"), "Network Monitor 2" },
	{ BYTES("XCP\0002.001"), "NetXRay" },
	{ BYTES("TRSNIFF data    \x1a"), "DOS Sniffer" },
	{ BYTES("iptrace 2.0"), "AIX iptrace" },
	{ BYTES("btsnoop\0"), "btsnoop" },
	{ BYTES("SQLite format 3\0"), "an SQLite database, but no recording of nettrace-capture; give" },
	{ BYTES("SQLite format 3\0__________________________________________________"
		"__NTRC"),
	  "a recording of nettrace-capture; nettrace-analyze reads it as a plain file" },
	{ BYTES("BZh91AY"), "a bzip2 file; decompress it first" },
	{ BYTES("\xfd\x37zXZ\0"), "an xz file; decompress it first" },
	{ BYTES("PK\3\4...."), "zip archive" },
	{ BYTES("\1\0\0\0\x14\0\0\0\1\0\0\0"), "without its first block" },
	{ BYTES("\0\0\0\6\0\0\0\x14"), "without its first block" },
	{ BYTES("hello, world"), "not a capture file (first bytes: 68 65 6c 6c); give a pcap" },
	{ BYTES("\xff"), "(first bytes: ff)" },
	{ BYTES("\0\0"), "(first bytes: 00 00)" },
};

START_TEST(other_files_are_refused_by_name)
{
	struct capture_source *source;
	struct nt_error error;
	uint8_t *exact = nt_alloc(refused[_i].content.size);

	memcpy(exact, refused[_i].content.at, refused[_i].content.size);
	ck_assert_int_eq(capture_open_memory(&source, exact, refused[_i].content.size, NULL, &error), NT_EFORMAT);
	ck_assert_ptr_null(source);
	ck_assert_msg(strstr(error.text, refused[_i].words), "%s", error.text);
	free(exact);
}
END_TEST

START_TEST(archive_in_gzip_is_refused_by_name)
{
	struct pcap_bytes packed = pcap_bytes_little();
	uint8_t tar[1024] = "capture.pcap";
	struct capture_source *source;
	struct nt_error error;

	memcpy(tar + 257, "ustar", 5);
	add_gzip(&packed, (struct bytes){ tar, sizeof tar });
	ck_assert_int_eq(capture_open_memory(&source, packed.out.at, packed.out.size, NULL, &error), NT_EFORMAT);
	ck_assert_msg(strstr(error.text, "a tar archive; nettrace-analyze reads it as a plain file"), "%s", error.text);
	pcap_bytes_free(&packed);
}
END_TEST

Suite *nettrace_suite(void)
{
	Suite *suite = suite_create("input");
	TCase *tests = tcase_create("input");

	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, file_larger_than_the_window_is_read_whole);
	tcase_add_test(tests, large_file_cut_or_broken_tells_what_is_lost);
	tcase_add_loop_test(tests, pipe_is_read_in_whatever_pieces_it_comes, 0, sizeof pieces / sizeof *pieces);
	tcase_add_test(tests, damaged_pipe_is_read_to_its_end_so_that_the_writer_finishes);
	tcase_add_test(tests, secrets_on_a_pipe_serve_from_where_they_stand);
	tcase_add_test(tests, standard_input_is_read_from_where_it_stands);
	tcase_add_loop_test(tests, compressed_file_is_read_whole, 0, PACKERS);
	tcase_add_loop_test(tests, compressed_file_of_several_parts_is_read_whole, 0, PACKERS);
	tcase_add_loop_test(tests, cut_compressed_file_yields_what_could_be_decompressed, 0, PACKERS);
	tcase_add_loop_test(tests, compressed_file_cut_anywhere_gives_some_result, 0, PACKERS);
	tcase_add_test(tests, wrong_check_sum_of_gzip_is_damage);
	tcase_add_loop_test(tests, something_else_after_the_compressed_data_is_damage, 0, PACKERS);
	tcase_add_loop_test(tests, compression_in_compression_is_refused, 0, PACKERS);
	tcase_add_test(tests, what_expands_without_end_is_skipped_in_little_memory);
	tcase_add_test(tests, window_of_zstd_that_is_too_large_is_told);
	tcase_add_loop_test(tests, very_many_empty_parts_are_passed_over, 0, PACKERS);
	tcase_add_test(tests, missing_file_and_directory_are_told_apart);
	tcase_add_test(tests, forbidden_file_says_so);
	tcase_add_test(tests, very_long_name_leaves_room_for_the_reason);
	tcase_add_test(tests, empty_file_is_called_empty);
	tcase_add_loop_test(tests, other_files_are_refused_by_name, 0, sizeof refused / sizeof *refused);
	tcase_add_test(tests, archive_in_gzip_is_refused_by_name);
	suite_add_tcase(suite, tests);
	return suite;
}
