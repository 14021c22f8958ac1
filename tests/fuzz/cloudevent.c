/*
 * An event as JSON, at the door of each house. The first byte says whose door and in which role.
 * What is taken has a header that the router takes, sections that the reader takes, and can be
 * handed out again.
 */
#include "tests/fuzz/fuzz.h"

#include "schemas/check.h"

static struct sl_mac *key;
static struct sl_arena arena;
static const char *const doors[] = {"img", "ncg", "gm0014"};

static void fuzz_begin(void)
{
    static const uint8_t zeros[SL_KEY_SIZE];
    key = sl_mac_new(zeros);
    sl_arena_init(&arena, SL_MAX_ARENA);
}

static void seed(const char *from, enum sl_role role, const json_t *event)
{
    struct sl_buffer text = {0};
    uint8_t who = 0;
    while (who < 2 && strcmp(doors[who], from) != 0)
        who++;
    who = (uint8_t)(who + 3 * (role - 1));
    char *json = json_dumps(event, JSON_COMPACT);
    must(json != NULL);
    sl_buffer_add(&text, &who, 1);
    sl_buffer_add_bytes(&text, sl_text(json));
    fuzz_seed(sl_buffer_bytes(&text));
    sl_buffer_free(&text);
    free(json);
}

static void fuzz_seeds(void)
{
    json_t *all = fuzz_examples();
    for (size_t i = 0; i < json_array_size(all); i++) {
        const json_t *one = json_array_get(all, i);
        seed(json_string_value(json_object_get(one, "from")), fuzz_role(one),
             json_object_get(one, "event"));
    }
    json_decref(all);
}

static void check_header(const struct sl_event *event, const char *participant)
{
    struct sl_error error = {0};
    const struct sl_type *type = NULL;
    Samenloop__V1__Header header = event->header;
    Samenloop__V1__SectionDigest digests[SL_SECTIONS], *list[SL_SECTIONS];
    uint8_t hash[SL_HASH_SIZE] = {0};
    for (int i = 0; i < SL_SECTIONS; i++) {
        if ((event->present & sl_section_bit((enum sl_section)i)) == 0)
            continue;
        Samenloop__V1__SectionDigest *digest = &digests[header.n_sections];
        *digest = (Samenloop__V1__SectionDigest)SAMENLOOP__V1__SECTION_DIGEST__INIT;
        digest->section = (Samenloop__V1__Section)i;
        digest->digest = (ProtobufCBinaryData){sizeof hash, hash};
        list[header.n_sections++] = digest;
    }
    header.sections = list;
    if (sl_header_check(&header, participant, &type, &error) < 0) {
        (void)fprintf(stderr, "%s\n", error.text);
        abort();
    }
    must(type == event->type);
}

static void check_sections(const struct sl_event *event)
{
    struct sl_error error = {0};
    const char *field = "";
    for (int i = SL_ORIGIN + 1; i < SL_SECTIONS; i++) {
        if ((event->present & sl_section_bit((enum sl_section)i)) != 0 &&
            sl_section_check(&arena, event->type, (enum sl_section)i, event->sections[i],
                             event->subject, &field, &error) < 0) {
            (void)fprintf(stderr, "%s: %s\n", field, error.text);
            abort();
        }
    }
}

static void check_way_out(const struct sl_event *event)
{
    struct sl_event opened;
    struct sl_error error = {0};
    struct sl_buffer text = {0};
    Samenloop__V1__Delivery delivery = SAMENLOOP__V1__DELIVERY__INIT;
    delivery.role = SAMENLOOP__V1__ROLE__ROLE_BACK_OFFICE;
    delivery.kind = SAMENLOOP__V1__DELIVERY_KIND__DELIVERY_KIND_EVENT;
    must(sl_event_opened(&opened, &arena, &event->header, event->sections, event->present,
                         &error) == 0);
    must(sl_cloudevent_write(&text, &arena, &opened, &delivery, 1, NULL, &error) == 0);
    json_t *json = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, NULL);
    must(json_is_object(json));
    must(sl_bytes_is(event->id, json_string_value(json_object_get(json, "id"))));
    json_decref(json);
    sl_buffer_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sl_refusal refusal = {0};
    struct sl_event event;
    if (size == 0)
        return 0;
    const char *participant = doors[data[0] % 3];
    enum sl_role role = (enum sl_role)(1 + data[0] / 3 % 4);
    struct sl_door door = fuzz_door(participant, key);
    sl_arena_clear(&arena);
    if (sl_cloudevent_read(&event, &arena, &door, role, sl_bytes(data + 1, size - 1), &refusal) <
        0) {
        must(refusal.error.code != SL_OK && refusal.error.text[0] != '\0');
        must(sl_bytes_printable(sl_text(refusal.error.text)));
        must(refusal.field[0] == '\0' || refusal.field[0] == '/');
        return 0;
    }
    check_header(&event, participant);
    check_sections(&event);
    check_way_out(&event);
    return 0;
}
