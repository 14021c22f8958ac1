/*
 * The grammar of agreement.rules; samenloop-rules(5) tells it in words. Names are not looked up
 * here. A mistake in an outcome costs that outcome, one elsewhere in a rule that rule: reading goes
 * on at the next word that can begin something.
 */
%code requires {
#include "router/language/raw.h"
#define YYLTYPE struct raw_span
#define YYLTYPE_IS_DECLARED 1
#define YYLLOC_DEFAULT(all, parts, count)                                                          \
    ((all) = raw_spanning(&YYRHSLOC(parts, 0), &YYRHSLOC(parts, 1), &YYRHSLOC(parts, count), count))
struct raw_span raw_spanning(const struct raw_span *before, const struct raw_span *first,
                             const struct raw_span *last, int count);
}
%code {
#include <string.h>

#include "router/language/lexer.h"

static void yyerror(YYLTYPE *at, void *scanner, struct reader *reader, const char *message);
static struct raw_condition *test(struct reader *reader, enum agreement_test kind, bool negated,
                                  struct raw_word *name, struct raw_list values, YYLTYPE span);
static struct raw_condition *group(struct reader *reader, enum agreement_test kind,
                                   struct raw_list parts, YYLTYPE span);
static struct raw_condition *all_of(struct reader *reader, struct raw_list parts, YYLTYPE span);
static struct raw_outcome *outcome(struct reader *reader, enum agreement_outcome_kind kind,
                                   YYLTYPE span);
static struct raw_pair *pair(struct reader *reader, struct raw_word *first,
                             struct raw_word *second, struct raw_condition *condition);
static struct raw_list joined(struct raw_list one, struct raw_list two);
static struct raw_list shared(struct raw_list words, struct raw_word *more);
static struct raw_rule *begun(struct reader *reader, struct raw_word *name);

#define NO_WORDS ((struct raw_list){0})
#define ONE(word) raw_append(NO_WORDS, (word))
#define FILE_OF(reader) (&(reader)->raw)
}
%define api.pure full
%define parse.error custom
/* A mistake after an outcome is the outcomes', not the rule's or the file's: shifting is right. */
%expect 2
%locations
%param { void *scanner }
%parse-param { struct reader *reader }

%union {
    const char *text;
    bool flag;
    enum agreement_unit unit;
    struct raw_word *word;
    struct raw_list list;
    struct raw_condition *condition;
    struct raw_outcome *outcome;
    struct raw_term *term;
    struct raw_rule *rule;
    struct raw_pair *pair;
}

%token <text> NAME "a name" TEXT "a text in quotes" NUMBER "a number" DATE "a date"
%token <text> MOMENT "a moment" CLAUSE_NAME "a clause" IN "in" NONE "none" PUBLISHER "publisher"
%token <text> CONSENT "consent"
%token OPEN_TEXT "a text without its closing quote" STRANGE "a character that no word has"
%token YYEOF 0 "the end of the file"
%token NCG_AREA "ncg area" ELSE_ESCALATE "else escalate" ELSE_LOG "else log"
%token ABOUT "about" AFTER "after" AGREEMENT "agreement" ALL_OF "all" AND "and" ANY "any"
%token APPLY "apply" ASKED "asked" AWAITED "awaited" AWAITING "awaiting"
%token AWAITS "awaits" BE "be" BECAUSE "because" BECOMES "becomes" BEFORE "before" BUT "but"
%token BY "by" CEASES "ceases" CHANGES "changes" CLAUSE "clause" CONTINUING "continuing"
%token DAILY "daily" DAYS "days" DISCLOSED "disclosed" DISCLOSING "disclosing" EITHER "either"
%token ELSE "else" ESCALATE "escalate" EVENT "event" EXPECT "expect" FACTS "facts" FORCE "force"
%token FORWARD "forward" FREE "free" FROM "from" FUTURE "future" HOURS "hours" IF "if"
%token INFORM "inform" INITIAL_LOAD "initial load" INSTRUCT "instruct" IS "is" JOIN "join" LIFT "lift"
%token LIST "list" LISTED "listed" LOG "log" MET "met" MINUTES "minutes"
%token NAMES "names" NAMING "naming" NOT "not" NOTIFY "notify" OF "of" OFF "off" ON "on"
%token OPTIONAL "optional" OR "or" OTHERWISE "otherwise" OVERDUE "overdue"
%token PARTICIPANTS "participants" PRIORITISE "prioritise" PRIORITY "priority"
%token PURPOSES "purposes" QUESTION "question" RELEASE "release" REMEMBER "remember"
%token RESIDENTS "residents" RESTRICT "restrict" REVIEW "review" ROLE "role" RULE "rule"
%token SAYS "says" SINCE "since" START "start" STEPS "steps" THE "the" THEN "then" TO "to"
%token TOLERANCE "tolerance" VERSION "version" WAS "was" WHEN "when" WHERE "where"
%token WITHHOLD "withhold" WITHIN "within" WITHOUT "without" WORKING "working"

