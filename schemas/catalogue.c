#include "schemas/catalogue.h"

#include <string.h>

#include "samenloop/v1/sections.pb-c.h"
#include "schemas/limits.h"

enum {
    LOC = 1 << SL_LOCATION,
    DOS = 1 << SL_DOSSIER,
    FIN = 1 << SL_FINDINGS,
    PLA = 1 << SL_PLANNING,
    SET = 1 << SL_SETTLEMENT,
    SCH = 1 << SL_SCHEME,
    RES = 1 << SL_RESIDENT,
    NOTE = 1 << SL_NOTE,
    BOTH = SL_IMG | SL_NCG,
    ANYBODY = BOTH | SL_MUNICIPALITY,
    CONTACT = 1 << SL_CONTACT_PERSON,
    OFFICER = 1 << SL_INCIDENT_OFFICER,
    TEAM = 1 << SL_JOINT_TEAM,
};

#define PROGRAMMES "koploper|bouwimpuls|bijzondere_situaties|other|none"
#define PURPOSES                                                                                   \
    "survey_preparation|works_coordination|settlement|safety|scheme_value_depreciation|"           \
    "scheme_immaterial_damage|complaint|joint_handling|harrowing_case"

static const struct sl_type types[] = {
    /* findings, safety */
    {"structural_damage_found", "constructieve schade geconstateerd", "C1 C2", BOTH, 0,
     LOC | DOS | FIN, NOTE, .municipality = true,
     .attributes = {{"safety_doubt", SL_KIND_YES_NO_UNKNOWN, false, NULL, 0},
                    {"acute", SL_KIND_YES_NO, false, NULL, 0},
                    {"found_at", SL_KIND_CODE, false, "damage_survey|strengthening_survey|other",
                     0}}},
    {"safety_doubt_assessed", "twijfel aan veiligheidsnorm beoordeeld", "C1", SL_NCG, 0, DOS, PLA,
     .attributes = {{"outcome", SL_KIND_CODE, true, "doubt_confirmed|no_doubt|needs_survey", 0}}},
    {"work_stock_changed", "werkvoorraad gewijzigd", "C2 C17", SL_NCG, 0, 0, DOS,
     .attributes =
         {{"value", SL_KIND_CODE, true, "in|out", 0},
          {"reason", SL_KIND_CODE, true,
           "added_by_plan|on_norm|strengthened|owner_declined|demolished|answer|correction", 0},
          {"programme", SL_KIND_CODE, false, PROGRAMMES, 0}}},
    {"municipality_advised", "gemeente geadviseerd (opname in plan van aanpak)", "C2", SL_NCG, 0,
     LOC | DOS, FIN, .municipality = true, .to_municipality = true,
     .attributes = {{"advice", SL_KIND_CODE, false, "include|not_include", 0}}},
    {"municipality_decided", "gemeente besloten", "C2", SL_MUNICIPALITY | SL_NCG, 0, 0, DOS | PLA,
     .municipality = true,
     .attributes = {{"decision", SL_KIND_CODE, true, "included|not_included|deferred", 0}}},
    {"acute_unsafe", "acuut onveilige situatie (AOS)", "C3", BOTH, 0, LOC | FIN, DOS | RES | NOTE,
     .lane = SL_LANE_ACUTE, .municipality = true,
     .attributes = {{"certainty", SL_KIND_CODE, true, "reported|established", 0},
                    {"structural", SL_KIND_YES_NO_UNKNOWN, false, NULL, 0},
                    {"evacuated", SL_KIND_YES_NO, false, NULL, 0},
                    {"reported_by", SL_KIND_CODE, false, "resident|inspector|other", 0}}},
    {"acute_unsafe_dismissed", "geen acuut onveilige situatie", "C3", BOTH, 0, 0, DOS | FIN,
     .lane = SL_LANE_ACUTE,
     .attributes = {{"reason", SL_KIND_CODE, false,
                     "no_danger|withdrawn_by_reporter|not_mining_related", 0}}},
    {"safety_secured", "veiligheid geborgd", "C3", BOTH, 0, DOS, FIN | PLA, .lane = SL_LANE_ACUTE,
     .attributes = {{"outcome", SL_KIND_CODE, false, "measures_taken|evacuated|demolished", 0}}},
    {"planning_reviewed", "planning versterking herbezien (na AOS)", "C3", SL_NCG, 0, 0, PLA,
     .lane = SL_LANE_ACUTE,
     .attributes = {{"outcome", SL_KIND_CODE, false, "unchanged|advanced|not_in_programme", 0}}},
    {"non_structural_damage_found", "niet-constructieve schade geconstateerd", "C4 C5", BOTH, 0,
     LOC | DOS | FIN, 0,
     .attributes = {{"extent", SL_KIND_CODE, false, "small|normal|large", 0},
                    {"also_structural", SL_KIND_YES_NO, false, NULL, 0}}},
    {"damage_claim_prompted", "gewezen op schadevergoedingsverzoek", "C4", SL_NCG, 0, 0, DOS,
     .attributes = {{"response", SL_KIND_CODE, true,
                     "will_claim|asks_ncg_to_report|declined|no_answer", 0},
                    {"channel", SL_KIND_WORD, false, NULL, 0}}},
    {"damage_claim_declined", "bewoner wenst geen schadeverzoek", "C5", BOTH, 0, 0, DOS,
     .attributes = {{"reason", SL_KIND_CODE, false, "not_wanted|later|no_owner", 0}}},
    {"damage_inspection_planned", "schade-opname gepland", "C5", SL_IMG, 0, DOS | PLA, RES,
     .attributes = {{"date", SL_KIND_DATE, true, NULL, 0}}},
    {"damage_inspection_done", "schade-opname uitgevoerd", "C5", SL_IMG, 0, DOS, FIN,
     .attributes = {{"damage", SL_KIND_YES_NO, false, NULL, 0},
                    {"structural", SL_KIND_YES_NO, true, NULL, 0},
                    {"acute", SL_KIND_YES_NO, true, NULL, 0}}},
    /* settlement */
    {"damage_reported_on_behalf", "schademelding buiten de bewoner om", "C6", SL_NCG, 0,
     LOC | DOS | FIN, 0, .attributes = {{"extent", SL_KIND_CODE, false, "small|normal|large", 0}}},
    {"settlement_proposed", "verrekening voorgesteld", "C6", BOTH, 0, DOS | SET, 0,
     .attributes = {{"proposal_no", SL_KIND_NUMBER, false, NULL, 0},
                    {"payer", SL_KIND_CODE, false, "img|ncg", 0}}},
    {"settlement_accepted", "verrekening aanvaard", "C6", BOTH, 0, DOS | SET, 0,
     .causation_required = true, .attributes = {{"payer", SL_KIND_CODE, true, "img|ncg", 0}}},
    {"settlement_rejected", "verrekening afgewezen", "C6", BOTH, 0, DOS, NOTE,
     .causation_required = true, .attributes = {{"reason", SL_KIND_WORD, false, NULL, 0}}},
    {"settlement_completed", "verrekening afgerond", "C6", BOTH, 0, DOS | SET, 0,
     .causation_required = true},
    /* complex, harrowing, joint team */
    {"complex_case_signalled", "complexe zaak gesignaleerd", "C7 C10", BOTH, 0, DOS, LOC | NOTE,
     .attributes = {{"grounds", SL_KIND_CODE_SET, true,
                     "long_running|multiple_problems|acute|several_parties", 0}}},
    {"complex_case_closed", "complexe zaak afgesloten", "C10", BOTH, TEAM, 0, DOS,
     .attributes = {{"outcome", SL_KIND_WORD, false, NULL, 0}}},
    {"harrowing_situation_signalled", "schrijnende situatie gesignaleerd", "C9 C10", BOTH, OFFICER,
     DOS, NOTE, .lane = SL_LANE_URGENT},
    {"harrowing_situation_resolved", "schrijnende situatie opgelost", "C10", BOTH, OFFICER | TEAM,
     0, DOS, .attributes = {{"outcome", SL_KIND_WORD, false, NULL, 0}}},
    {"joint_team_priority_set", "prioriteit bepaald door gezamenlijk team", "C10", BOTH, TEAM, 0,
     NOTE, .attributes = {{"priority", SL_KIND_CODE, true, "1|2|3|4|5", 0}}},
    {"joint_team_decision", "besluit van het gezamenlijk team", "C10", BOTH, TEAM, DOS, PLA | NOTE,
     .attributes = {{"addressed_to", SL_KIND_CODE, true, "img|ncg|both", 0},
                    {"due", SL_KIND_DATE, false, NULL, 0}}},
    {"joint_team_decision_executed", "besluit uitgevoerd", "C10", BOTH, 0, 0, DOS,
     .causation_required = true},
    {"joint_inspection_planned", "gezamenlijke opname gepland", "C7", BOTH, 0, DOS | PLA, RES,
     .attributes = {{"date", SL_KIND_DATE, true, NULL, 0}}},
    {"joint_inspection_done", "gezamenlijke opname uitgevoerd", "C7", BOTH, 0, DOS | FIN, 0,
     .attributes = {{"structural", SL_KIND_YES_NO, false, NULL, 0},
                    {"non_structural", SL_KIND_YES_NO, false, NULL, 0}}},
    {"works_planned", "uitvoering gepland", "C7", BOTH, 0, DOS | PLA, 0,
     .attributes = {{"kind", SL_KIND_CODE, false, "repair|strengthening|both", 0},
                    {"programme", SL_KIND_CODE, false, PROGRAMMES, 0},
                    {"date", SL_KIND_DATE, false, NULL, 0}}},
    {"works_done", "uitvoering gereed", "C7", BOTH, 0, DOS | PLA, 0,
     .attributes = {{"kind", SL_KIND_CODE, false, "repair|strengthening|both", 0},
                    {"programme", SL_KIND_CODE, false, PROGRAMMES, 0},
                    {"date", SL_KIND_DATE, false, NULL, 0}}},
    /* joint handling, consent */
    {"joint_handling_proposed", "gezamenlijke behandeling voorgesteld", "C11", BOTH, 0, DOS,
     LOC | PLA,
     .attributes = {{"wants_joint_handling", SL_KIND_YES_NO_UNKNOWN, false, NULL, 0},
                    {"causes_delay", SL_KIND_YES_NO_UNKNOWN, false, NULL, 0},
                    {"proposed_by", SL_KIND_CODE, false, "organisation|resident", 0}}},
    {"joint_handling_accepted", "gezamenlijke behandeling aanvaard", "C11", BOTH, 0, DOS, PLA,
     .causation_required = true},
    {"joint_handling_rejected", "gezamenlijke behandeling afgewezen", "C11", BOTH, 0, 0, DOS,
     .attributes = {{"reason", SL_KIND_CODE, false,
                     "no_synergy|delay|not_suitable|resident_declined", 0}}},
    {"resident_consent_changed", "wens/toestemming bewoner gewijzigd", "C8 C11", BOTH, 0, DOS, 0,
     .attributes = {{"consent_kind", SL_KIND_CODE, true, "joint_handling|data_exchange", 0},
                    {"value", SL_KIND_YES_NO, true, NULL, 0},
                    {"channel", SL_KIND_CODE, false, "form|phone|visit|letter", 0}}},
    {"delay_reported", "vertraging gemeld", "C11", BOTH, 0, 0, DOS | PLA,
     .attributes = {{"due_to_joint_handling", SL_KIND_YES_NO, true, NULL, 0},
                    {"weeks", SL_KIND_NUMBER, false, NULL, 0}}},
    /* questions, picture, schemes, contact */
    {"dossier_question", "dossiervraag", "C8", BOTH, CONTACT, DOS | NOTE, 0,
     .attributes = {{"purpose", SL_KIND_WORD, false, PURPOSES, 0},
                    {"needs_resident", SL_KIND_YES_NO, true, NULL, 0}}},
    {"dossier_answer", "antwoord op dossiervraag", "C8", BOTH, CONTACT, DOS, NOTE | RES,
     .causation_required = true,
     .attributes = {{"outcome", SL_KIND_CODE, false, "answered|not_available|refused", 0}}},
    {"data_use_restricted", "gegevensgebruik beperkt", "C8", BOTH, CONTACT, 0, NOTE,
     .attributes = {{"ground", SL_KIND_CODE, false, "objection|accuracy|unlawful|other", 0}}},
    {"data_use_restriction_lifted", "gegevensgebruik vrijgegeven", "C8", BOTH, CONTACT, 0, NOTE,
     .attributes = {{"ground", SL_KIND_CODE, false, "objection|accuracy|unlawful|other", 0}}},
    {"case_overview_requested", "integraal beeld gevraagd", "C12", BOTH, 0, DOS, 0,
     .attributes = {{"visit_date", SL_KIND_DATE, true, NULL, 0},
                    {"purpose", SL_KIND_CODE, false, "visit_complex_case", 0}}},
    {"case_overview", "integraal beeld", "C12", BOTH, 0, DOS | PLA, FIN | RES,
     .causation_required = true, .attributes = {{"outcome", SL_KIND_WORD, false, NULL, 0}}},
    {"scheme_information_requested", "regelingsinformatie gevraagd", "C13", SL_IMG, 0, LOC | DOS, 0,
     .attributes = {{"purpose", SL_KIND_CODE, true, "value_depreciation|immaterial_damage", 0}}},
    {"scheme_information", "regelingsinformatie", "C13", SL_NCG, 0, 0, SCH,
     .causation_required = true,
     .attributes = {{"outcome", SL_KIND_CODE, true, "available|not_available", 0}}},
    {"scheme_case_closed", "regelingsaanvraag afgerond", "C13", SL_IMG, 0, 0, 0,
     .attributes = {{"purpose", SL_KIND_CODE, true, "value_depreciation|immaterial_damage", 0}}},
    {"strengthening_status_changed", "status versterking gewijzigd", "C13", SL_NCG, 0, 0, DOS | SCH,
     .attributes = {{"status", SL_KIND_CODE, false,
                     "survey|assessment|on_norm|plan|works|done|demolished", 0},
                    {"programme", SL_KIND_CODE, false, PROGRAMMES, 0}}},
    {"misdirected_contact", "verkeerd terechtgekomen contact", "C14", BOTH, 0, RES | NOTE,
     LOC | DOS,
     .attributes = {{"subject_matter", SL_KIND_CODE, false, "damage|strengthening|scheme|other", 0},
                    {"channel", SL_KIND_CODE, false, "letter|mail|visit|phone", 0}}},
    {"contact_taken_over", "contact overgenomen", "C14", BOTH, 0, 0, DOS,
     .causation_required = true},
    {"resident_informed", "bewoner geïnformeerd over gegevensuitwisseling", "C8", BOTH, 0, 0, DOS,
     .causation_required = true, .attributes = {{"channel", SL_KIND_WORD, false, NULL, 0}}},
    /* facts for concurrence */
    {"damage_case_opened", "schadedossier geopend", "C17", SL_IMG, 0, 0, DOS,
     .attributes = {{"procedure", SL_KIND_CODE, false, "maatwerk|vaste_vergoeding|herstel|other",
                     0}}},
    {"damage_case_closed", "schadedossier gesloten", "C17", SL_IMG, 0, 0, DOS,
     .attributes = {{"outcome", SL_KIND_CODE, false, "granted|rejected|withdrawn", 0}}},
    /* cross-cutting */
    {"event_corrected", "gecorrigeerd", "C8", ANYBODY, 0, 0,
     LOC | DOS | FIN | PLA | SET | SCH | RES | NOTE, .causation_required = true, .original = true},
    {"event_withdrawn", "ingetrokken", "C8", ANYBODY, 0, 0, 0, .causation_required = true,
     .original = true,
     .attributes = {{"reason", SL_KIND_CODE, false,
                     "mistake|wrong_address|duplicate|resident_request", 0}}},
};

