/*
 * A log's files in memory. Each file has the bytes as they are read, and the bytes that a crash
 * leaves for certain; sectors in which the two may differ are marked. The folder is the list of its
 * entries as they are, and the changes to it that were not synced, in their order.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "schemas/bytes.h"
#include "schemas/log/storage.h"

enum { SECTOR = 512 };

struct node {
    unsigned holders; /* folder entries, old and new, and open handles */
    struct sl_buffer now;
    struct sl_buffer synced;
    struct sl_buffer dirty; /* a byte a sector: written since the last sync */
};

struct entry {
    sl_storage_name name;
    struct node *node;
};

struct folder {
    struct entry *entries;
    size_t count;
    size_t capacity;
};

struct memory {
    struct sl_storage base;
    bool locked;
    /* The folder before the changes that were not synced, after each of them, and so now: at least
     * one; the last is what is seen. */
    struct folder *folders;
    size_t folder_count;
    size_t folder_capacity;
    bool folder_asked; /* a sync of it beside was begun */
    struct node **handles;
    size_t handle_count;
    size_t handle_capacity;
    struct sl_storage_faults faults;
    uint64_t calls;
};

static struct memory *memory_of(struct sl_storage *storage)
{
    return (struct memory *)(void *)storage;
}

static const struct memory *memory_at(const struct sl_storage *storage)
{
    return (const struct memory *)(const void *)storage;
}

/* ---------------------------------------------------------------- faults */

enum call { CALL_READS, CALL_CHANGES };

/* Counts a call; -1 when it is to fail. */
static int count_call(struct memory *memory, enum call call, struct sl_error *error)
{
    const struct sl_storage_faults *faults = &memory->faults;
    memory->calls++;
    bool victim = faults->at != 0 && (faults->from_then_on ? memory->calls >= faults->at
                                                           : memory->calls == faults->at);
    if (!victim || (faults->kind == SL_FAULT_FULL && call == CALL_READS))
        return 0;
    return faults->kind == SL_FAULT_FULL ? sl_fail(error, SL_FULL, "memory: no space left")
                                         : sl_fail(error, SL_IO, "memory: input/output error");
}

void sl_storage_memory_faults(struct sl_storage *storage, struct sl_storage_faults faults)
{
    struct memory *memory = memory_of(storage);
    memory->faults = faults;
    memory->calls = 0;
}

uint64_t sl_storage_memory_calls(const struct sl_storage *storage)
{
    return memory_at(storage)->calls;
}

/* ---------------------------------------------------------------- nodes and folders */

static void node_release(struct node *node)
{
    if (node == NULL || --node->holders > 0)
        return;
    sl_buffer_free(&node->now);
    sl_buffer_free(&node->synced);
    sl_buffer_free(&node->dirty);
    free(node);
}

static struct folder *folder_now(struct memory *memory)
{
    return &memory->folders[memory->folder_count - 1];
}

static struct entry *find(struct memory *memory, const char *name)
{
    struct folder *folder = folder_now(memory);
    for (size_t i = 0; i < folder->count; i++) {
        if (strcmp(folder->entries[i].name, name) == 0)
            return &folder->entries[i];
    }
    return NULL;
}

static void folder_add(struct folder *folder, const char *name, struct node *node)
{
    assert(strlen(name) < SL_STORAGE_NAME);
    folder->entries = sl_grow(folder->entries, &folder->capacity, folder->count + 1,
                              sizeof *folder->entries);
    struct entry *entry = &folder->entries[folder->count++];
    memcpy(entry->name, name, strlen(name) + 1);
    entry->node = node;
    node->holders++;
}

static void folder_free(struct folder *folder)
{
    for (size_t i = 0; i < folder->count; i++)
        node_release(folder->entries[i].node);
    free(folder->entries);
}

/* A new state of the folder, to be changed. */
static struct folder *folder_change(struct memory *memory)
{
    memory->folders = sl_grow(memory->folders, &memory->folder_capacity, memory->folder_count + 1,
                              sizeof *memory->folders);
    struct folder *next = &memory->folders[memory->folder_count];
    *next = (struct folder){0};
    const struct folder *before = folder_now(memory);
    for (size_t i = 0; i < before->count; i++)
        folder_add(next, before->entries[i].name, before->entries[i].node);
    memory->folder_count++;
    return next;
}

/* ---------------------------------------------------------------- the folder's calls */

static int memory_lock(struct sl_storage *storage, struct sl_error *error)
{
    struct memory *memory = memory_of(storage);
    if (memory->locked)
        return sl_fail(error, SL_IO, "memory: another has this log open");
    memory->locked = true;
    return 0;
}

static void memory_unlock(struct sl_storage *storage)
{
    memory_of(storage)->locked = false;
}

static int memory_list(struct sl_storage *storage, sl_storage_name **names, size_t *count,
                       struct sl_error *error)
{
    struct memory *memory = memory_of(storage);
    *names = NULL;
    *count = 0;
    if (count_call(memory, CALL_READS, error) < 0)
        return -1;
    const struct folder *folder = folder_now(memory);
    *names = sl_new(folder->count, sizeof **names);
    for (size_t i = 0; i < folder->count; i++)
        memcpy((*names)[i], folder->entries[i].name, SL_STORAGE_NAME);
    *count = folder->count;
    return 0;
}

