"""Bundles, cards, frames and logs, made in Python and read by C, and the other way round."""
import itertools
import struct

import auditor
import contract as c
from peer import FOLDER, NOW, make_keys, peer, refuses, run, written

FOLDERS = make_keys()
IMG, NCG, GM = (c.Keys(FOLDERS, name) for name in ("img", "ncg", "gm0014"))
S = c.envelope


def header(number, type_="municipality_advised"):
    one = S.Header(event_id=bytes([number]) * 16, source=f"urn:nld:oin:{NCG.card.oin}:systeem:python".encode(),
                   type=type_.encode(), publisher_role=S.ROLE_BACK_OFFICE, occurred_at=NOW - 1000, recorded_at=NOW,
                   subject_kind=S.SUBJECT_KIND_ADDRESS, subject=b"s" * 32, content_mac=b"m" * 16)
    one.attributes.add(name=b"municipality", value=b"0014")
    return one


def contents(number):
    """Sections of many sizes, on both sides of where padding changes; one of them empty."""
    readers = ["img", "gm0014"]
    location = c.sections.Location(bag_id=b"0014200000000001", street=b"x" * (number * 150))
    origin = c.sections.Origin(id=b"python", bag_id=b"0014200000000001")
    return {S.SECTION_LOCATION: (location, readers), S.SECTION_DOSSIER: (c.sections.Dossier(), readers),
            S.SECTION_ORIGIN: (origin, ["img", "ncg", "gm0014"])}


EVENTS = [(header(number), contents(number)) for number in range(11)]
BUNDLE = c.seal(NCG, EVENTS, NOW)


def c_opens(who, bundle):
    return peer("open", FOLDERS, who, NOW, written("bundle", bundle.SerializeToString()))


def lines(events, indices, sections_of):
    wanted = [["from", "ncg"]]
    for index in indices:
        head, inside = events[index]
        wanted.append(["event", str(index), head.event_id.hex(), head.type.decode()])
        for number in sections_of:
            text = inside[number][0].SerializeToString().hex()
            wanted.append(["section", str(number)] + ([text] if text else []))
    return wanted


def c_opens_what_python_sealed():
    for who in ("img", "gm0014"):
        assert c_opens(who, BUNDLE) == lines(EVENTS, range(11), [1, 2, 9])


def c_opens_any_part_of_it():
    for indices in ([0], [10], [8, 9], [0, 5, 10], [1, 2, 3, 4, 6], list(range(10)), [7, 8, 10]):
        assert c_opens("img", c.cut(BUNDLE, indices)) == lines(EVENTS, indices, [1, 2, 9])


def c_opens_without_what_was_not_disclosed():
    part = c.cut(BUNDLE, [3])
    del part.envelopes[0].sections[0]
    assert c_opens("img", part) == lines(EVENTS, [3], [2, 9])


def changed(change, part=None):
    bundle = S.Bundle()
    bundle.CopyFrom(part or BUNDLE)
    change(bundle)
    return bundle


def flipped(data):
    return data[:-1] + bytes([data[-1] ^ 1])


def change_header(bundle):
    bundle.envelopes[0].header = flipped(bundle.envelopes[0].header)


def change_signature(bundle):
    bundle.proof.signature = flipped(bundle.proof.signature)


def change_encapsulation(bundle):
    bundle.proof.encapsulations[0].enc = flipped(bundle.proof.encapsulations[0].enc)


def change_card(bundle):
    bundle.proof.card = IMG.card.hash


def unknown_card(bundle):
    bundle.proof.card = flipped(bundle.proof.card)


def change_ciphertext(bundle):
    one = bundle.envelopes[0].sections[0].ciphertexts[0]
    one.sealed = flipped(one.sealed)


def change_salt(bundle):
    bundle.envelopes[0].sections[0].salt = flipped(bundle.envelopes[0].sections[0].salt)


def change_nodes(bundle):
    bundle.proof.nodes = flipped(bundle.proof.nodes)


def fewer_nodes(bundle):
    bundle.proof.nodes = bundle.proof.nodes[:-32]


def more_nodes(bundle):
    bundle.proof.nodes += bytes(32)


def change_index(bundle):
    bundle.envelopes[0].index += 1


def change_size(bundle):
    bundle.proof.size += 1


CHANGES = [(change_header, "bad_signature"), (change_signature, "bad_signature"), (change_card, "bad_signature"),
           (change_encapsulation, "bad_signature"), (unknown_card, "bad_key_card"), (change_ciphertext, "bad_digest"),
           (change_salt, "bad_digest"), (change_nodes, "bad_signature"), (fewer_nodes, "bad_signature"),
           (more_nodes, "bad_signature"), (change_index, "bad_signature"), (change_size, "bad_signature")]


