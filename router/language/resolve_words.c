/* A word of the text becomes what it names: type, fact, rule, section, role, organisation. */
#include "router/language/resolve.h"

#include <string.h>

int resolve_type(const struct scope *scope, const struct raw_word *word)
{
    const struct sl_type *type = sl_type_find(sl_text(word->text));
    if (type != NULL)
        return (int)sl_type_index(type);
    struct nearest nearest = nearest_begin(scope->reader, word->text);
    for (size_t i = 0; i < sl_type_count(); i++)
        nearest_offer(&nearest, sl_type_at(i)->name);
    reader_find(scope->reader, word->span.place, "%s is no event type%s", word->text,
                nearest_hint(scope->reader, &nearest));
    return -1;
}

agreement_types resolve_types(const struct scope *scope, struct raw_list words)
{
    agreement_types types = 0;
    for (const struct raw_word *word = words.first; word != NULL; word = word->next) {
        int type = resolve_type(scope, word);
        if (type >= 0)
            types |= agreement_type_bit((size_t)type);
    }
    return types;
}

int resolve_fact(const struct scope *scope, const struct raw_word *word)
{
    int fact = agreement_fact_find(scope->agreement, sl_text(word->text));
    if (fact >= 0)
        return fact;
    struct nearest nearest = nearest_begin(scope->reader, word->text);
    for (size_t i = 0; i < scope->agreement->fact_count; i++)
        nearest_offer(&nearest, scope->agreement->facts[i].name);
    reader_find(scope->reader, word->span.place, "%s is no fact%s", word->text,
                nearest_hint(scope->reader, &nearest));
    return -1;
}

static int resolve_rule(const struct scope *scope, const struct raw_word *word)
{
    int rule = agreement_rule_find(scope->agreement, sl_text(word->text));
    if (rule >= 0)
        return rule;
    struct nearest nearest = nearest_begin(scope->reader, word->text);
    for (size_t i = 0; i < scope->agreement->rule_count; i++)
        nearest_offer(&nearest, scope->agreement->rules[i].name);
    reader_find(scope->reader, word->span.place, "%s is no rule%s", word->text,
                nearest_hint(scope->reader, &nearest));
    return -1;
}

struct agreement_indices resolve_rules(const struct scope *scope, struct raw_list words)
{
    int *items = reader_keep(scope->reader, words.count, sizeof *items);
    size_t count = 0;
    for (const struct raw_word *word = words.first; word != NULL; word = word->next) {
        int rule = resolve_rule(scope, word);
        if (rule >= 0)
            items[count++] = rule;
    }
    return (struct agreement_indices){items, count};
}

enum sl_section resolve_section(const struct scope *scope, const struct raw_word *word)
{
    enum sl_section section = sl_section_parse(sl_text(word->text));
    if (section != SL_NO_SECTION)
        return section;
    struct nearest nearest = nearest_begin(scope->reader, word->text);
    for (int i = SL_LOCATION; i < SL_ORIGIN; i++)
        nearest_offer(&nearest, sl_section_name((enum sl_section)i));
    reader_find(scope->reader, word->span.place, "%s is no section%s", word->text,
                nearest_hint(scope->reader, &nearest));
    return SL_NO_SECTION;
}

enum sl_role resolve_role(const struct scope *scope, const struct raw_word *word)
{
    enum sl_role role = SL_NO_ROLE;
    if (sl_role_parse(&role, sl_text(word->text)) == 0)
        return role;
    struct nearest nearest = nearest_begin(scope->reader, word->text);
    for (int i = SL_BACK_OFFICE; i < SL_ROLES; i++)
        nearest_offer(&nearest, sl_role_name((enum sl_role)i));
    reader_find(scope->reader, word->span.place, "%s is no role%s", word->text,
                nearest_hint(scope->reader, &nearest));
    return SL_NO_ROLE;
}

unsigned resolve_organisations(const struct scope *scope, struct raw_list words)
{
    unsigned set = 0;
    for (const struct raw_word *word = words.first; word != NULL; word = word->next) {
        if (strcmp(word->text, "municipality") == 0)
            set |= SL_MUNICIPALITY;
        else if (strcmp(word->text, "img") == 0 || strcmp(word->text, "ncg") == 0)
            set |= (unsigned)sl_organisation_of(word->text);
        else
            reader_find(scope->reader, word->span.place,
                        "%s is no publisher; img, ncg and municipality are", word->text);
    }
    return set;
}

const struct sl_derived *resolve_derived(const struct scope *scope, const struct raw_word *word,
                                         enum sl_derived_kind kind)
{
    const struct sl_derived *found = sl_derived_find(sl_text(word->text));
    if (found != NULL && found->kind == kind)
        return found;
    struct nearest nearest = nearest_begin(scope->reader, word->text);
    for (size_t i = 0; i < sl_derived_count(); i++) {
        if (sl_derived_at(i)->kind == kind)
            nearest_offer(&nearest, sl_derived_at(i)->name);
    }
    reader_find(scope->reader, word->span.place, "%s is no %s%s", word->text,
                kind == SL_INSTRUCTION ? "instruction" : "notice",
                nearest_hint(scope->reader, &nearest));
    return NULL;
}

