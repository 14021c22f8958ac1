"""A router in the wrong hands: it has the router's keys, its address and its journal's name, and says what it likes to one
participant's adapter."""
import base64
import time

import client
import contract as c
import peer
import zmq

W = c.wire
EVENT, CHECKPOINT = 1, 4
DONE, FAILED = 1, 2


class Router:
    """Takes the router's place at its address; `with Router(box) as router` waits for an adapter's Hello."""

    def __init__(self, box):
        self.box, self.context, self.number = box, zmq.Context(), 0
        self.signing = c.Ed25519PrivateKey.from_private_bytes(self.secret("signing.key"))
        curve = c.X25519PrivateKey.from_private_bytes(self.secret("curve.key"))
        raw = (c.serialization.Encoding.Raw, c.serialization.PrivateFormat.Raw, c.serialization.NoEncryption())
        self.socket = self.context.socket(zmq.ROUTER)
        self.socket.linger = 0
        self.socket.curve_server = True
        self.socket.curve_secretkey, self.socket.curve_publickey = curve.private_bytes(*raw), c.raw_public(curve)
        self.socket.bind(box.state["router"]["address"])
        self.adapter, self.journal = None, b""

    def secret(self, file):
        return bytes.fromhex((self.box.folder / "keys/router" / file).read_text())

    def __enter__(self):
        self.welcome()
        return self

    def __exit__(self, *_):
        self.socket.close()
        self.context.term()

    # ------------------------------------------------------------ frames

    def receive(self, kind, seconds=10):
        """The next frame of this kind from whoever talks; who says Bye raises Ended."""
        end = time.monotonic() + seconds
        while self.socket.poll(max(0, int((end - time.monotonic()) * 1000))):
            self.adapter, data = self.socket.recv_multipart()
            frame = W.Frame.FromString(data)
            came = frame.WhichOneof("body")
            if came == "bye" and kind != "hello":
                raise client.Ended(frame.bye.code.decode(), frame.bye.sentence.decode())
            if came == kind:
                return getattr(frame, kind)
        raise AssertionError(f"no {kind} within {seconds} s")

    def raw(self, data):
        self.socket.send_multipart([self.adapter, data])

    def send(self, **body):
        self.raw(W.Frame(**body).SerializeToString())

    def welcome(self, **changes):
        """Greets whoever connects (anew); `journal` is the one that fed the inbox."""
        hello = self.receive("hello")
        self.journal = hello.journal
        self.number = max((one.number for one in hello.last if one.lane == 3), default=0)
        self.send(welcome=W.Welcome(**dict(version=1, software=b"hostile", agreement=bytes(32), journal=hello.journal,
                                           credit=1000) | changes))

    # ------------------------------------------------------------ deliveries

    def delivery(self, **values):
        return W.Delivery(**dict(lane=3, number=self.number + 1, attempt=1, kind=EVENT, role=1, journal_number=1,
                                 accepted_at=peer.now()) | values)

    def deliver(self, *bundles):
        """Delivers every event of these bundles, in a frame; the answers as (outcome, code, sentence). What fails stays
        undelivered, so the numbers go on behind it: each is told that it needs nothing before it."""
        frame = W.Deliver(bundles=bundles)
        for at, bundle in enumerate(bundles):
            for place in range(len(bundle.envelopes)):
                frame.deliveries.append(self.delivery(bundle=at, envelope=place))
                self.number += 1
        self.send(deliver=frame)
        return self.answers(len(frame.deliveries))

    def answers(self, count):
        found = []
        while len(found) < count:
            found += [(one.outcome, one.code.decode(), one.sentence.decode()) for one in self.receive("delivered").answers]
        return found

    # ------------------------------------------------------------ heads

    def note(self, size, root, key=None, origin=None):
        """A signed head of the journal, as schemas/PROTOCOL.md has it; the size can be any text."""
        origin = origin or "samenloop.example/journal/" + self.journal.hex()
        text = f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"
        key = key or self.signing
        name = c.H(origin.encode() + b"\n\x01" + c.raw_public(key))[:4]
        signature = base64.b64encode(name + key.sign(text.encode())).decode()
        return f"{text}\n\u2014 {origin} {signature}\n".encode()

    def head(self, note, before=0, proof=b""):
        checkpoint = W.Checkpoint(note=note, before=before, proof=proof)
        self.send(deliver=W.Deliver(deliveries=[self.delivery(kind=CHECKPOINT, role=0, checkpoint=checkpoint)]))
        self.number += 1
        return self.answers(1)[0]
