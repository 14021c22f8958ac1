/* Conditions: each kind of test knows what its words can be. */
#include "router/language/resolve.h"

#include <assert.h>
#include <string.h>

/* Is the word one of the codes, "|" between? */
static bool among(const char *codes, const char *word)
{
    size_t size = strlen(word);
    for (const char *at = codes; at != NULL; at = strchr(at, '|')) {
        at += *at == '|';
        if (strncmp(at, word, size) == 0 && (at[size] == '|' || at[size] == '\0'))
            return true;
    }
    return false;
}

static void offer_codes(struct reader *reader, struct nearest *nearest, const char *codes)
{
    for (const char *at = codes; at != NULL && *at != '\0';) {
        size_t size = strcspn(at, "|");
        nearest_offer(nearest, reader_text(reader, sl_bytes(at, size)));
        at += size + (at[size] == '|');
    }
}

/* The bit of yes, no, unknown; 0 for another word. */
static unsigned three_bit(const char *word)
{
    for (int i = AGREEMENT_UNKNOWN; i <= AGREEMENT_NO; i++) {
        if (strcmp(word, agreement_value_name((enum agreement_value)i)) == 0)
            return 1u << i;
    }
    return 0;
}

static bool answers_yes_or_no(const struct sl_field *field)
{
    return field->kind == SL_KIND_YES_NO || field->kind == SL_KIND_YES_NO_UNKNOWN;
}

static bool has_codes(const struct sl_field *field)
{
    return field->kind == SL_KIND_CODE || field->kind == SL_KIND_WORD;
}

/* Can the attribute have this value? `unknown` is one that is absent. */
static bool takes(const struct sl_field *field, const char *value, unsigned three)
{
    if (answers_yes_or_no(field))
        return three != 0;
    if (!has_codes(field))
        return false;
    return three == 1u << AGREEMENT_UNKNOWN || field->values == NULL || among(field->values, value);
}

/* The codes of every attribute of this name count: a rule may speak of several types. */
static bool taken_by_any(agreement_types types, const char *name, const char *value, unsigned three)
{
    for (size_t i = 0; i < sl_type_count(); i++) {
        if ((types & agreement_type_bit(i)) == 0)
            continue;
        const struct sl_field *field = sl_type_attribute(sl_type_at(i), sl_text(name));
        if (field != NULL && takes(field, value, three))
            return true;
    }
    return false;
}

static void wrong_value(const struct scope *scope, const struct raw_word *name,
                        const struct raw_word *value, const struct sl_field *field, bool fact)
{
    struct nearest nearest = nearest_begin(scope->reader, value->text);
    bool three = fact || (field != NULL && answers_yes_or_no(field));
    for (int i = AGREEMENT_UNKNOWN; three && i <= AGREEMENT_NO; i++)
        nearest_offer(&nearest, agreement_value_name((enum agreement_value)i));
    if (field != NULL && has_codes(field))
        offer_codes(scope->reader, &nearest, field->values);
    reader_find(scope->reader, value->span.place, "%s is no value of %s%s", value->text, name->text,
                nearest_hint(scope->reader, &nearest));
}

/* The values of IS, SAYS and ASKED; a bare name asks for yes. */
static void resolve_values(const struct scope *scope, struct agreement_condition *made,
                           const struct raw_condition *raw, agreement_types types,
                           const struct sl_field *field)
{
    const struct raw_word bare = {.text = "yes", .span = raw->span};
    const struct raw_word *first = raw->values.count == 0 ? &bare : raw->values.first;
    const char **codes = reader_keep(scope->reader, raw->values.count, sizeof *codes);
    size_t count = 0;
    for (const struct raw_word *value = first; value != NULL; value = value->next) {
        unsigned three = three_bit(value->text);
        bool good = (made->fact >= 0 && three != 0) ||
                    taken_by_any(types, raw->name->text, value->text, three);
        if (!good && value == &bare)
            reader_find(scope->reader, raw->span.place, "%s is no yes or no; say what it is",
                        raw->name->text);
        else if (!good)
            wrong_value(scope, raw->name, value, field, made->fact >= 0);
        else if (three != 0)
            made->three |= three;
        else
            codes[count++] = value->text;
    }
    made->codes = (struct agreement_names){codes, count};
}

static void resolve_attribute(const struct scope *scope, struct agreement_condition *made,
                              const struct raw_condition *raw, agreement_types types)
{
    const struct sl_field *field = attribute_of(types, raw->name->text);
    if (field == NULL)
        reader_find(scope->reader, raw->name->span.place, "%s is no attribute of %s",
                    raw->name->text,
                    raw->test == AGREEMENT_ASKED ? "any event" : "the rule's events");
    else
        resolve_values(scope, made, raw, types, field);
}