%type <word> name value basis number date text who person party participant statement disclosure
%type <word> escalated unknown turn about since clause clause_name free_day
%type <list> names or_names values participants free_days statements disclosures disclosing
%type <list> escalation unknowns naming turns clauses from awaiting_types conditions comma_conditions
%type <list> outcomes otherwise else_levels by_rules
%type <condition> condition where if and_conditions
%type <outcome> outcome action
%type <term> term within
%type <unit> unit clock
%type <flag> not either continuing from_publisher daily
%type <text> because else_log quotation
%type <pair> priority
%type <rule> head

%%
file: %empty | file agreement | file setting | file rule
    | file error { FILE_OF(reader)->broken |= FILE_OF(reader)->rules.count == 0; } ;

/* ---------------------------------------------------------------- settings */

agreement: AGREEMENT TEXT VERSION number IN FORCE FROM MOMENT review {
    struct agreement *agreement = reader->agreement;
    if (agreement->place.line > 0)
        reader_find(reader, @1.place, "a second agreement in this file");
    agreement->place = @1.place;
    agreement->name = $2;
    agreement->version = resolve_number(reader, $4);
    agreement->in_force = resolve_moment(reader, $8, @8.place);
  } ;
review: %empty | REVIEW BY date { reader->agreement->review = resolve_date(reader, $3); } ;

setting:
    PARTICIPANTS participants { FILE_OF(reader)->participants = joined(FILE_OF(reader)->participants, $2); }
  | NCG_AREA names { FILE_OF(reader)->area = joined(FILE_OF(reader)->area, $2); }
  | FREE DAYS free_days { FILE_OF(reader)->free_days = joined(FILE_OF(reader)->free_days, $3); }
  | FUTURE TOLERANCE number clock {
      FILE_OF(reader)->tolerance = $3;
      FILE_OF(reader)->tolerance_unit = $4;
    }
  | FACTS names START value { FILE_OF(reader)->facts = joined(FILE_OF(reader)->facts, shared($2, $4)); }
  | PURPOSES names ON basis { FILE_OF(reader)->purposes = joined(FILE_OF(reader)->purposes, shared($2, $4)); }
  | STEPS name THEN name {
      FILE_OF(reader)->steps = raw_append(FILE_OF(reader)->steps, pair(reader, $2, $4, NULL));
    }
  | LIST priorities
  | INFORM RESIDENTS OFF { FILE_OF(reader)->inform = NULL; }
  | INFORM RESIDENTS WITHIN number WORKING DAYS { FILE_OF(reader)->inform = $4; }
  ;

participants: participant { $$ = ONE($1); } | participants ',' participant { $$ = raw_append($1, $3); } ;
participant: name | OPTIONAL name { $$ = $2; $$->flag = true; } ;
free_days: free_day { $$ = ONE($1); } | free_days ',' free_day { $$ = raw_append($1, $3); } ;
free_day: date ;
basis: name | CONSENT { $$ = raw_word(reader, $1, @1); } ;
priorities: priority { FILE_OF(reader)->priorities = raw_append(FILE_OF(reader)->priorities, $1); }
  | priorities priority { FILE_OF(reader)->priorities = raw_append(FILE_OF(reader)->priorities, $2); } ;
priority: PRIORITY number IF condition { $$ = pair(reader, $2, NULL, $4); } ;

/* ---------------------------------------------------------------- rules */

