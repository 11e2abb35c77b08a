/* One line for each HTTP request of a capture with where its time went, then what was found: cc example.c $(pkg-config --cflags --libs nettrace) */
#include <nettrace.h>

#include <inttypes.h>
#include <stdio.h>

/* URLs and messages hold what strangers sent; what is longer than the line is cut. */
static void print_text(struct nettrace_text text)
{
	char line[400];

	nettrace_text_safe(text, line, sizeof line);
	fputs(line, stdout);
}

static void print_request(const struct nettrace_http_request *request)
{
	const struct nettrace_http_timing *timing = request->timing;

	print_text(request->method);
	putchar(' ');
	print_text(request->url);
	printf(" -> %u", request->status);
	if (timing->total_us >= 0)
		printf("  %" PRId64 " us: dns %" PRId64 ", connect %" PRId64 ", tls %" PRId64 ", server %" PRId64
		       ", transfer %" PRId64,
		       timing->total_us, timing->dns_us, timing->connect_us, timing->tls_us, timing->server_us,
		       timing->transfer_us);
	putchar('\n');
}

static void print_finding(const struct nettrace_finding *finding)
{
	static const char *const severities[] = { "error", "warning", "info" };

	printf("%s %s: ", severities[finding->severity], finding->code);
	print_text(finding->message);
	for (size_t i = 0; i < finding->packet_count; i++)
		printf(" #%" PRIu64, finding->packets[i]->packet.number);
	putchar('\n');
}

int main(int argc, char **argv)
{
	struct nettrace *trace = nettrace_new();
	int failed = argc != 2 || nettrace_add_input(trace, argv[1]) < 0 || nettrace_read(trace) < 0;

	if (failed)
		fprintf(stderr, "%s\n", argc != 2 ? "usage: example CAPTURE" : nettrace_error(trace));
	for (size_t i = 0; i < nettrace_http_request_count(trace); i++)
		print_request(nettrace_http_request_at(trace, i));
	for (size_t i = 0; i < nettrace_finding_count(trace); i++)
		print_finding(nettrace_finding_at(trace, i));
	nettrace_free(trace);
	return failed;
}
