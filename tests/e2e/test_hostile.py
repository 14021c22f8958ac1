#!/usr/bin/python3
"""Every wrong thing is refused with its own sentence and disturbs nothing. A municipality's keys are in the wrong hands
and strangers knock, while IMG publishes and NCG takes: each attack is told what is wrong, is counted and leaves a word for the
operators; nothing of it is delivered; all of the honest traffic arrives."""
import contextlib
import pathlib
import re
import resource
import sys
import time
import uuid

sys.path[:0] = [str(pathlib.Path(__file__).parent), str(pathlib.Path(__file__).parent / "hostile")]
import house  # noqa: E402
import peer as p  # noqa: E402
from honest import Honest  # noqa: E402
from peer import S, W, Peer, c  # noqa: E402

ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493
VERDICT_REFUSED, VERDICT_LATER = 3, 4


# ---------------------------------------------------------------- bent publications: (name, bundle, code, sentence)

def bent(make):
    """A batch each, good but for the one thing; what the router must say of it."""
    gm, ncg = make.keys, make.ncg

    def change(what, signed_again=False, events=1):
        bundle = make.bundle(*(make.event() for _ in range(events)))
        what(bundle)
        return sign_again(bundle) if signed_again else bundle

    def sign_again(bundle):
        return p.sign(gm, bundle)

    def field(**values):
        return make.bundle(make.event(**values))

    def flip(message, name):
        value = getattr(message, name)
        setattr(message, name, value[:-1] + bytes([value[-1] ^ 1]))

    def swap(bundle):
        one, other = (envelope.sections[0] for envelope in bundle.envelopes)
        mine = S.SealedSection.FromString(one.SerializeToString())
        one.CopyFrom(other)
        other.CopyFrom(mine)

    def twin(bundle):
        bundle.envelopes[0].sections.append(bundle.envelopes[0].sections[-1])

    def inner_node(bundle):
        """The two leaves' hashes as if they were one header: the tree's prefixes are there for this."""
        header = b"".join(c.leaf(one.header) for one in bundle.envelopes)
        del bundle.envelopes[1:]
        bundle.envelopes[0].header, bundle.proof.size = header, 1
        del bundle.envelopes[0].sections[:]

    def larger_s(bundle):
        signature = bundle.proof.signature
        s = int.from_bytes(signature[32:], "little") + ED25519_ORDER
        bundle.proof.signature = signature[:32] + s.to_bytes(32, "little")

    def header_of_another(bundle):
        bundle.envelopes[0].header = make.bundle().envelopes[0].header

    big = {S.SECTION_DOSSIER: (c.sections.Dossier(organisation=b"gm0014", case_number=b"x" * 90000), ["img", "ncg", "gm0014"]),
           S.SECTION_ORIGIN: make.sections()[S.SECTION_ORIGIN]}
    resident = {**make.sections(), S.SECTION_RESIDENT: (c.sections.Resident(name=b"R"), ["ncg"])}
    other_source = f"urn:nld:oin:{ncg.card.oin}:systeem:zaken".encode()
    hour, year = 3600_000, 365 * 24 * 3600_000
    return [
        ("signed by NCG", make.bundle(keys=ncg), "bad_signature", "signed by ncg, sent by gm0014"),
        ("source of NCG", field(source=other_source), "source_mismatch", "source: must begin with urn:nld:oin:" + gm.card.oin),
        ("header changed", change(lambda b: flip(b.envelopes[0], "header")), "bad_signature", "signature"),
        ("header of another batch", change(header_of_another), "bad_signature", "signature"),
        ("signature changed", change(lambda b: flip(b.proof, "signature")), "bad_signature", "signature"),
        ("signature of 63 bytes", change(lambda b: setattr(b.proof, "signature", b.proof.signature[:63])), "bad_signature", ""),
        ("signature empty", change(lambda b: b.proof.ClearField("signature")), "bad_signature", ""),
        ("signature S + L", change(larger_s), "bad_signature", ""),
        ("encapsulation changed", change(lambda b: flip(b.proof.encapsulations[0], "enc")), "bad_signature", ""),
        ("card of NCG named", change(lambda b: setattr(b.proof, "card", ncg.card.hash)), "bad_signature", ""),
        ("inner node as a leaf", change(inner_node, events=2), "bad_signature", ""),
        ("section changed", change(lambda b: flip(b.envelopes[0].sections[0].ciphertexts[0], "sealed")), "bad_digest", "dossier"),
        ("salt changed", change(lambda b: flip(b.envelopes[0].sections[0], "salt")), "bad_digest", "dossier"),
        ("sections swapped", change(swap, events=2), "bad_digest", "dossier"),
        ("section left out", change(lambda b: b.envelopes[0].sections.pop()), "bad_digest", ""),
        ("section twice", change(twin), "bad_digest", ""),
        ("type of NCG", field(type=b"work_stock_changed"), "not_permitted", "may not publish"),
        ("type of the router", field(type=b"concurrence_detected"), "not_permitted", ""),
        ("unknown type", field(type=b"house_on_fire"), "unknown_type", ""),
        ("another municipality's house", field(attributes={"decision": "deferred", "municipality": "0034"}), "not_permitted", ""),
        ("header that is none", change(lambda b: setattr(b.envelopes[0], "header", b"\xff" * 40), True), "malformed",
         "the header is none"),
        ("role -1", field(publisher_role=-1), "malformed", "a header field"),
        ("pseudonym of 31 bytes", field(subject=b"s" * 31), "subject_invalid", ""),
        ("text with NUL", field(traceparent=b"a\0b"), "malformed", ""),
        ("overlong UTF-8", field(attributes={"decision": "deferred", "municipality": "0014"}, traceparent=b"\xc0\x80"),
         "malformed", ""),
        ("attribute nobody knows", field(attributes={"decision": "deferred", "municipality": "0014", "colour": "red"}),
         "attribute_invalid", "colour"),
        ("attribute left out", field(attributes={"municipality": "0014"}), "attribute_missing", "decision"),
        ("section the type does not take", field(sections=resident), "section_not_allowed", "resident"),
        ("recorded in an hour", field(recorded_at=p.now() + hour), "time_window", "in the future"),
        ("recorded ten years ago", field(recorded_at=p.now() - 10 * year), "time_window", "before the agreement"),
        ("270 kB", field(sections=big), "too_large", "at most"),
        ("withdraws what never was", field(type=b"event_withdrawn", causation_id=b"n" * 16, attributes={"reason": "mistake"},
                                           sections={S.SECTION_ORIGIN: make.sections()[S.SECTION_ORIGIN]}),
         "unknown_original", ""),
    ]


