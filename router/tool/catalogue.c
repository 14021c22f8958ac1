/*
 * samenloop catalogue: what a back office may publish, who may, with which attributes and sections,
 * and what the router sends of its own; from the tables by which events are checked.
 */
#include <argp.h>
#include <string.h>

#include "router/tool/tool.h"
#include "schemas/catalogue.h"
#include "schemas/limits.h"

static error_t take(int key, char *argument, struct argp_state *state)
{
    const char **type = state->input;
    switch (key) {
    case ARGP_KEY_ARG:
        if (*type != NULL)
            argp_usage(state);
        *type = argument;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---------------------------------------------------------------- fields */

static void add_values(struct sl_buffer *out, const char *values)
{
    for (const char *at = values; *at != '\0'; at++)
        sl_buffer_printf(out, *at == '|' ? ", " : "%c", *at);
}

static void add_kind(struct sl_buffer *out, const struct sl_field *field)
{
    static const char *const kinds[] = {
        [SL_KIND_YES_NO] = "yes, no",
        [SL_KIND_YES_NO_UNKNOWN] = "yes, no, unknown",
        [SL_KIND_CODE] = "",
        [SL_KIND_CODE_SET] = "an array of some of: ",
        [SL_KIND_WORD] = "a word in lower case; at most four digits",
        [SL_KIND_DATE] = "a date, as 2021-02-01",
        [SL_KIND_NUMBER] = "a whole number from 1",
        [SL_KIND_MUNICIPALITY] = "the municipality's four digits",
        [SL_KIND_BAG_ID] = "16 digits of the BAG; type ",
        [SL_KIND_TEXT] = "text",
        [SL_KIND_FREE_TEXT] = "text, without a citizen service number",
        [SL_KIND_CENTS] = "a whole number of cents",
        [SL_KIND_TEXTS] = "an array of texts",
        [SL_KIND_FREE_TEXTS] = "an array of texts, without a citizen service number",
    };
    sl_buffer_printf(out, "%s", kinds[field->kind]);
    if (field->values != NULL && field->kind == SL_KIND_WORD)
        sl_buffer_printf(out, "; so far: ");
    if (field->values != NULL)
        add_values(out, field->values);
    if (field->max > 0)
        sl_buffer_printf(out, "; at most %zu characters", field->max);
}

static void add_row(struct sl_buffer *out, const char *what, const struct sl_field *field)
{
    sl_buffer_printf(out, "| %s%s | %s | ", what, field->name, field->required ? "required" : "");
    add_kind(out, field);
    sl_buffer_printf(out, " |\n");
}

static void add_sections(struct sl_buffer *out, uint32_t set, const char *required)
{
    for (int i = SL_LOCATION; i < SL_ORIGIN; i++) {
        if ((set & sl_section_bit((enum sl_section)i)) != 0)
            sl_buffer_printf(out, "| %s | %s | section |\n", sl_section_name((enum sl_section)i),
                             required);
    }
}

/* ---------------------------------------------------------------- types */

/* The names of a set, comma between. */
static void add_publishers(struct sl_buffer *out, const struct sl_type *type)
{
    static const struct {
        enum sl_organisation organisation;
        const char *name;
    } names[] = {{SL_IMG, "img"}, {SL_NCG, "ncg"}, {SL_MUNICIPALITY, "a municipality"}};
    const char *comma = "";
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if ((type->publishers & names[i].organisation) != 0) {
            sl_buffer_printf(out, "%s%s", comma, names[i].name);
            comma = ", ";
        }
    }
    comma = "; its effect only in the role of ";
    for (int role = SL_BACK_OFFICE; role < SL_ROLES; role++) {
        if ((type->roles & (1u << role)) != 0) {
            sl_buffer_printf(out, "%s%s", comma, sl_role_name((enum sl_role)role));
            comma = " or ";
        }
    }
}

static void add_type(struct sl_buffer *out, const struct sl_type *type)
{
    sl_buffer_printf(out, "\n## %s\n\n%s; %s; from ", type->name, type->dutch, type->clauses);
    add_publishers(out, type);
    sl_buffer_printf(out, "; %s.", sl_lane_name(sl_type_lane(type)));
    if (type->original)
        sl_buffer_printf(out, " Its causationid, which is required, names the event that it %s.",
                         sl_is_correction(type) ? "corrects: attributes and sections are those of "
                                                  "that event's type"
                                                : "withdraws");
    else if (type->causation_required)
        sl_buffer_printf(out, " Its causationid, which is required, names what it answers.");
    sl_buffer_printf(out, "\n\n| name | | what |\n| --- | --- | --- |\n");
    if (type->municipality)
        add_row(out, "", sl_type_attribute(type, sl_text("municipality")));
    for (size_t i = 0; i < SL_MAX_TYPE_ATTRIBUTES && type->attributes[i].name != NULL; i++)
        add_row(out, "", &type->attributes[i]);
    add_sections(out, type->required, "required");
    add_sections(out, type->optional, "");
}

static void add_section_fields(struct sl_buffer *out)
{
    sl_buffer_printf(out, "\n# Sections\n\n| field | | what |\n| --- | --- | --- |\n");
    for (int i = SL_LOCATION; i < SL_ORIGIN; i++) {
        char front[64];
        const struct sl_field *field = sl_section_fields((enum sl_section)i);
        (void)snprintf(front, sizeof front, "%s.", sl_section_name((enum sl_section)i));
        for (; field->name != NULL; field++)
            add_row(out, front, field);
    }
}

static void add_derived(struct sl_buffer *out, enum sl_derived_kind kind, const char *head)
{
    const char *comma = "";
    sl_buffer_printf(out, "\n%s: ", head);
    for (size_t i = 0; i < sl_derived_count(); i++) {
        if (sl_derived_at(i)->kind == kind) {
            sl_buffer_printf(out, "%s%s", comma, sl_derived_at(i)->name);
            comma = ", ";
        }
    }
    sl_buffer_printf(out, ".\n");
}

static void add_all(struct sl_buffer *out)
{
    sl_buffer_printf(out,
                     "# Events\n\nAn event's `type` is `" SL_TYPE_PREFIX "` and its name here. "
                     "Attributes stand in `data.attributes`, the fields of a section in `data` "
                     "under its name.\n\n"
                     "Besides its own attributes each event has `occurred_at` (required: a moment "
                     "with its zone), and may have `subject_kind` (address, building), `building` "
                     "(16 digits of the BAG, type 10) and `initial_load` (yes, no).\n");
    for (size_t i = 0; i < sl_type_count(); i++)
        add_type(out, sl_type_at(i));
    add_section_fields(out);
    sl_buffer_printf(out, "\n# What the router sends of its own\n");
    add_derived(out, SL_INSTRUCTION, "Instructions");
    add_derived(out, SL_NOTICE, "Notices");
}

int tool_catalogue(int count, char **arguments)
{
    static const struct argp argp = {
        .parser = take,
        .args_doc = "[TYPE]",
        .doc = "Shows what a back office may publish, with which attributes and sections, and what "
               "the router sends of its own, in Markdown; or one type of event."};
    const char *name = NULL;
    struct sl_error error = {0};
    struct sl_buffer out = {0};
    if (argp_parse(&argp, count, arguments, 0, NULL, &name) != 0)
        return TOOL_USAGE;
    const char *bare = name != NULL && strncmp(name, SL_TYPE_PREFIX, strlen(SL_TYPE_PREFIX)) == 0
                           ? name + strlen(SL_TYPE_PREFIX)
                           : name;
    const struct sl_type *type = bare == NULL ? NULL : sl_type_find(sl_text(bare));
    if (name != NULL && type == NULL) {
        (void)sl_fail(&error, SL_CONFIGURATION,
                      "%s: no such type of event (samenloop catalogue tells all)", name);
        return tool_fail(&error);
    }
    if (type != NULL)
        add_type(&out, type);
    else
        add_all(&out);
    int result = tool_print(&out);
    sl_buffer_free(&out);
    return result;
}