static const struct sl_derived derived[] = {
    {"advise_municipality", SL_INSTRUCTION},
    {"check_work_stock", SL_INSTRUCTION},
    {"secure_building", SL_INSTRUCTION},
    {"review_planning", SL_INSTRUCTION},
    {"prompt_damage_claim", SL_INSTRUCTION},
    {"inspect_with_priority", SL_INSTRUCTION},
    {"inform_resident", SL_INSTRUCTION},
    {"ask_resident", SL_INSTRUCTION},
    {"estimate_delay", SL_INSTRUCTION},
    {"stop_using_resident_data", SL_INSTRUCTION},
    {"execute_joint_team_decision", SL_INSTRUCTION},
    {"confirm_harrowing", SL_INSTRUCTION},
    {"concurrence_detected", SL_NOTICE},
    {"concurrence_ended", SL_NOTICE},
    {"joint_list_changed", SL_NOTICE},
    {"joint_handling_ended", SL_NOTICE},
    {"joint_handling_lapsed", SL_NOTICE},
    {"obligation_overdue", SL_NOTICE},
    {"delivery_discarded", SL_NOTICE},
    {"checkpoint", SL_NOTICE},
    {"erasure", SL_NOTICE},
};

static const struct sl_field municipality = {"municipality", SL_KIND_MUNICIPALITY, true, NULL, 0};

