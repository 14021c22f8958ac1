#!/usr/bin/python3
"""Certificates and key cards that are not good: each that comes into the folder is told with its path and what is wrong,
is counted, and stops nobody else; with its keys nobody is let in and nothing is published. Lists of revoked certificates
hold. Honest traffic arrives beside all of it."""
import os
import pathlib
import signal
import sys
import time
import warnings

warnings.filterwarnings("ignore", "SHA1 signatures are deprecated")
sys.path[:0] = [str(pathlib.Path(__file__).parent), str(pathlib.Path(__file__).parent / "hostile")]
import cards as k  # noqa: E402
import house  # noqa: E402
import peer as p  # noqa: E402
from cards import NameOID, certificate, named, serial  # noqa: E402
from honest import Honest  # noqa: E402
from peer import Peer, c  # noqa: E402

OWN, OTHERS, STRANGE = "00000001000000014000", "00000004165165165000", "00000009999999999000"
ED25519_SMALL = ["01" + "00" * 31, "00" * 32, "00" * 31 + "80", "ec" + "ff" * 30 + "7f", "ed" + "ff" * 30 + "7f",
                 "ee" + "ff" * 30 + "7f", "ed" + "ff" * 31, "ee" + "ff" * 31, "ec" + "ff" * 31, "01" + "00" * 30 + "80",
                 "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
                 "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
                 "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
                 "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"]
X25519_SMALL = ["00" * 32, "01" + "00" * 31, "ec" + "ff" * 30 + "7f", "ed" + "ff" * 30 + "7f", "ee" + "ff" * 30 + "7f",
                "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
                "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"]


class World:
    """The sandbox, its authority, another one that is trusted too, and the municipality whose name is to be stolen."""

    def __init__(self, box):
        self.box, self.keys = box, box.folder / "keys"
        self.maker, self.secrets = p.Maker(box), c.Keys(self.keys, "gm0014")  # read while there are good cards alone
        self.authority = k.Issuer.read(self.keys / "ca.pem", self.keys / "ca.key")
        self.own = k.Issuer.read(self.keys / "gm0014/certificate.pem", self.keys / "gm0014/certificate.key")
        self.other = k.Issuer.read(self.keys / "ncg/certificate.pem", self.keys / "ncg/certificate.key")
        self.root = certificate(named((NameOID.COMMON_NAME, "Another authority")), ca=True)
        self.good_trust = (self.keys / "ca.pem").read_text() + self.root.pem
        self.trust(self.good_trust)

    def trust(self, text):
        (self.keys / "ca.pem").write_text(text)

    def reload(self, *names):
        """Has them read cards anew; what each has said of it."""
        said = {}
        files = {name: self.box.folder / name / "stderr" for name in names}
        before = {name: len(file.read_text()) for name, file in files.items()}
        for name in names:
            one = self.box.state["router"] if name == "router" else self.box.state["participants"][name]
            os.kill(one["pid"], signal.SIGHUP)
        for name in names:
            house.until(lambda: "reloaded\n" in files[name].read_text()[before[name]:])
            time.sleep(0.05)  # what it says of cards comes behind it
            said[name] = files[name].read_text()[before[name]:]
        return said


# ---------------------------------------------------------------- 23, 28 to 31: (name, card, what is said of it)

