#include "store/order.h"

#include <stdlib.h>

static bool before(struct order_key a, struct order_key b)
{
	return a.time != b.time ? a.time < b.time : a.id < b.id;
}

void order_add(struct order *order, struct order_key key)
{
	size_t at = order->count++;

	if (at == order->capacity) {
		order->capacity = order->capacity ? order->capacity * 2 : 256;
		order->heap = nt_realloc_array(order->heap, order->capacity, sizeof *order->heap);
	}
	if (at == 0 || key.time > order->newest)
		order->newest = key.time;
	for (; at > 0 && before(key, order->heap[(at - 1) / 2]); at = (at - 1) / 2)
		order->heap[at] = order->heap[(at - 1) / 2];
	order->heap[at] = key;
}

static bool may_take(const struct order *order)
{
	int64_t age;

	if (order->count == 0)
		return false;
	if (order->complete)
		return true;
	if (order->lag != INT64_MAX && (__builtin_sub_overflow(order->newest, order->heap[0].time, &age) || age >= order->lag))
		return true;
	if (order->count < LIMIT_ROWS_AHEAD)
		return false;
	limit_hit(order->hits, LIMIT_ROWS_AHEAD_HIT);
	return true;
}

static void remove_first(struct order *order)
{
	struct order_key last = order->heap[--order->count];
	size_t at = 0, child;

	while ((child = 2 * at + 1) < order->count) {
		if (child + 1 < order->count && before(order->heap[child + 1], order->heap[child]))
			child++;
		if (!before(order->heap[child], last))
			break;
		order->heap[at] = order->heap[child];
		at = child;
	}
	order->heap[at] = last;
}

bool order_take(struct order *order, int64_t *id)
{
	if (!may_take(order))
		return false;
	*id = order->heap[0].id;
	remove_first(order);
	return true;
}

void order_clear(struct order *order)
{
	order->count = 0;
	order->complete = false;
}

void order_free(struct order *order)
{
	free(order->heap);
	order->heap = NULL;
	order->count = order->capacity = 0;
}
