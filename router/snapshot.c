#include "router/snapshot.h"

#include <elf.h>
#include <link.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "router/core/image.h"
#include "router/decided.h"
#include "router/state.h"
#include "schemas/log/crc32c.h"

enum { BUILD_ID = 20, AT_ONCE = 256 * 1024, NUMBER_DIGITS = 20 };

static const char magic[8] = "slsnap1";
static const char suffix[] = ".snapshot";
static const char unfinished[] = "snapshot.new";

struct head {
    char magic[8];
    uint8_t build[BUILD_ID]; /* of the program: what the image means hangs on it */
    uint8_t journal[SL_LOG_ID_SIZE];
    sl_hash root; /* of the journal's tree over records 1 to `position` */
    uint64_t position;
    uint64_t size; /* of the image */
    uint32_t crc;  /* of the image */
    uint32_t head_crc;
};

/* An image in a file. */
struct file {
    struct image image;
    struct sl_storage *storage;
    int file;
    uint64_t offset; /* of what `buffer` holds, or will */
    uint32_t crc;
    size_t used; /* writing: bytes in the buffer; reading: taken out of it, */
    size_t had;  /* of so many */
    uint8_t *buffer;
};

/* ---------------------------------------------------------------- the program */

/* The linker's build id; the first object is the program itself. */
static int find_build(struct dl_phdr_info *info, size_t size, void *out)
{
    (void)size;
    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        const uint8_t *at = (const uint8_t *)(uintptr_t)(info->dlpi_addr + part->p_vaddr);
        const uint8_t *end = at + part->p_memsz;
        while (part->p_type == PT_NOTE && at + sizeof(ElfW(Nhdr)) <= end) {
            ElfW(Nhdr) note;
            memcpy(&note, at, sizeof note);
            at += sizeof note + ((note.n_namesz + 3u) & ~3u);
            if (note.n_type == NT_GNU_BUILD_ID && note.n_descsz == BUILD_ID)
                memcpy(out, at, BUILD_ID);
            at += (note.n_descsz + 3u) & ~3u;
        }
    }
    return 1;
}

static bool build_of(uint8_t out[BUILD_ID])
{
    static const uint8_t none[BUILD_ID];
    memset(out, 0, BUILD_ID);
    (void)dl_iterate_phdr(find_build, out);
    return memcmp(out, none, BUILD_ID) != 0;
}

/* ---------------------------------------------------------------- names */

static void name_of(sl_storage_name out, uint64_t position)
{
    (void)snprintf(out, SL_STORAGE_NAME, "%020llu%s", (unsigned long long)position, suffix);
}

static bool is_snapshot(const char *name)
{
    return strlen(name) == NUMBER_DIGITS + sizeof suffix - 1 &&
           strcmp(name + NUMBER_DIGITS, suffix) == 0;
}

/* Removes what is there but for one name. */
static int remove_others(struct sl_storage *storage, const char *kept, struct sl_error *error)
{
    sl_storage_name *names = NULL;
    size_t count = 0;
    int result = storage->calls->list(storage, &names, &count, error);
    for (size_t i = 0; i < count && result == 0; i++) {
        if ((is_snapshot(names[i]) && strcmp(names[i], kept) != 0) ||
            strcmp(names[i], unfinished) == 0)
            result = storage->calls->remove(storage, names[i], error);
    }
    free(names);
    return result;
}

/* The newest by its name. */
static bool find_newest(struct sl_storage *storage, sl_storage_name out)
{
    struct sl_error ignored = {0};
    sl_storage_name *names = NULL;
    size_t count = 0;
    out[0] = '\0';
    if (storage->calls->list(storage, &names, &count, &ignored) < 0)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (is_snapshot(names[i]) && strcmp(names[i], out) > 0)
            memcpy(out, names[i], sizeof names[i]);
    }
    free(names);
    return out[0] != '\0';
}

/* ---------------------------------------------------------------- bytes */

static void flush(struct file *file)
{
    struct sl_error ignored = {0};
    if (!file->image.failed && file->used > 0 &&
        file->storage->calls->write(file->storage, file->file, file->offset, file->buffer,
                                    file->used, &ignored) < 0)
        file->image.failed = true;
    file->crc = sl_crc32c(file->crc, file->buffer, file->used);
    file->offset += file->used;
    file->used = 0;
}

static void put(struct image *image, void *data, size_t size)
{
    struct file *file = (struct file *)image;
    for (const uint8_t *at = data; size > 0 && !image->failed;) {
        size_t part = size < AT_ONCE - file->used ? size : AT_ONCE - file->used;
        memcpy(file->buffer + file->used, at, part);
        file->used += part;
        at += part;
        size -= part;
        if (file->used == AT_ONCE)
            flush(file);
    }
}

static void fill(struct file *file)
{
    struct sl_error ignored = {0};
    file->offset += file->had;
    file->used = file->had = 0;
    if (file->storage->calls->read(file->storage, file->file, file->offset, file->buffer, AT_ONCE,
                                   &file->had, &ignored) < 0 ||
        file->had == 0)
        file->image.failed = true;
}

