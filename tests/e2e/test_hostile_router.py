#!/usr/bin/python3
"""Who has the router's keys cannot make an adapter take what its publisher did not sign, nor shrink the journal unnoticed;
and a publisher who seals nonsense harms himself alone. Each attack is answered with its code and sentence and counted;
nothing of it is in the inbox; every good event that travels beside it is."""
import pathlib
import sys

sys.path[:0] = [str(pathlib.Path(__file__).parent), str(pathlib.Path(__file__).parent / "hostile")]
import house  # noqa: E402
import peer as p  # noqa: E402
import router as r  # noqa: E402
from peer import S, c  # noqa: E402

ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493
# Points of order 1, 2, 4 and 8, as RFC 7748 writes them, and what is not reduced: with none of them a secret is secret.
LOW_ORDER = [0, 1, 2**255 - 20, 2**255 - 19, 2**255 - 18,
             0x00b8495f16056286fdb1329ceb8d09da6ac49ff1fae35616aeb8413b7c7aebe0,
             0x57119fd0dd4e22d8868e1c58c45c44045bef839c55b1d0b1248c50a3bc959c5f]
NOT_THESE = "the signature is not over these events' headers"
NO_PROOF = "the proof does not fit these events"
UNAUTHENTIC = "section dossier does not open"


class Party:
    """A municipality publishes, NCG's adapter receives; a house for each good event, so that one sees which came."""

    def __init__(self, box, router):
        self.box, self.router, self.make = box, router, p.Maker(box)
        self.houses, self.failed = [], 0

    def good(self):
        self.houses.append(f"00142000000077{len(self.houses):02d}" if len(self.houses) < 100 else None)
        return self.make.bundle(self.make.event(self.houses[-1]))

    def refuses(self, name, bundle, code, sentence):
        """All events of a bundle fail; the good one in the same frame is taken."""
        *bent, good = self.router.deliver(bundle, self.good())
        for outcome, *said in bent:
            assert outcome == r.FAILED and said[0] == code and sentence in said[1] and said[1], (name, outcome, said)
        assert good[0] == r.DONE, (name, good)
        self.failed += len(bent)

    def batch(self, count=4):
        return self.make.bundle(*(self.make.event() for _ in range(count)))


# ---------------------------------------------------------------- 19 to 21, 23: signatures and proofs

def leaves(bundle):
    return [c.leaf(one.header) for one in bundle.envelopes]


def proofs(party):
    """(name, bundle, code, sentence)"""
    def nodes(change):
        bundle = c.cut(party.batch(), [1])
        hashes = [bundle.proof.nodes[at:at + 32] for at in range(0, len(bundle.proof.nodes), 32)]
        bundle.proof.nodes = b"".join(change(hashes))
        return bundle

    def proof(**values):
        bundle = c.cut(party.batch(), [1])
        for name, value in values.items():
            setattr(bundle.proof, name, value)
        return bundle

    def inner_node():
        """Two leaves' hashes as the one header of a batch, whose signer signed their node: without 00 and 01 it would fit."""
        bundle = party.batch(2)
        pair = leaves(bundle)
        one = party.batch(1)
        one.envelopes[0].header = b"".join(pair)
        one.proof.signature = party.make.keys.signing.sign(c.signed_text(one.proof, c.tree_root(pair)))
        return one

    def of_another(what):
        bundle, other = party.batch(), party.batch()
        what(bundle, other)
        return bundle

    def larger_s():
        bundle = party.batch(1)
        signature = bundle.proof.signature
        s = int.from_bytes(signature[32:], "little") + ED25519_ORDER
        bundle.proof.signature = signature[:32] + s.to_bytes(32, "little")
        return bundle

    bad = "bad_signature"
    yield "19 an inner node as a leaf", inner_node(), bad, NOT_THESE
    yield "20 a path too long", nodes(lambda hashes: [*hashes, bytes(32)]), bad, NO_PROOF
    yield "20 a path twice", nodes(lambda hashes: hashes * 2), bad, NO_PROOF
    yield "20 a path too short", nodes(lambda hashes: hashes[:-1]), bad, NO_PROOF
    yield "20 no path", nodes(lambda hashes: []), bad, NO_PROOF
    yield "20 a path that is no hashes", nodes(lambda hashes: [*hashes, b"x"]), bad, NO_PROOF
    yield "20 a path the other way round", nodes(reversed), bad, NOT_THESE
    yield "20 a path's hash changed", nodes(lambda hashes: [hashes[0], c.H(hashes[1])]), bad, NOT_THESE
    yield "20 the size one more", proof(size=5), bad, NO_PROOF
    yield "20 the size of its pair", proof(size=2), bad, NO_PROOF
    yield "20 at another index", of_another(lambda bundle, _: [setattr(one, "index", at) for at, one in enumerate(
        [bundle.envelopes.pop(), *bundle.envelopes][1:])]), bad, NO_PROOF
    yield "21 another batch's signature", of_another(
        lambda one, two: setattr(one.proof, "signature", two.proof.signature)), bad, NOT_THESE
    yield "21 another batch's proof", of_another(lambda one, two: one.proof.CopyFrom(two.proof)), bad, NOT_THESE
    yield "21 another batch's header", of_another(
        lambda one, two: setattr(one.envelopes[2], "header", two.envelopes[2].header)), bad, NOT_THESE
    yield "21 another batch's encapsulations", of_another(
        lambda one, two: one.proof.encapsulations[0].CopyFrom(two.proof.encapsulations[0])), bad, NOT_THESE
    yield "21 another's signature", party.make.bundle(keys=party.make.ncg), "source_mismatch", "not who signed it"
    yield "23 S + L", larger_s(), bad, NOT_THESE
    yield "23 a signature of 63 bytes", proof(signature=bytes(63)), bad, NOT_THESE
    yield "23 no signature", proof(signature=b""), bad, NOT_THESE
    yield "23 zeros", proof(signature=bytes(64)), bad, NOT_THESE


