#!/usr/bin/python3
"""Keys of every use are rotated, of both organisations, while both publish: nothing is lost, nothing fails, nothing comes
twice, and what was sealed to an old key is still opened."""
import datetime
import os
import pathlib
import signal
import subprocess
import sys
import threading
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import house  # noqa: E402

OIN = {"img": "00000004164164164000", "ncg": "00000004165165165000"}
OTHER = {"img": "ncg", "ncg": "img"}


def event(sender, n):
    """Damage found by one goes to the other: the house is the sender's own, so that nothing else is brought about."""
    at = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    bag = f"001420000{1 if sender == 'img' else 2}{n % 20:06d}"
    kind = "structural_damage_found" if sender == "img" else "non_structural_damage_found"
    attributes = {"occurred_at": at} | ({"municipality": "0014", "safety_doubt": "no"} if sender == "img" else {})
    return {"specversion": "1.0", "id": str(uuid.UUID(int=(4 << 76) | (8 << 60) | n | (1 << 40 if sender == "ncg" else 0))),
            "source": f"urn:nld:oin:{OIN[sender]}:systeem:backoffice", "type": f"nl.samenloop.{kind}", "subject": bag,
            "time": at, "datacontenttype": "application/json",
            "data": {"attributes": attributes, "location": {"bag_id": bag, "municipality": "0014"},
                     "dossier": {"organisation": sender, "case_number": f"{sender}-{n:05d}"},
                     "findings": {"found_on": "2021-03-30", "element": "wall"}}}


class Party:
    """An organisation's back office: publishes until it is told to stop, takes what comes; adapters may be away meanwhile."""

    def __init__(self, box, name):
        self.box, self.name, self.accepted, self.taken, self.twice = box, name, [], {}, 0
        self.stop_publishing, self.stop = threading.Event(), threading.Event()
        self.threads = [threading.Thread(target=one, daemon=True) for one in (self.publish, self.take)]
        for thread in self.threads:
            thread.start()

    def publish(self):
        one = event(self.name, 0)
        while not self.stop_publishing.wait(0.02):
            try:
                status, answer = self.box.publish(self.name, one)
                assert status in (202, 503), answer
                if status == 202:
                    self.accepted.append(one["id"])
                    one = event(self.name, len(self.accepted))
            except (OSError, ValueError):
                pass  # its adapter is being restarted: the same again

    def take(self):
        while not self.stop.wait(0.02):
            try:
                items = self.box.inbox(self.name)
                for item in items:
                    place = self.taken.setdefault((item["id"], item["type"]), item["inboxposition"])
                    self.twice += place != item["inboxposition"]
                self.box.ack(self.name, items)
            except (OSError, ValueError, AssertionError):
                pass

    def has(self, ids):
        return set(ids) <= {identity for identity, _ in self.taken}


def restart(box, name):
    if name not in box.stopped:
        box.stop(name)
    box.stopped.discard(name)
    box.start()


def reload(box, name, said="reloaded"):
    """The adapter takes keys and cards without a restart, and connects anew."""
    file = box.folder / name / "stderr"
    before = file.read_text().count(f"samenloop-adapter: {said}")
    os.kill(box.state["participants"][name]["pid"], signal.SIGHUP)
    house.until(lambda: file.read_text().count(f"samenloop-adapter: {said}") > before)


def rotate(box, name, use, *more, take):
    program = house.ROOT / os.environ.get("BUILD", "build/gcc") / "samenloop"
    done = subprocess.run([program, "keys", "rotate", box.folder / "keys", "--participant", name, "--use", use, *more],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for line in done.stdout.splitlines():
        if line.startswith("add to old_sealing_keys"):
            config = pathlib.Path(box.state["participants"][name]["config"])
            config.write_text(f'old_sealing_keys = "{line.split()[-1]}"\n' + config.read_text())
    take(box, name)
    take(box, OTHER[name])
    os.kill(box.state["router"]["pid"], signal.SIGHUP)


def rotation_loses_nothing():
    with house.Sandbox("--participants", "img,ncg") as box:
        parties = {name: Party(box, name) for name in ("img", "ncg")}
        box.stopped = {"ncg"}
        box.stop("ncg")  # what IMG seals meanwhile is sealed to a key that is old when it is opened
        before = len(parties["img"].accepted)
        house.until(lambda: len(parties["img"].accepted) > before + 20)
        for name in ("ncg", "img"):
            for use in ("sealing", "signing", "curve"):
                rotate(box, name, use, take=restart if name == "ncg" else reload)
                seen = {one: len(parties[one].accepted) for one in parties}
                house.until(lambda: all(len(parties[one].accepted) > seen[one] + 10 for one in parties))
        for party in parties.values():
            party.stop_publishing.set()
            party.threads[0].join(20)
        for party in parties.values():
            house.until(lambda: party.has(parties[OTHER[party.name]].accepted), 30)
            party.stop.set()
            assert party.twice == 0, "something came twice"
        bad = [line for line in box.log() if line["outcome"] in ("dead_lettered", "refused")]
        assert not bad, bad[:3]
        print("     " + ", ".join(f"{len(one.accepted)} events of {one.name}" for one in parties.values()))
        cards = sorted(path.name for path in (box.folder / "keys/cards").glob("*.card"))
        assert len(cards) == 8 and "ncg-3.card" in cards, cards


def what_ends_soon_is_told():
    """Router and adapters say at their start, or when they take new cards, whose key ends within a month."""
    with house.Sandbox("--participants", "img,ncg") as box:
        files = [box.folder / one / "stderr" for one in ("router", "img", "ncg")]
        assert not any(" ends at " in file.read_text() for file in files)
        rotate(box, "ncg", "signing", "--days", "10", "--overlap", "1", take=reload)
        for file in files:
            house.until(lambda: "ncg: the signing key ends at " in file.read_text())
            assert "img: " not in file.read_text(), file.read_text()


def a_bad_configuration_changes_nothing():
    with house.Sandbox("--participants", "img,ncg") as box:
        pid = box.state["participants"]["img"]["pid"]
        config = pathlib.Path(box.state["participants"]["img"]["config"])
        good = config.read_text()
        for bad in (good + "\nno_such_setting = 1\n", good.replace("img/content.key", "ncg/content.key"), good.replace("img/signing.key", "ncg/signing.key")):
            assert bad != good
            config.write_text(bad)
            reload(box, "img", "not reloaded")
        config.write_text(good)
        assert box.publish("img", event("img", 1))[0] == 202
        house.until(lambda: box.take("ncg"))
        assert box.state["participants"]["img"]["pid"] == pid and pathlib.Path(f"/proc/{pid}").exists()


if __name__ == "__main__":
    house.run([rotation_loses_nothing, what_ends_soon_is_told, a_bad_configuration_changes_nothing])
