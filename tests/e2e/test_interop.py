"""A client in Python, written from schemas/PROTOCOL.md, in the place of NCG's adapter: with NCG's keys it meets the real
router, takes what IMG's back office publishes, and publishes what IMG's back office receives. Then it audits the journal."""
import os
import pathlib
import sys
import time
import uuid

ROOT = pathlib.Path(os.environ.get("ROOT", pathlib.Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(ROOT / "tests/interop"))

import auditor  # noqa: E402
import contract as c  # noqa: E402
from client import Client, Ended  # noqa: E402
from house import Sandbox, run, until  # noqa: E402

HOUSE = "0014200000000001"
IMG_SOURCE = "urn:nld:oin:00000004164164164000:systeem:zaken"
NCG_SOURCE = "urn:nld:oin:00000004165165165000:systeem:python"


def now():
    return int(time.time() * 1000)


def img_event(own_id, house=HOUSE, type_="structural_damage_found", **attributes):
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return {"specversion": "1.0", "id": own_id, "source": IMG_SOURCE, "type": f"nl.samenloop.{type_}",
            "subject": house, "time": moment, "datacontenttype": "application/json",
            "data": {"attributes": {"occurred_at": moment, "municipality": "0014", **attributes},
                     "location": {"bag_id": house, "municipality": "0014", "street": "Nieuweweg", "number": "12"},
                     "dossier": {"organisation": "img", "case_number": "2021-0042"},
                     "findings": {"found_on": moment[:10], "element": "wall", "measures": ["stutten", "hekken"]}}}


def ncg_event(keys, own_id, type_="work_stock_changed", house=HOUSE, cause=b"", mac=b"m" * 16, source=NCG_SOURCE,
              more=None, **attributes):
    """An event's header, and its sections with their readers: dossier, origin, and those in `more`."""
    s = c.envelope
    event_id, travels = c.event_uuid(source, own_id)
    header = s.Header(event_id=event_id, source=source.encode(), type=type_.encode(), content_mac=mac,
                      publisher_role=s.ROLE_BACK_OFFICE, occurred_at=now() - 1000, recorded_at=now(),
                      subject_kind=s.SUBJECT_KIND_ADDRESS, causation_id=cause, correlation_id=cause,
                      subject=c.pseudonym(keys.secret("pseudonym.key"), house))
    if type_ == "work_stock_changed":
        attributes = {"value": "in", "reason": "answer"} | attributes
    for name, value in attributes.items():
        header.attributes.add(name=name.encode(), value=value.encode())
    origin = c.sections.Origin(id=own_id.encode() if travels else b"", bag_id=house.encode())
    dossier = c.sections.Dossier(organisation=b"ncg", case_number=b"WV-7")
    sections = {s.SECTION_DOSSIER: (dossier, ["img"]), s.SECTION_ORIGIN: (origin, ["img", "ncg"])}
    return header, sections | {number: (message, ["img"]) for number, message in (more or {}).items()}


BOX = Sandbox("--participants", "img,ncg")
SEEN = {}  # what a later test builds upon


def client(**settings):
    return Client(c.Keys(BOX.folder / "keys", "ncg"), BOX.state["router"]["address"], **settings)


def welcomed():
    BOX.stop("ncg")
    SEEN["client"] = one = client()
    one.connect()
    welcome = one.hello()
    assert welcome.version == 1 and welcome.credit > 0
    assert welcome.agreement == c.H((BOX.folder / "agreement.rules").read_bytes())
    assert welcome.journal == auditor.Log(BOX.state["router"]["journal"]).identity


def takes_what_img_publishes():
    event = img_event("S-2021-1")
    status, answer = BOX.publish("img", event)
    assert status == 202, answer
    item = SEEN["client"].take_until(lambda i: i["delivery"].kind == 1)
    SEEN["finding"] = item
    delivery, header, sections = item["delivery"], item["header"], item["sections"]
    assert item["from"] == "img" and header.type == b"structural_damage_found"
    assert header.event_id == uuid.uuid5(c.NAMESPACE, f"{IMG_SOURCE}\0S-2021-1").bytes
    assert (delivery.lane, delivery.number, delivery.attempt, delivery.journal_number) == (3, 1, 1, 1)
    assert [one.rule for one in delivery.rules] and all(one.clause for one in delivery.rules)
    data = event["data"]
    assert sections[1].street == b"Nieuweweg" and sections[1].bag_id == HOUSE.encode()
    assert sections[2].case_number == data["dossier"]["case_number"].encode()
    assert [one.decode() for one in sections[3].measures] == data["findings"]["measures"]
    assert sections[9].id == b"S-2021-1"
    until(lambda: BOX.event("img", event)[1].get("status") == "accepted")
    until(lambda: any(line["outcome"] == "delivered" and line["to"] == "ncg" for line in BOX.log()))


def takes_an_instruction():
    item = SEEN["client"].take_until(lambda i: i["delivery"].name == b"check_work_stock")
    assert item["delivery"].kind == 2 and item["delivery"].deadline > now()
    assert item["header"].event_id == SEEN["finding"]["header"].event_id


def answers_what_was_asked():
    one = SEEN["client"]
    SEEN["answer"] = ncg_event(one.keys, "WV-2021-7", cause=SEEN["finding"]["header"].event_id)
    SEEN["position"], SEEN["bundle"] = one.publish([SEEN["answer"]])
    (SEEN["result"],) = one.results(SEEN["position"])
    assert (SEEN["result"].verdict, SEEN["result"].journal_number) == (1, 2), SEEN["result"]
    until(lambda: any(line["outcome"] == "obligation_met" and line["event"] ==
                      str(uuid.UUID(bytes=SEEN["answer"][0].event_id)) for line in BOX.log()))


def is_answered_again_in_the_same_words():
    one = SEEN["client"]
    one.connect()
    welcome = one.hello()
    assert [(place.lane, place.number) for place in welcome.last] == [(3, SEEN["position"])]
    one.send(publish=c.wire.Publish(lane=3, position=SEEN["position"], bundle=SEEN["bundle"]))
    assert list(one.results(SEEN["position"])) == [SEEN["result"]]


def duplicates_and_refusals():
    one = SEEN["client"]
    other_source = NCG_SOURCE.replace("165165165", "164164164")
    later, _ = stale = ncg_event(one.keys, "WV-8")
    later.recorded_at = 1000
    position, _ = one.publish([SEEN["answer"], ncg_event(one.keys, "WV-2021-7", mac=b"n" * 16),
                               ncg_event(one.keys, "WV-9", source=other_source),
                               ncg_event(one.keys, "WV-10", reason="whatever"), stale,
                               ncg_event(one.keys, "WV-11", house="0014200000000002", reason="added_by_plan")])
    results = one.results(position)
    assert results[0].verdict == 2 and results[0].journal_number == 2
    codes = [(result.verdict, result.code.decode()) for result in results[1:5]]
    assert codes == [(3, "malformed"), (3, "source_mismatch"), (3, "attribute_invalid"), (3, "time_window")], codes
    assert (results[5].verdict, results[5].journal_number) == (1, 3)
    position, _ = one.publish([ncg_event(one.keys, "WV-2021-7", mac=b"n" * 16)])
    (result,) = one.results(position)
    assert (result.verdict, result.code) == (3, b"id_conflict")


def img_receives_what_python_publishes():
    one, s = SEEN["client"], c.envelope
    location = c.sections.Location(bag_id=HOUSE.encode(), municipality=b"0014", street="Ossenmarkt ✓".encode())
    findings = c.sections.Findings(found_on=b"2021-03-01", kind=b"crack", measures=[b"een", b"twee"])
    event = ncg_event(one.keys, "NS/1", "non_structural_damage_found", extent="small",
                      more={s.SECTION_LOCATION: location, s.SECTION_FINDINGS: findings})
    position, _ = one.publish([event])
    (result,) = one.results(position)
    assert result.verdict == 1, result
    items = until(lambda: [i for i in BOX.inbox("img") if i["type"] == "nl.samenloop.non_structural_damage_found"])
    assert len(items) == 1
    (item,) = items
    assert (item["id"], item["source"], item["subject"]) == ("NS/1", NCG_SOURCE, HOUSE)
    assert item["journalseq"] == str(result.journal_number)
    assert item["data"]["attributes"]["extent"] == "small"
    assert item["data"]["location"]["street"] == "Ossenmarkt ✓"
    assert item["data"]["dossier"] == {"organisation": "ncg", "case_number": "WV-7"}
    assert item["data"]["findings"] == {"found_on": "2021-03-01", "kind": "crack", "measures": ["een", "twee"]}


def what_was_recorded_before_there_was_this_key_crosses():
    """A back office may have recorded an event days before its organisation got the key that signs it."""
    one, house = SEEN["client"], "0014200000000008"
    event = img_event("S-2021-0", house)
    event["time"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 5 * 86400))
    BOX.publish("img", event)
    item = one.take_until(lambda i: i["delivery"].kind == 1 and i["sections"][9].bag_id == house.encode())
    assert item["header"].recorded_at < now() - 4 * 86400 * 1000
    header, sections = ncg_event(one.keys, "NS/2", "non_structural_damage_found", house=house, more={
        c.envelope.SECTION_LOCATION: c.sections.Location(bag_id=house.encode(), municipality=b"0014"),
        c.envelope.SECTION_FINDINGS: c.sections.Findings(found_on=b"2021-03-01")})
    header.recorded_at = header.occurred_at = item["header"].recorded_at
    position, _ = one.publish([(header, sections)])
    assert one.results(position)[0].verdict == 1
    until(lambda: [i for i in BOX.inbox("img") if i["id"] == "NS/2"])