def what_its_publisher_did_not_sign_is_refused(party):
    for case in proofs(party):
        party.refuses(*case)


# ---------------------------------------------------------------- 24 to 27: what is sealed

def sealed(party):
    """What a publisher sealed wrongly and signed all the same: the router cannot see it."""
    make = party.make

    def again(change, *events):
        bundle = make.bundle(*events or [make.event()])
        change(bundle)
        for envelope in bundle.envelopes:
            header = S.Header.FromString(envelope.header)
            for named, section in zip(header.sections, envelope.sections):
                named.section, named.digest = section.section, c.digest(section)
            envelope.header = header.SerializeToString()
        return p.sign(make.keys, bundle)

    def enc(value):
        return again(lambda bundle: [setattr(one, "enc", value) for one in bundle.proof.encapsulations])

    def text(change):
        def of_every_section(bundle):
            for section in bundle.envelopes[0].sections:
                for one in section.ciphertexts:
                    one.sealed = change(one.sealed)
        return again(of_every_section)

    def moved(bundle):
        one, other = (envelope.sections[0] for envelope in bundle.envelopes)
        mine = S.SealedSection.FromString(one.SerializeToString())
        one.CopyFrom(other)
        other.CopyFrom(mine)

    def renamed(bundle):
        """The dossier as if it were the planning: the section's number is the nonce."""
        bundle.envelopes[0].sections[0].section = S.SECTION_PLANNING

    def old_section(bundle):
        bundle.envelopes[0].sections[0].CopyFrom(make.bundle().envelopes[0].sections[0])

    def old_id():
        """All of an old event, its encapsulations too, under another id."""
        bundle = make.bundle()
        header = S.Header.FromString(bundle.envelopes[0].header)
        header.event_id = bytes(16)
        bundle.envelopes[0].header = header.SerializeToString()
        return p.sign(make.keys, bundle)

    def retired():
        """Sealed to a key that NCG has no more."""
        class Retired:
            @staticmethod
            def keys(*_):
                return [c.raw_public(c.X25519PrivateKey.generate())]
        keys = c.Keys(party.box.folder / "keys", "gm0014")
        keys.cards["ncg"] = Retired
        return make.bundle(keys=keys)

    wrong = "sealed_wrongly"
    for point in LOW_ORDER:
        yield f"24 a point of low order, {point:x}", enc(point.to_bytes(32, "little")), wrong, "a wrong encapsulation"
    yield "24 an encapsulation that was for another", again(
        lambda b: [setattr(one, "enc", b.proof.encapsulations[0].enc) for one in b.proof.encapsulations[1:]]), wrong, UNAUTHENTIC
    yield "25 sections of two events swapped", again(moved, make.event(), make.event()), wrong, UNAUTHENTIC
    yield "25 a section renamed", again(renamed), wrong, "section planning does not open"
    yield "26 an old section under a new id", again(old_section), wrong, UNAUTHENTIC
    yield "26 an old event under a new id", old_id(), wrong, UNAUTHENTIC
    yield "26 sealed to a retired key", retired(), wrong, "sealed to others"
    yield "27 nothing sealed", text(lambda _: b""), wrong, "section dossier is shorter than its tag"
    yield "27 shorter than a tag", text(lambda data: data[:15]), wrong, "section dossier is shorter than its tag"
    yield "27 a tag and nothing else", text(lambda data: data[-16:]), wrong, UNAUTHENTIC
    yield "27 without its tag", text(lambda data: data[:-16]), wrong, UNAUTHENTIC


