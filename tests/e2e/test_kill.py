#!/usr/bin/python3
"""Nothing is lost and nothing comes twice, whatever happens to the three processes and between them: in each round some are
killed (SIGKILL, sometimes SIGTERM: then there are snapshots), frozen (SIGSTOP) and cut off at random moments under a stream
of events, acute ones among them. After each round every accepted event is in the other's inbox once, in order per house
and lane, and no process has grown.

test_kill.py [--events N] [--rounds N] [--seed N]     `make chaos` asks for more of both
"""
import argparse
import collections
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import house  # noqa: E402
import network  # noqa: E402
import stream  # noqa: E402

parser = argparse.ArgumentParser()
parser.add_argument("--events", type=int, default=1500)
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
OPTIONS = parser.parse_args()
TOOL = pathlib.Path(os.environ.get("BUILD", house.ROOT / "build/gcc")).resolve() / "samenloop"
FAULTS, LONG, GROWTH_KB, DESCRIPTORS = 6, 10, 48 * 1024, 16
SILENCE_S = 32  # longer than a side is waited for


class World:
    """A sandbox whose adapters reach the router through a network of ours."""

    def __init__(self, box, chance):
        self.box, self.chance = box, chance
        self.net = network.Network(int(box.state["router"]["address"].rsplit(":", 1)[1]))
        for name in ("img", "ncg"):
            box.stop(name)
            config = pathlib.Path(box.state["participants"][name]["config"])
            config.write_text(config.read_text().replace(box.state["router"]["address"],
                                                         f"tcp://127.0.0.1:{self.net.port}"))
        box.start()

    def pids(self):
        state = self.box.state
        return {"router": state["router"]["pid"], **{name: one["pid"] for name, one in state["participants"].items()}}

    # ------------------------------------------------------------ what goes wrong

    def kill(self):
        """One to three at once."""
        for name in self.chance.sample(["router", "img", "ncg"], self.chance.choice([1, 1, 2, 3])):
            (self.box.kill if self.chance.random() < 0.8 else self.box.stop)(name)
        time.sleep(self.chance.uniform(0, 0.3))
        self.box.start()

    def freeze(self):
        """A peer that is there and says nothing."""
        pid = self.chance.choice(list(self.pids().values()))
        os.kill(pid, signal.SIGSTOP)
        time.sleep(SILENCE_S if OPTIONS.rounds >= LONG and self.chance.random() < 0.02 else self.chance.uniform(0.05, 1))
        os.kill(pid, signal.SIGCONT)

    def cut(self):
        self.net.cut()

    def hold(self):
        """Packets vanish; sometimes the connections end with that."""
        self.net.hold()
        time.sleep(self.chance.uniform(0.05, 1))
        if self.chance.random() < 0.5:
            self.net.cut()
        self.net.release()

    def faults(self):
        for _ in range(FAULTS):
            time.sleep(self.chance.uniform(0.02, 0.4))
            self.chance.choice([self.kill, self.kill, self.freeze, self.cut, self.hold])()

    # ------------------------------------------------------------ what it costs

    def sizes(self):
        """Resident KB and open descriptors of each process."""
        found = {}
        for name, pid in self.pids().items():
            status = pathlib.Path(f"/proc/{pid}/status").read_text()
            found[name] = int(status.split("VmRSS:")[1].split()[0]), len(os.listdir(f"/proc/{pid}/fd"))
        return found


def tool(*arguments):
    done = subprocess.run([TOOL, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, (arguments, done.stdout[-2000:], done.stderr[-2000:])
    return done.stdout


def at_rest(box):
    """Nothing is on its way any more."""
    return all(sum(box.call(name, "/health", role=None)[1]["outbox"].values()) == 0 for name in ("img", "ncg"))


def one_round(world, one, begin, end):
    publisher = threading.Thread(target=one.publish, args=(begin, end), daemon=True)
    publisher.start()
    world.faults()
    publisher.join(120)
    assert len(one.accepted) == end, f"only {len(one.accepted)} of {end} events were accepted"
    house.until(lambda: one.came() >= end, 120)
    house.until(lambda: at_rest(world.box), 60)
    one.check()


def check_growth(first, now):
    for name, (memory, descriptors) in now.items():
        assert memory < first[name][0] + GROWTH_KB, f"{name} grew from {first[name][0]} to {memory} KB"
        assert descriptors < first[name][1] + DESCRIPTORS, f"{name} has {descriptors} descriptors open"


def check_record(box):
    """The journal is sound; the routing log has its lines (a kill may keep some from it), every expectation has an end,
    and every receipt came."""
    router = box.state["router"]
    assert json.loads(tool("status", "--json", "--control", box.folder / "router/control"))["counters"]["dead_letters"] == 0
    shown = pathlib.Path(router["log"]).read_text().splitlines()
    box.stop("router")
    tool("verify", "--config", router["config"], router["journal"])
    lines = tool("log", "--json", "--journal", router["journal"]).splitlines()
    rest = iter(lines)
    for line in shown:
        assert line in rest, f"the routing log has what the journal has not, or in another order: {line}"
    assert len(shown) > len(lines) * 0.9, f"the routing log has {len(shown)} of {len(lines)} lines"
    lines = [json.loads(line) for line in lines]
    receipts = collections.Counter(line["outcome"] for line in lines if line["what"] == "receipt")
    assert receipts["obligation_opened"] == receipts["obligation_met"] + receipts["obligation_met_late"] > 0, receipts
    assert all(line["due"] for line in lines if line["outcome"] == "obligation_opened"), "an expectation without end"
    assert len({line["event"] for line in lines if line["outcome"] == "forwarded"}) == OPTIONS.events


def nothing_is_lost():
    print(f"--seed {OPTIONS.seed} --events {OPTIONS.events} --rounds {OPTIONS.rounds}", flush=True)
    with house.Sandbox("--participants", "img,ncg") as box:
        world = World(box, random.Random(OPTIONS.seed))
        one = stream.Stream(box, OPTIONS.events)
        reader = threading.Thread(target=one.read, daemon=True)
        reader.start()
        first = {}
        for n in range(OPTIONS.rounds):
            one_round(world, one, OPTIONS.events * n // OPTIONS.rounds, OPTIONS.events * (n + 1) // OPTIONS.rounds)
            first = first or world.sizes()
            check_growth(first, world.sizes())
        print(f"began with {first}, ended with {world.sizes()}")
        one.done.set()
        reader.join(20)
        check_record(box)
        world.net.close()


if __name__ == "__main__":
    house.run([nothing_is_lost])