static bool purpose_agreed(const struct raw_condition *raw)
{
    const struct raw_word *value = raw->values.first;
    return strcmp(raw->name->text, "purpose") == 0 && raw->values.count == 1 &&
           strcmp(value->text, "agreed") == 0;
}

static void resolve_is(const struct scope *scope, struct agreement_condition *made,
                       const struct raw_condition *raw)
{
    assert(raw->name != NULL);
    if (raw->test == AGREEMENT_SAYS) {
        resolve_attribute(scope, made, raw, scope->types);
    } else if (raw->test == AGREEMENT_ASKED) {
        resolve_attribute(scope, made, raw, ~(agreement_types)0);
    } else {
        const struct sl_field *field = resolve_name(scope, raw->name, &made->fact);
        if (purpose_agreed(raw) && field != NULL)
            made->test = AGREEMENT_PURPOSE_AGREED;
        else if (field != NULL || made->fact >= 0)
            resolve_values(scope, made, raw, scope->types, field);
    }
}

static void resolve_parts(const struct scope *scope, struct agreement_condition *made,
                          const struct raw_condition *raw)
{
    const struct agreement_condition **parts = reader_keep(scope->reader, raw->parts.count,
                                                           sizeof(void *));
    size_t count = 0;
    for (const struct raw_condition *part = raw->parts.first; part != NULL; part = part->next)
        parts[count++] = resolve_condition(scope, part);
    made->parts = parts;
    made->part_count = count;
}

static void resolve_names(const struct scope *scope, struct agreement_condition *made,
                          const struct raw_condition *raw)
{
    assert(raw->name != NULL);
    if (attribute_of(scope->types, raw->name->text) == NULL)
        reader_find(scope->reader, raw->name->span.place, "%s is no attribute of the rule's events",
                    raw->name->text);
    made->who = resolve_who(scope, raw->values.first);
}

/* Facts, the list and what is overdue can be asked anywhere; the rest is asked of an event. */
static bool wants_event(enum agreement_test test)
{
    return !(test <= AGREEMENT_IS || test == AGREEMENT_AWAITS || test == AGREEMENT_LISTED ||
             test == AGREEMENT_OVERDUE || test == AGREEMENT_SINCE);
}

static void resolve_test(const struct scope *scope, struct agreement_condition *made,
                         const struct raw_condition *raw)
{
    switch (raw->test) {
    case AGREEMENT_ALL:
    case AGREEMENT_ANY:
    case AGREEMENT_NONE:
        resolve_parts(scope, made, raw);
        break;
    case AGREEMENT_IS:
    case AGREEMENT_SAYS:
    case AGREEMENT_ASKED:
        resolve_is(scope, made, raw);
        break;
    case AGREEMENT_NAMES:
        resolve_names(scope, made, raw);
        break;
    case AGREEMENT_PUBLISHER_IS:
        made->organisations = resolve_organisations(scope, raw->values);
        break;
    case AGREEMENT_ROLE_IS:
        made->role = resolve_role(scope, raw->name);
        break;
    case AGREEMENT_EVENT_IS:
        made->types = resolve_types(scope, raw->values);
        break;
    case AGREEMENT_AWAITED:
        made->rules = resolve_rules(scope, raw->values);
        break;
    case AGREEMENT_AWAITS:
        made->rules = resolve_rules(scope, (struct raw_list){raw->name, raw->name, 1});
        made->types = resolve_types(scope, raw->values);
        break;
    case AGREEMENT_DISCLOSED:
        made->sections = sl_section_bit(resolve_section(scope, raw->name));
        made->who = resolve_who(scope, raw->values.first);
        break;
    case AGREEMENT_SINCE:
        made->day = resolve_date(scope->reader, raw->name);
        break;
    case AGREEMENT_PURPOSE_AGREED:
    case AGREEMENT_LISTED:
    case AGREEMENT_OVERDUE:
    case AGREEMENT_INITIAL_LOAD:
        break;
    }
}

const struct agreement_condition *resolve_condition(const struct scope *scope,
                                                    const struct raw_condition *raw)
{
    if (raw == NULL)
        return NULL;
    struct agreement_condition *made = reader_keep(scope->reader, 1, sizeof *made);
    made->test = raw->test;
    made->negated = raw->negated;
    made->name = raw->name != NULL ? raw->name->text : NULL;
    made->fact = -1;
    made->place = raw->span.place;
    if (!scope->event && wants_event(raw->test))
        reader_find(scope->reader, raw->span.place, "there is no event here that could be asked");
    else
        resolve_test(scope, made, raw);
    return made;
}