def good_one_is_taken(box, make, honest):
    """So what is refused below is refused for the one thing that is wrong with it. One id twice: the first is taken."""
    twice = make.event()
    with Peer.greeted(box) as peer:
        first, second = peer.verdicts(make.bundle(twice, twice))
        assert first[0] == 1 and second[1:] == ("malformed", "an id twice in one batch"), (first, second)
        again = make.event(event_id=twice[0].event_id)
        assert [one[1] for one in peer.verdicts(make.bundle(again))] == ["id_conflict"]
    house.until(lambda: str(uuid.UUID(bytes=twice[0].event_id)) in {one["id"] for one in honest.of_the_municipality()})


def bent_publications_are_refused(box, make, honest):
    before, wanted = len(refused(box)), []
    with Peer.greeted(box) as peer:
        for name, bundle, code, sentence in bent(make):
            verdicts = peer.verdicts(bundle)
            assert all(one[:2] == (VERDICT_REFUSED, code) and sentence in one[2] and one[2] for one in verdicts), (name, verdicts)
            wanted += [("gm0014", *one[1:]) for one in verdicts]
    house.until(lambda: len(refused(box)) >= before + len(wanted))
    assert refused(box)[before:] == wanted


def ordinary_event_in_a_faster_lane_is_refused(box, make, honest):
    """It would go before what is acute."""
    event, before = make.event(), len(refused(box))
    with Peer.greeted(box) as peer:
        for lane, name in ((1, "acute"), (2, "urgent")):
            sentence = f"lane: municipality_decided goes in the ordinary lane, it came in the {name} one"
            assert peer.verdicts(make.bundle(event), lane) == [(VERDICT_REFUSED, "wrong_lane", sentence)]
            house.until(lambda: ("gm0014", "wrong_lane", sentence) in refused(box)[before:])


