/* Key cards: whose certificate may sign which card, and what is no card. */
#include "tests/unit/keycards.h"

/* Reads the card; what it says in the way of an error, or "" when it is good. */
static const char *verdict(const struct world *world, const struct draft *draft)
{
    static struct sl_error error;
    struct sl_card card;
    struct sl_buffer bytes = finish(draft);
    error = (struct sl_error){0};
    if (sl_card_read(&card, sl_buffer_bytes(&bytes), world->trust, now, &error) == 0)
        sl_card_free(&card);
    else
        assert_int_equal(error.code, SL_BAD_KEY_CARD);
    sl_buffer_free(&bytes);
    return error.text;
}

static void expect(const struct world *world, const struct draft *draft, const char *what,
                   const char *wanted)
{
    const char *got = verdict(world, draft);
    if (wanted[0] == '\0' ? got[0] != '\0' : strstr(got, wanted) == NULL)
        fail_msg("%s: wanted \"%s\", got \"%s\"", what, wanted, got);
}

static void a_good_card_is_read(void **state)
{
    struct world *world = *state;
    struct draft draft;
    struct sl_error error = {0};
    struct sl_card card;
    begin(&draft, IMG, &world->img);
    struct sl_buffer bytes = finish(&draft);
    assert_int_equal(sl_card_read(&card, sl_buffer_bytes(&bytes), world->trust, now, &error), 0);
    assert_string_equal(card.oin, IMG);
    assert_int_equal(card.issued_at, now - day);
    assert_int_equal(card.key_count, 3);
    for (int use = SIGNING; use <= SEALING; use++) {
        const struct sl_key *key = sl_card_key(&card, (Samenloop__V1__KeyUse)use, now);
        assert_non_null(key);
        assert_memory_equal(key->public_key, draft.bytes[use - 1], SL_KEY_SIZE);
        assert_null(sl_card_key(&card, (Samenloop__V1__KeyUse)use, now + 10 * day));
        assert_null(sl_card_key(&card, (Samenloop__V1__KeyUse)use, now - 10 * day - 1));
    }
    sl_card_free(&card);
    sl_buffer_free(&bytes);
    struct spec spec = organisation(IMG);
    spec.rsa = true; /* as most government authorities issue them */
    struct pair rsa = make(&spec, &world->authority);
    begin(&draft, IMG, &rsa);
    expect(world, &draft, "RSA", "");
    drop(rsa);
}