def says_when_somebody_took_it():
    one, house = SEEN["client"], "0014200000000009"
    BOX.publish("img", img_event("AOS-1", house, "acute_unsafe", certainty="established"))
    item = one.take_until(lambda i: i["delivery"].kind == 1 and i["header"].type == b"acute_unsafe")
    delivery = item["delivery"]
    assert (delivery.lane, delivery.role, delivery.receipt_wanted) == (1, c.envelope.ROLE_INCIDENT_OFFICER, True)
    for _ in range(2):
        receipt = c.wire.Receipt(lane=delivery.lane, number=delivery.number, role=delivery.role, at=now())
        one.send(receipt=receipt)
        receipted = one.wait_for("receipted")
        assert (receipted.lane, receipted.number, receipted.role) == (receipt.lane, receipt.number, receipt.role)
    met = until(lambda: [one for one in BOX.log() if one["outcome"] == "obligation_met" and one["what"] == "receipt"])
    assert len(met) == 1, met


def a_failure_is_an_attempt_and_comes_again():
    one = SEEN["client"]
    BOX.publish("img", img_event("S-2021-2", "0014200000000003"))
    kind, body = one.receive()
    assert kind == "deliver"
    answers = one.take(body, fail=("structural_damage_found",))
    assert [answer.outcome for answer in answers] == [2, 3]  # the instruction waits for its event
    wanted = c.pseudonym(one.keys.secret("pseudonym.key"), "0014200000000003")
    item = one.take_until(lambda i: i["header"].subject == wanted and i["delivery"].kind == 1)
    assert item["delivery"].attempt == 2
    number = item["delivery"].number
    later = one.take_until(lambda i: i["header"].subject == wanted and i["delivery"].number > number)
    assert later["delivery"].attempt == 1


