#!/usr/bin/python3
"""Nobody has to trust the router: its signed heads reach the adapters, and a journal that was changed behind its back,
cut back, or rewritten by whoever has its keys is found out."""
import base64
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).parent))
sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "interop"))
import auditor  # noqa: E402
import contract  # noqa: E402
import house  # noqa: E402

TOOL = str(pathlib.Path(os.environ["BUILD"]).resolve() / "samenloop")
BAG = "0014200000000001"
PEOPLE = ("img", "ncg", "gm0014")
ENDED, CHECKPOINT = 7, 12


def damage():
    return {"specversion": "1.0", "id": str(uuid.uuid4()), "source": "urn:nld:oin:00000004164164164000:systeem:test",
            "type": "nl.samenloop.structural_damage_found", "subject": BAG, "time": house.now(),
            "datacontenttype": "application/json",
            "data": {"attributes": {"occurred_at": house.now(), "municipality": "0014", "safety_doubt": "no"},
                     "location": {"bag_id": BAG, "municipality": "0014"},
                     "dossier": {"organisation": "img", "case_number": "X-1"},
                     "findings": {"found_on": house.now()[:10], "element": "wall"}}}


def publish(count):
    for _ in range(count):
        one = damage()
        status, answer = box.publish("img", one)
        assert status == 202, (status, answer)
        house.until(lambda: box.event("img", one)[1]["status"] == "accepted")


def folder(name):
    return pathlib.Path(box.state["participants"][name]["inbox"])


def journal():
    return pathlib.Path(box.state["router"]["journal"])


def held(name):
    """The head that an adapter holds: (records, root, file). While a newer one comes there are two."""
    file = max(folder(name).glob("checkpoint-0*"), default=None)
    if file is None:
        return 0, b"", None
    try:
        text = file.read_text()
    except FileNotFoundError:  # a newer one came
        return held(name)
    note, signature = text.split("\n\n")
    origin, size, root = note.split("\n")
    dash, signer, raw = signature.split()
    public = bytes.fromhex((box.folder / "keys/router/signing.pub").read_text().strip())
    contract.Ed25519PublicKey.from_public_bytes(public).verify(base64.b64decode(raw)[4:], (note + "\n").encode())
    assert dash == "\u2014" and signer == origin and int(file.name[-20:]) == int(size), text
    return int(size), base64.b64decode(root), file


def wait_for_head(records):
    for name in PEOPLE:
        house.until(lambda: held(name)[0] >= records)


def verify(*files, good=0):
    heads = [word for file in files for word in ("--checkpoint", str(file))]
    done = subprocess.run([TOOL, "verify", *heads, "--router-key", str(box.folder / "keys/router/signing.pub"), str(journal())],
                          capture_output=True, text=True, timeout=20)
    assert done.returncode == good, (done.returncode, done.stdout, done.stderr)
    return done.stdout


def health(name):
    return box.call(name, "/health", role=None)


def heads_reach_everybody_and_fit():
    publish(3)
    wait_for_head(4)
    box.stop("router")
    records = auditor.Log(journal()).records
    last = max(one.number for one in records if one.kind == CHECKPOINT)
    assert {one.kind for one in records[last:]} <= {ENDED}, [one.kind for one in records]  # all else is signed
    tree = auditor.Frontier()
    for one in records[:last - 1]:
        tree.add(one.leaf)
    box.start()  # it may have come before goodbye; now it comes
    wait_for_head(last - 1)
    for name in PEOPLE:
        assert held(name)[:2] == (last - 1, tree.root()), name
        assert health(name)[0] == 200 and health(name)[1]["head"] == last - 1
    said = verify(*(held(name)[2] for name in PEOPLE))
    assert "held                     3" in said and "problems                 0" in said, said


def a_router_at_rest_signs_nothing():
    box.stop("router")
    before = held("img")[0]
    box.start()
    house.until(lambda: health("img")[1]["router"] == "connected")
    box.stop("router")
    assert held("img")[0] == before
    box.start()