static int new_handle(struct memory *memory, struct node *node)
{
    size_t at = 0;
    while (at < memory->handle_count && memory->handles[at] != NULL)
        at++;
    memory->handles = sl_grow(memory->handles, &memory->handle_capacity, at + 1,
                              sizeof(struct node *));
    memory->handles[at] = node;
    memory->handle_count += at == memory->handle_count ? 1 : 0;
    node->holders++;
    return (int)at;
}

static int memory_create(struct sl_storage *storage, const char *name, int *file,
                         struct sl_error *error)
{
    struct memory *memory = memory_of(storage);
    if (count_call(memory, CALL_CHANGES, error) < 0)
        return -1;
    if (find(memory, name) != NULL)
        return sl_fail(error, SL_IO, "memory: %s is there already", name);
    struct node *node = sl_new(1, sizeof *node);
    folder_add(folder_change(memory), name, node);
    *file = new_handle(memory, node);
    return 0;
}

static int memory_open(struct sl_storage *storage, const char *name, int *file,
                       struct sl_error *error)
{
    struct memory *memory = memory_of(storage);
    if (count_call(memory, CALL_READS, error) < 0)
        return -1;
    const struct entry *entry = find(memory, name);
    if (entry == NULL)
        return sl_fail(error, SL_IO, "memory: %s is not there", name);
    *file = new_handle(memory, entry->node);
    return 0;
}

static void memory_close(struct sl_storage *storage, int file)
{
    struct memory *memory = memory_of(storage);
    node_release(memory->handles[file]);
    memory->handles[file] = NULL;
}

static int memory_rename(struct sl_storage *storage, const char *from, const char *to,
                         struct sl_error *error)
{
    struct memory *memory = memory_of(storage);
    if (count_call(memory, CALL_CHANGES, error) < 0)
        return -1;
    assert(find(memory, to) == NULL && strlen(to) < SL_STORAGE_NAME);
    if (find(memory, from) == NULL)
        return sl_fail(error, SL_IO, "memory: %s is not there", from);
    (void)folder_change(memory);
    memcpy(find(memory, from)->name, to, strlen(to) + 1);
    return 0;
}

static int memory_remove(struct sl_storage *storage, const char *name, struct sl_error *error)
{
    struct memory *memory = memory_of(storage);
    if (count_call(memory, CALL_READS, error) < 0)
        return -1;
    if (find(memory, name) == NULL)
        return sl_fail(error, SL_IO, "memory: %s is not there", name);
    struct folder *folder = folder_change(memory);
    struct entry *entry = find(memory, name);
    node_release(entry->node);
    *entry = folder->entries[--folder->count];
    return 0;
}

static int memory_sync_folder(struct sl_storage *storage, struct sl_error *error)
{
    struct memory *memory = memory_of(storage);
    if (count_call(memory, CALL_CHANGES, error) < 0)
        return -1;
    for (size_t i = 0; i + 1 < memory->folder_count; i++)
        folder_free(&memory->folders[i]);
    memory->folders[0] = *folder_now(memory);
    memory->folder_count = 1;
    return 0;
}

/* ---------------------------------------------------------------- bytes */

static void lengthen(struct sl_buffer *buffer, size_t size)
{
    if (size > buffer->size) {
        size_t more = size - buffer->size;
        memset(sl_buffer_extend(buffer, more), 0, more);
    }
}

static int memory_read(struct sl_storage *storage, int file, uint64_t offset, void *out,
                       size_t size, size_t *got, struct sl_error *error)
{
    struct memory *memory = memory_of(storage);
    *got = 0;
    if (count_call(memory, CALL_READS, error) < 0)
        return -1;
    const struct sl_buffer *now = &memory->handles[file]->now;
    if (offset < now->size)
        *got = size < now->size - offset ? size : (size_t)(now->size - offset);
    if (*got > 0)
        memcpy(out, now->data + offset, *got);
    return 0;
}

static uint64_t bytes_of_all(struct memory *memory)
{
    uint64_t all = 0;
    const struct folder *folder = folder_now(memory);
    for (size_t i = 0; i < folder->count; i++)
        all += folder->entries[i].node->now.size;
    return all;
}

static void put(struct node *node, size_t offset, const void *data, size_t size)
{
    lengthen(&node->now, offset + size);
    lengthen(&node->dirty, (node->now.size + SECTOR - 1) / SECTOR);
    if (size == 0)
        return;
    memcpy(node->now.data + offset, data, size);
    size_t first = offset / SECTOR;
    memset(node->dirty.data + first, 1, (offset + size - 1) / SECTOR - first + 1);
}

