/* A frame of each kind, for the tests of frames. */
#ifndef TESTS_WIRE_SAMPLE_H
#define TESTS_WIRE_SAMPLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "schemas/checkpoint.h"
#include "schemas/crypto.h"
#include "schemas/limits.h"
#include "schemas/wire.h"

/* A frame of each kind with everything in it; the tests change one thing at a time. */
struct sample {
    Samenloop__V1__Place place;
    Samenloop__V1__Place *places[1];
    Samenloop__V1__Hello hello;
    Samenloop__V1__Welcome welcome;
    Samenloop__V1__Encapsulation encapsulation;
    Samenloop__V1__Encapsulation *encapsulations[1];
    Samenloop__V1__BatchProof proof;
    Samenloop__V1__Ciphertext ciphertext;
    Samenloop__V1__Ciphertext *ciphertexts[1];
    Samenloop__V1__SealedSection section;
    Samenloop__V1__SealedSection *sections[1];
    Samenloop__V1__Envelope envelope;
    Samenloop__V1__Envelope *envelopes[1];
    Samenloop__V1__Bundle bundle;
    Samenloop__V1__Bundle *bundles[1];
    Samenloop__V1__Publish publish;
    Samenloop__V1__Remark remark;
    Samenloop__V1__Remark *remarks[1];
    Samenloop__V1__Result result;
    Samenloop__V1__Result *results[1];
    Samenloop__V1__Published published;
    Samenloop__V1__Ground ground;
    Samenloop__V1__Ground *grounds[1];
    Samenloop__V1__Detail detail;
    Samenloop__V1__Detail *details[1];
    ProtobufCBinaryData subjects[1];
    Samenloop__V1__Delivery delivery;
    Samenloop__V1__Delivery *deliveries[1];
    Samenloop__V1__Deliver deliver;
    Samenloop__V1__DeliveryAnswer answer;
    Samenloop__V1__DeliveryAnswer *answers[1];
    Samenloop__V1__Delivered delivered;
    Samenloop__V1__Receipt receipt;
    Samenloop__V1__Receipted receipted;
    Samenloop__V1__List list;
    Samenloop__V1__Awaited awaited;
    Samenloop__V1__Awaited *open[1];
    Samenloop__V1__Listed listed;
    Samenloop__V1__Listed *houses[1];
    Samenloop__V1__ListPiece piece;
};

static uint8_t zeros[SL_SIGNATURE_SIZE];

static inline ProtobufCBinaryData bytes(size_t size)
{
    return (ProtobufCBinaryData){size, zeros};
}

static inline ProtobufCBinaryData text(const char *t)
{
    return sl_to_pb(sl_text(t));
}

static inline void fill_bundle(struct sample *s)
{
    s->encapsulation = (Samenloop__V1__Encapsulation)SAMENLOOP__V1__ENCAPSULATION__INIT;
    s->encapsulation.recipient = bytes(SL_KEY_SIZE);
    s->encapsulation.enc = bytes(32);
    s->encapsulations[0] = &s->encapsulation;
    s->proof = (Samenloop__V1__BatchProof)SAMENLOOP__V1__BATCH_PROOF__INIT;
    s->proof.card = bytes(SL_HASH_SIZE);
    s->proof.size = 1;
    s->proof.signature = bytes(SL_SIGNATURE_SIZE);
    s->proof.n_encapsulations = 1;
    s->proof.encapsulations = s->encapsulations;
    s->ciphertext = (Samenloop__V1__Ciphertext)SAMENLOOP__V1__CIPHERTEXT__INIT;
    s->ciphertext.sealed = bytes(40);
    s->ciphertexts[0] = &s->ciphertext;
    s->section = (Samenloop__V1__SealedSection)SAMENLOOP__V1__SEALED_SECTION__INIT;
    s->section.section = SAMENLOOP__V1__SECTION__SECTION_DOSSIER;
    s->section.salt = bytes(16);
    s->section.n_ciphertexts = 1;
    s->section.ciphertexts = s->ciphertexts;
    s->sections[0] = &s->section;
    s->envelope = (Samenloop__V1__Envelope)SAMENLOOP__V1__ENVELOPE__INIT;
    s->envelope.header = bytes(30);
    s->envelope.n_sections = 1;
    s->envelope.sections = s->sections;
    s->envelopes[0] = &s->envelope;
    s->bundle = (Samenloop__V1__Bundle)SAMENLOOP__V1__BUNDLE__INIT;
    s->bundle.proof = &s->proof;
    s->bundle.n_envelopes = 1;
    s->bundle.envelopes = s->envelopes;
    s->bundles[0] = &s->bundle;
}

