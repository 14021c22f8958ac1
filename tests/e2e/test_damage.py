#!/usr/bin/python3
"""A bit that flips anywhere in a journal, an outbox or an inbox is found at the start: the process says segment, offset and
what to do, changes nothing, and ends. What a crash tore at the very end, and what stands behind the end, harms nobody.

A journal that has a snapshot beside it is read beside the running router: there the process may have said that it is
ready, and ends all the same, with the same words. Without a snapshot it never gets ready.

test_damage.py [--flips N] [--seed N]     N more positions of each log, anywhere in what is written
"""
import argparse
import os
import pathlib
import random
import re
import select
import signal
import struct
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import house  # noqa: E402
import stream  # noqa: E402

parser = argparse.ArgumentParser()
parser.add_argument("--flips", type=int, default=4)
parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
OPTIONS = parser.parse_args()
BUILD = pathlib.Path(os.environ.get("BUILD", house.ROOT / "build/gcc")).resolve()
CHECKED = re.compile(b"all records before the snapshot are sound|snapshot .*: all of the journal is read")
EVENTS, HEAD, RECORD, DIGEST, SALT = 900, 4096, 32, 32, 16
HEAD_PARTS = {"magic": (0, 8), "format": (8, 12), "has a tree": (12, 16), "identity": (16, 32), "seed": (32, 48),
              "first number": (48, 56), "bytes": (56, 64), "tree": (64, 2112), "zeros": (2112, 4092), "CRC": (4092, 4096)}
RECORD_PARTS = {"CRC": (0, 4), "mark": (4, 5), "zero": (5, 6), "kind": (6, 8), "kept's length": (8, 12),
                "content's length": (12, 16), "number": (16, 24), "began": (24, 32)}


class Item:
    """A record or seal in a segment, and where its parts stand (PROTOCOL.md, "The log")."""

    def __init__(self, data, offset, tree):
        self.offset = offset
        self.kind, kept, content = struct.unpack_from("<HII", data, offset + 6)
        self.parts, at = dict(RECORD_PARTS), RECORD
        for name, size in (("kept", kept), ("digest", DIGEST * (tree and content > 0)), ("content's CRC", 4 * (content > 0)),
                           ("salt", SALT * (tree and content > 0)), ("content", content)):
            if size:
                self.parts[name] = (at, at + size)
                at += size
        self.size = at


class Segment:
    def __init__(self, path):
        self.path, data = path, path.read_bytes()
        self.items, self.end, tree = [], HEAD, data[12] == 1
        while data[self.end:self.end + RECORD].strip(b"\0"):
            self.items.append(Item(data, self.end, tree))
            self.end += self.items[-1].size
        self.size = len(data)

    def flip(self, offset, bit):
        with open(self.path, "r+b") as file:
            file.seek(offset)
            byte = file.read(1)[0]
            file.seek(offset)
            file.write(bytes([byte ^ 1 << bit]))


class Log:
    """One of the logs of a sandbox whose processes are stopped, and the process that has it."""

    def __init__(self, name, folder, program, config):
        self.name, self.folder, self.command = name, pathlib.Path(folder), [BUILD / program, config]
        self.snapshot = [(path, path.read_bytes()) for path in self.folder.glob("*.snapshot")]  # at each start
        self.read()

    def read(self):
        self.segments = [Segment(path) for path in sorted(self.folder.glob("*.log"))]

    def start(self):
        """Starts the process; gives what it said on standard error, or None when it got ready and had nothing to say
        against all that it has (and was stopped)."""
        for path in self.folder.glob("*.snapshot"):
            path.unlink()
        for path, data in self.snapshot:
            path.write_bytes(data)
        checks = bool(self.snapshot)
        process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        lines = []
        try:
            assert select.select([process.stdout], [], [], 60)[0], "neither ready nor refused"
            ready = any(line.startswith(b"ready") for line in iter(process.stdout.readline, b""))
            while ready and checks and not (lines and CHECKED.search(lines[-1])) and (line := process.stderr.readline()):
                lines.append(line)
            if ready:
                process.send_signal(signal.SIGTERM)
            lines.append(process.communicate(timeout=60)[1])
        finally:
            process.kill()
            process.wait()
        said = b"".join(lines).decode()
        assert process.returncode == (0 if ready else 1) or (checks and process.returncode == 1), (process.returncode, said)
        assert process.returncode == 0 or not ready or not any(self.folder.glob("*.snapshot")), "the next start is not refused"
        return None if process.returncode == 0 else said

    def refuses(self, segment, offset, bit, what, named):
        before = {path.name: path.read_bytes() for path in self.folder.glob("*.log")}
        segment.flip(offset, bit)
        said = self.start()
        where = f"{self.name}, {segment.path.name}, offset {offset}, bit {bit} ({what})"
        assert said is not None, f"{where}: not found"
        place = re.search(r"segment (\d{20}\.log), offset (\d+): ", said)
        assert place and place[1] == segment.path.name and named(int(place[2])), f"{where}: {said}"
        assert "put a sound copy of the whole folder" in said, f"{where}: {said}"
        segment.flip(offset, bit)
        after = {path.name: path.read_bytes() for path in self.folder.glob("*.log")}
        assert before == after, f"{where}: the refused log was changed"

    def starts(self, segment, offset, bit, what):
        segment.flip(offset, bit)
        said = self.start()
        assert said is None, f"{self.name}, {segment.path.name}, offset {offset}, bit {bit} ({what}): {said}"
        self.read()