def what_was_sealed_wrongly_is_refused(party):
    for case in sealed(party):
        party.refuses(*case)


def every_bit_of_a_tag_counts(party):
    """128 events, each with another bit of its tag turned over."""
    make = party.make
    bundle = make.bundle(*(make.event() for _ in range(128)))
    for bit, envelope in enumerate(bundle.envelopes):
        header = S.Header.FromString(envelope.header)
        for place, section in enumerate(envelope.sections):
            for one in section.ciphertexts:
                tag = int.from_bytes(one.sealed[-16:], "little") ^ 1 << bit
                one.sealed = one.sealed[:-16] + tag.to_bytes(16, "little")
            header.sections[place].digest = c.digest(section)
        envelope.header = header.SerializeToString()
    party.refuses("27 a bit of the tag", p.sign(make.keys, bundle), "sealed_wrongly", UNAUTHENTIC)


def what_the_router_changed_is_refused(party):
    """The same without the publisher's help: his digests tell."""
    make = party.make

    def bent(change):
        bundle = make.bundle()
        change(bundle.envelopes[0].sections)
        return bundle

    other = make.bundle().envelopes[0].sections[0]
    for name, change in [("27 a tag changed", lambda s: setattr(s[0].ciphertexts[0], "sealed", s[0].ciphertexts[0].sealed[:-1] + b"x")),
                         ("25 another event's section", lambda s: s[0].CopyFrom(other)),
                         ("25 a section renamed", lambda s: setattr(s[0], "section", S.SECTION_LOCATION)),
                         ("25 two sections' contents swapped", lambda s: [s.reverse(), setattr(s[0], "section", S.SECTION_DOSSIER),
                                                                          setattr(s[1], "section", S.SECTION_ORIGIN)]),
                         ("25 a section twice", lambda s: s.append(s[0]))]:
        party.refuses(name, bent(change), "bad_digest", "section")


# ---------------------------------------------------------------- 22: heads

def heads_fit_or_raise_an_alarm(party):
    """The journal's tree is the tester's own: of five records, and what it grows to."""
    router, box = party.router, party.box
    tree = [c.leaf(bytes([n])) for n in range(9)]
    root = {size: c.tree_root(tree[:size]) for size in range(1, 10)}

    def grown(before, size):
        """RFC 6962, 2.1.2."""
        def walk(first, count, m, whole):
            if m == count:
                return [] if whole else [c.tree_root(tree[first:first + count])]
            k = c.split(count)
            if m <= k:
                return walk(first, k, m, whole) + [c.tree_root(tree[first + k:first + count])]
            return walk(first + k, count - k, m - k, False) + [c.tree_root(tree[first:first + k])]
        return walk(0, size, before, True)

    def folder():
        return pathlib.Path(box.state["participants"]["ncg"]["inbox"])

    def alarm():
        status, said = box.call("ncg", "/health", role=None)
        return said.get("detail", "") if status == 503 and said["status"] == "journal_changed" else ""

    def forget(files):
        """An operator has looked, and trusts anew."""
        box.stop("ncg")
        for file in folder().glob(files):
            file.unlink()
        start(party)

    forget("checkpoint-*")  # which the router has made when it was stopped
    first = router.note(5, root[5])
    assert router.head(first)[0] == r.DONE and router.head(first, 5)[0] == r.DONE  # the same again is fine
    assert router.head(router.note(7, root[7]), 5, b"".join(grown(5, 7)))[0] == r.DONE
    assert box.metrics("ncg")["adapter_head"] == 7 and not alarm()
    stranger = c.Ed25519PrivateKey.generate()
    for name, note, before, proof, why in [
            ("two of one size", router.note(7, root[8]), 7, b"", "has another root than the one of that size before it"),
            ("a size going back", router.note(5, root[5]), 0, b"", "is smaller than one before it"),
            ("size 0", router.note(0, c.H(b"")), 7, b"", "is smaller than one before it"),
            ("size 2^63", router.note(2**63, root[9]), 7, b"".join(grown(7, 9)), "has not grown from the one before it"),
            ("size 2^64 + 9", router.note(2**64 + 9, root[9]), 7, b"".join(grown(7, 9)), "is none"),
            ("a proof too long", router.note(9, root[9]), 7, b"".join(grown(7, 9)) + bytes(32), "has not grown from the one before it"),
            ("a proof too short", router.note(9, root[9]), 7, b"".join(grown(7, 9)[:-1]), "has not grown from the one before it"),
            ("no proof", router.note(9, root[9]), 7, b"", "has not grown from the one before it"),
            ("another past", router.note(9, c.tree_root(tree[1:] + tree[:1])), 7, b"".join(grown(7, 9)), "has not grown from the one before it"),
            ("one in between that is not told", router.note(9, root[9]), 8, b"".join(grown(8, 9)), "does not follow the one before it"),
            ("another's key", router.note(9, root[9], key=stranger), 7, b"".join(grown(7, 9)), "is not signed with the router's key"),
            ("another journal's", router.note(9, root[9], origin="samenloop.example/journal/" + "00" * 16), 7, b"".join(grown(7, 9)),
             "is another journal's")]:
        outcome = router.head(note, before, proof)
        assert outcome[0] == r.DONE, (name, outcome)
        assert alarm().endswith(why), (name, alarm())
        assert box.metrics("ncg")["adapter_journal_changed"] == 1 and box.metrics("ncg")["adapter_head"] == 7, name
        assert [file.read_bytes() for file in folder().glob("refused-*")] == [note], name
        forget("refused-*")
        assert not alarm()
    assert router.head(router.note(9, root[9]), 7, b"".join(grown(7, 9)))[0] == r.DONE and not alarm()


