"""A participant's line to the router, in Python: what schemas/PROTOCOL.md says under "The wire". It keeps outbox and
inbox in memory, which is enough for a test: a real one would have them on stable storage before it says anything."""
import os
import time

import contract as c
import zmq

HEARTBEAT_S = 10


class Ended(Exception):
    """The router said Bye: code and sentence."""


class Client:
    def __init__(self, keys, address, credit=1000, curve=None):
        self.keys, self.address, self.credit = keys, address, credit
        self.curve = curve or c.X25519PrivateKey.from_private_bytes(keys.secret("curve.key"))
        self.outbox, self.inbox_identity, self.journal = os.urandom(16), os.urandom(16), b""
        self.inbox, self.position, self.socket, self.routing_id = {}, 0, None, None
        self.context = zmq.Context()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.disconnect()
        self.context.term()

    # ------------------------------------------------------------ frames

    def connect(self):
        """A fresh socket: nothing of an earlier connection comes or goes on it."""
        self.disconnect()
        self.socket = self.context.socket(zmq.DEALER)
        self.socket.linger = 500
        if self.routing_id is not None:
            self.socket.routing_id = self.routing_id
        raw = (c.serialization.Encoding.Raw, c.serialization.PrivateFormat.Raw, c.serialization.NoEncryption())
        self.socket.curve_secretkey = self.curve.private_bytes(*raw)
        self.socket.curve_publickey = c.raw_public(self.curve)
        self.socket.curve_serverkey = self.keys.public("router/curve.pub")
        self.socket.connect(self.address)
        self.said = time.monotonic()

    def disconnect(self):
        if self.socket is not None:
            self.socket.close()
            self.socket = None

    def send(self, **body):
        self.socket.send(c.wire.Frame(**body).SerializeToString())
        self.said = time.monotonic()

    def receive(self, seconds=10):
        """The next frame but heartbeats, its kind and body; (None, None) when none came."""
        end = time.monotonic() + seconds
        while self.socket.poll(max(0, int((end - time.monotonic()) * 1000))):
            parts = self.socket.recv_multipart()
            assert len(parts) == 1
            frame = c.wire.Frame.FromString(parts[0])
            kind = frame.WhichOneof("body")
            if kind == "bye":
                raise Ended(frame.bye.code.decode(), frame.bye.sentence.decode())
            if kind != "heartbeat":
                return kind, getattr(frame, kind)
        return None, None

    def wait_for(self, kind, seconds=10):
        """The next frame of a kind. Deliveries that come before it are taken."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if time.monotonic() - self.said > HEARTBEAT_S:
                self.send(heartbeat=c.wire.Heartbeat())
            came, body = self.receive(min(1, end - time.monotonic()))
            if came == kind:
                return body
            if came == "deliver":
                self.take(body)
        raise AssertionError(f"no {kind} within {seconds} s")

    def hello(self):
        last = {lane: max(number for at, number in self.inbox if at == lane) for lane in {at for at, _ in self.inbox}}
        hello = c.wire.Hello(version=1, software=b"python", outbox=self.outbox, inbox=self.inbox_identity,
                             journal=self.journal, credit=self.credit)
        for lane, number in sorted(last.items()):
            hello.last.add(lane=lane, number=number)
        self.send(hello=hello)
        welcome = self.wait_for("welcome")
        self.journal = self.journal or welcome.journal
        return welcome

    # ------------------------------------------------------------ publications

    def publish(self, events, lane=3, position=None):
        """Seals, signs and sends a batch; gives its position and bundle. What is sent again is sent as it was."""
        self.position = position or self.position + 1
        bundle = c.seal(self.keys, events, int(time.time() * 1000))
        self.send(publish=c.wire.Publish(lane=lane, position=self.position, bundle=bundle))
        return self.position, bundle

    def results(self, position):
        published = self.wait_for("published")
        assert published.position == position
        return published.results

    # ------------------------------------------------------------ deliveries

    def take(self, deliver, fail=()):
        """Opens what came, puts it in the inbox and answers; `fail` are names of types that are answered `failed`."""
        answers = []
        for one in deliver.deliveries:
            answer = c.wire.DeliveryAnswer(lane=one.lane, number=one.number, attempt=one.attempt, outcome=1)
            answers.append(answer)
            if (one.lane, one.number) in self.inbox:
                continue
            if one.previous and (one.lane, one.previous) not in self.inbox:
                answer.outcome, answer.code = 3, b"behind"
                continue
            try:
                item = self.open(deliver, one)
                if item["header"].type.decode() in fail:
                    raise c.Refused("malformed")
                self.inbox[one.lane, one.number] = item
            except c.Refused as refused:
                answer.outcome, answer.code, answer.sentence = 2, refused.code.encode(), b"not taken"
        self.send(delivered=c.wire.Delivered(answers=answers, credit=len(answers)))
        return answers

    def open(self, deliver, one):
        bundle = deliver.bundles[one.bundle]
        event = bundle.envelopes[one.envelope]
        recorded_at = c.envelope.Header.FromString(event.header).recorded_at
        signer = c.verify(self.keys.cards, bundle, recorded_at, one.accepted_at)
        header, sections = c.open_envelope(self.keys, bundle, event)
        if not header.source.decode().startswith(f"urn:nld:oin:{self.keys.cards[signer].oin}:systeem:"):
            raise c.Refused("source_mismatch")
        origin = sections.get(c.envelope.SECTION_ORIGIN)
        if origin and c.pseudonym(self.keys.secret("pseudonym.key"), origin.bag_id.decode()) != header.subject:
            raise c.Refused("subject_invalid")
        return {"delivery": one, "from": signer, "header": header, "sections": sections}

    def take_until(self, what, seconds=10):
        """Takes deliveries until an item of the inbox pleases `what`; that item."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for item in self.inbox.values():
                if what(item):
                    return item
            kind, body = self.receive(0.2)
            if kind == "deliver":
                self.take(body)
        raise AssertionError(f"nothing of the kind within {seconds} s; the inbox has "
                             f"{[(i['delivery'].kind, i['header'].type) for i in self.inbox.values()]}")