static inline void fill_publishing(struct sample *s)
{
    s->publish = (Samenloop__V1__Publish)SAMENLOOP__V1__PUBLISH__INIT;
    s->publish.lane = SAMENLOOP__V1__LANE__LANE_ACUTE;
    s->publish.position = 12;
    s->publish.bundle = &s->bundle;
    s->remark = (Samenloop__V1__Remark)SAMENLOOP__V1__REMARK__INIT;
    s->remark.rule = text("resident-needs-consent");
    s->remark.clause = text("C5");
    s->remark.sentence = text("no consent on record");
    s->remarks[0] = &s->remark;
    s->result = (Samenloop__V1__Result)SAMENLOOP__V1__RESULT__INIT;
    s->result.verdict = SAMENLOOP__V1__VERDICT__VERDICT_ACCEPTED;
    s->result.journal_number = 7;
    s->result.n_remarks = 1;
    s->result.remarks = s->remarks;
    s->results[0] = &s->result;
    s->published = (Samenloop__V1__Published)SAMENLOOP__V1__PUBLISHED__INIT;
    s->published.lane = SAMENLOOP__V1__LANE__LANE_ACUTE;
    s->published.position = 12;
    s->published.n_results = 1;
    s->published.results = s->results;
}

static inline void fill_delivering(struct sample *s)
{
    s->ground = (Samenloop__V1__Ground)SAMENLOOP__V1__GROUND__INIT;
    s->ground.rule = text("ask-the-work-stock");
    s->ground.clause = text("C2");
    s->ground.quotation = text("indien … geen onderdeel");
    s->grounds[0] = &s->ground;
    s->detail = (Samenloop__V1__Detail)SAMENLOOP__V1__DETAIL__INIT;
    s->detail.name = text("since");
    s->detail.value = text("2021-02-01");
    s->details[0] = &s->detail;
    s->subjects[0] = bytes(SL_HASH_SIZE);
    s->delivery = (Samenloop__V1__Delivery)SAMENLOOP__V1__DELIVERY__INIT;
    s->delivery.lane = SAMENLOOP__V1__LANE__LANE_URGENT;
    s->delivery.number = 5;
    s->delivery.previous = 4;
    s->delivery.attempt = 1;
    s->delivery.kind = SAMENLOOP__V1__DELIVERY_KIND__DELIVERY_KIND_INSTRUCTION;
    s->delivery.name = text("check_work_stock");
    s->delivery.role = SAMENLOOP__V1__ROLE__ROLE_BACK_OFFICE;
    s->delivery.n_rules = 1;
    s->delivery.rules = s->grounds;
    s->delivery.n_details = 1;
    s->delivery.details = s->details;
    s->delivery.n_subjects = 1;
    s->delivery.subjects = s->subjects;
    s->delivery.deadline = 1612825200000;
    s->deliveries[0] = &s->delivery;
    s->deliver = (Samenloop__V1__Deliver)SAMENLOOP__V1__DELIVER__INIT;
    s->deliver.n_bundles = 1;
    s->deliver.bundles = s->bundles;
    s->deliver.n_deliveries = 1;
    s->deliver.deliveries = s->deliveries;
    s->answer = (Samenloop__V1__DeliveryAnswer)SAMENLOOP__V1__DELIVERY_ANSWER__INIT;
    s->answer.lane = SAMENLOOP__V1__LANE__LANE_URGENT;
    s->answer.number = 5;
    s->answer.attempt = 1;
    s->answer.outcome = SAMENLOOP__V1__DELIVERY_OUTCOME__DELIVERY_OUTCOME_FAILED;
    s->answer.code = text("io");
    s->answer.sentence = text("the disk is full");
    s->answers[0] = &s->answer;
    s->delivered = (Samenloop__V1__Delivered)SAMENLOOP__V1__DELIVERED__INIT;
    s->delivered.n_answers = 1;
    s->delivered.answers = s->answers;
    s->delivered.credit = 1;
    s->receipt = (Samenloop__V1__Receipt)SAMENLOOP__V1__RECEIPT__INIT;
    s->receipt.lane = SAMENLOOP__V1__LANE__LANE_ACUTE;
    s->receipt.number = 1;
    s->receipt.role = SAMENLOOP__V1__ROLE__ROLE_INCIDENT_OFFICER;
    s->receipt.at = 1612825200000;
    s->receipted = (Samenloop__V1__Receipted)SAMENLOOP__V1__RECEIPTED__INIT;
    s->receipted.lane = SAMENLOOP__V1__LANE__LANE_ACUTE;
    s->receipted.number = 1;
    s->receipted.role = SAMENLOOP__V1__ROLE__ROLE_INCIDENT_OFFICER;
}

