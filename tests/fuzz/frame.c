/* A frame on the wire, read as coming from either side. */
#include "tests/fuzz/fuzz.h"

#include "schemas/wire.h"

static struct sl_arena arena;

static void fuzz_begin(void)
{
    sl_arena_init(&arena, SL_MAX_ARENA);
}

/* A seed that no side may send teaches nothing. */
static void seed(struct sl_buffer *frame)
{
    struct sl_error error = {0};
    if (sl_wire_unpack(&arena, SL_WIRE_ADAPTER, sl_buffer_bytes(frame), &error) == NULL &&
        sl_wire_unpack(&arena, SL_WIRE_ROUTER, sl_buffer_bytes(frame), &error) == NULL) {
        (void)fprintf(stderr, "%s\n", error.text);
        abort();
    }
    fuzz_seed(sl_buffer_bytes(frame));
    sl_buffer_clear(frame);
}

static uint8_t bytes[128];
static const ProtobufCBinaryData identity = {SL_IDENTITY_SIZE, bytes};
static const ProtobufCBinaryData hash = {32, bytes};
static const ProtobufCBinaryData word = {4, (uint8_t *)(uintptr_t) "word"};

static void seed_greetings(struct sl_buffer *frame)
{
    Samenloop__V1__Hello hello = SAMENLOOP__V1__HELLO__INIT;
    Samenloop__V1__Welcome welcome = SAMENLOOP__V1__WELCOME__INIT;
    Samenloop__V1__Place last = SAMENLOOP__V1__PLACE__INIT, *list = &last;
    last.lane = SAMENLOOP__V1__LANE__LANE_ACUTE;
    last.number = 3;
    hello.version = welcome.version = SL_WIRE_VERSION;
    hello.software = welcome.software = word;
    hello.outbox = hello.inbox = hello.journal = welcome.journal = identity;
    hello.last = welcome.last = &list;
    hello.n_last = welcome.n_last = 1;
    hello.credit = welcome.credit = 100;
    welcome.agreement = hash;
    sl_wire_hello(frame, &hello);
    seed(frame);
    sl_wire_welcome(frame, &welcome);
    seed(frame);
    sl_wire_heartbeat(frame);
    seed(frame);
    sl_wire_bye(frame, SL_PROTOCOL, "no");
    seed(frame);
}

static Samenloop__V1__Bundle *bundle_of_one(void)
{
    static Samenloop__V1__Envelope envelope = SAMENLOOP__V1__ENVELOPE__INIT, *envelopes = &envelope;
    static Samenloop__V1__SealedSection section = SAMENLOOP__V1__SEALED_SECTION__INIT,
                                        *sections = &section;
    static Samenloop__V1__Ciphertext ciphertext = SAMENLOOP__V1__CIPHERTEXT__INIT,
                                     *ciphertexts = &ciphertext;
    static Samenloop__V1__Encapsulation encapsulation = SAMENLOOP__V1__ENCAPSULATION__INIT,
                                        *encapsulations = &encapsulation;
    static Samenloop__V1__BatchProof proof = SAMENLOOP__V1__BATCH_PROOF__INIT;
    static Samenloop__V1__Bundle bundle = SAMENLOOP__V1__BUNDLE__INIT;
    section.section = SAMENLOOP__V1__SECTION__SECTION_DOSSIER;
    ciphertext.sealed = (ProtobufCBinaryData){64 + 16, bytes};
    section.salt = identity;
    section.ciphertexts = &ciphertexts;
    section.n_ciphertexts = 1;
    encapsulation.recipient = encapsulation.enc = hash;
    proof.encapsulations = &encapsulations;
    proof.n_encapsulations = 1;
    envelope.header = word;
    envelope.sections = &sections;
    envelope.n_sections = 1;
    proof.card = hash;
    proof.size = 1;
    proof.signature = (ProtobufCBinaryData){64, bytes};
    bundle.proof = &proof;
    bundle.envelopes = &envelopes;
    bundle.n_envelopes = 1;
    return &bundle;
}