def bad_cards(world):
    by = world.authority
    between = certificate(named((NameOID.COMMON_NAME, "Between")), world.root, ca=True)
    no_authority = certificate(named((NameOID.COMMON_NAME, "No authority")), world.root)
    ended = certificate(named((NameOID.COMMON_NAME, "Ended")), world.root, ca=True, start=-20, end=-1)
    self_made = certificate(by.certificate.subject, ca=True)

    def card(signed_by, *between, **values):
        return k.Card(OWN, signed_by, *between, **values)

    def organisation(subject=None, issuer=by, **values):
        return card(certificate(subject or serial(OWN), issuer, **values))

    yield "28 expired", organisation(start=-20, end=-1), "certificate has expired"
    yield "28 of the future", organisation(start=1, end=20), "certificate is not yet valid"
    yield "28 its authority expired", card(certificate(serial(OWN), ended), ended), "certificate has expired"
    yield "29 no CA:TRUE between", card(certificate(serial(OWN), no_authority), no_authority), "invalid CA certificate"
    yield "29 an organisation as authority", card(certificate(serial(OWN), world.other), world.other), "invalid CA certificate"
    yield "29 the one between is missing", card(certificate(serial(OWN), between)), "unable to get local issuer"
    yield "29 an authority of the same name", card(certificate(serial(OWN), self_made), self_made), "not good"
    yield "29 by itself", card(certificate(serial(OWN))), "self"
    yield "29 SHA-1", organisation(hash_=k.hashes.SHA1()), "too weak"
    yield "29 RSA of 1024 bits", organisation(key=k.rsa_key(1024)), "too weak"
    yield "29 TLS alone", organisation(extended=k.TLS), "for TLS alone"
    yield "29 not for signing", organisation(usage=["key_encipherment"]), "not for signing"
    yield "29 no usage", organisation(usage=[]), "not for signing"
    yield "29 an authority's", card(certificate(serial(OWN), world.root, ca=True, usage=["digital_signature", "key_cert_sign"])), "authority's"
    yield "30 two serialNumbers", organisation(named((NameOID.SERIAL_NUMBER, OWN), (NameOID.SERIAL_NUMBER, STRANGE))), "exactly one"
    yield "30 the same twice", organisation(named((NameOID.SERIAL_NUMBER, OWN), (NameOID.SERIAL_NUMBER, OWN))), "exactly one"
    yield "30 NUL behind it", organisation(serial(OWN + "\0x")), "not of OIN"
    yield "30 NUL in it", organisation(serial(OWN[:19] + "\0")), "not of OIN"
    yield "30 a blank behind it", organisation(serial(OWN + " ")), "not of OIN"
    yield "30 a blank before it", organisation(serial(" " + OWN)), "not of OIN"
    yield "30 OIN in CN", organisation(named((NameOID.COMMON_NAME, OWN))), "exactly one"
    yield "30 OIN in CN, another's serialNumber", organisation(named((NameOID.COMMON_NAME, OWN), (NameOID.SERIAL_NUMBER, OTHERS))), "not of OIN"
    yield "31 another's certificate", card(world.other), "not of OIN"
    yield "31 another's signature", card(k.Issuer(world.own.certificate, world.other.key)), "signature is not good"
    yield "31 signed as something else", card(world.own, label=b"samenloop.v1 agreement\0"), "signature is not good"
    yield "31 of tomorrow", card(world.own, issued=1), "not issued yet"
    for point in ED25519_SMALL:
        yield f"23 small order {point}", card(world.own, raw={1: bytes.fromhex(point)}), "is no signing key"
    for point in X25519_SMALL:
        yield f"24 low order {point}", card(world.own, raw={2: bytes.fromhex(point)}), "is no CURVE key"
        yield f"24 low order {point}", card(world.own, raw={3: bytes.fromhex(point)}), "is no sealing key"
    yield "31 without a sealing key", card(world.own, uses=(1, 2)), "no sealing key"


def bad_cards_are_told_and_hold_for_nobody(world):
    cases = list(bad_cards(world))
    paths = [world.keys / f"cards/bad-{at:03d}.card" for at in range(len(cases))]
    for path, (_, card, _) in zip(paths, cases):
        path.write_bytes(card.data)
    os.mkfifo(world.keys / "cards/pipe.card")
    (world.keys / "cards/folder.card").mkdir()
    (world.keys / "cards/huge.card").write_bytes(bytes(64 * 1024))
    (world.keys / "cards/none.card").symlink_to("nothing")
    said = world.reload("router", "ncg")
    for who, text in said.items():
        for path, (name, _, sentence) in zip(paths, cases):
            line = next((one for one in text.splitlines() if one.startswith(f"{path}: ")), "nothing")
            assert sentence in line, (who, name, line)
        assert "has no key card" not in text and text.count(f"{world.keys}/cards/") == len(cases) + 4, text
    assert world.box.metrics("router")["router_cards_refused"] == world.box.metrics("ncg")["adapter_cards_refused"] == len(cases) + 4
    nobody_gets_in(world, *(card for _, card, _ in cases[:30:6]))
    with Peer.greeted(world.box, keys=world.secrets) as peer:  # who has the true key connects, and has nothing by them
        for name, card, _ in cases[::7]:
            assert peer.verdicts(signed_with(world, card)) == [(4, "", "")], name  # kept until the card is known