def flips(log, chance):
    """A bit of each part of a head, a record and a seal; then some anywhere in what is written."""
    for what, (begin, end) in HEAD_PARTS.items():
        log.refuses(chance.choice(log.segments), chance.randrange(begin, end), chance.randrange(8), f"head: {what}",
                    lambda at: at < HEAD)
    seen = set()
    everything = [(segment, item) for segment in log.segments for item in segment.items
                  if item is not segment.items[-1] or item.kind != 0]
    chance.shuffle(everything)
    for segment, item in everything:
        for what, (begin, end) in item.parts.items():
            if (what, item.kind == 0) not in seen:
                seen.add((what, item.kind == 0))
                log.refuses(segment, item.offset + chance.randrange(begin, end), chance.randrange(8),
                            f"{'seal' if item.kind == 0 else 'record'}: {what}", lambda at, item=item: at == item.offset)
    for segment, item in chance.sample(everything, OPTIONS.flips):
        log.refuses(segment, item.offset + chance.randrange(item.size), chance.randrange(8), "anywhere",
                    lambda at, item=item: at == item.offset)


def harmless(log, chance):
    """A segment's last seal is only a hint; behind the end nothing is read; what no seal vouches for may be torn."""
    segment, bit = log.segments[-1], chance.randrange(8)
    assert segment.items[-1].kind == 0, "the last item is a seal"
    log.starts(segment, segment.items[-1].offset + chance.randrange(RECORD), bit, "the last seal")
    segment = log.segments[-1]
    log.starts(segment, chance.randrange(segment.end, segment.size), bit, "zeros behind the end")
    segment = log.segments[0]
    assert segment is not log.segments[-1], "one segment only"
    assert segment.items[-1].kind == 0, "the last item of a full segment is a seal"
    log.starts(segment, segment.items[-1].offset + chance.randrange(RECORD), bit, "the last seal of an earlier segment")
    roomy = [one for one in log.segments[:-1] if one.end + RECORD < one.size]  # one can be full to the last bytes
    for segment in roomy[:1]:
        log.starts(segment, chance.randrange(segment.end + RECORD, segment.size), bit, "zeros behind an earlier segment's end")
    segment = log.segments[-1]
    record = [item for item in segment.items if item.kind != 0][-1]
    with open(segment.path, "r+b") as file:  # as a crash leaves a write that was not synced
        file.seek(record.offset + record.size // 2)
        file.write(bytes(segment.end - record.offset - record.size // 2))
    assert log.start() is None, "a torn end is not damage"


def damage_is_found():
    print(f"--seed {OPTIONS.seed} --flips {OPTIONS.flips}")
    chance = random.Random(OPTIONS.seed)
    with house.Sandbox("--participants", "img,ncg", "--segment-bytes", "524288") as box:
        one = stream.Stream(box, EVENTS)
        one.publish()
        house.until(lambda: one.take() == 0 and one.came() == EVENTS, 60)
        for name in ("img", "ncg", "router"):
            box.stop(name)
        state = box.state
        img, ncg = state["participants"]["img"], state["participants"]["ncg"]
        for log in (Log("outbox", img["outbox"], "samenloop-adapter", img["config"]),
                    Log("inbox", ncg["inbox"], "samenloop-adapter", ncg["config"])):
            flips(log, chance)
            harmless(log, chance)
        journal = Log("journal", state["router"]["journal"], "samenloop-router", state["router"]["config"])
        assert len(journal.snapshot) == 1, "a router that stops leaves one"
        flips(journal, chance)
        harmless(journal, chance)
        journal.read()
        journal.snapshot = []
        flips(journal, chance)


if __name__ == "__main__":
    house.run([damage_is_found])