static void what_is_no_certificate_for_it_is_refused(void **state)
{
    struct world *world = *state;
    static const struct {
        const char *what;
        struct spec spec; /* what is set here takes the place of a good one's */
        const char *wanted;
    } cases[] = {
        {"expired", {.from = -20, .until = -1}, "expired"},
        {"future", {.from = 1, .until = 2}, "not yet valid"},
        {"SHA-1", {.sha1 = true}, "too weak"},
        {"an authority",
         {.basic = "critical,CA:TRUE", .usage = "digitalSignature,keyCertSign"},
         "authority's"},
        {"no key identifiers", {.bare = true}, "Authority Key Identifier"},
        {"no usage", {.usage = ""}, "digitalSignature"},
        {"another usage", {.usage = "critical,keyEncipherment"}, "digitalSignature"},
        {"TLS server alone", {.extended = "serverAuth"}, "TLS alone"},
        {"TLS alone", {.extended = "serverAuth,clientAuth"}, "TLS alone"},
        {"also for TLS", {.extended = "clientAuth,emailProtection"}, ""},
        {"two serial numbers",
         {.subject = {{"serialNumber", IMG}, {"serialNumber", IMG}}},
         "exactly one"},
        {"another after it",
         {.subject = {{"serialNumber", IMG}, {"CN", "x"}, {"serialNumber", NCG}}},
         "exactly one"},
        {"no serial number", {.subject = {{"CN", "x"}}}, "exactly one"},
        {"OIN in CN", {.subject = {{"CN", IMG}}}, "exactly one"},
        {"another's", {.subject = {{"serialNumber", NCG}}}, "not of OIN"},
        {"a blank", {.subject = {{"serialNumber", IMG " "}}}, "not of OIN"},
        {"a digit less", {.subject = {{"serialNumber", "0000000416416416400"}}}, "not of OIN"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct spec spec = organisation(IMG);
        const struct spec *other = &cases[i].spec;
        struct draft draft;
        if (other->subject[0][0] != NULL)
            memcpy(spec.subject, other->subject, sizeof spec.subject);
        if (other->basic != NULL)
            spec.basic = other->basic;
        if (other->usage != NULL)
            spec.usage = other->usage[0] == '\0' ? NULL : other->usage;
        if (other->until != 0) {
            spec.from = other->from;
            spec.until = other->until;
        }
        spec.extended = other->extended;
        spec.sha1 = other->sha1;
        spec.bare = other->bare;
        struct pair pair = make(&spec, &world->authority);
        begin(&draft, IMG, &pair);
        expect(world, &draft, cases[i].what, cases[i].wanted);
        drop(pair);
    }
}

/* What cannot be written as a C string: a NUL after the OIN, characters of two bytes. */
static void an_oin_is_twenty_characters_and_no_more(void **state)
{
    struct world *world = *state;
    static const struct {
        int type;
        int size;
        const char *wanted;
    } cases[] = {{V_ASN1_PRINTABLESTRING, SL_OIN_SIZE, ""},
                 {V_ASN1_UTF8STRING, SL_OIN_SIZE, ""},
                 {V_ASN1_UTF8STRING, SL_OIN_SIZE + 1, "not of OIN"},
                 {V_ASN1_PRINTABLESTRING, SL_OIN_SIZE + 1, "not of OIN"},
                 {V_ASN1_BMPSTRING, SL_OIN_SIZE, "not of OIN"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct spec spec = organisation(IMG);
        struct draft draft;
        spec.subject[1][0] = NULL;
        struct pair pair = make(&spec, &world->authority);
        X509_NAME *subject = X509_get_subject_name(pair.certificate);
        assert_int_equal(X509_NAME_add_entry_by_NID(subject, NID_serialNumber, cases[i].type,
                                                    (const unsigned char *)IMG, cases[i].size, -1,
                                                    0),
                         1);
        assert_true(X509_sign(pair.certificate, world->authority.key, EVP_sha256()) > 0);
        begin(&draft, IMG, &pair);
        expect(world, &draft, "OIN", cases[i].wanted);
        drop(pair);
    }
}

static void chains_are_followed_and_checked(void **state)
{
    struct world *world = *state;
    struct spec spec = organisation(IMG);
    struct spec between = authority_spec;
    struct draft draft;
    between.subject[0][1] = "Between";
    struct pair good = make(&between, &world->authority);
    between.basic = "critical,CA:FALSE";
    struct pair none = make(&between, &world->authority);
    struct pair alone = make(&authority_spec, NULL); /* of the same name, and not trusted */
    const struct {
        const struct pair *issuer;
        bool sent;
        const char *wanted;
    } cases[] = {{&good, true, ""},
                 {&good, false, "unable to get local issuer"},
                 {&none, true, "invalid CA certificate"},
                 {&alone, true, "not good"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pair pair = make(&spec, cases[i].issuer);
        begin(&draft, IMG, &pair);
        draft.chain[1] = cases[i].sent ? cases[i].issuer->certificate : NULL;
        expect(world, &draft, "chain", cases[i].wanted);
        drop(pair);
    }
    drop(good);
    drop(none);
    drop(alone);
}

static void what_is_no_card_is_refused(void **state)
{
    struct world *world = *state;
    struct draft draft;
    struct pair other = make(&authority_spec, NULL);
    begin(&draft, IMG, &world->img);
    draft.label = "samenloop.v1 batch";
    expect(world, &draft, "another label", "signature");
    draft.label = "";
    expect(world, &draft, "no label", "signature");
    begin(&draft, IMG, &world->img);
    draft.signs = other.key;
    expect(world, &draft, "another's signature", "signature");
    begin(&draft, NCG, &world->img);
    expect(world, &draft, "for another", "not of OIN");
    begin(&draft, "0000000416416416400x", &world->img);
    expect(world, &draft, "no OIN", "no key card");
    begin(&draft, IMG, &world->img);
    draft.chain[0] = NULL;
    expect(world, &draft, "no certificate", "no certificate");
    draft.chain[0] = world->img.certificate;
    draft.trailer = 2;
    expect(world, &draft, "more than a certificate", "no certificate");
    draft.trailer = 0;
    draft.cut = 1;
    expect(world, &draft, "cut", "no key card");
    begin(&draft, IMG, &world->img);
    draft.card.issued_at = now + SL_FUTURE_TOLERANCE + 1;
    expect(world, &draft, "of tomorrow", "not issued yet");
    drop(other);
}

static void a_card_lacks_no_use_and_no_key_is_bad(void **state)
{
    struct world *world = *state;
    struct draft draft;
    for (size_t use = 0; use < 3; use++) {
        begin(&draft, IMG, &world->img);
        draft.list[use] = draft.list[2]; /* the last takes its place */
        draft.card.n_keys = 2;
        expect(world, &draft, "a use less", "the card has no");
        begin(&draft, IMG, &world->img);
        draft.keys[use].public_key.len = SL_KEY_SIZE - 1;
        expect(world, &draft, "31 bytes", "is none");
        begin(&draft, IMG, &world->img);
        draft.keys[use].not_after = draft.keys[use].not_before;
        expect(world, &draft, "never valid", "is none");
        begin(&draft, IMG, &world->img);
        draft.keys[use].use = (Samenloop__V1__KeyUse)4;
        expect(world, &draft, "another use", "is none");
        begin(&draft, IMG, &world->img);
        memset(draft.bytes[use], 0, SL_KEY_SIZE);
        expect(world, &draft, "zero", "is no ");
        draft.bytes[use][0] = 1;
        expect(world, &draft, "one", "is no ");
    }
    begin(&draft, IMG, &world->img);
    while (draft.card.n_keys <= SL_MAX_KEYS)
        add_new_key(&draft, SEALING);
    expect(world, &draft, "17 keys", "more than");
    draft.card.n_keys--;
    expect(world, &draft, "16 keys", "");
}

/* A change of any byte is found: what is not under the signature is the certificate's own. */
static void every_changed_byte_of_a_card_is_found(void **state)
{
    struct world *world = *state;
    struct draft draft;
    begin(&draft, IMG, &world->img);
    struct sl_buffer bytes = finish(&draft);
    struct sl_error error = {0};
    struct sl_card card;
    for (size_t i = 0; i < bytes.size; i++) {
        bytes.data[i] ^= 0x01;
        if (sl_card_read(&card, sl_buffer_bytes(&bytes), world->trust, now, &error) == 0)
            fail_msg("byte %zu of %zu can be changed", i, bytes.size);
        bytes.data[i] ^= 0x01;
    }
    for (size_t size = 0; size < bytes.size; size++)
        assert_int_equal(sl_card_read(&card, sl_bytes(bytes.data, size), world->trust, now, &error),
                         -1);
    sl_buffer_free(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_good_card_is_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_certificate_for_it_is_refused, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_oin_is_twenty_characters_and_no_more, set_up, tear_down),
        cmocka_unit_test_setup_teardown(chains_are_followed_and_checked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_card_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_card_lacks_no_use_and_no_key_is_bad, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_changed_byte_of_a_card_is_found, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
