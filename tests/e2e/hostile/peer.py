"""Those who break the rules: a municipality whose keys are in the wrong hands, strangers, and bytes that are nothing."""
import contextlib
import os
import pathlib
import socket
import sys
import time
import urllib.parse

import house

sys.path.insert(0, str(house.ROOT / "tests/interop"))
import client  # noqa: E402
import contract as c  # noqa: E402
import zmq  # noqa: E402
from zmq.utils.monitor import recv_monitor_message  # noqa: E402

S, W = c.envelope, c.wire
BAG = "0014200000009999"  # a house that honest traffic does not know
NO_BYE = "no Bye"


def now():
    return int(time.time() * 1000)


class Peer(client.Client):
    """The municipality's line to the router; connected, and closed at the end of `with`."""

    def __init__(self, box, curve=None, keys=None, routing_id=None):
        keys = keys or c.Keys(box.folder / "keys", "gm0014")
        super().__init__(keys, box.state["router"]["address"], credit=0, curve=curve)
        self.routing_id = routing_id
        self.connect()
        self.socket.linger = 0

    @classmethod
    @contextlib.contextmanager
    def greeted(cls, box, **values):
        with cls(box, **values) as peer:
            peer.hello()
            yield peer

    def hello_frame(self, **changes):
        return W.Frame(hello=W.Hello(**dict(version=1, software=b"hostile", outbox=self.outbox,
                                            inbox=self.inbox_identity) | changes))

    def raw(self, *parts):
        """Sends frames and bytes; several are one message of several parts."""
        self.socket.send_multipart([one if isinstance(one, bytes) else one.SerializeToString() for one in parts])

    def bye(self, seconds=10):
        """The Bye that comes, as (code, sentence)."""
        end = time.monotonic() + seconds
        try:
            while time.monotonic() < end:
                self.receive(end - time.monotonic())
        except client.Ended as ended:
            return ended.args
        return NO_BYE, ""

    def verdicts(self, bundle, lane=3):
        """The router's answer to a batch: (verdict, code, sentence) of each event."""
        self.position += 1
        self.send(publish=W.Publish(lane=lane, position=self.position, bundle=bundle))
        return [(one.verdict, one.code.decode(), one.sentence.decode()) for one in self.results(self.position)]


# ---------------------------------------------------------------- events

class Maker:
    """Good events of the municipality, to be bent: header and sections as c.seal wants them."""

    def __init__(self, box):
        self.keys, self.img, self.ncg = (c.Keys(box.folder / "keys", name) for name in ("gm0014", "img", "ncg"))

    def event(self, bag=BAG, sections=None, attributes=None, **changes):
        at = now()
        subject = c.pseudonym(self.img.secret("pseudonym.key"), bag)
        values = dict(event_id=os.urandom(16), source=f"urn:nld:oin:{self.keys.card.oin}:systeem:raad".encode(),
                      type=b"municipality_decided", publisher_role=S.ROLE_BACK_OFFICE, occurred_at=at - 1000,
                      recorded_at=at, subject_kind=S.SUBJECT_KIND_ADDRESS, subject=subject, content_mac=os.urandom(16))
        header = S.Header(**values | changes)
        for name, value in (attributes or {"decision": "not_included", "municipality": "0014"}).items():
            header.attributes.add(name=name.encode(), value=value.encode())
        return header, sections or self.sections(bag)

    def sections(self, bag=BAG, **changes):
        values = dict(organisation=b"gm0014", case_number=b"R-1") | changes
        return {S.SECTION_DOSSIER: (c.sections.Dossier(**values), ["img", "ncg"]),
                S.SECTION_ORIGIN: (c.sections.Origin(bag_id=bag.encode()), ["gm0014", "img", "ncg"])}

    def bundle(self, *events, keys=None):
        return c.seal(keys or self.keys, list(events) or [self.event()], now())


def sign(keys, bundle):
    """Signs again what was changed, so that nothing but the change is wrong."""
    root = c.tree_root([c.leaf(one.header) for one in bundle.envelopes])
    bundle.proof.signature = keys.signing.sign(c.signed_text(bundle.proof, root))
    return bundle


# ---------------------------------------------------------------- strangers

def stranger(box, curve=None, server=None, kind=zmq.DEALER, plain=False):
    """What becomes of a handshake: the event, as zmq names it, at the stranger's own end."""
    with zmq.Context() as context, context.socket(kind) as one:
        one.linger = 0
        if plain:
            one.plain_username, one.plain_password = b"img", b"secret"
        if curve is not None:
            raw = (c.serialization.Encoding.Raw, c.serialization.PrivateFormat.Raw, c.serialization.NoEncryption())
            one.curve_secretkey, one.curve_publickey = curve.private_bytes(*raw), c.raw_public(curve)
            one.curve_serverkey = server
        names = ("SUCCEEDED", "FAILED_AUTH", "FAILED_PROTOCOL", "FAILED_NO_DETAIL")
        kinds = {int(getattr(zmq, f"EVENT_HANDSHAKE_{name}")): name for name in names}
        monitor = one.get_monitor_socket(sum(kinds))
        one.connect(box.state["router"]["address"])
        became = kinds[int(recv_monitor_message(monitor)["event"])] if monitor.poll(8000) else "nothing"
        one.disable_monitor()
        return became


def tcp(box):
    address = urllib.parse.urlparse(box.state["router"]["address"])
    return socket.create_connection((address.hostname, address.port), timeout=5)


def complaints(box):
    """What the router told its operators so far."""
    return pathlib.Path(box.folder / "router/stderr").read_text()
