#include "cli/output.h"

#include "cli/seed_inputs.h"

/* Of those that have packets. */
static size_t capture_count(const struct output *output)
{
	if (output->recording)
		return 1;
	return output->source ? capture_input_count(output->source) : 0;
}

size_t output_input_count(const struct output *output)
{
	return capture_count(output) + seed_inputs_count(output->seeds);
}

bool output_input_has_packets(const struct output *output, size_t index)
{
	return index < capture_count(output);
}

const struct capture_input *output_input(const struct output *output, size_t index)
{
	if (!output_input_has_packets(output, index))
		return seed_inputs_about(output->seeds, index - capture_count(output));
	return output->recording ? &output->recording->input : capture_input(output->source, index);
}

size_t output_interface_count(const struct output *output)
{
	if (output->recording)
		return output->recording->interface_count;
	return output->source ? capture_interface_count(output->source) : 0;
}

const struct capture_interface *output_interface(const struct output *output, size_t index)
{
	return output->recording ? &output->recording->interfaces[index] : capture_interface(output->source, index);
}

uint64_t output_packets_read(const struct output *output)
{
	size_t inputs = output_input_count(output);
	uint64_t packets = 0;

	for (size_t i = 0; i < inputs; i++)
		packets += output_input(output, i)->packets;
	return inputs ? packets : output->stats->packets;
}

uint64_t output_filtered_out(const struct output *output)
{
	if (output->recording)
		return output->recording->filtered_out;
	return output->source ? capture_filtered_out(output->source) : 0;
}

nt_time output_first_time(const struct output *output)
{
	size_t inputs = output_input_count(output);
	nt_time first = NT_TIME_NONE;

	for (size_t i = 0; i < inputs; i++) {
		nt_time of_input = output_input(output, i)->first;

		if (of_input != NT_TIME_NONE && (first == NT_TIME_NONE || of_input < first))
			first = of_input;
	}
	return inputs ? first : output->stats->smallest_time;
}