static const struct sl_field fields[SL_SECTIONS][SL_MAX_SECTION_FIELDS + 1] = {
    [SL_LOCATION] = {{"bag_id", SL_KIND_BAG_ID, true, "20|10", 0},
                     {"municipality", SL_KIND_MUNICIPALITY, true, NULL, 0},
                     {"building_bag_id", SL_KIND_BAG_ID, false, "10", 0},
                     {"street", SL_KIND_TEXT, false, NULL, 80},
                     {"number", SL_KIND_TEXT, false, NULL, 5},
                     {"addition", SL_KIND_TEXT, false, NULL, 10},
                     {"postcode", SL_KIND_TEXT, false, NULL, 7},
                     {"place", SL_KIND_TEXT, false, NULL, 80}},
    [SL_DOSSIER] = {{"organisation", SL_KIND_TEXT, true, NULL, 40},
                    {"case_number", SL_KIND_TEXT, true, NULL, 40},
                    {"mailbox", SL_KIND_TEXT, false, NULL, 120}},
    [SL_FINDINGS] = {{"found_on", SL_KIND_DATE, true, NULL, 0},
                     {"element", SL_KIND_CODE, false,
                      "foundation|facade|wall|roof|chimney|floor|other", 0},
                     {"kind", SL_KIND_CODE, false, "crack|plaster|floor|tile|subsidence|other", 0},
                     {"danger", SL_KIND_CODE, false, "collapse|falling_parts|gas|electricity|other",
                      0},
                     {"access", SL_KIND_CODE, false, "open|fenced|closed", 0},
                     {"code", SL_KIND_TEXT, false, NULL, 40},
                     {"report_ref", SL_KIND_TEXT, false, NULL, 200},
                     {"photo_refs", SL_KIND_TEXTS, false, NULL, 200},
                     {"measures", SL_KIND_FREE_TEXTS, false, NULL, 200}},
    [SL_PLANNING] = {{"date", SL_KIND_DATE, false, NULL, 0},
                     {"period_from", SL_KIND_DATE, false, NULL, 0},
                     {"period_to", SL_KIND_DATE, false, NULL, 0},
                     {"part_of_day", SL_KIND_CODE, false, "morning|afternoon|evening|day", 0},
                     {"parties", SL_KIND_FREE_TEXTS, false, NULL, 80}},
    [SL_SETTLEMENT] = {{"amount_cents", SL_KIND_CENTS, true, NULL, 0},
                       {"payer", SL_KIND_CODE, true, "img|ncg", 0},
                       {"works", SL_KIND_TEXTS, false, NULL, 40},
                       {"period_from", SL_KIND_DATE, false, NULL, 0},
                       {"period_to", SL_KIND_DATE, false, NULL, 0},
                       {"paid_on", SL_KIND_DATE, false, NULL, 0}},
    [SL_SCHEME] = {{"judged_unsafe", SL_KIND_CODE, true, "yes|no|not_yet", 0},
                   {"decision", SL_KIND_CODE, true, "strengthen|demolish_rebuild|on_norm|none", 0},
                   {"decision_date", SL_KIND_DATE, false, NULL, 0}},
    [SL_RESIDENT] = {{"name", SL_KIND_TEXT, true, NULL, 120},
                     {"phone", SL_KIND_TEXT, false, NULL, 20},
                     {"mail", SL_KIND_TEXT, false, NULL, 120},
                     {"salutation", SL_KIND_TEXT, false, NULL, 40},
                     {"interpreter", SL_KIND_TEXT, false, NULL, 40}},
    [SL_NOTE] = {{"text", SL_KIND_FREE_TEXT, true, NULL, 4000},
                 {"ground_class", SL_KIND_CODE, false, "social|financial|health|safety|other", 0}},
};