rule:
    head clauses WHEN trigger and_conditions outcomes otherwise {
      struct raw_rule *rule = $1;
      rule->broken = false;
      rule->clauses = $2;
      rule->trigger = reader->trigger;
      rule->condition = $5;
      rule->outcomes = $6;
      rule->otherwise = $7;
    }
  | head error
  ;
head: RULE name { $$ = begun(reader, $2); yyerrok; } ;

clauses: %empty { $$ = NO_WORDS; } | clauses clause { $$ = raw_append($1, $2); } ;
clause: CLAUSE clause_name quotation {
    $$ = $2;
    $$->more = raw_word(reader, $3, @3);
  } ;
clause_name: CLAUSE_NAME { $$ = raw_word(reader, $1, @1); } ;
quotation: TEXT | quotation TEXT { $$ = raw_joined(reader, $1, $2); } ;

trigger:
    or_names from { reader->trigger = (struct raw_trigger){AGREEMENT_ON_EVENT, $1, $2}; }
  | turns { reader->trigger = (struct raw_trigger){AGREEMENT_ON_TURN, $1, NO_WORDS}; }
  | THE LIST CHANGES { reader->trigger = (struct raw_trigger){AGREEMENT_ON_LIST, NO_WORDS, NO_WORDS}; }
  ;
from: %empty { $$ = NO_WORDS; } | FROM or_names { $$ = $2; } ;
turns: turn { $$ = ONE($1); } | turns OR turn { $$ = raw_append($1, $3); } ;
turn: name BECOMES value { $$ = $1; $$->more = $3; }
  | name CEASES TO BE value { $$ = $1; $$->more = $5; $$->flag = true; } ;

/* ---------------------------------------------------------------- conditions */

and_conditions: %empty { $$ = NULL; } | AND conditions { $$ = all_of(reader, $2, @2); } ;
if: %empty { $$ = NULL; } | IF conditions { $$ = all_of(reader, $2, @2); } ;
where: %empty { $$ = NULL; } | WHERE condition { $$ = $2; } ;
conditions: condition { $$ = ONE($1); } | conditions AND condition { $$ = raw_append($1, $3); } ;
comma_conditions: condition { $$ = ONE($1); } | comma_conditions ',' condition { $$ = raw_append($1, $3); } ;

condition:
    ALL_OF OF '(' comma_conditions ')' { $$ = group(reader, AGREEMENT_ALL, $4, @$); }
  | ANY OF '(' comma_conditions ')' { $$ = group(reader, AGREEMENT_ANY, $4, @$); }
  | NONE OF '(' comma_conditions ')' { $$ = group(reader, AGREEMENT_NONE, $4, @$); }
  | name { $$ = test(reader, AGREEMENT_IS, false, $1, NO_WORDS, @$); }
  | NOT name {
      reader_find(reader, @1.place, "\"not %s\" leaves open whether unknown counts; say \"%s is no\" or "
                  "\"%s is not yes\"", $2->text, $2->text, $2->text);
      $$ = test(reader, AGREEMENT_IS, true, $2, NO_WORDS, @$);
    }
  | name IS not values { $$ = test(reader, AGREEMENT_IS, $3, $1, $4, @$); }
  | EVENT SAYS name IS not values { $$ = test(reader, AGREEMENT_SAYS, $5, $3, $6, @$); }
  | ASKED name IS not values { $$ = test(reader, AGREEMENT_ASKED, $4, $2, $5, @$); }
  | name NAMES who { $$ = test(reader, AGREEMENT_NAMES, false, $1, ONE($3), @$); }
  | PUBLISHER IS not name { $$ = test(reader, AGREEMENT_PUBLISHER_IS, $3, NULL, ONE($4), @$); }
  | ROLE IS not name { $$ = test(reader, AGREEMENT_ROLE_IS, $3, $4, NO_WORDS, @$); }
  | EVENT IS not or_names { $$ = test(reader, AGREEMENT_EVENT_IS, $3, NULL, $4, @$); }
  | AWAITED by_rules { $$ = test(reader, AGREEMENT_AWAITED, false, NULL, $2, @$); }
  | NOT AWAITED by_rules { $$ = test(reader, AGREEMENT_AWAITED, true, NULL, $3, @$); }
  | name AWAITS name { $$ = test(reader, AGREEMENT_AWAITS, false, $1, ONE($3), @$); }
  | name WAS DISCLOSED TO who { $$ = test(reader, AGREEMENT_DISCLOSED, false, $1, ONE($5), @$); }
  | SINCE date { $$ = test(reader, AGREEMENT_SINCE, false, $2, NO_WORDS, @$); }
  | LISTED { $$ = test(reader, AGREEMENT_LISTED, false, NULL, NO_WORDS, @$); }
  | OVERDUE { $$ = test(reader, AGREEMENT_OVERDUE, false, NULL, NO_WORDS, @$); }
  | INITIAL_LOAD { $$ = test(reader, AGREEMENT_INITIAL_LOAD, false, NULL, NO_WORDS, @$); }
  ;
