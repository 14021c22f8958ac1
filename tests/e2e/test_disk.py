#!/usr/bin/python3
"""A disk without room, at each of the three processes in turn: they say so, take nothing that they cannot keep, go on with
the rest, and recover by themselves once there is room. Nothing is lost, nothing comes twice, the order stays.

The disk is a small tmpfs, or, where the tests may not mount one, an empty folder that full_disk.c makes a full one of; both
are used where both can be, so that neither is ever left out.
"""
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import house  # noqa: E402
import stream  # noqa: E402

BUILD = pathlib.Path(os.environ.get("BUILD", house.ROOT / "build/gcc")).resolve()
SHIM = BUILD / "tests/e2e/full_disk.so"
EVENTS = 1500


class Tmpfs:
    """A filesystem of 12 MiB; `fill` takes all of it."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="disk-"))

    def __enter__(self):
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", self.folder], check=True, capture_output=True)
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", "-l", self.folder], check=True)

    def fill(self):
        with contextlib.suppress(OSError), open(self.folder / "ballast", "wb", buffering=0) as ballast:
            while ballast.write(bytes(4096)) > 0:
                pass

    def make_room(self):
        (self.folder / "ballast").unlink()


class Shim:
    """A folder that is full while a file named `full` stands in it."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="disk-")).resolve()

    def __enter__(self):
        os.environ.update(SAMENLOOP_DISK=str(self.folder), LD_PRELOAD=str(SHIM))
        return self

    def __exit__(self, *_):
        del os.environ["SAMENLOOP_DISK"], os.environ["LD_PRELOAD"]

    def fill(self):
        (self.folder / "full").touch()

    def make_room(self):
        (self.folder / "full").unlink()


@contextlib.contextmanager
def house_on(disk, name):
    """A sandbox of which one process has its logs on the small disk, and a stream of events with its reader."""
    with disk() as small, house.Sandbox("--participants", "img,ncg", "--segment-bytes", "524288",
                                        "--logs", f"{name}={small.folder}") as box:
        one = stream.Stream(box, EVENTS)
        reader = threading.Thread(target=one.read, daemon=True)
        reader.start()
        try:
            yield small, box, one
        finally:
            one.done.set()
            reader.join(20)


def publishing(one, begin, end):
    thread = threading.Thread(target=one.publish, args=(begin, end), daemon=True)
    thread.start()
    return thread


def status(box):
    tool = subprocess.run([BUILD / "samenloop", "status", "--json", "--control", box.folder / "router/control"],
                          capture_output=True, text=True)
    return json.loads(tool.stdout) if tool.returncode == 0 else {}


def health(box, name):
    return box.call(name, "/health", role=None)


def pids(box):
    return [box.state["router"]["pid"], *(one["pid"] for one in box.state["participants"].values())]


def alive(box, before):
    assert pids(box) == before and all(pathlib.Path(f"/proc/{pid}").exists() for pid in before), "a process ended"


def all_came(one, until=EVENTS):
    house.until(lambda: one.came() >= until, 60)
    one.check()


def said(box, name):
    return (box.folder / name / "stderr").read_text()


def full_router(disk):
    with house_on(disk, "router") as (small, box, one):
        before = pids(box)
        one.publish(0, 100)
        all_came(one, 100)
        small.fill()
        one.publish(100, 1400)  # what the router has no room for, the adapter has
        house.until(lambda: status(box).get("full"))
        assert "no room on the disk" in said(box, "router"), said(box, "router")
        house.until(lambda: "disk is full" in health(box, "img")[1].get("detail", ""))
        assert health(box, "img")[0] == 200, "the adapter can still accept"
        alive(box, before)
        assert status(box)["counters"]["violations"] == 0, status(box)
        box.kill("router")  # it starts without room, too
        box.start()
        house.until(lambda: status(box).get("full"))
        before = pids(box)
        small.make_room()
        one.publish(1400, EVENTS)
        all_came(one)
        alive(box, before)
        assert not status(box)["full"] and "there is room again" in said(box, "router"), said(box, "router")
        assert status(box)["counters"]["dead_letters"] == 0
        assert len(box.log()) > EVENTS, "the routing log is not written any more"  # each line is a whole one


def full_publisher(disk):
    with house_on(disk, "img") as (small, box, one):
        before = pids(box)
        one.publish(0, 100)
        small.fill()
        thread = publishing(one, 100, EVENTS)
        house.until(lambda: health(box, "img")[0] == 503)
        assert health(box, "img")[1]["status"] == "cannot_write", health(box, "img")
        assert "no room on the disk" in said(box, "img"), said(box, "img")
        refused = next_refusal(box, one)
        assert refused.code == 503 and refused.headers["Retry-After"] is not None, refused
        answer = json.loads(refused.read())
        assert answer["code"] == "overload", answer
        refusals = [each for each in answer["events"] if each["status"] == "refused"]
        assert refusals and all(each["code"] == "overload" and "no room" in each["detail"] for each in refusals), answer
        came = len(one.accepted)
        all_came(one, came)  # what was accepted goes out all the same
        alive(box, before)
        small.make_room()
        house.until(lambda: health(box, "img")[0] == 200)
        thread.join(60)
        all_came(one)
        alive(box, before)
        assert "there is room again" in said(box, "img"), said(box, "img")


def next_refusal(box, one):
    """What a back office hears that hands in a batch for which a house has no room; a small event may still find some."""
    they = box.state["participants"]["img"]
    request = urllib.request.Request(they["url"] + "/events",
                                     data=json.dumps([one.event(n) for n in range(EVENTS - 25, EVENTS)
                                                      if n % 20 != 7]).encode())  # of one lane
    request.add_header("Authorization", "Bearer " + pathlib.Path(they["tokens"]["back_office"]).read_text().strip())
    request.add_header("Content-Type", "application/cloudevents-batch+json")
    try:
        with urllib.request.urlopen(request) as answer:
            raise AssertionError(f"accepted: {answer.status}")
    except urllib.error.HTTPError as error:
        return error


def full_receiver(disk):
    with house_on(disk, "ncg") as (small, box, one):
        before = pids(box)
        one.publish(0, 100)
        all_came(one, 100)
        small.fill()
        one.publish(100, EVENTS)
        house.until(lambda: health(box, "ncg")[0] == 503)
        assert health(box, "ncg")[1]["status"] == "cannot_write", health(box, "ncg")
        assert health(box, "ncg")[1]["router"] == "connected", "its own publications could go on"
        assert "no room on the disk" in said(box, "ncg"), said(box, "ncg")
        waiting = house.until(lambda: [p for p in status(box)["participants"] if p["name"] == "ncg"][0])
        assert sum(lane["waiting"] for lane in waiting["lanes"].values()) > 0, waiting
        alive(box, before)
        small.make_room()
        all_came(one)
        alive(box, before)
        assert health(box, "ncg")[0] == 200
        assert status(box)["counters"]["dead_letters"] == 0, "a full disk is no failure of a delivery"
        assert "there is room again" in said(box, "ncg"), said(box, "ncg")


def tests():
    """Each case on each kind of disk that there can be."""
    disks = [Shim]
    try:
        with Tmpfs():
            disks.append(Tmpfs)
    except subprocess.CalledProcessError as error:
        print(f"no tmpfs here ({error.stderr.decode().strip()}): the shim alone")
    for case in (full_router, full_publisher, full_receiver):
        for disk in disks:
            def test(case=case, disk=disk):
                case(disk)
            test.__name__ = f"{case.__name__}_{disk.__name__.lower()}"
            yield test


if __name__ == "__main__":
    house.run(list(tests()))
