#!/usr/bin/python3
"""A router starts from a snapshot, after an orderly stop and after a kill, and goes on as if it had never stopped: every
event comes once, the routing log is what the journal tells, and verify finds the journal sound. A snapshot that was
changed is refused with a line, one that is missing is not missed, and an erasure takes it away.
"""
import pathlib
import shutil
import stat
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import house  # noqa: E402
import stream  # noqa: E402

EVENTS, PART = 700, 100
HOUSE = "0014200000000001"  # that of the stream's event 0


def snapshots(box):
    return sorted(pathlib.Path(box.state["router"]["journal"]).glob("*.snapshot"))


def told(box):
    """How often it started from a snapshot, and how often it refused one."""
    words = box.messages()
    return words.count("started from a snapshot of"), words.count("all of the journal is read")


def go_on(box, one, part):
    one.publish(part * PART, (part + 1) * PART)
    house.until(lambda: one.take() == 0 and one.came() == (part + 1) * PART, 60)


def is_whole(box, one):
    """All of it came once, and the log's file has all lines that the journal tells."""
    ids = [(item["id"], item["role"]) for item in one.seen]
    assert len(ids) == len(set(ids)), "something came twice"
    journal = box.state["router"]["journal"]
    code, lines, wrong = box.tool("log", "--json", "--journal", journal)
    assert code == 0, wrong
    log = pathlib.Path(box.state["router"]["log"])
    house.until(lambda: log.read_text() == lines)


def restart(box, how):
    (box.stop if how == "stop" else box.kill)("router")
    box.start("router")


def a_router_goes_on_from_its_snapshot():
    with house.Sandbox("--participants", "img,ncg", "--segment-bytes", "524288") as box:
        one = stream.Stream(box, EVENTS)
        go_on(box, one, 0)
        assert not snapshots(box), "none before the first stop"
        restart(box, "stop")
        (first,) = snapshots(box)
        assert stat.S_IMODE(first.stat().st_mode) == stat.S_IMODE(first.with_name("lock").stat().st_mode) == 0o600
        for part, how, starts in ((1, "kill", 2), (2, "kill", 3), (3, "stop", 4)):
            go_on(box, one, part)
            restart(box, how)
            assert house.until(lambda n=starts: told(box)[0] == n), box.messages()
            is_whole(box, one)
        (last,) = snapshots(box)
        assert last.name > first.name, "a stop writes the next one"
        house.until(lambda: "all records before the snapshot are sound" in box.messages())
        go_on(box, one, 4)
        box.stop("router")
        (last,) = snapshots(box)
        data = bytearray(last.read_bytes())
        data[len(data) // 2] ^= 4
        last.write_bytes(data)
        box.start("router")
        assert told(box) == (4, 1), box.messages()
        go_on(box, one, 5)
        box.kill("router")
        last.unlink()
        box.start("router")
        assert told(box) == (4, 1), box.messages()
        go_on(box, one, 6)
        is_whole(box, one)
        journal = box.state["router"]["journal"]
        code, said, wrong = box.tool("verify", journal)
        assert code == 0, said + wrong


def an_older_or_foreign_snapshot_never_misleads():
    with house.Sandbox("--participants", "img,ncg") as box, house.Sandbox("--participants", "img,ncg") as other:
        one, two = stream.Stream(box, EVENTS), stream.Stream(other, EVENTS)
        go_on(box, one, 0)
        go_on(other, two, 0)
        box.stop("router")
        other.stop("router")
        (mine,), (its,) = snapshots(box), snapshots(other)
        old = box.folder / "old"
        shutil.copy(mine, old)
        mine.unlink()
        shutil.copy(its, mine.with_name(f"{99:020d}.snapshot"))
        box.start("router")
        assert told(box) == (0, 1), box.messages()
        go_on(box, one, 1)
        box.stop("router")
        for path in snapshots(box):
            path.unlink()
        shutil.copy(old, mine)  # of an earlier day, of this journal: what came since is folded
        box.start("router")
        assert told(box) == (1, 1), box.messages()
        go_on(box, one, 2)
        is_whole(box, one)


def an_erasure_takes_it_away():
    with house.Sandbox("--participants", "img,ncg") as box:
        one = stream.Stream(box, EVENTS)
        go_on(box, one, 0)
        restart(box, "stop")
        assert len(snapshots(box)) == 1
        box.erase(HOUSE, "it was asked for")
        assert not snapshots(box), "it is gone when the erasure is told as done"
        go_on(box, one, 1)
        restart(box, "stop")
        assert len(snapshots(box)) == 1 and told(box)[0] == 2, box.messages()
        go_on(box, one, 2)
        is_whole(box, one)


if __name__ == "__main__":
    house.run([a_router_goes_on_from_its_snapshot, an_older_or_foreign_snapshot_never_misleads, an_erasure_takes_it_away])
