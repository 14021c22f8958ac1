#include "router/telling.h"

#include "router/decided.h"
#include "router/state.h"

int telling_open(struct router **out, struct sl_storage *journal, struct sl_error *error)
{
    struct router *router = router_new(NULL, (struct router_moment){0, 0});
    if (journal_open_past(&router->journal, journal, error) < 0) {
        router_close(router);
        return -1;
    }
    *out = router;
    return 0;
}

void telling_watch(struct router *router, const struct watch *watch)
{
    router->watch = watch;
}

int telling_more(struct router *router, telling_reader read, void *context, struct sl_error *error)
{
    if (journal_refresh(router->journal, error) < 0)
        return -1;
    return fold_journal(router, read, context, error);
}

void telling_obligations(struct router *router, struct sl_buffer *lines)
{
    decided_obligations(router, lines);
}