static const struct {
    const char *name;
    const ProtobufCMessageDescriptor *message;
} sections[SL_SECTIONS] = {
    [SL_NO_SECTION] = {"", NULL},
    [SL_LOCATION] = {"location", &samenloop__v1__location__descriptor},
    [SL_DOSSIER] = {"dossier", &samenloop__v1__dossier__descriptor},
    [SL_FINDINGS] = {"findings", &samenloop__v1__findings__descriptor},
    [SL_PLANNING] = {"planning", &samenloop__v1__planning__descriptor},
    [SL_SETTLEMENT] = {"settlement", &samenloop__v1__settlement__descriptor},
    [SL_SCHEME] = {"scheme", &samenloop__v1__scheme__descriptor},
    [SL_RESIDENT] = {"resident", &samenloop__v1__resident__descriptor},
    [SL_NOTE] = {"note", &samenloop__v1__note__descriptor},
    [SL_ORIGIN] = {"origin", &samenloop__v1__origin__descriptor},
};

static const char *const lanes[SL_LANES] = {"", "acute", "urgent", "ordinary"};

static const char *const roles[SL_ROLES] = {"", "back_office", "contact_person", "incident_officer",
                                            "joint_team"};

enum sl_organisation sl_organisation_of(const char *participant)
{
    if (strcmp(participant, "img") == 0)
        return SL_IMG;
    if (strcmp(participant, "ncg") == 0)
        return SL_NCG;
    bool coded = strncmp(participant, "gm", 2) == 0 && strlen(participant) == 6 &&
                 strspn(participant + 2, "0123456789") == 4;
    return coded ? SL_MUNICIPALITY : SL_NOBODY;
}