static int memory_write(struct sl_storage *storage, int file, uint64_t offset, const void *data,
                        size_t size, struct sl_error *error)
{
    struct memory *memory = memory_of(storage);
    struct node *node = memory->handles[file];
    if (count_call(memory, CALL_CHANGES, error) < 0) {
        if (memory->faults.kind == SL_FAULT_SHORT)
            put(node, (size_t)offset, data, size / 2);
        return -1;
    }
    uint64_t more = offset + size > node->now.size ? offset + size - node->now.size : 0;
    if (memory->faults.capacity != 0 && more > 0 &&
        bytes_of_all(memory) + more > memory->faults.capacity)
        return sl_fail(error, SL_FULL, "memory: no space left");
    put(node, (size_t)offset, data, size);
    return 0;
}

static int memory_sync(struct sl_storage *storage, int file, struct sl_error *error)
{
    struct memory *memory = memory_of(storage);
    struct node *node = memory->handles[file];
    int result = count_call(memory, CALL_CHANGES, error);
    if (result == 0)
        lengthen(&node->synced, node->now.size);
    for (size_t i = 0; i < node->dirty.size; i++) {
        size_t at = i * SECTOR;
        size_t size = node->now.size - at < SECTOR ? node->now.size - at : SECTOR;
        if (node->dirty.data[i] != 0 && result == 0)
            memcpy(node->synced.data + at, node->now.data + at, size);
        node->dirty.data[i] = 0; /* also by a sync that failed: nobody writes these again */
    }
    return result;
}

/* Nothing takes time here, and what happens does not hang on any. */
static int memory_sync_beside(struct sl_storage *storage, int file, bool wait,
                              struct sl_error *error)
{
    (void)wait;
    return memory_sync(storage, file, error);
}

/* It is done when it is asked after: what is written meanwhile may meet a crash with the folder as
 * it was. */
static int memory_sync_folder_beside(struct sl_storage *storage, bool wait, struct sl_error *error)
{
    struct memory *memory = memory_of(storage);
    memory->folder_asked = !memory->folder_asked && !wait;
    return memory->folder_asked ? 1 : memory_sync_folder(storage, error);
}

/* ---------------------------------------------------------------- crash */

static uint64_t next_random(uint64_t *state)
{
    *state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t x = *state;
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* One of `count` states from the oldest on. */
static size_t choose(uint64_t seed, uint64_t *state, size_t count)
{
    return seed == 0 ? 0 : seed == UINT64_MAX ? count - 1 : (size_t)(next_random(state) % count);
}

static struct node *node_after_crash(const struct node *old, uint64_t seed, uint64_t *state)
{
    struct node *node = sl_new(1, sizeof *node);
    sl_buffer_add_bytes(&node->now, sl_buffer_bytes(&old->synced));
    if (choose(seed, state, 2) == 1)
        lengthen(&node->now, old->now.size);
    for (size_t i = 0; i < old->dirty.size; i++) {
        size_t at = i * SECTOR;
        bool lost = seed != UINT64_MAX && old->dirty.data[i] == 0;
        if (lost || at >= node->now.size || choose(seed, state, 2) == 0)
            continue;
        size_t size = node->now.size - at < SECTOR ? node->now.size - at : SECTOR;
        memcpy(node->now.data + at, old->now.data + at, size);
    }
    sl_buffer_add_bytes(&node->synced, sl_buffer_bytes(&node->now));
    return node;
}

struct sl_storage *sl_storage_memory_crash(const struct sl_storage *storage, uint64_t seed)
{
    const struct memory *before = memory_at(storage);
    uint64_t state = seed;
    struct sl_storage *after = sl_storage_memory();
    struct folder *folder = folder_now(memory_of(after));
    const struct folder *found = &before->folders[choose(seed, &state, before->folder_count)];
    for (size_t i = 0; i < found->count; i++)
        folder_add(folder, found->entries[i].name,
                   node_after_crash(found->entries[i].node, seed, &state));
    return after;
}

/* ---------------------------------------------------------------- beginning and end */

static void memory_free(struct sl_storage *storage)
{
    struct memory *memory = memory_of(storage);
    for (size_t i = 0; i < memory->handle_count; i++)
        node_release(memory->handles[i]);
    for (size_t i = 0; i < memory->folder_count; i++)
        folder_free(&memory->folders[i]);
    free(memory->handles);
    free(memory->folders);
    free(memory);
}

static const struct sl_storage_calls memory_calls = {
    .lock = memory_lock,
    .unlock = memory_unlock,
    .list = memory_list,
    .create = memory_create,
    .open = memory_open,
    .close = memory_close,
    .read = memory_read,
    .write = memory_write,
    .sync = memory_sync,
    .sync_beside = memory_sync_beside,
    .rename = memory_rename,
    .remove = memory_remove,
    .sync_folder = memory_sync_folder,
    .sync_folder_beside = memory_sync_folder_beside,
    .free = memory_free,
};

struct sl_storage *sl_storage_memory(void)
{
    struct memory *memory = sl_new(1, sizeof *memory);
    memory->base.calls = &memory_calls;
    memory->folders = sl_grow(NULL, &memory->folder_capacity, 1, sizeof *memory->folders);
    memory->folders[0] = (struct folder){0};
    memory->folder_count = 1;
    return &memory->base;
}