def nobody_gets_in(world, *cards):
    server = world.secrets.public("router/curve.pub")
    for card in cards:
        assert p.stranger(world.box, card.curve, server) == "FAILED_AUTH"


def signed_with(world, card):
    """A good event, signed with a card's key and naming it."""
    class Signer:
        signing, cards = card.signing, world.secrets.cards
    Signer.card = card
    return world.maker.bundle(keys=Signer)


def older_and_strange_cards_hold_for_nobody(world):
    """Good ones, signed by whoever may: an older one of the municipality's, and one of an organisation that takes no part."""
    older = k.Card(OWN, world.own, issued=-3)
    strange = k.Card(STRANGE, certificate(serial(STRANGE), world.authority))
    copy = (world.keys / "cards/gm0014.card").read_bytes()
    for name, data in [("older", older.data), ("strange", strange.data), ("zzz-copy", copy)]:
        (world.keys / f"cards/{name}.card").write_bytes(data)
    world.reload("router", "ncg")
    nobody_gets_in(world, older, strange)
    with Peer.greeted(world.box, keys=world.secrets) as peer:
        assert peer.verdicts(signed_with(world, older)) == [
            (3, "bad_key_card", "the key card that is named has no signing key that was valid then")]
        assert peer.verdicts(signed_with(world, strange)) == [(4, "", "")]


# ---------------------------------------------------------------- lists of what was revoked

def revoked_ones_are_gone(world):
    between = certificate(named((NameOID.COMMON_NAME, "Between")), world.root, ca=True)
    unlisted = world.keys / "cards/unlisted.card"
    unlisted.write_bytes(k.Card(OWN, certificate(serial(OWN), between), between).data)
    with Peer.greeted(world.box, keys=world.secrets) as peer:
        assert peer.verdicts(world.maker.bundle())[0][0] == 1
        world.trust(world.good_trust + world.authority.list(world.own) + world.root.list())
        said = world.reload("router", "ncg")
        for text in said.values():
            assert f"{world.keys}/cards/gm0014.card: the certificate is not good: certificate revoked" in text, text
            assert f"{unlisted}: the certificate is not good: unable to get certificate CRL" in text, text
            assert "gm0014 has no key card that is good, and cannot connect" in text, text
        assert p.stranger(world.box, peer.curve, world.secrets.public("router/curve.pub")) == "FAILED_AUTH"
        peer.send(publish=p.W.Publish(lane=3, position=99, bundle=world.maker.bundle()))
        assert peer.receive(0.3) == (None, None)  # nor is who was connected heard


def a_stale_list_lets_nobody_in_until_there_is_a_new_one(world):
    world.trust(world.good_trust + world.authority.list(start=-30, end=-1) + world.root.list())
    said = world.reload("router")["router"]
    for name in ("img", "ncg", "gm0014"):
        assert f"cards/{name}.card: the certificate is not good: CRL has expired" in said, said
    house.until(lambda: world.box.metrics("router")["router_greeted"] == 0)
    world.trust(world.good_trust + world.authority.list() + world.root.list())
    assert "CRL" not in world.reload("router")["router"].replace("unable to get certificate CRL", "")
    world.reload("ncg", "img")  # they need not wait before they try again
    house.until(lambda: world.box.metrics("router")["router_greeted"] == 2)


def honest_traffic_is_undisturbed(world, honest):
    honest.end()
    assert not honest.wrong, honest.wrong[:3]
    assert len(honest.accepted) > 20 and honest.arrived() == set(honest.accepted), (len(honest.accepted), len(honest.arrived()))
    assert len(honest.of_the_municipality()) == 1
    ids = [one["id"] for one in honest.taken]
    assert len(ids) == len(set(ids)), "something came twice"
    print(f"     {len(honest.accepted)} honest events")


def main():
    with house.Sandbox("--participants", "img,ncg,gm0014") as box:
        box.stop("gm0014")
        world, honest = World(box), Honest(box)
        for thread in honest.threads:
            thread.start()
        tests = [bad_cards_are_told_and_hold_for_nobody, older_and_strange_cards_hold_for_nobody, revoked_ones_are_gone,
                 a_stale_list_lets_nobody_in_until_there_is_a_new_one]
        house.run([house.named(test, world) for test in tests] + [house.named(honest_traffic_is_undisturbed, world, honest)])


if __name__ == "__main__":
    main()