static void get(struct image *image, void *data, size_t size)
{
    struct file *file = (struct file *)image;
    for (uint8_t *at = data; size > 0 && !image->failed;) {
        if (file->used == file->had) {
            fill(file);
            continue;
        }
        size_t part = size < file->had - file->used ? size : file->had - file->used;
        memcpy(at, file->buffer + file->used, part);
        file->used += part;
        at += part;
        size -= part;
    }
}

/* ---------------------------------------------------------------- the state */

/* What the router itself holds that the journal says. */
static void router_image(struct router *router, struct image *image)
{
    IMAGE(image, router->at);
    IMAGE(image, router->publisher);
    IMAGE(image, router->heads.size);
    IMAGE(image, router->heads.at);
    IMAGE(image, router->heads.root);
    router->cards.hashes = image_list(image, router->cards.hashes, &router->cards.count,
                                      sizeof *router->cards.hashes);
    router->cards.capacity = image->reading ? router->cards.count : router->cards.capacity;
    IMAGE(image, router->figures.differing);
    IMAGE(image, router->figures.differing_first);
    router->told.data = image_list(image, router->told.data, &router->told.size, 1);
    router->told.capacity = image->reading ? router->told.size : router->told.capacity;
}

/* The agreements that held, from their records. */
static int bring_agreements_in(struct router *router, struct sl_error *error)
{
    size_t count = 0;
    const uint64_t *records = journal_agreements(router->journal, &count);
    for (size_t i = 0; i < count; i++) {
        sl_arena_clear(&router->arena);
        const void *record = journal_read(router->journal, &router->arena, records[i],
                                          SAMENLOOP__V1__RECORD_KIND__RECORD_KIND_AGREEMENT, NULL,
                                          error);
        if (record == NULL || agreed_again(router, record, error) < 0)
            return -1;
    }
    return 0;
}

static int state_image(struct router *router, struct image *image, uint64_t position,
                       struct sl_error *error)
{
    journal_image(router->journal, image, position);
    if (image->reading && !image->failed && bring_agreements_in(router, error) < 0)
        return -1;
    if (!image->failed)
        decided_image(router, image);
    if (!image->failed)
        deliveries_image(router->deliveries, image, router->moment.elapsed);
    router_image(router, image);
    return image->failed ? sl_fail(error, SL_IO, "the snapshot breaks off") : 0;
}

/* ---------------------------------------------------------------- writing */

static bool finish(struct file *file, struct head *head, const char *name)
{
    const struct sl_storage_calls *calls = file->storage->calls;
    struct sl_error ignored = {0};
    flush(file);
    head->size = file->offset - sizeof *head;
    head->crc = file->crc;
    head->head_crc = sl_crc32c(0, head, offsetof(struct head, head_crc));
    return !file->image.failed &&
           calls->write(file->storage, file->file, 0, head, sizeof *head, &ignored) == 0 &&
           calls->sync(file->storage, file->file, &ignored) == 0 &&
           calls->rename(file->storage, unfinished, name, &ignored) == 0 &&
           calls->sync_folder(file->storage, &ignored) == 0;
}

/* Into a file of another name, that gets its own when it is on stable storage. */
static bool write_file(struct router *router, struct head *head)
{
    struct file file = {.image = {.move = put}, .storage = router->storage, .offset = sizeof *head};
    struct sl_error ignored = {0};
    sl_storage_name name;
    name_of(name, head->position);
    if (file.storage->calls->create(file.storage, unfinished, &file.file, &ignored) < 0)
        return false;
    file.buffer = sl_new(AT_ONCE, 1);
    (void)state_image(router, &file.image, head->position, &ignored);
    bool good = finish(&file, head, name);
    file.storage->calls->close(file.storage, file.file);
    free(file.buffer);
    return good && remove_others(file.storage, name, &ignored) == 0;
}

/* Is there something to be saved, and can it be? Then the head says what. */
static bool is_wanted(struct router *router, struct head *head)
{
    struct sl_error ignored = {0};
    *head = (struct head){.position = journal_synced(router->journal)};
    bool settled = head->position == journal_last(router->journal) && router->lines.size == 0;
    if (router->failed || router->full || router->erasure != NULL || !settled ||
        head->position <= router->snapshot || !build_of(head->build) ||
        journal_root(router->journal, head->position, head->root, &ignored) < 0)
        return false;
    memcpy(head->magic, magic, sizeof magic);
    memcpy(head->journal, journal_identity(router->journal), SL_LOG_ID_SIZE);
    return true;
}

static void write_or_leave(struct router *router, struct head *head)
{
    const struct sl_storage_calls *calls = router->storage->calls;
    struct sl_error ignored = {0};
    sl_storage_name name;
    name_of(name, head->position);
    (void)calls->remove(router->storage, unfinished, &ignored);
    (void)calls->remove(router->storage, name, &ignored); /* one that was refused */
    if (!write_file(router, head))
        (void)calls->remove(router->storage, unfinished, &ignored);
}