by_rules: %empty { $$ = NO_WORDS; } | BY or_names { $$ = $2; } ;
values: value { $$ = ONE($1); } | values OR value { $$ = raw_append($1, $3); } ;
not: %empty { $$ = false; } | NOT { $$ = true; } ;

/* ---------------------------------------------------------------- outcomes */

outcomes: %empty { $$ = NO_WORDS; } | outcomes outcome { $$ = raw_append($1, $2); }
  | outcomes error { $$ = $1; } ;
otherwise: %empty { $$ = NO_WORDS; } | OTHERWISE outcomes { $$ = $2; } ;
outcome: action if { $$ = $1; $$->only_if = $2; yyerrok; } ;

action:
    REMEMBER statements { $$ = outcome(reader, AGREEMENT_REMEMBER, @$); $$->words = $2; }
  | FORWARD TO who disclosing else_log {
      $$ = outcome(reader, AGREEMENT_FORWARD, @$);
      $$->who = $3;
      $$->words = $4;
      $$->text = $5;
    }
  | INSTRUCT who TO name about { $$ = outcome(reader, AGREEMENT_INSTRUCT, @$); $$->who = $2; $$->what = $4; $$->name = $5; }
  | NOTIFY who OF name because daily {
      $$ = outcome(reader, AGREEMENT_NOTIFY, @$);
      $$->who = $2;
      $$->what = $4;
      $$->text = $5;
      $$->flag = $6;
    }
  | EXPECT or_names FROM who either term continuing else_levels {
      $$ = outcome(reader, AGREEMENT_EXPECT, @$);
      $$->words = $2;
      $$->who = $4;
      $$->flag = $5;
      $$->term = $6;
      $$->continuing = $7;
      $$->levels = $8;
    }
  | JOIN names AWAITING or_names { $$ = outcome(reader, AGREEMENT_JOIN, @$); $$->words = $2; $$->types = $4; }
  | RELEASE names awaiting_types from_publisher BECAUSE TEXT {
      $$ = outcome(reader, AGREEMENT_RELEASE, @$);
      $$->words = $2;
      $$->types = $3;
      $$->from_publisher = $4;
      $$->text = $6;
    }
  | RELEASE THE QUESTION BECAUSE TEXT { $$ = outcome(reader, AGREEMENT_RELEASE, @$); $$->flag = true; $$->text = $5; }
  | WITHHOLD BECAUSE TEXT naming { $$ = outcome(reader, AGREEMENT_WITHHOLD, @$); $$->text = $3; $$->words = $4; }
  | APPLY names continuing { $$ = outcome(reader, AGREEMENT_APPLY, @$); $$->words = $2; $$->continuing = $3; }
  | RESTRICT { $$ = outcome(reader, AGREEMENT_RESTRICT, @$); }
  | LIFT { $$ = outcome(reader, AGREEMENT_LIFT, @$); }
  | PRIORITISE { $$ = outcome(reader, AGREEMENT_PRIORITISE, @$); }
  | LOG TEXT since { $$ = outcome(reader, AGREEMENT_LOG, @$); $$->text = $2; $$->name = $3; }
  ;

statements: statement { $$ = ONE($1); } | statements ',' statement { $$ = raw_append($1, $3); } ;
statement: name | NOT name { $$ = $2; $$->flag = true; } ;
disclosing: %empty { $$ = NO_WORDS; } | DISCLOSING disclosures { $$ = $2; } ;
disclosures: disclosure { $$ = ONE($1); } | disclosures ',' disclosure { $$ = raw_append($1, $3); } ;
disclosure: name where { $$ = $1; $$->where = $2; }
  | name WITHOUT CONSENT { $$ = $1; $$->flag = true; } ;
