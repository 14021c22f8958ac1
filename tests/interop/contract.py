"""The contract in Python: keys, names, tree, sealing, signature. Written from schemas/PROTOCOL.md, not from the C code.

The messages are made from the .proto files when this module is imported, into a folder that ends with the process.
"""
import atexit
import hashlib
import hmac
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import uuid

from cryptography import x509
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

ROOT = pathlib.Path(os.environ.get("ROOT", pathlib.Path(__file__).resolve().parents[2]))


def _make_messages():
    folder = tempfile.mkdtemp(prefix="messages-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    protos = sorted(str(file) for file in (ROOT / "schemas/samenloop/v1").glob("*.proto"))
    subprocess.run(["protoc", f"--proto_path={ROOT / 'schemas'}", f"--python_out={folder}", *protos], check=True)
    sys.path.insert(0, folder)


_make_messages()
from samenloop.v1 import envelope_pb2 as envelope  # noqa: E402
from samenloop.v1 import log_pb2 as log  # noqa: E402,F401
from samenloop.v1 import sections_pb2 as sections  # noqa: E402
from samenloop.v1 import wire_pb2 as wire  # noqa: E402,F401

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "samenloop.example")
CONTENTS = {envelope.SECTION_LOCATION: sections.Location, envelope.SECTION_DOSSIER: sections.Dossier,
            envelope.SECTION_FINDINGS: sections.Findings, envelope.SECTION_PLANNING: sections.Planning,
            envelope.SECTION_SETTLEMENT: sections.Settlement, envelope.SECTION_SCHEME: sections.Scheme,
            envelope.SECTION_RESIDENT: sections.Resident, envelope.SECTION_NOTE: sections.Note,
            envelope.SECTION_ORIGIN: sections.Origin}


class Refused(Exception):
    """What came is not good; the first argument is the code."""

    @property
    def code(self):
        return self.args[0]


def H(*pieces):
    return hashlib.sha256(b"".join(pieces)).digest()


def u32(number):
    return struct.pack("<I", number)


# ---------------------------------------------------------------- names

def pseudonym(key, bag_id):
    return hmac.new(key, bag_id.encode(), hashlib.sha256).digest()


def event_uuid(source, own_id):
    """The UUID of an event that its back office gave this id, and whether the id must travel in the origin."""
    try:
        found = uuid.UUID(own_id) if len(own_id) == 36 else None
    except ValueError:
        found = None
    if found is None:
        return uuid.uuid5(NAMESPACE, f"{source}\0{own_id}").bytes, True
    return found.bytes, str(found) != own_id


# ---------------------------------------------------------------- tree

def leaf(data):
    return H(b"\x00", data)


def node(left, right):
    return H(b"\x01", left, right)


def split(size):
    k = 1
    while 2 * k < size:
        k *= 2
    return k


def tree_root(leaves):
    if not leaves:
        return H(b"")
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return node(tree_root(leaves[:k]), tree_root(leaves[k:]))


def tree_nodes(leaves, there, first=0):
    """The nodes that prove the leaves at the indices `there`."""
    size = len(leaves)
    inside = [index for index in there if first <= index < first + size]
    if not inside:
        return [tree_root(leaves)]
    if size == 1:
        return []
    k = split(size)
    left, right = (tree_nodes(leaves[:k], inside, first), tree_nodes(leaves[k:], inside, first + k))
    return left + right if inside[0] < first + k else right + left


def tree_recompute(size, there, nodes):
    """The root that some leaves (index -> leaf) and nodes give; None where they do not fit."""
    rest = list(nodes)

    def walk(first, count):
        inside = any(first <= index < first + count for index in there)
        if not inside:
            return rest.pop(0)
        if count == 1:
            return there[first]
        k = split(count)
        if any(first <= index < first + k for index in there):
            left = walk(first, k)
            return node(left, walk(first + k, count - k))
        right = walk(first + k, count - k)
        return node(walk(first, k), right)

    try:
        root = walk(0, size)
    except IndexError:
        return None
    return None if rest or max(there) >= size else root


# ---------------------------------------------------------------- HPKE, as far as it is used

def _extract(suite, salt, label, ikm):
    return hmac.new(salt or bytes(32), b"HPKE-v1" + suite + label + ikm, hashlib.sha256).digest()


def _expand(suite, key, label, info, size):
    text = struct.pack(">H", size) + b"HPKE-v1" + suite + label + info
    return hmac.new(key, text + b"\x01", hashlib.sha256).digest()[:size]


