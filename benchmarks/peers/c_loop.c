/* Loops that call Python, for c_loop.py. The caller holds the GIL. */
#include <stddef.h>

typedef void *(*callback)(void *item);
typedef void *(*call_one)(void *callable, void *item);
typedef void (*release)(void *object);

void let_all_go(void **objects, size_t size, release let_go)
{
    for (size_t i = 0; i < size; i++)
        let_go(objects[i]);
}

void through_callbacks(const callback *nodes, int count, void **items, void **outputs, size_t size, release let_go)
{
    for (size_t i = 0; i < size; i++) {
        void *item = nodes[0](items[i]);
        for (int node = 1; node < count; node++) {
            void *next = nodes[node](item);
            let_go(item);
            item = next;
        }
        outputs[i] = item;
    }
}

void through_entry(void **methods, int count, void **items, void **outputs, size_t size, call_one call, release let_go)
{
    for (size_t i = 0; i < size; i++) {
        void *item = call(methods[0], items[i]);
        for (int node = 1; node < count; node++) {
            void *next = call(methods[node], item);
            let_go(item);
            item = next;
        }
        outputs[i] = item;
    }
}