else_log: %empty { $$ = NULL; } | ELSE_LOG TEXT { $$ = $2; } ;
about: %empty { $$ = NULL; } | ABOUT name { $$ = $2; } ;
because: %empty { $$ = NULL; } | BECAUSE TEXT { $$ = $2; } ;
daily: %empty { $$ = false; } | DAILY ON INITIAL_LOAD { $$ = true; } ;
either: %empty { $$ = false; } | MET BY EITHER { $$ = true; } ;
continuing: %empty { $$ = false; } | CONTINUING { $$ = true; } ;
awaiting_types: %empty { $$ = NO_WORDS; } | AWAITING or_names { $$ = $2; } ;
from_publisher: %empty { $$ = false; } | FROM PUBLISHER { $$ = true; } ;
naming: %empty { $$ = NO_WORDS; } | NAMING unknowns { $$ = $2; } ;
unknowns: unknown { $$ = ONE($1); } | unknowns ',' unknown { $$ = raw_append($1, $3); } ;
unknown: name text { $$ = $1; $$->more = $2; } ;
since: %empty { $$ = NULL; } | SINCE name { $$ = $2; } ;

term: within | BY name {
    $$ = reader_new(reader, sizeof *$$);
    *$$ = (struct raw_term){.by = $2, .span = @$};
  }
  | BY name ELSE within {
    $$ = reader_new(reader, sizeof *$$);
    *$$ = (struct raw_term){.by = $2, .otherwise = $4, .span = @$};
  } ;
within:
    WITHIN number unit {
      $$ = reader_new(reader, sizeof *$$);
      *$$ = (struct raw_term){.count = $2, .unit = $3, .span = @$};
    }
  | WITHIN number unit AFTER name {
      $$ = reader_new(reader, sizeof *$$);
      *$$ = (struct raw_term){.count = $2, .unit = $3, .after = $5, .span = @$};
    }
  | WITHIN number unit BUT BEFORE name {
      $$ = reader_new(reader, sizeof *$$);
      *$$ = (struct raw_term){.count = $2, .unit = $3, .but_before = $6, .span = @$};
    }
  ;
clock: MINUTES { $$ = AGREEMENT_MINUTES; } | HOURS { $$ = AGREEMENT_HOURS; } ;
unit: clock | WORKING DAYS { $$ = AGREEMENT_WORKING_DAYS; } ;

/* Levels with who is told: a `then` begins one; a `where` belongs to the level that it ends. */
else_levels: %empty { $$ = NO_WORDS; } | ELSE_ESCALATE TO escalation { $$ = $3; } ;
escalation: escalated { $$ = ONE($1); }
  | escalation ',' escalated { $$ = raw_append($1, $3); }
  | escalation ',' THEN escalated { $4->flag = true; $$ = raw_append($1, $4); } ;
escalated: who where { $$ = $1; $$->where = $2; } ;

/* ---------------------------------------------------------------- words */

who: person | person name { $$ = $1; $$->more = $2; } ;
person: name | party ;
party: PUBLISHER { $$ = raw_word(reader, $1, @1); } ;
name: NAME { $$ = raw_word(reader, $1, @1); } ;
names: name { $$ = ONE($1); } | names ',' name { $$ = raw_append($1, $3); } ;
or_names: name { $$ = ONE($1); } | or_names OR name { $$ = raw_append($1, $3); } ;
value: name
  | IN { $$ = raw_word(reader, $1, @1); }
  | NONE { $$ = raw_word(reader, $1, @1); }
  | number
  ;
number: NUMBER { $$ = raw_word(reader, $1, @1); } ;
date: DATE { $$ = raw_word(reader, $1, @1); } ;
text: TEXT { $$ = raw_word(reader, $1, @1); } ;
%%

struct raw_span raw_spanning(const struct raw_span *before, const struct raw_span *first,
                             const struct raw_span *last, int count)
{
    if (count == 0)
        return (struct raw_span){before->place, before->end_line, before->end, before->end};
    return (struct raw_span){first->place, last->end_line, first->begin, last->end};
}

