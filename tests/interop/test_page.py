"""The examples of schemas/PROTOCOL.md, made again by the client in Python from the fixed keys that the page names."""
import re

import auditor
import contract as c
from peer import run

AT = 1612170000000
SOURCE, OWN_ID, HOUSE = "urn:nld:oin:00000004165165165000:systeem:zaken", "WV-2021-7", "0014200000000001"


def read_page():
    text = (c.ROOT / "schemas/PROTOCOL.md").read_text()
    blocks = re.findall(r"^```hex (\S+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return {name: bytes.fromhex(re.sub(r"#.*", "", lines)) for name, lines in blocks}


PAGE = read_page()


def private(kind, byte):
    return kind.from_private_bytes(bytes([byte]) * 32)


SIGNING = private(c.Ed25519PrivateKey, 0x11)
IMG, NCG = private(c.X25519PrivateKey, 0x12), private(c.X25519PrivateKey, 0x13)
TO_NCG, TO_IMG = private(c.X25519PrivateKey, 0x14), private(c.X25519PrivateKey, 0x15)
CURVE = private(c.X25519PrivateKey, 0x16)


def same(name, value):
    assert PAGE[name] == value, f"{name}: {value.hex()}"


def names():
    same("uuid", c.event_uuid(SOURCE, OWN_ID)[0])
    same("pseudonym", c.pseudonym(b"\x17" * 32, HOUSE))
    assert str(c.NAMESPACE) == "29919cc2-928f-52f2-b204-d0f0acc872c6"


def tree():
    leaves = [c.leaf(bytes([i])) for i in range(7)]
    same("tree-root", c.tree_root(leaves))
    nodes = c.tree_nodes(leaves, [2, 5])
    same("tree-nodes", b"".join(nodes))
    assert c.tree_recompute(7, {2: leaves[2], 5: leaves[5]}, nodes) == PAGE["tree-root"]
    assert c.tree_recompute(7, {2: leaves[2], 4: leaves[5]}, nodes) != PAGE["tree-root"]


def key_card():
    card = c.envelope.KeyCard(organisation=b"00000004165165165000", issued_at=AT - 1000)
    for use, key in ((1, SIGNING), (2, CURVE), (3, NCG)):
        card.keys.add(use=use, public_key=c.raw_public(key), not_before=AT - 1000, not_after=AT + 86400000)
    same("card-signed-text", c.card_signed_text(card.SerializeToString()))
    same("card-hash", c.H(card.SerializeToString()))


def sealing():
    dossier = c.sections.Dossier(organisation=b"ncg", case_number=b"2021-0042").SerializeToString()
    info = c.sealing_info(PAGE["card-hash"])
    enc, secret = c.encapsulate(PAGE["recipient"], info, TO_IMG)
    key = c.event_key(secret, 0, PAGE["uuid"])
    same("info", info)
    same("recipient", c.raw_public(IMG))
    same("enc", enc)
    same("exporter-secret", secret)
    assert c.decapsulate(IMG, enc, info) == secret
    same("event-key", key)
    same("nonce", c.nonce(c.envelope.SECTION_DOSSIER))
    same("text", c.padded(dossier))
    same("sealed", c.AESGCM(key).encrypt(PAGE["nonce"], c.padded(dossier), None))
    assert c.unpadded(PAGE["text"]) == dossier
    section = c.envelope.SealedSection(section=c.envelope.SECTION_DOSSIER, salt=b"\x21" * 16)
    section.ciphertexts.add(encapsulation=1, sealed=PAGE["sealed"])
    same("digest", c.digest(section))


def signature():
    bundle = c.wire.Frame.FromString(PAGE["publish"]).publish.bundle
    leaves = [c.leaf(one.header) for one in bundle.envelopes]
    same("header", bundle.envelopes[0].header)
    same("header-2", bundle.envelopes[1].header)
    same("leaf", leaves[0])
    same("leaf-2", leaves[1])
    same("root", c.tree_root(leaves))
    same("signed-text", c.signed_text(bundle.proof, PAGE["root"]))
    same("signature", SIGNING.sign(PAGE["signed-text"]))
    assert bundle.proof.signature == PAGE["signature"]
    enc, _ = c.encapsulate(c.raw_public(NCG), PAGE["info"], TO_NCG)
    assert bundle.proof.encapsulations[0].enc == enc


class Reader:
    def __init__(self, sealing_key):
        self.sealing = sealing_key


def opened():
    bundle = c.wire.Frame.FromString(PAGE["publish"]).publish.bundle
    for key, numbers in ((IMG, {2, 9}), (NCG, {9})):
        header, contents = c.open_envelope(Reader(key), bundle, bundle.envelopes[0])
        assert set(contents) == numbers
        assert contents[9].id == OWN_ID.encode() and contents[9].bag_id == HOUSE.encode()
    assert header.type == b"work_stock_changed" and header.recorded_at == AT
    assert [(one.name, one.value) for one in header.attributes] == [(b"value", b"in"), (b"reason", b"added_by_plan")]


def hello():
    frame = c.wire.Frame(hello=c.wire.Hello(version=1, software=b"example", outbox=b"\xb1" * 16, inbox=b"\xb2" * 16,
                                            journal=b"\xb3" * 16, credit=1000))
    frame.hello.last.add(lane=3, number=41)
    same("hello", frame.SerializeToString())


def log():
    identity, seed = b"\xa1" * 16, b"\xa2" * 16
    assert auditor.crc32c(b"123456789") == 0xE3069283
    head = auditor.write_head(True, identity, seed, 1, 65536, auditor.Frontier())
    same("log-segment-head", head[:64])
    same("log-segment-head-crc", head[-4:])
    assert not any(head[64:-4]) and len(head) == 4096
    record = auditor.write_record(True, identity + seed, 10, 1, 1, b"kept", b"content", b"\xa3" * 16)
    same("log-record", record)
    same("log-seal", auditor.write_seal(identity + seed, 1))
    digest = c.H(b"\xa3" * 16, b"content")
    same("log-record-leaf", auditor.record_leaf(1, 10, b"kept", digest))
    covered = 32 + 4 + 32
    same("log-record-erased", record[:4] + b"\xe5" + record[5:covered] + bytes(len(record) - covered))


run([names, tree, key_card, sealing, signature, opened, hello, log])