void snapshot_write(struct router *router)
{
    struct head head;
    snapshot_end(router);
    if (!is_wanted(router, &head))
        return;
    router->snapshot = head.position; /* a failure is tried again when there is more to save */
    write_or_leave(router, &head);
}

/* ---------------------------------------------------------------- a child that writes */

/*
 * A child has the state as it was, while the router goes on. It has one thread, the others of the
 * router are not in it, and it touches nothing but memory and its file. It does not outlive the
 * router, for it holds the journal's lock and sockets with it.
 */
static void write_beside(struct router *router)
{
    struct head head;
    if (router->writer != 0 || !is_wanted(router, &head))
        return;
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0) {
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent)
            write_or_leave(router, &head);
        _exit(0);
    }
    router->snapshot = head.position;
    router->writer = child > 0 ? child : 0;
}

/* Has it ended? */
static bool look_for_child(struct router *router)
{
    if (router->writer != 0 && waitpid(router->writer, NULL, WNOHANG) != 0)
        router->writer = 0;
    return router->writer == 0;
}

void snapshot_end(struct router *router)
{
    if (look_for_child(router))
        return;
    (void)kill(router->writer, SIGKILL);
    (void)waitpid(router->writer, NULL, 0);
    router->writer = 0;
    router->snapshot = 0; /* it was not done, perhaps */
}

void snapshot_aside(struct router *router)
{
    (void)look_for_child(router);
    if (journal_synced(router->journal) - router->snapshot < router->snapshot_records)
        return;
    if (router->beside)
        write_beside(router);
    else
        snapshot_write(router);
}

int snapshot_drop(struct router *router, struct sl_error *error)
{
    snapshot_end(router);
    router->snapshot = 0;
    return remove_others(router->storage, "", error) < 0
               ? -1
               : router->storage->calls->sync_folder(router->storage, error);
}

/* ---------------------------------------------------------------- reading */

/* Why a snapshot is not good; NULL: it is. */
static const char *check_head(struct router *router, const struct head *head, size_t got)
{
    struct sl_error ignored = {0};
    uint8_t build[BUILD_ID];
    sl_hash root;
    if (got != sizeof *head || memcmp(head->magic, magic, sizeof magic) != 0 ||
        head->head_crc != sl_crc32c(0, head, offsetof(struct head, head_crc)))
        return "is damaged";
    if (!build_of(build) || memcmp(build, head->build, BUILD_ID) != 0)
        return "is another program's";
    if (memcmp(head->journal, journal_identity(router->journal), SL_LOG_ID_SIZE) != 0 ||
        journal_root(router->journal, head->position, root, &ignored) < 0 ||
        memcmp(root, head->root, sizeof root) != 0)
        return "is of another journal";
    return NULL;
}

/* Nothing of an image is looked at before all of it is known to be what was written. */
static bool crc_is_right(struct file *file, const struct head *head)
{
    uint64_t left = head->size;
    uint32_t crc = 0;
    while (left > 0) {
        fill(file);
        if (file->image.failed)
            return false;
        size_t part = left < file->had ? (size_t)left : file->had;
        crc = sl_crc32c(crc, file->buffer, part);
        left -= part;
    }
    return crc == head->crc;
}

static int refused(struct router *router, const char *name, const char *why)
{
    sl_buffer_printf(&router->notes, "snapshot %s %s: all of the journal is read\n", name, why);
    return 0;
}

static int read_from(struct router *router, struct file *file, const char *name,
                     struct sl_error *error)
{
    struct head head;
    size_t got = 0;
    const char *wrong = "cannot be read";
    if (file->storage->calls->read(file->storage, file->file, 0, &head, sizeof head, &got, error) ==
        0)
        wrong = check_head(router, &head, got);
    file->offset = sizeof head;
    if (wrong == NULL && !crc_is_right(file, &head))
        wrong = "is damaged";
    if (wrong != NULL)
        return refused(router, name, wrong);
    file->image = (struct image){.move = get, .reading = true, .left = head.size};
    file->offset = sizeof head;
    file->used = file->had = 0;
    router->snapshot = head.position;
    if (state_image(router, &file->image, head.position, error) < 0 ||
        checking_begin(router, head.position, error) < 0)
        return -1;
    router->figures.snapshot = head.position;
    sl_buffer_printf(&router->notes,
                     "started from a snapshot of %llu records, which are checked meanwhile\n",
                     (unsigned long long)head.position);
    return 0;
}

int snapshot_read(struct router *router, struct sl_error *error)
{
    struct sl_storage *storage = router->storage;
    struct file file = {.image = {.reading = true}, .storage = storage};
    sl_storage_name name;
    if (!find_newest(storage, name))
        return 0;
    if (storage->calls->open(storage, name, &file.file, error) < 0)
        return refused(router, name, "cannot be read");
    file.buffer = sl_new(AT_ONCE, 1);
    int result = read_from(router, &file, name, error);
    storage->calls->close(storage, file.file);
    free(file.buffer);
    return result;
}