static struct raw_condition *test(struct reader *reader, enum agreement_test kind, bool negated,
                                  struct raw_word *name, struct raw_list values, YYLTYPE span)
{
    struct raw_condition *made = reader_new(reader, sizeof *made);
    *made = (struct raw_condition){
        .test = kind, .negated = negated, .name = name, .values = values, .span = span};
    return made;
}

static struct raw_condition *group(struct reader *reader, enum agreement_test kind,
                                   struct raw_list parts, YYLTYPE span)
{
    struct raw_condition *made = reader_new(reader, sizeof *made);
    *made = (struct raw_condition){.test = kind, .parts = parts, .span = span};
    for (struct raw_condition *part = parts.first; part != NULL; part = part->next) {
        if (part->depth >= made->depth)
            made->depth = part->depth + 1;
    }
    if (made->depth == AGREEMENT_DEPTH_MAX)
        reader_find(reader, span.place, "conditions stand in conditions more than %d deep",
                    AGREEMENT_DEPTH_MAX - 1);
    return made;
}

static struct raw_condition *all_of(struct reader *reader, struct raw_list parts, YYLTYPE span)
{
    return parts.count == 1 ? parts.first : group(reader, AGREEMENT_ALL, parts, span);
}

static struct raw_outcome *outcome(struct reader *reader, enum agreement_outcome_kind kind,
                                   YYLTYPE span)
{
    struct raw_outcome *made = reader_new(reader, sizeof *made);
    *made = (struct raw_outcome){.kind = kind, .span = span};
    return made;
}

static struct raw_pair *pair(struct reader *reader, struct raw_word *first,
                             struct raw_word *second, struct raw_condition *condition)
{
    struct raw_pair *made = reader_new(reader, sizeof *made);
    *made = (struct raw_pair){NULL, first, second, condition};
    return made;
}

static struct raw_list joined(struct raw_list one, struct raw_list two)
{
    if (one.count == 0)
        return two;
    ((struct raw_word *)one.last)->next = two.first;
    return (struct raw_list){one.first, two.last, one.count + two.count};
}

static struct raw_list shared(struct raw_list words, struct raw_word *more)
{
    for (struct raw_word *word = words.first; word != NULL; word = word->next)
        word->more = more;
    return words;
}

/* A rule counts as broken until it has been read to its end. */
static struct raw_rule *begun(struct reader *reader, struct raw_word *name)
{
    struct raw_rule *rule = reader_new(reader, sizeof *rule);
    rule->name = name;
    rule->broken = true;
    reader->raw.rules = raw_append(reader->raw.rules, rule);
    return rule;
}

static void yyerror(YYLTYPE *at, void *scanner, struct reader *reader, const char *message)
{
    (void)scanner;
    reader_find(reader, at->place, "%s", message);
}

/* What is expected is told where it is one of few, or where the word found is near to one. */
static int yyreport_syntax_error(const yypcontext_t *context, void *scanner, struct reader *reader)
{
    enum { FEW = 4 };
    yysymbol_kind_t expected[YYNTOKENS];
    (void)scanner;
    int count = yypcontext_expected_tokens(context, expected, YYNTOKENS);
    const YYLTYPE *at = yypcontext_location(context);
    yysymbol_kind_t found = yypcontext_token(context);
    const char *word = reader_slice(reader, at);
    struct nearest nearest = nearest_begin(reader, word);
    for (int i = 0; i < count && found == YYSYMBOL_NAME; i++)
        nearest_offer(&nearest, yysymbol_name(expected[i]));
    struct sl_buffer text = {0};
    if (found == YYSYMBOL_YYEOF || found == YYSYMBOL_OPEN_TEXT || found == YYSYMBOL_STRANGE)
        sl_buffer_printf(&text, "unexpected: %s", yysymbol_name(found));
    else
        sl_buffer_printf(&text, "unexpected %s", word);
    for (int i = 0; i < count && count <= FEW && nearest.best == NULL; i++)
        sl_buffer_printf(&text, "%s%s", i == 0 ? "; expected " : i + 1 < count ? ", " : " or ",
                         yysymbol_name(expected[i]));
    reader_find(reader, at->place, "%.*s%s", (int)text.size, (const char *)text.data,
                nearest_hint(reader, &nearest));
    sl_buffer_free(&text);
    return 0;
}