def start(party):
    """What the adapter counts begins anew, and it does not wait before it connects."""
    party.box.start("ncg")
    party.router.welcome()


# ---------------------------------------------------------------- frames that end the connection

def frames_that_cannot_be_end_the_connection(party):
    make, router = party.make, party.router

    def deliver(bundle):
        return r.W.Frame(deliver=r.W.Deliver(bundles=[bundle], deliveries=[router.delivery()])).SerializeToString()

    def changed(change):
        bundle = make.bundle()
        change(bundle)
        return deliver(bundle)

    def proof_with_size(size):
        """Its size as the number on the wire says, however many bytes that takes."""
        bundle = make.bundle()
        proof = bundle.proof.SerializeToString().replace(b"\x10\x01", b"\x10" + varint(size), 1)
        body = field(1, proof) + b"".join(field(2, one.SerializeToString()) for one in bundle.envelopes)
        return field(5, field(1, body) + field(2, router.delivery().SerializeToString()))

    cases = [("20 index beyond the size", changed(lambda b: setattr(b.envelopes[0], "index", 1)), "in their order"),
             ("20 size 0", changed(lambda b: setattr(b.proof, "size", 0)), "1 to 1024 events"),
             ("20 size 2^63", proof_with_size(2**63), "1 to 1024 events"),
             ("24 enc of 31 bytes", changed(lambda b: setattr(b.proof.encapsulations[0], "enc", bytes(31))), "of the wrong size")]
    for name, data, sentence in cases:
        router.raw(data)
        try:
            router.receive("delivered", 5)
            raise AssertionError(f"{name}: it is answered")
        except r.client.Ended as ended:
            assert ended.args[0] == "protocol" and sentence in ended.args[1], (name, ended.args)
        party.box.stop("ncg")
        start(party)


def varint(value):
    out = bytearray()
    while value > 0x7f:
        out.append(value & 0x7f | 0x80)
        value >>= 7
    return bytes(out + bytes([value]))


def field(number, body):
    return varint(number << 3 | 2) + varint(len(body)) + body


# ---------------------------------------------------------------- all of it

def all_is_counted_and_nothing_of_it_is_taken(party):
    assert party.box.metrics("ncg")["adapter_failed"] == party.failed > 150


def good_ones_arrived_in_full(party):
    assert party.router.deliver(party.good())[0][0] == r.DONE
    house.until(lambda: len(party.box.inbox("ncg")) >= len(party.houses))
    items = party.box.take("ncg")
    assert [one["subject"] for one in items] == party.houses, (len(items), len(party.houses))


def main():
    with house.Sandbox("--participants", "ncg,gm0014,img") as box:
        for name in ("gm0014", "img", "router"):
            box.stop(name)
        with r.Router(box) as router:
            party = Party(box, router)
            tests = [what_its_publisher_did_not_sign_is_refused, what_was_sealed_wrongly_is_refused, every_bit_of_a_tag_counts,
                     what_the_router_changed_is_refused, all_is_counted_and_nothing_of_it_is_taken,
                     frames_that_cannot_be_end_the_connection, heads_fit_or_raise_an_alarm, good_ones_arrived_in_full]
            house.run([house.named(test, party) for test in tests])


if __name__ == "__main__":
    main()
