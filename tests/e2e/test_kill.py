#!/usr/bin/python3
"""Nothing is lost and nothing comes twice: both adapters and the router are killed (SIGKILL) in the middle of 2,000 events,
acute ones among them; after restart each accepted event is in the other's inbox once, in order per house and lane.

test_kill.py [--events N] [--kills N] [--seed N]     `make chaos` asks for more of both
"""
import argparse
import datetime
import pathlib
import random
import sys
import threading
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import house  # noqa: E402

parser = argparse.ArgumentParser()
parser.add_argument("--events", type=int, default=2000)
parser.add_argument("--kills", type=int, default=6)
parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
OPTIONS = parser.parse_args()
EVENTS, HOUSES, BATCH = OPTIONS.events, 40, 25
NOW = datetime.datetime.now(datetime.timezone.utc)
LANES = {"acute_unsafe": "acute", "structural_damage_found": "ordinary"}
ROLE = {"acute_unsafe": "incident_officer", "structural_damage_found": "back_office"}


def moment(n):
    return (NOW - datetime.timedelta(seconds=EVENTS - n)).strftime("%Y-%m-%dT%H:%M:%SZ")


def event(n):
    """The n-th event: what comes of it goes to NCG; its place in the order stands in the case number."""
    kind = "acute_unsafe" if n % 20 == 7 else "structural_damage_found"
    bag = f"00142000000{n % HOUSES + 1:05d}"
    attributes = {"occurred_at": moment(n), "municipality": "0014"}
    attributes |= {"certainty": "reported"} if kind == "acute_unsafe" else {"safety_doubt": "no"}
    return {"specversion": "1.0", "id": str(uuid.UUID(int=(4 << 76) | (8 << 60) | n)),
            "source": "urn:nld:oin:00000004164164164000:systeem:backoffice", "type": f"nl.samenloop.{kind}", "subject": bag,
            "time": moment(n), "datacontenttype": "application/json",
            "data": {"attributes": attributes, "location": {"bag_id": bag, "municipality": "0014"},
                     "dossier": {"organisation": "img", "case_number": f"IMG-{n:05d}"},
                     "findings": {"found_on": "2021-03-30", "element": "wall"}}}


def publisher(box, accepted, order):
    """Hands events over in batches, each again until it is answered: what a back office does."""
    for begin in range(0, EVENTS, BATCH):
        batch = [event(n) for n in order[begin:begin + BATCH]]
        while True:
            try:
                status, _ = box.publish_many("img", batch)
                if status == 202:
                    accepted.update(one["id"] for one in batch)
                    break
                assert status == 503, status
            except OSError:
                pass  # its adapter was killed: once more, when it is back
            threading.Event().wait(0.02)


def reader(box, seen, done):
    """Takes what comes, in both roles, and notes it before it acknowledges."""
    while not done.is_set():
        for role in ("incident_officer", "back_office"):
            try:
                items = box.inbox("ncg", role)
                seen.extend(item for item in items if item["source"].startswith("urn:nld"))
                if items:
                    box.ack("ncg", items, role)
            except (OSError, AssertionError):
                pass
        done.wait(0.05)


def check(seen, accepted):
    unique = {}
    for item in seen:  # an acknowledgement that a kill swallowed hands an item out again, at the same place
        place = unique.setdefault((item["id"], item["role"]), item["inboxposition"])
        assert place == item["inboxposition"], f"{item['id']} stands twice in the inbox"
    for n in range(EVENTS):
        one = event(n)
        if one["id"] in accepted:
            kind = one["type"].rsplit(".", 1)[1]
            assert (one["id"], ROLE[kind]) in unique, f"event {n} was accepted and is lost"
    last = {}
    for identity, role in unique:
        n = int(uuid.UUID(identity).int & 0xffffffff)
        kind = event(n)["type"].rsplit(".", 1)[1]
        if ROLE[kind] != role:
            continue
        key = (n % HOUSES, LANES[kind])
        assert last.get(key, -1) < n, f"event {n} came after {last[key]} at one house"
        last[key] = n


def kill(box, chance):
    """Kills each of the three in turn, in any order, at any moment."""
    victims = []
    for _ in range(OPTIONS.kills):
        victims = victims or chance.sample(["router", "img", "ncg"], 3)
        threading.Event().wait(chance.uniform(0.05, 0.6))
        box.kill(victims.pop())
        box.start()


def nothing_is_lost_by_kill_9():
    print(f"--seed {OPTIONS.seed} --events {EVENTS} --kills {OPTIONS.kills}")
    with house.Sandbox("--participants", "img,ncg") as box:
        accepted, seen, done = set(), [], threading.Event()
        threads = [threading.Thread(target=publisher, args=(box, accepted, list(range(EVENTS))), daemon=True),
                   threading.Thread(target=reader, args=(box, seen, done), daemon=True)]
        for thread in threads:
            thread.start()
        kill(box, random.Random(OPTIONS.seed))
        threads[0].join(600)
        assert len(accepted) == EVENTS, f"only {len(accepted)} of {EVENTS} events were accepted"
        house.until(lambda: len({(one["id"], one["role"]) for one in list(seen) if
                                 ROLE[one["type"].rsplit(".", 1)[1]] == one["role"]}) >= EVENTS, 120)
        done.set()
        threads[1].join(10)
        check(seen, accepted)


if __name__ == "__main__":
    house.run([nothing_is_lost_by_kill_9])