static inline void fill_list(struct sample *s)
{
    s->list = (Samenloop__V1__List)SAMENLOOP__V1__LIST__INIT;
    s->list.question = 3;
    s->list.after = 16384;
    s->awaited = (Samenloop__V1__Awaited)SAMENLOOP__V1__AWAITED__INIT;
    s->awaited.from = text("both");
    s->awaited.role = SAMENLOOP__V1__ROLE__ROLE_JOINT_TEAM;
    s->awaited.what = text("joint_team_priority_set");
    s->awaited.due = 1612825200000;
    s->awaited.rule = text("complex-signalled");
    s->awaited.clause = text("C7");
    s->awaited.journal_number = 12;
    s->open[0] = &s->awaited;
    s->listed = (Samenloop__V1__Listed)SAMENLOOP__V1__LISTED__INIT;
    s->listed.subject = bytes(SL_HASH_SIZE);
    s->listed.priority = 4;
    s->listed.since = 1612825200000;
    s->listed.grounds = text("complex, harrowing");
    s->listed.n_open = 1;
    s->listed.open = s->open;
    s->houses[0] = &s->listed;
    s->piece = (Samenloop__V1__ListPiece)SAMENLOOP__V1__LIST_PIECE__INIT;
    s->piece.question = 3;
    s->piece.n_houses = 1;
    s->piece.houses = s->houses;
}

static inline void fill(struct sample *s)
{
    s->place = (Samenloop__V1__Place)SAMENLOOP__V1__PLACE__INIT;
    s->place.lane = SAMENLOOP__V1__LANE__LANE_ORDINARY;
    s->place.number = 41;
    s->places[0] = &s->place;
    s->hello = (Samenloop__V1__Hello)SAMENLOOP__V1__HELLO__INIT;
    s->hello.version = SL_WIRE_VERSION;
    s->hello.software = text("samenloop-adapter 1");
    s->hello.outbox = s->hello.inbox = s->hello.journal = bytes(SL_IDENTITY_SIZE);
    s->hello.n_last = 1;
    s->hello.last = s->places;
    s->hello.credit = SL_CREDIT;
    s->welcome = (Samenloop__V1__Welcome)SAMENLOOP__V1__WELCOME__INIT;
    s->welcome.version = SL_WIRE_VERSION;
    s->welcome.software = text("samenloop-router 1");
    s->welcome.agreement = bytes(SL_HASH_SIZE);
    s->welcome.journal = bytes(SL_IDENTITY_SIZE);
    s->welcome.n_last = 1;
    s->welcome.last = s->places;
    s->welcome.credit = SL_CREDIT;
    fill_bundle(s);
    fill_publishing(s);
    fill_delivering(s);
    fill_list(s);
}

static inline void write_kind(const struct sample *s, int kind, struct sl_buffer *out)
{
    switch (kind) {
    case SAMENLOOP__V1__FRAME__BODY_HELLO:
        sl_wire_hello(out, &s->hello);
        break;
    case SAMENLOOP__V1__FRAME__BODY_WELCOME:
        sl_wire_welcome(out, &s->welcome);
        break;
    case SAMENLOOP__V1__FRAME__BODY_PUBLISH:
        sl_wire_publish(out, &s->publish);
        break;
    case SAMENLOOP__V1__FRAME__BODY_PUBLISHED:
        sl_wire_published(out, &s->published);
        break;
    case SAMENLOOP__V1__FRAME__BODY_DELIVER:
        sl_wire_deliver(out, &s->deliver);
        break;
    case SAMENLOOP__V1__FRAME__BODY_DELIVERED:
        sl_wire_delivered(out, &s->delivered);
        break;
    case SAMENLOOP__V1__FRAME__BODY_RECEIPT:
        sl_wire_receipt(out, &s->receipt);
        break;
    case SAMENLOOP__V1__FRAME__BODY_RECEIPTED:
        sl_wire_receipted(out, &s->receipted);
        break;
    case SAMENLOOP__V1__FRAME__BODY_LIST:
        sl_wire_list(out, &s->list);
        break;
    case SAMENLOOP__V1__FRAME__BODY_LIST_PIECE:
        sl_wire_list_piece(out, &s->piece);
        break;
    case SAMENLOOP__V1__FRAME__BODY_HEARTBEAT:
        sl_wire_heartbeat(out);
        break;
    default:
        sl_wire_bye(out, SL_PROTOCOL, "credit: more than was given");
        break;
    }
}

#endif