def what_is_not_answered_comes_again():
    one = SEEN["client"]
    BOX.publish("img", img_event("S-2021-3", "0014200000000004"))
    kind, first = one.receive()
    assert kind == "deliver"
    one.connect()
    one.hello()
    kind, again = one.receive()
    assert kind == "deliver"
    places = [(d.lane, d.number, d.attempt) for d in again.deliveries]
    assert places[:len(first.deliveries)] == [(d.lane, d.number, d.attempt) for d in first.deliveries]
    one.take(again)


def no_more_than_the_credit():
    one = SEEN["client"]
    one.credit = 1
    one.connect()
    one.hello()
    for number in range(4):
        BOX.publish("img", img_event(f"S-2021-4-{number}", f"001420000000001{number}"))
    before = len(one.inbox)
    kind, body = one.receive()
    assert kind == "deliver" and len(body.deliveries) == 1
    assert one.receive(0.5) == (None, None)
    while kind == "deliver":
        assert len(body.deliveries) == 1
        one.take(body)
        kind, body = one.receive(1)
    assert len(one.inbox) >= before + 4


def ends_with(code, *frames):
    with client() as other:
        other.connect()
        try:
            for frame in frames:
                other.send(**frame)
            while other.receive(5) != (None, None):
                pass
        except Ended as ended:
            assert ended.args[0] == code, ended
            return
    raise AssertionError("the router said no Bye")


