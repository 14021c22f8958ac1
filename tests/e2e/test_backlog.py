"""A receiver is away for long, and events go on: what waits is on disk, and the router's memory stays within its
bounds; the receiver then gets all of it, in order. How long the router takes to start again is told. Events go through
a real adapter and a real router (tests/bench/backlog.c): first into the receiver's inbox, then, when its adapter has
started again, to its back office. `make backlog` is the same with five million.

    test_backlog.py [--kind notices|questions] [--events N]
"""
import argparse
import contextlib
import os
import pathlib
import re
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import house

BUILD = (house.ROOT / os.environ.get("BUILD", "build/gcc")).resolve()
MEMORY_MIB = 256  # of the router and of the receiver's adapter, with five million events that wait

OPTIONS = argparse.ArgumentParser(description=__doc__)
OPTIONS.add_argument("--kind", choices=["notices", "questions"], default="notices")
OPTIONS.add_argument("--events", type=int, default=20000)
OPTIONS = OPTIONS.parse_args()


def memory(pid, key="VmRSS"):
    """Of the router, in MiB."""
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key)) / 1024


def backlog(box, pid, verb, who):
    command = [BUILD / "tests/bench/backlog", verb, box.state["participants"][who]["config"], OPTIONS.kind, str(OPTIONS.events)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    most = memory(pid, "VmHWM")
    print(f"  {verb}: {done.stdout.strip()}; the router has {memory(pid):.0f} MiB, had {most:.0f} at most", flush=True)
    return most, float(re.search("had ([0-9]+) MiB at most", done.stdout)[1])


@contextlib.contextmanager
def router(box):
    """The router alone; how long it takes until it is ready."""
    begin = time.monotonic()
    process = subprocess.Popen([BUILD / "samenloop-router", box.state["router"]["config"]], stdout=subprocess.PIPE, text=True)
    try:
        assert any(line.startswith("ready ") for line in iter(process.stdout.readline, ""))
        yield process.pid, time.monotonic() - begin
    finally:
        process.terminate()
        process.wait()


def what_waits_is_on_disk_and_comes_in_order():
    print(f"{OPTIONS.events} {OPTIONS.kind}")
    publisher, receiver = ("img", "ncg") if OPTIONS.kind == "questions" else ("ncg", "img")
    with house.Sandbox("--participants", "img,ncg") as box:
        for name in ("img", "ncg"):  # the program is both houses itself
            box.stop(name)
        pid = box.state["router"]["pid"]
        empty = memory(pid)
        most, _ = backlog(box, pid, "fill", publisher)
        box.stop("router")
        with router(box) as (pid, seconds):
            print(f"  started again in {seconds:.1f} s with {memory(pid):.0f} MiB", flush=True)
            taking, _ = backlog(box, pid, "take", receiver)
            draining, house_had = backlog(box, pid, "drain", receiver)
            most = max(most, taking, draining)
        if OPTIONS.kind == "notices":  # what is open is state: the promise does not bound it
            assert most <= MEMORY_MIB, f"{most:.0f} MiB"
            assert house_had <= MEMORY_MIB, f"the receiver's adapter: {house_had:.0f} MiB"
            assert most - empty <= 40 + OPTIONS.events * 45 / 2**20, f"{most:.0f} MiB, {empty:.0f} with nothing"


if __name__ == "__main__":
    house.run([what_waits_is_on_disk_and_comes_in_order])