def both_refuse_what_was_changed():
    part = c.cut(BUNDLE, [4])
    for change, code in CHANGES:
        bundle = changed(change, part)
        assert c_opens("img", bundle)[-1] == ["refused", code], change.__name__
        refuses(code, python_opens, IMG, bundle)
    assert c_opens("ncg", part)[-1] == ["refused", "sealed_wrongly"]


def python_opens(keys, bundle):
    opened = [["from", c.verify(keys.cards, bundle, NOW, NOW)]]
    for one in bundle.envelopes:
        head, inside = c.open_envelope(keys, bundle, one)
        opened.append(["event", str(one.index), head.event_id.hex(), head.type.decode()])
        opened += [["section", str(number), message.SerializeToString().hex()] for number, message in inside.items()]
    return opened


def python_opens_what_c_sealed():
    for count in (1, 2, 7, 64):
        said = peer("seal", FOLDERS, "img", NOW, count, FOLDER / "sealed")
        bundle = S.Bundle.FromString((FOLDER / "sealed").read_bytes())
        assert python_opens(NCG, bundle) == [["from", "img"]] + said
        assert len(bundle.envelopes) == count


def python_opens_any_part_of_it():
    said = peer("seal", FOLDERS, "img", NOW, 9, FOLDER / "sealed")
    for indices in ([0], [8], [3, 4], [0, 2, 4, 6, 8], [1, 7, 8]):
        peer("cut", FOLDER / "sealed", FOLDER / "cut", *indices)
        part = S.Bundle.FromString((FOLDER / "cut").read_bytes())
        wanted = list(itertools.chain.from_iterable(said[2 * index:2 * index + 2] for index in indices))
        assert python_opens(NCG, part) == [["from", "img"]] + wanted


def cards():
    data = (FOLDERS / "cards/ncg.card").read_bytes()
    authority = c.x509.load_pem_x509_certificate((FOLDERS / "ca.pem").read_bytes())
    assert c.Card(data, authority).oin == "00000004165165165000"
    signed = S.SignedKeyCard.FromString(data)
    signed.card = flipped(signed.card)
    refuses("bad_key_card", c.Card, signed.SerializeToString(), authority)


# ---------------------------------------------------------------- frames

def adapter_frames():
    w, identity = c.wire, bytes(16)
    yield w.Frame(hello=w.Hello(version=1, software=b"python", outbox=identity, inbox=identity, credit=8192))
    yield w.Frame(publish=w.Publish(lane=1, position=2**63, bundle=BUNDLE))
    yield w.Frame(delivered=w.Delivered(answers=[w.DeliveryAnswer(lane=3, number=7, attempt=1, outcome=1)], credit=1))
    yield w.Frame(receipt=w.Receipt(lane=1, number=1, role=3, at=NOW))
    yield w.Frame(heartbeat=w.Heartbeat())
    yield w.Frame(bye=w.Bye(code=b"protocol", sentence=b"why"))


def broken_frames():
    w = c.wire
    hello, publish, delivered, receipt, _, bye = adapter_frames()
    for change in (lambda f: setattr(f.hello, "version", 2), lambda f: setattr(f.hello, "outbox", bytes(15)),
                   lambda f: setattr(f.hello, "credit", 8193), lambda f: f.hello.last.add(lane=4, number=1)):
        yield hello, change
    for change in (lambda f: setattr(f.publish, "position", 0), lambda f: setattr(f.publish, "lane", 0),
                   lambda f: f.publish.bundle.envelopes.pop(), lambda f: setattr(f.publish.bundle.proof, "nodes", bytes(32)),
                   lambda f: setattr(f.publish.bundle.envelopes[0], "index", 1)):
        yield publish, change
    yield delivered, lambda f: setattr(f.delivered.answers[0], "outcome", 4)
    yield delivered, lambda f: f.delivered.answers.extend([w.DeliveryAnswer(lane=1, number=1, attempt=1, outcome=1)] * 1024)
    yield receipt, lambda f: setattr(f.receipt, "role", 5)
    yield bye, lambda f: setattr(f.bye, "sentence", b"a\nb")


def c_reads_frame(side, data):
    return peer("frame", side, written("frame", data))