def refused(box):
    return [(line["from"], line["what"], line["detail"]) for line in box.log() if line["outcome"] == "refused"]


def unknown_card_is_kept_for_later(box, make, honest):
    bundle = make.bundle()
    bundle.proof.card = b"c" * 32
    with Peer.greeted(box) as peer:
        assert peer.verdicts(bundle) == [(VERDICT_LATER, "", "")]


# ---------------------------------------------------------------- broken rules of the wire: (name, what is sent, sentence)

def varint(number):
    out = bytearray()
    while number > 0x7f:
        out.append(number & 0x7f | 0x80)
        number >>= 7
    return bytes(out + bytes([number]))


def within(*fields_and_body):
    """Bytes inside nested messages: within(3, 3, body) is body in field 3 in field 3."""
    *fields, body = fields_and_body
    for field in reversed(fields):
        body = varint(field << 3 | 2) + varint(len(body)) + body
    return body


def publish_of(make, change=None, **values):
    bundle = make.bundle()
    if change is not None:
        change(bundle)
    return W.Frame(publish=W.Publish(**dict(lane=3, position=1, bundle=bundle) | values))


def delivered(credit=0, **answer):
    frame = W.Frame(delivered=W.Delivered(credit=credit))
    if answer:
        frame.delivered.answers.add(**dict(lane=3, number=1, attempt=1, outcome=1) | answer)
    return frame


NO_FRAME = "this is no frame that this version knows"


def before_hello(make, peer):
    frames = [("publish", publish_of(make)), ("delivered", delivered(number=1)), ("heartbeat", W.Frame(heartbeat=W.Heartbeat())),
              ("receipt", W.Frame(receipt=W.Receipt(lane=1, number=1, role=1, at=1)))]
    yield from ((f"{name} before hello", [frame], "hello comes first") for name, frame in frames)
    yield "welcome from an adapter", [W.Frame(welcome=W.Welcome(version=1))], "welcome is not for this side to send"
    yield "hello of another version", [peer.hello_frame(version=2)], "this side speaks version 1"
    yield "hello without identity", [peer.hello_frame(outbox=b"o" * 15)], "an identity has 16 bytes"
    yield "hello with 8193 of credit", [peer.hello_frame(credit=8193)], "credit"
    yield "garbage", [b"\xde\xad\xbe\xef" * 100], NO_FRAME
    yield "nothing", [b""], "a message is one part"
    yield "two parts", [(peer.hello_frame(), b"more")], "a message is one part"
    yield "a million parts", [tuple([b"x"] * 1_000_000)], "a message is one part"
    yield "4 MiB and one byte", [b"x" * (4 * 1024 * 1024 + 1)], "a frame has at most 4 MiB"


