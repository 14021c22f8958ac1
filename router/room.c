/* Is there room on the disk for what one frame or one moment may bring about? */
#include "router/state.h"

enum {
    ROOM_BYTES = 2 * SL_MAX_FRAME, /* a frame's events, and what is decided on them */
    ROOM_MS = 1000,                /* between two looks at a disk that was full */
};

/*
 * What a frame's worth of decisions was found no room for could not be taken back: so room is made
 * sure of before. A full disk is told when it is met and when it is over.
 */
static void note_room(struct router *router, const struct sl_error *error)
{
    if (error->code != SL_OK && error->code != SL_FULL) {
        (void)router_fail(router, error);
        return;
    }
    bool full = error->code == SL_FULL;
    if (full && !router->full)
        sl_buffer_printf(&router->notes,
                         "no room on the disk, nothing is taken until there is: %s\n", error->text);
    else if (!full && router->full)
        sl_buffer_printf(&router->notes, "there is room again on the disk\n");
    router->full = full;
    router->room_at = router->moment.elapsed + ROOM_MS;
}

void room_look(struct router *router)
{
    struct sl_error error = {0};
    if (router->full && router->moment.elapsed < router->room_at)
        return;
    if ((router->full ? journal_room(router->journal, UINT64_MAX, &error)
                      : journal_step(router->journal, &error)) == 0)
        error.code = SL_OK;
    note_room(router, &error);
}

bool room_for_more(struct router *router)
{
    struct sl_error error = {0};
    if (!router->full && !router->failed && journal_room(router->journal, ROOM_BYTES, &error) < 0)
        note_room(router, &error);
    return !router->full && !router->failed;
}
