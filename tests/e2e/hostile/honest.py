"""IMG's back office hands events in, NCG's takes them, while others attack."""
import datetime
import threading
import time
import uuid


def honest_event(n):
    at = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    bag = f"00142000000{n % 50 + 1:05d}"
    return {"specversion": "1.0", "id": str(uuid.UUID(int=(4 << 76) | (8 << 60) | n)),
            "source": "urn:nld:oin:00000004164164164000:systeem:backoffice", "type": "nl.samenloop.structural_damage_found",
            "subject": bag, "time": at, "datacontenttype": "application/json",
            "data": {"attributes": {"occurred_at": at, "municipality": "0014", "safety_doubt": "no"},
                     "location": {"bag_id": bag, "municipality": "0014"},
                     "dossier": {"organisation": "img", "case_number": f"IMG-{n:05d}"},
                     "findings": {"found_on": "2021-03-30", "element": "wall"}}}


class Honest:
    """IMG's back office hands events in, NCG's takes them; everything is counted, every answer is wanted at once."""

    def __init__(self, box):
        self.box, self.accepted, self.taken, self.wrong, self.slowest = box, [], [], [], 0.0
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=one, daemon=True) for one in (self.publish, self.take)]

    def publish(self):
        while not self.stopping.wait(0.05):
            events = [honest_event(len(self.accepted) + n) for n in range(5)]
            begun = time.monotonic()
            status, answer = self.box.publish_many("img", events)
            self.slowest = max(self.slowest, time.monotonic() - begun)
            if status != 202:
                self.wrong.append((status, answer))
            self.accepted += [one["id"] for one in events]

    def take(self):
        while not self.stopping.is_set() or len(self.arrived()) < len(self.accepted):
            self.taken += self.box.take("ncg", wait=1)

    def arrived(self):
        return {one["id"] for one in self.taken if one["source"].startswith("urn:nld:oin:00000004164164164000")}

    def of_the_municipality(self):
        return [one for one in self.taken if one["source"].startswith("urn:nld:oin:00000001000000014000")]

    def end(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(20)
