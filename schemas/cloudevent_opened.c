/* What was delivered, as an event again. */
#include <string.h>

#include "schemas/cloudevent_parts.h"
#include "schemas/subject.h"

/* The id that the event's back office gave it must be the one that its UUID was made of. */
static int read_origin(struct sl_event *out, const Samenloop__V1__Origin *origin,
                       struct sl_error *error)
{
    const Samenloop__V1__Header *header = &out->header;
    struct sl_bytes id = sl_from_pb(origin->id);
    struct sl_bytes bag_id = sl_from_pb(origin->bag_id);
    bool building = header->subject_kind == SAMENLOOP__V1__SUBJECT_KIND__SUBJECT_KIND_BUILDING;
    uint8_t uuid[SL_UUID_SIZE];
    const struct sl_bytes pieces[] = {sl_from_pb(header->source), id};
    if (id.size > 0) {
        if (sl_uuid_parse(uuid, id) < 0)
            sl_uuid_from_name(uuid, pieces, 2);
        if (!sl_bytes_printable(id) || memcmp(uuid, header->event_id.data, sizeof uuid) != 0)
            return sl_fail(error, SL_MALFORMED, "origin: names another event");
        out->id = id;
    }
    if (bag_id.size == 0)
        return 0;
    if (sl_bag_check(bag_id, building, error) < 0)
        return sl_fail_at(error, "origin");
    memcpy(out->subject, bag_id.data, SL_BAG_SIZE);
    return 0;
}

int sl_event_opened(struct sl_event *out, struct sl_arena *arena,
                    const Samenloop__V1__Header *header,
                    const struct sl_bytes sections[SL_SECTIONS], uint32_t present,
                    struct sl_error *error)
{
    char uuid[SL_UUID_TEXT];
    *out = (struct sl_event){.header = *header, .present = present};
    memcpy(out->sections, sections, sizeof out->sections);
    out->type = sl_type_find(sl_from_pb(header->type));
    sl_uuid_format(uuid, header->event_id.data);
    out->id = sl_arena_copy(arena, sl_text(uuid));
    if ((present & sl_section_bit(SL_ORIGIN)) == 0)
        return 0;
    const Samenloop__V1__Origin *origin = (const void *)sl_arena_unpack(
        arena, &samenloop__v1__origin__descriptor, sections[SL_ORIGIN]);
    if (origin == NULL)
        return sl_fail(error, SL_MALFORMED, "the section origin is none");
    return read_origin(out, origin, error);
}