static void seed_publications(struct sl_buffer *frame)
{
    Samenloop__V1__Publish publish = SAMENLOOP__V1__PUBLISH__INIT;
    Samenloop__V1__Published published = SAMENLOOP__V1__PUBLISHED__INIT;
    Samenloop__V1__Result result = SAMENLOOP__V1__RESULT__INIT, *results = &result;
    Samenloop__V1__Remark remark = SAMENLOOP__V1__REMARK__INIT, *remarks = &remark;
    publish.lane = published.lane = SAMENLOOP__V1__LANE__LANE_ORDINARY;
    publish.position = published.position = 1;
    publish.bundle = bundle_of_one();
    remark.rule = remark.clause = remark.sentence = word;
    result.verdict = SAMENLOOP__V1__VERDICT__VERDICT_ACCEPTED;
    result.journal_number = 1;
    result.remarks = &remarks;
    result.n_remarks = 1;
    published.results = &results;
    published.n_results = 1;
    sl_wire_publish(frame, &publish);
    seed(frame);
    sl_wire_published(frame, &published);
    seed(frame);
}

static void seed_deliveries(struct sl_buffer *frame)
{
    Samenloop__V1__Deliver deliver = SAMENLOOP__V1__DELIVER__INIT;
    Samenloop__V1__Delivery delivery = SAMENLOOP__V1__DELIVERY__INIT, *deliveries = &delivery;
    Samenloop__V1__Delivered delivered = SAMENLOOP__V1__DELIVERED__INIT;
    Samenloop__V1__DeliveryAnswer answer = SAMENLOOP__V1__DELIVERY_ANSWER__INIT, *answers = &answer;
    Samenloop__V1__Receipt receipt = SAMENLOOP__V1__RECEIPT__INIT;
    Samenloop__V1__Receipted receipted = SAMENLOOP__V1__RECEIPTED__INIT;
    Samenloop__V1__Bundle *bundles = bundle_of_one();
    delivery.lane = answer.lane = receipt.lane = receipted.lane = SAMENLOOP__V1__LANE__LANE_ACUTE;
    delivery.number = answer.number = receipt.number = receipted.number = 1;
    delivery.attempt = answer.attempt = 1;
    delivery.kind = SAMENLOOP__V1__DELIVERY_KIND__DELIVERY_KIND_EVENT;
    delivery.role = receipt.role = receipted.role = SAMENLOOP__V1__ROLE__ROLE_BACK_OFFICE;
    delivery.journal_number = 1;
    delivery.accepted_at = receipt.at = 1000;
    deliver.bundles = &bundles;
    deliver.n_bundles = 1;
    deliver.deliveries = &deliveries;
    deliver.n_deliveries = 1;
    answer.outcome = SAMENLOOP__V1__DELIVERY_OUTCOME__DELIVERY_OUTCOME_DONE;
    delivered.answers = &answers;
    delivered.n_answers = 1;
    sl_wire_deliver(frame, &deliver);
    seed(frame);
    sl_wire_delivered(frame, &delivered);
    seed(frame);
    sl_wire_receipt(frame, &receipt);
    seed(frame);
    sl_wire_receipted(frame, &receipted);
    seed(frame);
}

static void fuzz_seeds(void)
{
    struct sl_buffer frame = {0};
    seed_greetings(&frame);
    seed_publications(&frame);
    seed_deliveries(&frame);
    sl_buffer_free(&frame);
}

/* What was read is a frame when it is packed again, too. */
static void check(enum sl_wire_side side, struct sl_bytes text)
{
    struct sl_error error = {0};
    struct sl_buffer again = {0};
    sl_arena_clear(&arena);
    const Samenloop__V1__Frame *frame = sl_wire_unpack(&arena, side, text, &error);
    if (frame == NULL) {
        must(error.code != SL_OK && error.text[0] != '\0');
        return;
    }
    must(sl_wire_name(frame) != NULL);
    sl_buffer_pack(&again, &frame->base);
    sl_arena_clear(&arena);
    if (sl_wire_unpack(&arena, side, sl_buffer_bytes(&again), &error) == NULL) {
        (void)fprintf(stderr, "%s\n", error.text);
        abort();
    }
    sl_buffer_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check(SL_WIRE_ADAPTER, sl_bytes(data, size));
    check(SL_WIRE_ROUTER, sl_bytes(data, size));
    return 0;
}
