"""A stream of numbered events from IMG's back office to NCG's: handed in, taken, and held against each other afterwards."""
import datetime
import threading
import uuid

HOUSES, BATCH = 40, 25
LANES = {"acute_unsafe": "acute", "structural_damage_found": "ordinary"}
ROLE = {"acute_unsafe": "incident_officer", "structural_damage_found": "back_office"}
SOURCE = "urn:nld:oin:00000004164164164000:systeem:backoffice"


def kind_of(one):
    return one["type"].rsplit(".", 1)[1]


class Stream:
    """`count` events; which came through is noted in `accepted` and `seen`."""

    def __init__(self, box, count):
        self.box, self.count = box, count
        self.accepted, self.seen = set(), []
        self.begun = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=count)
        self.done = threading.Event()

    def event(self, n):
        """The n-th event: what comes of it goes to NCG; its place in the order stands in its id."""
        kind = "acute_unsafe" if n % 20 == 7 else "structural_damage_found"
        bag = f"00142000000{n % HOUSES + 1:05d}"
        moment = (self.begun + datetime.timedelta(seconds=n)).strftime("%Y-%m-%dT%H:%M:%SZ")
        attributes = {"occurred_at": moment, "municipality": "0014"}
        attributes |= {"certainty": "reported"} if kind == "acute_unsafe" else {"safety_doubt": "no"}
        return {"specversion": "1.0", "id": str(uuid.UUID(int=(4 << 76) | (8 << 60) | n)), "source": SOURCE,
                "type": f"nl.samenloop.{kind}", "subject": bag, "time": moment, "datacontenttype": "application/json",
                "data": {"attributes": attributes, "location": {"bag_id": bag, "municipality": "0014"},
                         "dossier": {"organisation": "img", "case_number": f"IMG-{n:05d}"},
                         "findings": {"found_on": "2021-03-30", "element": "wall"}}}

    # ------------------------------------------------------------ what the two back offices do

    def publish(self, begin=0, end=None):
        """Hands events over in batches, each again until it is answered."""
        end = self.count if end is None else end
        for first in range(begin, end, BATCH):
            batch = [self.event(n) for n in range(first, min(first + BATCH, end))]
            while not self.done.is_set():
                try:
                    status, text = self.box.publish_many("img", batch)
                    if status == 202:
                        self.accepted.update(one["id"] for one in batch)
                        break
                    assert status == 503, (status, text)
                except OSError:
                    pass  # its adapter is not there: once more, when it is back
                self.done.wait(0.02)

    def take(self):
        """Takes what waits, in both roles, and notes it before it acknowledges. Gives how much that was."""
        taken = 0
        for role in ("incident_officer", "back_office"):
            items = self.box.inbox("ncg", role)
            self.seen.extend(item for item in items if item["source"].startswith("urn:nld"))
            if items:
                self.box.ack("ncg", items, role)
            taken += len(items)
        return taken

    def read(self):
        """Takes until it is told that it is done."""
        while not self.done.is_set():
            try:
                self.take()
            except (OSError, AssertionError):
                pass  # its adapter is not there, or cannot write: once more
            self.done.wait(0.05)

    # ------------------------------------------------------------ what came through

    def came(self):
        """How many of the events are where they belong."""
        return len({one["id"] for one in list(self.seen) if ROLE[kind_of(one)] == one["role"]})

    def check(self):
        """Nothing lost, nothing twice, in order per house and lane."""
        unique = {}
        for item in self.seen:  # an acknowledgement that got lost hands an item out again, at the same place
            place = unique.setdefault((item["id"], item["role"]), item["inboxposition"])
            assert place == item["inboxposition"], f"{item['id']} stands twice in the inbox"
        last = {}
        for identity, role in unique:
            n = uuid.UUID(identity).int & 0xffffffff
            kind = kind_of(self.event(n))
            if ROLE[kind] != role:
                continue
            key = (n % HOUSES, LANES[kind])
            assert last.get(key, -1) < n, f"event {n} came after {last[key]} at one house"
            last[key] = n
        for n in range(self.count):
            one = self.event(n)
            if one["id"] in self.accepted:
                assert (one["id"], ROLE[kind_of(one)]) in unique, f"event {n} was accepted and is lost"
