#include "router/checking.h"

#include "router/state.h"

int checking_begin(struct router *router, uint64_t until, struct sl_error *error)
{
    struct sl_log *log = journal_log(router->journal);
    if (sl_log_check_heads(log, error) < 0)
        return -1;
    router->checking = (struct checking){.reader = sl_log_reader_new(log, sl_log_first(log)),
                                         .until = until};
    return 0;
}

bool checking_goes_on(const struct router *router)
{
    return router->checking.reader != NULL;
}

int checking_step(struct router *router, struct sl_error *error)
{
    struct checking *checking = &router->checking;
    struct sl_record record;
    for (size_t bytes = 0; bytes < CHECKING_BYTES && checking->done < checking->until;) {
        int result = sl_log_reader_next(checking->reader, &record, error);
        if (result != 1)
            return result < 0 ? -1 : sl_fail(error, SL_DAMAGED, "journal: records are missing");
        bytes += record.kept.size + record.content.size;
        checking->done = record.number;
    }
    if (checking->done < checking->until)
        return 0;
    sl_buffer_printf(&router->notes, "all records before the snapshot are sound\n");
    checking_end(router);
    return 0;
}

void checking_end(struct router *router)
{
    sl_log_reader_free(router->checking.reader);
    router->checking.reader = NULL;
}