def after_hello(make, peer):
    yield "hello twice", [peer.hello_frame()], "hello comes once"
    yield "an answer to what was never sent", [delivered(number=12345)], "12345"
    yield "failed, what was never sent", [delivered(number=12345, outcome=2, code=b"malformed")], "12345"
    yield "a receipt for it", [W.Frame(receipt=W.Receipt(lane=3, number=12345, role=1, at=1))], "receipt: ordinary delivery 12345"
    yield "credit beyond the bound", [delivered(credit=8000), delivered(credit=193)], "credit: at most 8192 deliveries"
    yield "credit of 2^32 - 1", [delivered(credit=2**32 - 1)], "too much credit"
    yield "outcome 2^31 - 1", [delivered(outcome=2**31 - 1)], "an answer that is none"
    yield "no bundle", [W.Frame(publish=W.Publish(lane=3, position=1))], "a bundle"
    yield "lane 4", [publish_of(make, lane=4)], "a lane"
    yield "lane -1", [publish_of(make, lane=-1)], "a lane"
    yield "size 0", [publish_of(make, lambda b: setattr(b.proof, "size", 0))], "of 1 to 1024 events"
    yield "size 2^31", [publish_of(make, lambda b: setattr(b.proof, "size", 2**31))], "of 1 to 1024 events"
    yield "a path too long", [publish_of(make, lambda b: setattr(b.proof, "nodes", bytes(32)))], "all events of the batch"
    yield "an index beyond", [publish_of(make, lambda b: setattr(b.envelopes[0], "index", 1))], "in their order"
    yield "key of 31 bytes", [publish_of(make, lambda b: setattr(b.proof.encapsulations[0], "enc", bytes(31)))], "encapsulation"
    bombs = [("500,000 empty envelopes", within(3, 3, b"\x12\0" * 500_000)), ("500,000 empty frames", b"\x1a\0" * 500_000),
             ("a million unknown fields", b"\xa0\x06\1" * 1_000_000), ("unknown fields in a hello", within(1, b"\xa0\x06\1" * 900_000)),
             ("a length beyond the frame", b"\x1a" + varint(2**31)), ("a varint of 11 bytes", b"\x08" + b"\xff" * 10 + b"\1"),
             ("tag 0", b"\0\1"), ("a group", b"\x1b\x1c"), ("200,000 in one another", within(*[3] * 60_000, b""))]
    yield from ((name, [bomb], "") for name, bomb in bombs)
    whole = [("publish", publish_of(make)), ("delivered", delivered(number=1)), ("hello", peer.hello_frame()),
             ("receipt", W.Frame(receipt=W.Receipt(lane=1, number=1, role=1, at=1))),
             ("bye", W.Frame(bye=W.Bye(code=b"protocol", sentence=b"why")))]
    for name, frame in whole:
        data = frame.SerializeToString()
        for at in sorted({1, 2, 3, len(data) // 3, len(data) // 2, len(data) - 1}):
            yield f"{name}, the first {at} of {len(data)} bytes", [data[:at]], NO_FRAME


def broken_rules_end_the_connection(box, make, honest):
    def attack(name, peer, messages, sentence):
        for message in messages:
            peer.raw(*(message if isinstance(message, tuple) else (message,)))
        code, said = peer.bye()
        assert code == "protocol" and said and sentence in said, (name, code, said)

    count = violations(box)
    for start, cases in ((Peer, before_hello), (Peer.greeted, after_hello)):
        with Peer(box) as names:
            chosen = list(cases(make, names))
        for name, messages, sentence in chosen:
            with start(box) as peer:
                attack(name, peer, messages, sentence)
            count += 1

    def all_are_counted():  # a line can be one too many of its second, and then the next has the count
        nonlocal count
        with Peer(box) as peer:
            attack("once more", peer, [b"?"], NO_FRAME)
        count += 1
        time.sleep(0.2)
        return violations(box) == count

    house.until(all_are_counted)


def violations(box):
    told = re.findall(r"gm0014: protocol: .* \((\d+) violations since the start\)", p.complaints(box))
    return int(told[-1]) if told else 0


def too_much_unanswered_is_cut_off(box, make, honest):
    """More events than the router's credit at once. What it answers in between makes room, so it may take some tries."""
    bundle = S.Bundle(envelopes=[S.Envelope(index=n, header=b"h") for n in range(1024)])
    bundle.proof.card, bundle.proof.size = b"c" * 32, 1024
    for _ in range(10):
        with Peer.greeted(box) as peer:
            frames = [W.Frame(publish=W.Publish(lane=3, position=n + 1, bundle=bundle)).SerializeToString() for n in range(40)]
            for frame in frames:
                peer.raw(frame)
            if peer.bye(1) == ("protocol", "credit: at most 3072 events without an answer"):
                return
    raise AssertionError("40,960 events at once were within the credit")


def newer_connection_holds(box, make, honest):
    with Peer.greeted(box) as older, Peer.greeted(box) as newer:
        assert older.bye() == ("", "a newer connection of this participant took over")
        assert newer.verdicts(make.bundle(keys=make.ncg))[0][1] == "bad_signature"


def a_name_of_its_own_helps_nobody(box, make, honest):
    """The connection's name is the peer's to choose; who speaks is told by the key. Two of one name: the second is not heard."""
    for name in (b"img", b"\0\0\0\0\1", bytes(5), b"\xff" * 255):
        with Peer.greeted(box, routing_id=name) as peer:
            assert peer.verdicts(make.bundle(keys=make.ncg))[0][2].endswith("signed by ncg, sent by gm0014")
            with Peer(box, routing_id=name) as second:
                second.raw(second.hello_frame())
                assert second.receive(0.1) == (None, None)
            assert peer.verdicts(make.bundle(keys=make.ncg))[0][1] == "bad_signature"


def beyond_all_bounds_is_cut_off(box, make, honest):
    """64 MiB: the library hangs up before it has them; there is nobody left to be told."""
    with Peer.greeted(box) as peer:
        events = peer.socket.get_monitor_socket(p.zmq.EVENT_DISCONNECTED)
        peer.raw(bytes(64 * 1024 * 1024))
        with contextlib.closing(events):
            assert events.poll(10000), "64 MiB were taken"
            peer.socket.disable_monitor()


# ---------------------------------------------------------------- what only the receiver can see

def sent_to_the_receiver(make):
    """Events that the router, which is blind to what is sealed, must pass on: (house, bundle, code)."""
    def reseal(bag, change):
        bundle = make.bundle(make.event(bag))
        change(bundle)
        header = S.Header.FromString(bundle.envelopes[0].header)
        for named, section in zip(header.sections, bundle.envelopes[0].sections):
            named.digest = c.digest(section)
        bundle.envelopes[0].header = header.SerializeToString()
        return p.sign(make.keys, bundle)

    def noise(bundle):
        for one in bundle.envelopes[0].sections[0].ciphertexts:
            one.sealed = bytes(len(one.sealed))

    def low_order(bundle):
        for one in bundle.proof.encapsulations:
            one.enc = bytes(32)

    def old_section(bundle):
        bundle.envelopes[0].sections[0].CopyFrom(make.bundle().envelopes[0].sections[0])

    bags = [f"00142000000088{n:02d}" for n in range(5)]
    elsewhere = make.sections(bags[0])
    return [(bags[0], reseal(bags[0], noise), "sealed_wrongly"), (bags[1], reseal(bags[1], low_order), "sealed_wrongly"),
            (bags[2], reseal(bags[2], old_section), "sealed_wrongly"),
            (bags[3], make.bundle(make.event(bags[3], sections=elsewhere)), "subject_invalid"),
            (bags[4], make.bundle(make.event(bags[4], sections=make.sections(bags[4], case_number=b"x" * 5000))), "field_invalid")]


class Sealed:
    """Hands them in at once, each with a good event of its house behind it; looks at the end what became of them."""

    def __init__(self, box, make):
        self.cases = sent_to_the_receiver(make)
        with Peer.greeted(box) as peer:
            for bag, bundle, _ in self.cases:
                assert peer.verdicts(bundle)[0][0] == 1
            assert [one[0] for one in peer.verdicts(make.bundle(*(make.event(bag) for bag, _, _ in self.cases)))] == [1] * 5

    def ends_as_a_dead_letter(self, box, make, honest):
        def dead():
            return {(line["event"], line["what"]) for line in box.log() if line["outcome"] == "dead_lettered"}

        def event_id(bundle):
            return str(uuid.UUID(bytes=S.Header.FromString(bundle.envelopes[0].header).event_id))

        wanted = {(event_id(bundle), code) for _, bundle, code in self.cases}
        house.until(lambda: dead() == wanted, 30)
        house.until(lambda: {one["subject"] for one in honest.of_the_municipality()} >= {bag for bag, _, _ in self.cases}, 5)


# ---------------------------------------------------------------- strangers

def strangers_stay_outside(box, make, honest):
    server = make.keys.public("router/curve.pub")
    own = c.X25519PrivateKey.from_private_bytes(make.keys.secret("curve.key"))
    assert p.stranger(box, own, server) == "SUCCEEDED"
    assert p.stranger(box, c.X25519PrivateKey.generate(), server) == "FAILED_AUTH"
    for wrong in (dict(), dict(plain=True), dict(curve=own, server=c.raw_public(own)),
                  dict(curve=own, server=server, kind=p.zmq.PUSH)):
        became = p.stranger(box, **wrong)
        assert became.startswith("FAILED"), (wrong, became)
    sentences = [("nobody's key", dict(curve=c.X25519PrivateKey.generate(), server=server)),
                 ("it does not speak CURVE", dict(plain=True)),
                 ("it takes another key for this router's", dict(curve=own, server=c.raw_public(own)))]
    for sentence, wrong in sentences:  # who leaves before the router has looked is told as one who left
        house.until(lambda: p.stranger(box, **wrong) and f"not admitted: {sentence}" in p.complaints(box))


def bytes_that_are_no_handshake(box, make, honest):
    zmtp = b"\xff\0\0\0\0\0\0\0\1\x7f"
    for text in (b"GET / HTTP/1.1\r\n\r\n", b"\1\0", zmtp + b"\1\5", zmtp + b"\3\0" + b"CURVE".ljust(20, b"\0") + bytes(32) + b"?" * 500):
        with p.tcp(box) as stream, contextlib.suppress(ConnectionResetError):
            stream.sendall(text)
            while stream.recv(4096):
                pass  # until the router hangs up; a timeout is a failure


SILENT = []


def silent_ones_take_no_place(box, make, honest):
    """2,000 connections that say nothing, while all else goes on."""
    SILENT.extend(p.tcp(box) for _ in range(2000))
    with Peer.greeted(box):
        pass
    limits = pathlib.Path(f"/proc/{box.state['router']['pid']}/limits").read_text()
    soft = int(re.search(r"Max open files\s+(\d+)", limits).group(1))
    assert soft == resource.getrlimit(resource.RLIMIT_NOFILE)[1], "there is no room for who is known beside them"


def silent_ones_are_hung_up_on(box, make, honest):
    def told():
        return max(map(int, re.findall(r"\((\d+) strangers since the start\)", p.complaints(box))), default=0)

    for stream in SILENT:
        with contextlib.suppress(ConnectionResetError):
            assert stream.recv(64)[:1] == b"\xff"  # libzmq's greeting
            assert not stream.recv(64), "a silent one is still connected"
        stream.close()
    house.until(lambda: p.stranger(box) and told() >= 2000)
    assert len(p.complaints(box).splitlines()) < 1000, "strangers can fill the log"


# ---------------------------------------------------------------- all of it

def honest_traffic_is_undisturbed(box, make, honest):
    honest.end()
    assert not honest.wrong, honest.wrong[:3]
    assert len(honest.accepted) > 100 and set(honest.accepted) == honest.arrived(), (len(honest.accepted), len(honest.arrived()))
    ids = [one["id"] for one in honest.taken]
    assert len(ids) == len(set(ids)), "something came twice"
    assert len(honest.of_the_municipality()) == 6, honest.of_the_municipality()  # the good ones, and nothing else
    assert not [one for one in box.log() if one["outcome"] == "refused" and one["from"] != "gm0014"]
    pids = [box.state["router"]["pid"]] + [box.state["participants"][name]["pid"] for name in ("img", "ncg")]
    assert all(pathlib.Path(f"/proc/{pid}/exe").exists() for pid in pids), "a process ended"
    print(f"     {len(honest.accepted)} honest events; the slowest answer took {honest.slowest * 1000:.0f} ms")


def main():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(1024, hard), hard))  # what a shell gives the processes of the sandbox
    with house.Sandbox("--participants", "img,ncg,gm0014") as box:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        box.stop("gm0014")
        make, honest = p.Maker(box), Honest(box)
        for thread in honest.threads:
            thread.start()
        sealed = Sealed(box, make)
        tests = [strangers_stay_outside, silent_ones_take_no_place, good_one_is_taken, bent_publications_are_refused,
                 ordinary_event_in_a_faster_lane_is_refused, unknown_card_is_kept_for_later,
                 broken_rules_end_the_connection, too_much_unanswered_is_cut_off, newer_connection_holds, a_name_of_its_own_helps_nobody,
                 beyond_all_bounds_is_cut_off, bytes_that_are_no_handshake, silent_ones_are_hung_up_on,
                 sealed.ends_as_a_dead_letter, honest_traffic_is_undisturbed]
        house.run([house.named(test, box, make, honest) for test in tests])


if __name__ == "__main__":
    main()