/* ---------------------------------------------------------------- attributes */

const struct sl_field *attribute_of(agreement_types types, const char *name)
{
    for (size_t i = 0; types != 0 && i < sl_type_count(); i++) {
        const struct sl_field *field = NULL;
        if ((types & agreement_type_bit(i)) != 0)
            field = sl_type_attribute(sl_type_at(i), sl_text(name));
        if (field != NULL)
            return field;
    }
    return NULL;
}

static void offer_attributes(struct nearest *nearest, agreement_types types)
{
    for (size_t i = 0; i < sl_type_count(); i++) {
        const struct sl_field *fields = sl_type_at(i)->attributes;
        if ((types & agreement_type_bit(i)) == 0)
            continue;
        for (size_t j = 0; j < SL_MAX_TYPE_ATTRIBUTES && fields[j].name != NULL; j++)
            nearest_offer(nearest, fields[j].name);
    }
}

/* "of TYPE", or "of these events" where a rule speaks of several. */
static const char *of_types(agreement_types types)
{
    for (size_t i = 0; i < sl_type_count(); i++) {
        if (types == agreement_type_bit(i))
            return sl_type_at(i)->name;
    }
    return "these events";
}

const struct sl_field *resolve_name(const struct scope *scope, const struct raw_word *word,
                                    int *fact)
{
    const struct sl_field *field = attribute_of(scope->types, word->text);
    *fact = agreement_fact_find(scope->agreement, sl_text(word->text));
    if (field != NULL || *fact >= 0)
        return field;
    struct nearest nearest = nearest_begin(scope->reader, word->text);
    for (size_t i = 0; i < scope->agreement->fact_count; i++)
        nearest_offer(&nearest, scope->agreement->facts[i].name);
    offer_attributes(&nearest, scope->types);
    if (scope->types == 0)
        reader_find(scope->reader, word->span.place, "%s is no fact%s", word->text,
                    nearest_hint(scope->reader, &nearest));
    else
        reader_find(scope->reader, word->span.place,
                    "%s is neither a fact nor an attribute of %s%s", word->text,
                    of_types(scope->types), nearest_hint(scope->reader, &nearest));
    return NULL;
}

const char *resolve_date_attribute(const struct scope *scope, const struct raw_word *word)
{
    const struct sl_field *field = attribute_of(scope->types, word->text);
    if (field != NULL && field->kind == SL_KIND_DATE)
        return word->text;
    reader_find(scope->reader, word->span.place, "%s is no attribute of %s with a date", word->text,
                of_types(scope->types));
    return NULL;
}

/* ---------------------------------------------------------------- who */

static const struct {
    const char *word;
    enum agreement_whom whom;
} persons[] = {
    {"img", AGREEMENT_PARTICIPANT}, {"ncg", AGREEMENT_PARTICIPANT},
    {"other", AGREEMENT_OTHER},     {"publisher", AGREEMENT_PUBLISHER},
    {"both", AGREEMENT_BOTH},       {"municipality", AGREEMENT_MUNICIPALITY},
};

/* Does the attribute hold an organisation, or both? */
static bool names_organisation(const struct sl_field *field)
{
    return field != NULL && field->values != NULL && strncmp(field->values, "img|ncg", 7) == 0;
}

static bool find_person(struct agreement_who *who, const char *word)
{
    for (size_t i = 0; i < sizeof persons / sizeof persons[0]; i++) {
        if (strcmp(persons[i].word, word) == 0) {
            who->whom = persons[i].whom;
            return true;
        }
    }
    return false;
}

struct agreement_who resolve_who(const struct scope *scope, const struct raw_word *word)
{
    struct agreement_who who = {.name = word->text, .role = SL_BACK_OFFICE};
    bool known = find_person(&who, word->text);
    if (!known && names_organisation(attribute_of(scope->types, word->text))) {
        who.whom = AGREEMENT_NAMED_BY;
        known = true;
    }
    if (!known) {
        struct nearest nearest = nearest_begin(scope->reader, word->text);
        for (size_t i = 0; i < sizeof persons / sizeof persons[0]; i++)
            nearest_offer(&nearest, persons[i].word);
        offer_attributes(&nearest, scope->types);
        reader_find(scope->reader, word->span.place, "%s is nobody that a rule can name%s",
                    word->text, nearest_hint(scope->reader, &nearest));
    } else if (who.whom == AGREEMENT_MUNICIPALITY && scope->event &&
               attribute_of(scope->types, "municipality") == NULL) {
        reader_find(scope->reader, word->span.place, "no municipality is named by %s",
                    of_types(scope->types));
    }
    if (word->more != NULL)
        who.role = resolve_role(scope, word->more);
    return who;
}