def who_breaks_the_protocol_is_told():
    w = c.wire
    hello = {"hello": w.Hello(version=1, software=b"x", outbox=bytes(16), inbox=bytes(16), credit=1)}
    ends_with("protocol", {"heartbeat": w.Heartbeat()})
    ends_with("protocol", hello, hello)
    ends_with("protocol", {"hello": w.Hello(version=2, outbox=bytes(16), inbox=bytes(16))})
    ends_with("protocol", hello, {"delivered": w.Delivered(credit=8192)})
    answer = w.DeliveryAnswer(lane=1, number=1000, attempt=1, outcome=1)
    ends_with("protocol", hello, {"delivered": w.Delivered(answers=[answer])})
    ends_with("protocol", hello, {"welcome": w.Welcome(version=1)})


def nobodys_key_is_not_admitted():
    with client(curve=c.X25519PrivateKey.generate()) as stranger:
        stranger.connect()
        stranger.send(hello=c.wire.Hello(version=1, outbox=bytes(16), inbox=bytes(16), credit=1))
        assert stranger.receive(1) == (None, None)
        stranger.socket.linger = 0


def the_journal_can_be_audited():
    SEEN["client"].__exit__()
    BOX.stop("router")
    journal = auditor.Log(BOX.state["router"]["journal"])
    kinds, cards = c.log, c.Keys(BOX.folder / "keys", "ncg").cards
    batches, events = {}, 0
    for record in journal.records:
        if record.kind == kinds.RECORD_KIND_BATCH:
            batches[record.number] = one = kinds.JournalBatch.FromString(record.kept)
            leaves = [one.leaves[i:i + 32] for i in range(0, len(one.leaves), 32)]
            card = cards[one.participant.decode()]
            assert one.proof.card == card.hash and one.proof.size == len(leaves)
            key = c.Ed25519PublicKey.from_public_bytes(card.keys(c.envelope.KEY_USE_SIGNING, now())[0])
            key.verify(one.proof.signature, c.signed_text(one.proof, c.tree_root(leaves)))
        if record.kind == kinds.RECORD_KIND_EVENT:
            event = kinds.JournalEvent.FromString(record.kept)
            events += 1
            assert event.number == events
            leaves = batches[event.batch].leaves
            assert leaves[32 * event.index:32 * event.index + 32] == c.leaf(event.header)
            digests = {one.section: one.digest for one in c.envelope.Header.FromString(event.header).sections}
            content = kinds.Sections.FromString(record.content)
            assert {one.section: c.digest(one) for one in content.sections} == digests
    assert events == 13, events
    assert HOUSE.encode() not in b"".join(record.kept + record.content for record in journal.records)


with BOX:
    run([welcomed, takes_what_img_publishes, takes_an_instruction, answers_what_was_asked,
         is_answered_again_in_the_same_words, duplicates_and_refusals, img_receives_what_python_publishes,
         what_was_recorded_before_there_was_this_key_crosses, says_when_somebody_took_it,
         a_failure_is_an_attempt_and_comes_again, what_is_not_answered_comes_again, no_more_than_the_credit,
         who_breaks_the_protocol_is_told, nobodys_key_is_not_admitted, the_journal_can_be_audited])