const char *sl_lane_name(enum sl_lane lane)
{
    return (unsigned)lane < SL_LANES ? lanes[lane] : "";
}

const char *sl_role_name(enum sl_role role)
{
    return (unsigned)role < SL_ROLES ? roles[role] : "";
}

int sl_role_parse(enum sl_role *out, struct sl_bytes name)
{
    for (int i = SL_BACK_OFFICE; i < SL_ROLES; i++) {
        if (sl_bytes_is(name, roles[i])) {
            *out = (enum sl_role)i;
            return 0;
        }
    }
    return -1;
}

const char *sl_section_name(enum sl_section section)
{
    return (unsigned)section < SL_SECTIONS ? sections[section].name : "";
}

enum sl_section sl_section_parse(struct sl_bytes name)
{
    for (int i = SL_LOCATION; i < SL_ORIGIN; i++) {
        if (sl_bytes_is(name, sections[i].name))
            return (enum sl_section)i;
    }
    return SL_NO_SECTION;
}

void sl_sections_print(struct sl_buffer *out, uint32_t set)
{
    const char *comma = "";
    for (int i = SL_LOCATION; i < SL_ORIGIN; i++) {
        if ((set & sl_section_bit((enum sl_section)i)) != 0) {
            sl_buffer_printf(out, "%s%s", comma, sections[i].name);
            comma = ",";
        }
    }
}