_KEM = b"KEM" + struct.pack(">H", 0x0020)
_HPKE = b"HPKE" + struct.pack(">HHH", 0x0020, 0x0001, 0x0002)


def _exporter_secret(shared, enc, recipient, info):
    eae = _extract(_KEM, b"", b"eae_prk", shared)
    secret = _expand(_KEM, eae, b"shared_secret", enc + recipient, 32)
    context = b"\x00" + _extract(_HPKE, b"", b"psk_id_hash", b"") + _extract(_HPKE, b"", b"info_hash", info)
    return _expand(_HPKE, _extract(_HPKE, secret, b"secret", b""), b"exp", context, 32)


def raw_public(key):
    return key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def sealing_info(card_hash):
    return b"samenloop.v1 sealing\0" + card_hash


def encapsulate(recipient, info, ephemeral=None):
    """Gives enc and the exporter secret for a reader's public key."""
    mine = ephemeral or X25519PrivateKey.generate()
    enc = raw_public(mine)
    return enc, _exporter_secret(mine.exchange(X25519PublicKey.from_public_bytes(recipient)), enc, recipient, info)


def decapsulate(key, enc, info):
    return _exporter_secret(key.exchange(X25519PublicKey.from_public_bytes(enc)), enc, raw_public(key), info)


def event_key(exporter_secret, index, event_id):
    return _expand(_HPKE, exporter_secret, b"sec", b"samenloop.v1 event\0" + u32(index) + event_id, 32)


# ---------------------------------------------------------------- sections

