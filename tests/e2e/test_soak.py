#!/usr/bin/python3
"""Months in minutes: stories that close what they open, at the same houses again and again, through a real router and
real adapters, while keys are rotated and adapters connect anew. What is settled may cost what design.md says (who was
heard of is known for ever) and no more: memory is sampled, told as a table, and must not grow beyond. `make soak` is
the same for MINUTES.

    test_soak.py [--minutes N]
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import threading
import time
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import house  # noqa: E402
from test_rotate import reload, rotate  # noqa: E402

BUILD = (house.ROOT / os.environ.get("BUILD", "build/gcc")).resolve()
STORIES = ["S01", "S09", "S10", "S16", "S22", "S27", "S31", "S36", "S38"]  # of tests/replay; each ends what it opens
PEOPLE = ["img", "ncg", "gm0014"]
PROCESSES = ["router", "img", "ncg"]
AT_ONCE = 2  # stories that are told at the same time,
HOUSES = 100  # each at so many houses
PER_EVENT = {"router": 64, "img": 128, "ncg": 128}  # bytes of memory that a settled event may leave behind
FREE_MIB = 12  # caches and windows that were not full when it was measured first

OPTIONS = argparse.ArgumentParser(description=__doc__)
OPTIONS.add_argument("--minutes", type=float, default=0.1)
OPTIONS = OPTIONS.parse_args()


class Story:
    """A scenario's events, to be told again with other ids, at other houses, now."""

    def __init__(self, path):
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        self.name = path.stem.split("-")[0]
        self.steps = [(line["from"], line.get("role", "back_office"), line["event"]) for line in lines if "event" in line]

    def step(self, number, run, place):
        """Step `number` of the story at HOUSES houses: the events."""
        event = json.dumps(self.steps[number][2])
        at = self.steps[number][2]["time"]
        for house_number in range(1, HOUSES + 1):
            text = event.replace(at, house.now()).replace("209999000001", f"20{place:02d}{house_number:08d}")
            for old, (_, _, other) in enumerate(self.steps):
                text = text.replace(other["id"], str(uuid.uuid5(house.NAMESPACE, f"{run}/{self.name}/{house_number}/{old}")))
            yield json.loads(text)


class World:
    def __init__(self, box):
        self.box, self.failed, self.samples = box, [], []
        self.stop, self.done, self.lock = threading.Event(), threading.Event(), threading.Lock()
        self.events, self.taken, self.runs = 0, 0, 0

    # ------------------------------------------------------------ who does what

    def guarded(self, what, *arguments):
        try:
            what(*arguments)
        except Exception as error:  # a thread's failure is the test's
            self.failed.append(f"{what.__name__}{arguments}: {error!r}")
            self.stop.set()

    def tell(self, stories):
        """Tells one story after the other, each whole."""
        while not self.stop.is_set():
            for place, story in stories:
                with self.lock:
                    self.runs += 1
                    run = self.runs
                for number in range(len(story.steps)):
                    self.publish(story.steps[number][:2], list(story.step(number, run, place)))
                if self.stop.is_set():
                    break

    def publish(self, who, events):
        status, answer = self.box.publish_many(who[0], events, who[1])
        assert status == 202, (status, [one for one in answer["events"] if one["status"] == "refused"][:3])
        house.until(lambda: self.box.event(who[0], events[-1])[1]["status"] != "waiting", 60)
        with self.lock:
            self.events += len(events)

    def take(self, name, role):
        while not self.done.is_set():
            taken = len(self.box.take(name, role, wait=1))
            with self.lock:
                self.taken += taken

    def quiet(self):
        """Nothing came for a while."""
        before = self.taken
        time.sleep(2)
        return self.failed or before == self.taken

    def disturb(self):
        """Connections end and begin, keys change, now and then."""
        pause = OPTIONS.minutes * 60 / 10
        for name, use in [("ncg", "sealing"), ("img", None), ("img", "signing"), ("ncg", None), ("ncg", "curve"), ("img", None)]:
            if self.stop.wait(pause):
                return
            if use is None:
                reload(self.box, name)
            else:
                rotate(self.box, name, use, take=self.renew)

    def renew(self, box, name):
        """A new card is everybody's."""
        reload(box, name)
        reload(box, "gm0014")

    # ------------------------------------------------------------ what is measured

    def sample(self):
        state = self.box.state
        pids = {"router": state["router"]["pid"]} | {name: state["participants"][name]["pid"] for name in PEOPLE}
        size = {name: int(pathlib.Path(f"/proc/{pids[name]}/statm").read_text().split()[1]) * 4096 for name in PROCESSES}
        self.samples.append((time.monotonic(), self.events, size))

    def table(self):
        begin = self.samples[0][0]
        print(f"{'minutes':>9}{'events':>10}" + "".join(f"{name + ' MiB':>12}" for name in PROCESSES))
        step = max(1, len(self.samples) // 12)
        for at, events, size in [*self.samples[:-1:step], self.samples[-1]]:
            print(f"{(at - begin) / 60:9.1f}{events:10}" + "".join(f"{size[name] / 2**20:12.1f}" for name in PROCESSES))

    def judge(self):
        """Between a quarter of the way, when what has a bound has reached it, and the end."""
        _, before, first = self.samples[len(self.samples) // 4]
        _, after, last = self.samples[-1]
        for name in PROCESSES:
            grown = last[name] - first[name]
            print(f"     {name}: {grown / 2**20:.1f} MiB more, {grown / (after - before):.0f} bytes an event")
        for name in PROCESSES:
            most = FREE_MIB * 2**20 + PER_EVENT[name] * (after - before)
            assert last[name] - first[name] <= most, f"{name} grew by more than {most / 2**20:.1f} MiB"


def open_questions(box):
    """The first of them."""
    code, said, wrong = box.tool("obligations", "--journal", box.state["router"]["journal"], "--json")
    assert code == 0, wrong
    return said.splitlines()[:3]


def went_wrong(box):
    """The first lines of what no story tells of; S38 withdraws another's event."""
    with open(box.state["router"]["log"]) as log:
        return [line for line in log if '"outcome":"dead_lettered"' in line
                or '"outcome":"refused"' in line and '"what":"not_yours"' not in line][:3]


def nothing_settled_stays():
    paths = sorted((house.ROOT / "tests/replay").glob("S*.jsonl"))
    stories = [(place, Story(path)) for place, path in enumerate(paths) if path.stem.split("-")[0] in STORIES]
    with house.Sandbox("--participants", ",".join(PEOPLE)) as box:
        world = World(box)
        roles = [(name, role) for name in PEOPLE for role in box.state["participants"][name]["tokens"]]
        tellers = [threading.Thread(target=world.guarded, args=(world.tell, stories[one::AT_ONCE])) for one in range(AT_ONCE)]
        takers = [threading.Thread(target=world.guarded, args=(world.take, *one)) for one in roles]
        others = [threading.Thread(target=world.guarded, args=(world.disturb,))]
        end = time.monotonic() + OPTIONS.minutes * 60
        for thread in tellers + takers + others:
            thread.start()
        while time.monotonic() < end and not world.stop.wait(min(5, OPTIONS.minutes * 60 / 24)):
            world.sample()
        world.stop.set()
        for thread in tellers + others:
            thread.join()
        house.until(world.quiet, 120)
        world.done.set()
        for thread in takers:
            thread.join()
        world.sample()
        world.table()
        assert not world.failed, world.failed
        still, wrong = open_questions(box), went_wrong(box)
        assert not still, f"questions are open: {still}"
        assert not wrong, wrong
        world.judge()


if __name__ == "__main__":
    house.run([nothing_settled_stays])