size_t sl_type_count(void)
{
    return sizeof types / sizeof types[0];
}

const struct sl_type *sl_type_at(size_t index)
{
    return &types[index];
}

enum sl_lane sl_type_lane(const struct sl_type *type)
{
    return type->lane == SL_NO_LANE ? SL_LANE_ORDINARY : type->lane;
}

size_t sl_type_index(const struct sl_type *type)
{
    return (size_t)(type - types);
}

const struct sl_type *sl_type_find(struct sl_bytes name)
{
    for (size_t i = 0; i < sl_type_count(); i++) {
        if (sl_bytes_is(name, types[i].name))
            return &types[i];
    }
    return NULL;
}

static const struct sl_field *find_field(const struct sl_field *list, size_t count,
                                         struct sl_bytes name)
{
    for (size_t i = 0; i < count && list[i].name != NULL; i++) {
        if (sl_bytes_is(name, list[i].name))
            return &list[i];
    }
    return NULL;
}

bool sl_is_correction(const struct sl_type *type)
{
    return type->original && type->optional != 0; /* a withdrawal has no sections */
}

const struct sl_field *sl_type_attribute(const struct sl_type *type, struct sl_bytes name)
{
    if (type->municipality && sl_bytes_is(name, municipality.name))
        return &municipality;
    const struct sl_field *own = find_field(type->attributes, SL_MAX_TYPE_ATTRIBUTES, name);
    for (size_t i = 0; own == NULL && sl_is_correction(type) && i < sl_type_count(); i++) {
        if (!types[i].original)
            own = sl_type_attribute(&types[i], name);
    }
    return own;
}

size_t sl_derived_count(void)
{
    return sizeof derived / sizeof derived[0];
}

const struct sl_derived *sl_derived_at(size_t index)
{
    return &derived[index];
}

const struct sl_derived *sl_derived_find(struct sl_bytes name)
{
    for (size_t i = 0; i < sl_derived_count(); i++) {
        if (sl_bytes_is(name, derived[i].name))
            return &derived[i];
    }
    return NULL;
}

const struct sl_field *sl_section_fields(enum sl_section section)
{
    return fields[section];
}

const ProtobufCMessageDescriptor *sl_section_message(enum sl_section section)
{
    return sections[section].message;
}