def padded_size(content):
    size = content + 4
    if size <= 1024:
        return -(-size // 64) * 64
    exponent = size.bit_length() - 1
    step = 1 << (exponent - exponent.bit_length())
    return -(-size // step) * step


def padded(content):
    return (u32(len(content)) + content).ljust(padded_size(len(content)), b"\0")


def unpadded(text):
    size = struct.unpack("<I", text[:4])[0]
    if padded(text[4:4 + size]) != text:
        raise Refused("sealed_wrongly", "padding")
    return text[4:4 + size]


def nonce(section):
    return bytes(11) + bytes([section])


def digest(section):
    pieces = [section.salt, bytes([section.section])]
    for ciphertext in section.ciphertexts:
        pieces += [u32(ciphertext.encapsulation), u32(len(ciphertext.sealed)), ciphertext.sealed]
    return H(*pieces)


# ---------------------------------------------------------------- key cards and keys in files

def card_signed_text(card):
    return b"samenloop.v1 key card\0" + card


class Card:
    """A key card that was found good: its hash, OIN and keys."""

    def __init__(self, data, authority):
        signed = envelope.SignedKeyCard.FromString(data)
        certificate = x509.load_der_x509_certificate(signed.certificates[0])
        try:  # an authority that signs the organisation's certificate itself is all that is wanted here
            _verify(authority.public_key(), certificate.signature, certificate.tbs_certificate_bytes)
            _verify(certificate.public_key(), signed.signature, card_signed_text(signed.card))
        except InvalidSignature:
            raise Refused("bad_key_card", "signature") from None
        self.card = envelope.KeyCard.FromString(signed.card)
        self.hash = H(signed.card)
        self.oin = self.card.organisation.decode()
        named = certificate.subject.get_attributes_for_oid(x509.NameOID.SERIAL_NUMBER)
        if [one.value for one in named] != [self.oin]:
            raise Refused("bad_key_card", "OIN")

    def keys(self, use, start, end=None):
        """Those that are valid at a moment, or at some moment from start to end, the last begun first."""
        end = start if end is None else end
        good = [key for key in self.card.keys if key.use == use and key.not_before <= end and start < key.not_after]
        return [key.public_key for key in sorted(good, key=lambda key: -key.not_before)]


def _verify(key, signature, text):
    if isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, text, ec.ECDSA(hashes.SHA256()))
    else:
        key.verify(signature, text, padding.PKCS1v15(), hashes.SHA256())


class Keys:
    """A folder that `samenloop keys new` made: everybody's cards, and a participant's own keys."""

    def __init__(self, folder, name):
        self.folder, self.name = pathlib.Path(folder), name
        authority = x509.load_pem_x509_certificate((self.folder / "ca.pem").read_bytes())
        self.cards = {file.stem: Card(file.read_bytes(), authority) for file in (self.folder / "cards").glob("*.card")}
        self.signing = Ed25519PrivateKey.from_private_bytes(self.secret("signing.key"))
        self.sealing = X25519PrivateKey.from_private_bytes(self.secret("sealing.key"))
        self.card = self.cards[name]

    def secret(self, file):
        return bytes.fromhex((self.folder / self.name / file).read_text())

    def public(self, path):
        return bytes.fromhex((self.folder / path).read_text())


# ---------------------------------------------------------------- bundles

def signed_text(proof, root):
    encapsulations = H(*(piece for one in proof.encapsulations for piece in (one.recipient, one.enc)))
    return b"samenloop.v1 batch\0" + proof.card + u32(proof.size) + root + encapsulations


def seal(keys, events, at):
    """One signed batch. An event is (header without digests, {section: (message, [reader's name ...])})."""
    bundle = envelope.Bundle()
    proof, secrets, places = bundle.proof, {}, {}
    proof.card, proof.size = keys.card.hash, len(events)
    for name in sorted({reader for _, contents in events for _, readers in contents.values() for reader in readers}):
        recipient = keys.cards[name].keys(envelope.KEY_USE_SEALING, at)[0]
        enc, secrets[name] = encapsulate(recipient, sealing_info(keys.card.hash))
        places[name] = len(proof.encapsulations)
        proof.encapsulations.add(recipient=recipient, enc=enc)
    for index, (header, contents) in enumerate(events):
        one = bundle.envelopes.add(index=index)
        signed = envelope.Header()
        signed.CopyFrom(header)
        for number in sorted(contents):
            message, readers = contents[number]
            section = one.sections.add(section=number, salt=os.urandom(16))
            for name in readers:
                key = AESGCM(event_key(secrets[name], index, header.event_id))
                sealed = key.encrypt(nonce(number), padded(message.SerializeToString()), None)
                section.ciphertexts.add(encapsulation=places[name], sealed=sealed)
            signed.sections.add(section=number, digest=digest(section))
        one.header = signed.SerializeToString()
    root = tree_root([leaf(one.header) for one in bundle.envelopes])
    proof.signature = keys.signing.sign(signed_text(proof, root))
    return bundle


def cut(bundle, indices):
    """Some events of a whole batch, with the nodes that prove them."""
    leaves = [leaf(one.header) for one in bundle.envelopes]
    part = envelope.Bundle(proof=bundle.proof, envelopes=[bundle.envelopes[index] for index in indices])
    part.proof.nodes = b"".join(tree_nodes(leaves, indices))
    return part


def verify(cards, bundle, recorded_at, accepted_at):
    """Who signed, between those moments: the name of a participant."""
    proof = bundle.proof
    signers = [name for name, card in cards.items() if card.hash == proof.card]
    if not signers:
        raise Refused("bad_key_card", "unknown")
    nodes = [proof.nodes[i:i + 32] for i in range(0, len(proof.nodes), 32)]
    root = tree_recompute(proof.size, {one.index: leaf(one.header) for one in bundle.envelopes}, nodes)
    if root is None:
        raise Refused("bad_signature", "proof")
    for key in cards[signers[0]].keys(envelope.KEY_USE_SIGNING, min(recorded_at, accepted_at), accepted_at):
        try:
            Ed25519PublicKey.from_public_bytes(key).verify(proof.signature, signed_text(proof, root))
            return signers[0]
        except InvalidSignature:
            pass
    raise Refused("bad_signature", "signature")


def open_envelope(keys, bundle, one):
    """The header, and the content of each section that is sealed to us."""
    header = envelope.Header.FromString(one.header)
    signed = {section.section: section.digest for section in header.sections}
    mine, opened = raw_public(keys.sealing), {}
    for section in one.sections:
        if signed.get(section.section) != digest(section):
            raise Refused("bad_digest", section.section)
        for ciphertext in section.ciphertexts:
            place = bundle.proof.encapsulations[ciphertext.encapsulation]
            if place.recipient != mine:
                continue
            secret = decapsulate(keys.sealing, place.enc, sealing_info(bundle.proof.card))
            key = AESGCM(event_key(secret, one.index, header.event_id))
            try:
                text = key.decrypt(nonce(section.section), ciphertext.sealed, None)
            except InvalidTag:
                raise Refused("sealed_wrongly", section.section) from None
            opened[section.section] = CONTENTS[section.section].FromString(unpadded(text))
    return header, opened