def frames():
    for frame in adapter_frames():
        kind = frame.WhichOneof("body")
        assert c_reads_frame("adapter", frame.SerializeToString()) == [["frame", kind]]
        answer = [["frame", kind]] if kind in ("heartbeat", "bye") else [["refused", "protocol"]]
        assert c_reads_frame("router", frame.SerializeToString()) == answer
    for frame, change in broken_frames():
        copy = c.wire.Frame()
        copy.CopyFrom(frame)
        change(copy)
        assert c_reads_frame("adapter", copy.SerializeToString()) == [["refused", "protocol"]]
    assert c_reads_frame("adapter", b"") == [["refused", "protocol"]]
    assert c_reads_frame("adapter", b"\xff") == [["refused", "protocol"]]


# ---------------------------------------------------------------- logs

def python_audits_what_c_wrote():
    (root,) = peer("write-log", FOLDER / "log", 400)
    log = auditor.Log(FOLDER / "log")
    assert len(list((FOLDER / "log").glob("*.log"))) > 2
    assert len(log.records) == 400 and log.sealed == 400
    assert log.tree.root().hex() == root[1] == c.tree_root([one.leaf for one in log.records]).hex()
    for one in log.records:
        size = one.number * 37 % 900
        assert one.erased == (one.number % 7 == 0 and size > 0)
        assert one.kept == f"kept {one.number}".encode()
        assert one.content == (b"" if one.erased else bytes([ord("a") + one.number % 26]) * size)


def python_finds_damage():
    first = sorted((FOLDER / "log").glob("*.log"))[0]
    good = first.read_bytes()
    for offset in (20, 70, 4000, 4096 + 20, 20000, 20001, 40000):
        first.write_bytes(good[:offset] + bytes([good[offset] ^ 1]) + good[offset + 1:])
        refuses("damaged", auditor.Log, FOLDER / "log")
    first.write_bytes(good)


def python_log(folder, count, segment=65536, torn=b""):
    """A log of several segments; gives its root."""
    folder.mkdir()
    identity, seeds, tree, number = b"i" * 16, 0, auditor.Frontier(), 1
    while number <= count:
        first, seed = number, struct.pack("<QQ", seeds, 1)
        data = auditor.write_head(True, identity, seed, first, segment, tree)
        while number <= count:
            kept, content = f"record {number}".encode(), b"c" * (number * 53 % 700)
            record = auditor.write_record(True, identity + seed, 5, number, number, kept, content, b"s" * 16)
            if len(data) + len(record) + 64 > segment:
                break
            data += record + auditor.write_seal(identity + seed, number)
            digest = c.H(b"s" * 16, content) if content else b""
            tree.add(auditor.record_leaf(number, 5, kept, digest))
            number += 1
        end = torn if number > count else b""
        (folder / f"{first:020}.log").write_bytes((data + end).ljust(segment, b"\0"))
        seeds += 1
    return tree.root().hex()


def c_reads_what_python_wrote():
    root = python_log(FOLDER / "python", 300)
    said = peer("read-log", FOLDER / "python")
    assert said[-1] == ["root", root]
    assert len(said) == 301 and len(list((FOLDER / "python").glob("*.log"))) > 1
    for number, line in enumerate(said[:-1], 1):
        content = (b"c" * (number * 53 % 700)).hex()
        assert line == ["record", str(number), "5", f"record {number}".encode().hex()] + ([content] if content else [])


def a_torn_end_is_cut_by_both():
    torn = auditor.write_record(True, b"i" * 16 + struct.pack("<QQ", 0, 1), 5, 4, 4, b"record 4", b"c" * 80, b"s" * 16)
    root = python_log(FOLDER / "torn", 3, torn=torn[:-1] + b"\1")
    assert auditor.Log(FOLDER / "torn").tree.root().hex() == root
    assert peer("read-log", FOLDER / "torn")[-1] == ["root", root]


def a_change_on_purpose_is_found():
    """Whoever mends the checksums of a record that he changed still meets digest and tree."""
    python_log(FOLDER / "forged", 3)
    (file,) = (FOLDER / "forged").glob("*.log")
    data, seeded = file.read_bytes(), b"i" * 16 + struct.pack("<QQ", 0, 1)
    digest = c.H(b"s" * 16, b"c" * 53)
    at = data.index(digest) + 32
    hidden = b"s" * 16 + b"d" + b"c" * 52
    forged = struct.pack("<I", auditor.crc32c(seeded + hidden)) + hidden
    file.write_bytes(data[:at] + forged + data[at + len(forged):])
    refuses("damaged", auditor.Log, FOLDER / "forged")


run([c_opens_what_python_sealed, c_opens_any_part_of_it, c_opens_without_what_was_not_disclosed,
     both_refuse_what_was_changed, python_opens_what_c_sealed, python_opens_any_part_of_it, cards, frames,
     python_audits_what_c_wrote, python_finds_damage, c_reads_what_python_wrote, a_torn_end_is_cut_by_both,
     a_change_on_purpose_is_found])