def rewrite(journal_folder, forge_heads):
    """Another moment at which deliveries ended; with `forge_heads` in all that the journal says was signed, too."""
    file = min(journal_folder.glob("*.log"))
    data, offset, tree, done = bytearray(file.read_bytes()), auditor.HEAD, auditor.Frontier(), False
    seeded = bytes(data[16:48])
    while any(data[offset:offset + auditor.RECORD]):
        _, _, _, kind, kept, size, number, _ = struct.unpack_from("<IBBHIIQQ", data, offset)
        at, end = offset + auditor.RECORD, offset + auditor.RECORD + kept + (32 if size else 0)
        if kind == ENDED and not done:
            data[at + 1], done = data[at + 1] ^ 1, True
        if kind == CHECKPOINT and forge_heads and done:
            place = data.find(b"\x1a\x20", at, at + kept)  # root
            data[place + 2:place + 34] = tree.root()
        struct.pack_into("<I", data, offset, auditor.crc32c(seeded + bytes(data[offset + 5:end])))
        if kind:
            tree.add(auditor.record_leaf(number, kind, bytes(data[at:at + kept]), bytes(data[at + kept:end])))
        offset = end + (4 + 16 + size if size else 0)
    assert done
    file.write_bytes(data)


def a_change_behind_its_back_stops_the_router():
    box.stop("router")
    kept = box.folder / "journal.kept"
    shutil.copytree(journal(), kept)
    rewrite(journal(), forge_heads=False)
    assert "not that of what stands before it" in verify(good=1)
    assert "held                     0" in verify(held("img")[2], good=1)
    try:
        box.start()
        raise SystemError("the router has started")
    except AssertionError:
        assert "not those that were signed" in box.messages(), box.messages()
    shutil.rmtree(journal())
    kept.rename(journal())
    box.start()
    house.until(lambda: health("ncg")[1]["router"] == "connected")
    assert health("ncg")[0] == 200


def alarm(name):
    status, said = house.until(lambda: (lambda one: one if one[0] == 503 else None)(health(name)))
    assert said["status"] == "journal_changed" and "not what it was" in said["detail"], said
    assert len(list(folder(name).glob("refused-*"))) == 1
    assert "ALARM" in (box.folder / name / "stderr").read_text()


def forget_alarms():
    """An operator has looked, and trusts anew."""
    for name in PEOPLE:
        box.stop(name)
        for file in [*folder(name).glob("refused-*"), *folder(name).glob("checkpoint-*")]:
            file.unlink()
    box.start()
    for name in PEOPLE:
        house.until(lambda: health(name)[0] == 200)


def a_rewritten_journal_is_found_out():
    box.stop("router")
    rewrite(journal(), forge_heads=True)
    assert "problems                 0" in verify()  # it fits itself
    box.start()
    publish(3)
    for name in PEOPLE:
        alarm(name)
    for name in PEOPLE:  # and a new start does not forget
        box.kill(name)
    box.start()
    for name in PEOPLE:
        alarm(name)
    forget_alarms()


def a_journal_that_was_cut_back_is_found_out():
    box.stop("router")
    old = box.folder / "journal.old"
    shutil.copytree(journal(), old)
    box.start()
    publish(3)
    wait_for_head(len(auditor.Log(old).records))
    box.stop("router")
    files = [held(name)[2] for name in PEOPLE]  # of more than the old one, at the least
    shutil.rmtree(journal())
    old.rename(journal())
    assert "is of more records" in verify(*files, good=1)
    box.start()
    for name in PEOPLE:
        alarm(name)


with house.Sandbox("--checkpoint-records", "4") as box:
    house.run([heads_reach_everybody_and_fit, a_router_at_rest_signs_nothing, a_change_behind_its_back_stops_the_router,
               a_rewritten_journal_is_found_out, a_journal_that_was_cut_back_is_found_out])
