#!/usr/bin/python3
"""What operators see: the routing log, from the journal, from the file and from the feed."""
import base64
import datetime
import json
import os
import pathlib
import re
import shutil
import socket
import struct
import subprocess
import sys
import threading
import uuid

import zmq

sys.path.insert(0, str(pathlib.Path(__file__).parent))
sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "interop"))
import auditor  # noqa: E402
import contract  # noqa: E402
import house  # noqa: E402

TOOL = str(pathlib.Path(os.environ["BUILD"]).resolve() / "samenloop")
BAG = "0014200000000001"
OIN = {"img": "00000004164164164000", "ncg": "00000004165165165000"}


def event(who, kind, attributes, bag=BAG, sections=True, **more):
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    data = {"attributes": {"occurred_at": now, **attributes}}
    if sections:
        data |= {"location": {"bag_id": bag, "municipality": "0014"},
                 "dossier": {"organisation": who, "case_number": "X-1"},
                 "findings": {"found_on": now[:10], "element": "wall"}}
    return {"specversion": "1.0", "id": str(uuid.uuid4()), "source": f"urn:nld:oin:{OIN[who]}:systeem:test",
            "type": f"nl.samenloop.{kind}", "subject": bag, "time": now, "datacontenttype": "application/json",
            "data": data, **more}


def damage(bag=BAG):
    return event("img", "structural_damage_found", {"municipality": "0014", "safety_doubt": "no"}, bag)


def tool(*arguments, good=0, environment=None):
    done = subprocess.run([TOOL, *map(str, arguments)], capture_output=True, text=True, timeout=20, env=environment)
    assert done.returncode == good, (arguments, done.returncode, done.stdout[-500:], done.stderr)
    return done.stdout if good == 0 else done.stderr


def published(name, one):
    status, answer = box.publish(name, one)
    assert status == 202, (status, answer)
    return house.until(lambda: (lambda said: said if said["status"] != "waiting" else None)(box.event(name, one)[1]))


def journal(*arguments, **more):
    return tool("log", "--journal", box.state["router"]["journal"], *arguments, **more)


def file_text():
    return pathlib.Path(box.state["router"]["log"]).read_text()


def outcomes(text):
    return [json.loads(line)["outcome"] for line in text.splitlines()]


def the_journal_tells_the_log_as_the_router_wrote_it():
    first = damage()
    assert published("img", first)["status"] == "accepted"
    late = event("img", "event_withdrawn", {"reason": "wrong_address"}, sections=False, causationid=str(uuid.uuid4()))
    assert published("img", late)["code"] == "unknown_original", late
    # An adapter that lost its outbox hands the same event in again.
    box.stop("img")
    shutil.rmtree(box.state["participants"]["img"]["outbox"])
    box.start()
    assert published("img", first)["status"] == "accepted"
    box.take("ncg")
    for bag in range(2, 12):
        published("img", damage(f"00142000000000{bag:02d}"))
    box.take("ncg")
    house.until(lambda: file_text().count('"delivered"') >= 22)
    assert journal("--json") == file_text()
    assert {"refused", "duplicate", "forwarded", "instructed", "delivered"} <= set(outcomes(file_text()))


def lines_that_a_kill_swallowed_come_back():
    whole = file_text()
    box.kill("router")
    pathlib.Path(box.state["router"]["log"]).write_text(whole[:-300])  # as if they had not been written any more
    assert journal("--json") == whole
    box.start()
    assert file_text() == whole  # it writes what is missing
    box.stop("router")
    pathlib.Path(box.state["router"]["log"]).write_text(whole[-5000:])  # it was put away, and what is left is whole
    box.start()
    assert file_text() == whole[-5000:]
    box.kill("router")
    pathlib.Path(box.state["router"]["log"]).write_text(whole[-5000:-2000])  # from half a line to half a line
    box.start()
    assert file_text() == whole[-5000:]
    box.kill("router")
    pathlib.Path(box.state["router"]["log"]).write_text(whole + '{"somebody":"else"}\n')
    box.start()
    assert file_text() == whole + '{"somebody":"else"}\n' and "does not know its last lines" in box.messages()
    box.kill("router")
    pathlib.Path(box.state["router"]["log"]).unlink()
    box.start()
    assert file_text() == whole
    published("img", damage("0014200000000044"))
    house.until(lambda: file_text().count('"delivered"') >= 24)
    assert journal("--json") == file_text()


def lines_are_chosen():
    all_lines = [json.loads(line) for line in file_text().splitlines()]

    def chosen(*arguments):
        return [json.loads(line) for line in journal("--json", *arguments).splitlines()]

    assert chosen("--type", "event_withdrawn") == [one for one in all_lines if one["type"] == "event_withdrawn"] != []
    assert chosen("--rule", "ask-the-work-stock") == [one for one in all_lines if one["rule"] == "ask-the-work-stock"] != []
    assert chosen("--org", "ncg") == [one for one in all_lines if "ncg" in (one["from"], one["to"])] != []
    subject = all_lines[0]["subject"]
    mine = [one for one in all_lines if one["subject"] == subject]
    assert 0 < len(mine) < len(all_lines) and chosen("--subject", subject) == mine
    key = box.folder / "keys/img/pseudonym.key"
    assert chosen("--bag", BAG, "--key", key) == mine
    middle = all_lines[len(all_lines) // 2]["at"]
    def moment(text):  # a whole second has no fraction: as text it would stand behind those that have one
        return text if "." in text else text.replace("Z", ".000Z")

    assert chosen("--since", middle) == [one for one in all_lines if moment(one["at"]) >= moment(middle)]
    assert chosen("--until", middle) == [one for one in all_lines if moment(one["at"]) <= moment(middle)]
    one = next(line for line in all_lines if line["seq"])
    assert chosen("--event", one["seq"]) == [line for line in all_lines if line["seq"] == one["seq"]]
    assert chosen("--event", one["event"]) == [line for line in all_lines if line["event"] == one["event"]]
    assert chosen("--outcome", "obligation") == [line for line in all_lines if line["outcome"].startswith("obligation")] != []
    assert "--key" in tool("log", "--journal", "x", "--bag", BAG, good=2)
    assert "one of" in tool("log", good=2)
    assert "nothing" in tool("log", "--journal", box.folder / "nothing", good=1)


def people_get_a_table():
    text = journal()
    rows = text.splitlines()
    assert rows[0].split() == ["at", "#", "from", "event", "subject", "outcome", "to", "what", "rule", "clause", "detail"]
    column = rows[0].index("outcome")
    assert len(rows) == 1 + len(file_text().splitlines())
    assert all(row[column - 1] == " " and row[column] != " " for row in rows), "not aligned"
    assert "\033" not in text
    shown = subprocess.run(["script", "-qec", f"{TOOL} log --journal {box.state['router']['journal']}", "/dev/null"],
                           capture_output=True, text=True, timeout=20, env={**os.environ, "NO_COLOR": ""})
    assert "\033[32m" in shown.stdout, shown
    plain = subprocess.run(["script", "-qec", f"{TOOL} log --journal {box.state['router']['journal']}", "/dev/null"],
                           capture_output=True, text=True, timeout=20, env={**os.environ, "NO_COLOR": "1"})
    assert "\033" not in plain.stdout and "forwarded" in plain.stdout
    # A narrow terminal has no room for the table: an event's lines stand below it.
    narrow = subprocess.run(["script", "-qec", f"stty cols 80; {TOOL} log --journal {box.state['router']['journal']}", "/dev/null"],
                            capture_output=True, text=True, timeout=20, env={**os.environ, "NO_COLOR": "1"}).stdout.splitlines()
    first = json.loads(file_text().splitlines()[0])
    assert narrow[0] == f"{first['at']} #{first['seq']} img {first['type']} {first['subject']}", narrow[0]
    assert narrow[1] == f"  forwarded  ncg/back_office  {first['what']}  ({first['rule']}, {first['clause']})", narrow[1]
    assert sum(row.startswith("  ") for row in narrow) == len(file_text().splitlines())
    # What comes from outside does not steer the terminal.
    evil = box.folder / "evil.log"
    line = json.loads(file_text().splitlines()[0]) | {"detail": "a\033[2Jb\u009bc"}
    evil.write_text(json.dumps(line, ensure_ascii=False) + "\nno line\n")
    assert "a?[2Jb" in tool("log", "--file", evil) and "\u009b" not in tool("log", "--file", evil)


def verified(folder, good=0, signatures=True):
    config = ["--config", box.state["router"]["config"]] if signatures else []
    done = subprocess.run([TOOL, "verify", "--json", *config, str(folder)], capture_output=True, text=True, timeout=20)
    assert done.returncode == good, (done.returncode, done.stdout, done.stderr)
    return json.loads(done.stdout)


def changed(name, change):
    """A copy of the journal in which one event's kept part is another, with a checksum that is right."""
    copy = box.folder / name
    shutil.copytree(box.state["router"]["journal"], copy)
    file = min(copy.glob("*.log"))
    data = bytearray(file.read_bytes())
    offset, seeded = auditor.HEAD, bytes(data[16:48])
    while True:
        _, mark, _, kind, kept, size, number, _ = struct.unpack_from("<IBBHIIQQ", data, offset)
        end = offset + auditor.RECORD + kept + (32 if size else 0)
        if kind == 4 and change(data, offset + auditor.RECORD, kept):
            struct.pack_into("<I", data, offset, auditor.crc32c(seeded + bytes(data[offset + 5:end])))
            file.write_bytes(data)
            return copy, number
        offset = end + (4 + 16 + size if size else 0)


def a_journal_is_audited():
    journal_folder = pathlib.Path(box.state["router"]["journal"])
    lines = [json.loads(line) for line in file_text().splitlines()]
    said = verified(journal_folder)
    assert said["problems"] == 0 and said["first_problem"] is None and said["decided_otherwise"] == 0, said
    assert said["signatures"] == said["batches"] > 10 and said["refused"] == outcomes(file_text()).count("refused"), said
    assert said["events"] == max(one["seq"] or 0 for one in lines), said
    assert said["root"] == auditor.Log(journal_folder).tree.root().hex(), said
    alone = verified(journal_folder, signatures=False)  # by the key cards in the journal itself
    assert alone["signatures"] == alone["batches"] and alone["cards"] == 2 and alone["problems"] == 0, alone

    def other_source(data, at, size):  # who published it
        place = data.find(b":systeem:test", at, at + size)
        data[place + 9:place + 13] = b"tesT"
        return place > 0

    copy, number = changed("forged", other_source)
    said = verified(copy, good=1)
    assert said["problems"] >= 1 and "signature" in said["first_problem"], said
    assert said["signatures"] == said["batches"] - 1 and f"record {number - 1}" in said["first_problem"], said
    said = verified(copy, good=1, signatures=False)
    assert said["signatures"] == said["batches"] - 1 and f"record {number - 1}" in said["first_problem"], said

    def other_receiver(data, at, size):  # where it went
        place = data.find(b"ncg", at, at + size)
        data[place:place + 3] = b"img"
        return place > 0

    copy, number = changed("rerouted", other_receiver)
    said = verified(copy, good=1)
    assert said["signatures"] == said["batches"] and (said["decided_otherwise"] > 0 or said["problems"] > 0), said
    data = min(journal_folder.glob("*.log")).read_bytes()
    broken = box.folder / "broken"
    shutil.copytree(journal_folder, broken)
    min(broken.glob("*.log")).write_bytes(data[:5000] + bytes([data[5000] ^ 1]) + data[5001:])
    assert subprocess.run([TOOL, "verify", str(broken)], capture_output=True, timeout=20).returncode == 1


def a_head_is_signed_and_an_event_proven():
    where = ["--journal", box.state["router"]["journal"]]
    note = tool("checkpoint", *where, "--key", box.folder / "keys/router/signing.key")
    text, signature = note.split("\n\n")
    origin, size, root = text.split("\n")
    log = auditor.Log(box.state["router"]["journal"])
    assert origin == f"samenloop.example/journal/{log.identity.hex()}" and text.count("\n") == 2, note
    assert int(size) == len(log.records) and base64.b64decode(root) == log.tree.root()
    dash, name, raw = signature.split()
    raw = base64.b64decode(raw)
    public = bytes.fromhex((box.folder / "keys/router/signing.pub").read_text().strip())
    assert dash == "\u2014" and name == origin and len(raw) == 68
    assert raw[:4] == contract.H(origin.encode() + b"\n\x01" + public)[:4]
    contract.Ed25519PublicKey.from_public_bytes(public).verify(raw[4:], (text + "\n").encode())
    proof = json.loads(tool("prove", *where, "3"))
    hash_, index, last = base64.b64decode(proof["leaf"]), proof["index"], proof["size"] - 1
    assert log.records[index].leaf == hash_ and log.records[index].kind == 4
    for step in map(base64.b64decode, proof["path"]):  # RFC 9162, 2.1.3.2
        if index & 1 or index == last:
            hash_ = contract.node(step, hash_)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            hash_ = contract.node(hash_, step)
        index, last = index >> 1, last >> 1
    assert last == 0 and hash_ == base64.b64decode(proof["root"]) == log.tree.root()
    assert "no event" in tool("prove", *where, "99999", good=1)
    assert "origin" in tool("checkpoint", *where, "--key", "x", "--origin", "a b", good=2)


class Follower:
    """samenloop log -f, and what it has said so far."""

    def __init__(self, *arguments, reading=True):
        self.process = subprocess.Popen([TOOL, "log", *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.lines = []
        self.thread = threading.Thread(target=lambda: self.lines.extend(iter(self.process.stdout.readline, "")), daemon=True)
        if reading:
            self.read()

    def read(self):
        self.thread.start()

    def close(self):
        """Ends it; what it has said beside the lines."""
        self.process.terminate()
        self.process.wait(10)
        return self.process.stderr.read()


def new_lines_are_followed():
    router = box.state["router"]
    past = file_text().splitlines(True)
    followers = [Follower("-f", "--json", "--journal", router["journal"]), Follower("-f", "--json", "--file", router["log"])]
    try:
        for one in followers:
            house.until(lambda one=one: len(one.lines) >= len(past))
        published("img", damage("0014200000000077"))
        for one in followers:
            house.until(lambda one=one: any('"delivered"' in line for line in one.lines[len(past):]))
        house.until(lambda: all(one.lines == file_text().splitlines(True) for one in followers))
    finally:
        for one in followers:
            one.close()


def with_a_feed():
    """Has the router give its log to followers; the arguments with which the tool follows."""
    config = pathlib.Path(box.state["router"]["config"])
    if "feed = " not in config.read_text():
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            feed = f"tcp://127.0.0.1:{one.getsockname()[1]}"
        box.stop("router")
        config.write_text(f'feed = "{feed}"\n{config.read_text()}')
        box.start()
    feed = re.search('feed = "(.*)"', config.read_text()).group(1)
    return ["--json", "--feed", feed, "--router-key", box.folder / "keys/router/curve.pub", "--curve-key",
            box.folder / "keys/ncg/curve.key"]


FROM_THE_BEGINNING = ("--since", "2020-01-01T00:00:00Z")


def nothing_is_missed_over_the_feed():
    """Three follow: from the beginning, from now, and one who does not read while thousands of lines come and the router is
    killed. All have everything."""
    arguments = with_a_feed()
    whole, slow = (Follower(*arguments, *FROM_THE_BEGINNING, reading=reading) for reading in (True, False))
    prompt = Follower(*arguments)
    try:
        house.until(lambda: whole.lines == file_text().splitlines(True))
        for bag in range(100, 999):  # until it has asked for the first time
            published("img", damage(f"0014200000001{bag}"))
            if prompt.lines:
                break
        several(500)
        box.kill("router")
        box.start()
        several(500)
        house.until(lambda: box.take("ncg") == [] and whole.lines == file_text().splitlines(True))
        assert len(file_text()) > 10 * 64 * 1024, "no pipe holds so much"
        slow.read()
        house.until(lambda: slow.lines == whole.lines)
        house.until(lambda: prompt.lines == whole.lines[-len(prompt.lines):] and len(prompt.lines) > 2000)
    finally:
        said = [one.close() for one in (whole, prompt, slow)]
    assert said == ["", "", ""], said


def several(count):
    """Events in batches, until they are accepted."""
    events = [damage(f"00142000000{n % 50 + 20000}") for n in range(count)]
    assert box.publish_many("img", events)[0] == 202
    house.until(lambda: box.event("img", events[-1])[1]["status"] == "accepted")


def another_file_is_told():
    """Who follows is told that the log was exchanged, and goes on with the lines of the new one."""
    follower = Follower(*with_a_feed(), *FROM_THE_BEGINNING)
    try:
        before = file_text().splitlines(True)
        house.until(lambda: follower.lines == before)
        box.stop("router")
        before = file_text().splitlines(True)
        log = pathlib.Path(box.state["router"]["log"])
        log.rename(log.with_suffix(".1"))
        box.start()
        published("img", damage("0014200000001555"))
        house.until(lambda: follower.lines[len(before):] == file_text().splitlines(True) != [])
    finally:
        said = follower.close()
    assert follower.lines[:len(before)] == before and "another file than before" in said, said


def the_feed_is_for_those_with_a_key():
    """Who is a stranger is not heard; noise is not answered, and disturbs nobody who follows."""
    feed = with_a_feed()[2]
    follower = Follower(*with_a_feed(), *FROM_THE_BEGINNING)
    keys = contract.Keys(box.folder / "keys", "ncg")
    with zmq.Context() as context, context.socket(zmq.DEALER) as known, context.socket(zmq.DEALER) as stranger:
        for one, secret in ((known, keys.secret("curve.key")), (stranger, os.urandom(32))):
            one.linger, one.rcvtimeo, one.curve_serverkey = 0, 10_000, keys.public("router/curve.pub")
            one.curve_secretkey = secret
            one.curve_publickey = contract.raw_public(contract.X25519PrivateKey.from_private_bytes(secret))
            one.connect(feed)
            one.send(b"1 now")
        number, begin, end, lines = known.recv_multipart()
        assert number == b"1" and begin == end and lines == b"" and not stranger.poll(200)
        for noise in ([b""], [b"now"], [b"x now"], [b"1" * 21 + b" now"], [b"2 " + b"n" * 60], [b"3"] * 1000, [b"\0" * 900],
                      [b"4 now", b"more"], *[[b"5 99999:1"]] * 200):
            known.send_multipart(noise)
        for place in (b"start", b"0:0", end[:-1], b"1:18446744073709551616", end + b"0"):  # the beginning of the file there is
            known.send(b"6 " + place)
            while (came := known.recv_multipart())[0] != b"6":
                pass
            assert came[1] == end.split(b":")[0] + b":0" and came[3] == file_text().encode()[:len(came[3])], came[1]
        house.until(lambda: follower.lines == file_text().splitlines(True))
        follower.close()


def asked(*arguments, good=0):
    return tool(arguments[0], "--control", box.folder / "router/control", *arguments[1:], good=good)


def status_tells_what_waits_and_for_how_long():
    socket_file = box.folder / "router/control"
    assert socket_file.stat().st_mode & 0o777 == 0o600, oct(socket_file.stat().st_mode)
    box.stop("ncg")
    said = json.loads(asked("status", "--json"))
    began = said["counters"]["events"]
    published("img", damage("0014200000000501"))
    published("img", event("img", "acute_unsafe", {"municipality": "0014", "certainty": "reported"}, "0014200000000502"))
    said = json.loads(asked("status", "--json"))
    assert said["counters"]["events"] == began + 2 and said["counters"]["dead_letters"] == 0, said
    assert said["agreement"]["version"] > 0 and len(said["agreement"]["hash"]) == 64, said
    ncg, img = (next(one for one in said["participants"] if one["name"] == name) for name in ("ncg", "img"))
    assert img["connected"] and not ncg["connected"], said
    assert ncg["lanes"]["acute"]["waiting"] >= 1 and ncg["lanes"]["ordinary"]["waiting"] >= 2, ncg
    first = next(json.loads(line) for line in file_text().splitlines() if f'"seq":{began + 1},' in line)
    assert ncg["lanes"]["ordinary"]["oldest"] == first["at"], (ncg, first)
    text = asked("status")
    assert re.match(r"1 thing wants attention:\n- ncg is away; [0-9]+ deliveries wait for it, the first for [0-9]+ s \([0-9]+ acute\): "
                    r"does its samenloop-adapter run\?\n\n", text), text
    assert re.search("\nncg +away +[0-9]+ for [0-9]+ s +0 +[0-9]+ for [0-9]+ s\n", text) and f"\nevents        {began + 2}\n" in text, text
    box.start()
    box.take("ncg", wait=5)
    house.until(lambda: not any(lane["waiting"] for one in json.loads(asked("status", "--json"))["participants"]
                                for lane in one["lanes"].values()))
    assert "No such file" in tool("status", "--control", "/nowhere/control", good=1)


def dead_letters_are_named_exactly():
    assert json.loads(asked("deadletters", "list", "--json")) == {"letters": [], "left_out": 0}
    assert asked("deadletters", "list") == "There are no dead letters.\n"
    assert "no such dead letter" in asked("deadletters", "retry", "ncg", "acute", "1", "--who", "ops", "--why", "x", good=1)
    assert "--who" in asked("deadletters", "retry", "ncg", "acute", "1", good=2)


def obligations_are_those_that_are_open():
    lines = [json.loads(line) for line in journal("--json").splitlines()]
    opened = [one for one in lines if one["outcome"] == "obligation_opened"]
    ended = [one for one in lines if one["outcome"].startswith("obligation_") and one not in opened]
    where = ["--journal", box.state["router"]["journal"]]
    still = [json.loads(line) for line in tool("obligations", *where, "--json").splitlines()]
    assert opened and len(still) == len(opened) - len(ended), (len(still), len(opened), len(ended))
    assert sorted(one["due"] for one in still) == [one["due"] for one in still]
    assert tool("obligations", *where, "--overdue", "--json") == ""
    later = tool("obligations", *where, "--overdue", "--now", still[-1]["due"], "--json").splitlines()
    assert 0 < len(later) < len(still), later
    rows = tool("obligations", *where).splitlines()
    assert rows[0] == f"{len(still)} things are awaited, 0 of them overdue." and rows[1] == "" and len(rows) == 3 + len(still), rows
    assert re.split("  +", rows[2]) == ["due", "which is", "of", "awaited", "since", "event", "subject", "rule", "clause"], rows[2]
    first = re.split("  +", rows[3])
    assert first[0] == still[0]["due"] and re.match("in [0-9]+ (days|min|h)", first[1]) and first[4] == f"#{still[0]['seq']}", first
    late = tool("obligations", *where, "--overdue", "--now", still[-1]["due"])
    assert late.startswith(f"{len(later)} things are awaited, {len(later)} of them overdue.\n") and "overdue for " in late, late
    assert tool("obligations", *where, "--overdue") == "Nothing is overdue.\n"


def a_house_is_erased_and_the_proof_stays():
    state, key = box.state, box.folder / "keys/img/pseudonym.key"
    fresh = published("img", damage())  # waits in NCG's inbox, with its sections
    other = published("img", damage("0014200000000777"))
    house.until(lambda: {fresh["journalseq"], other["journalseq"]} <= {item["journalseq"] for item in box.inbox("ncg")})
    before = journal("--json")
    files = pathlib.Path(state["router"]["journal"])
    subject = json.loads(before.splitlines()[0])["subject"]
    events = {one["seq"] for one in map(json.loads, before.splitlines()) if one["subject"] == subject} - {None}
    sections = {path: path.read_bytes().rstrip(b"\0") for path in files.glob("*.log")}
    said = json.loads(asked("erase", "--bag", BAG, "--key", key, "--who", "privacy officer", "--reason", "request 12", "--json"))
    assert said == {"events": len(events), "told": 2}, (said, events)
    zeroed = sum(1 for path, old in sections.items() for was, now in zip(old, path.read_bytes()) if was != 0 and now == 0)
    assert zeroed > 300 * len(events), zeroed  # sealed sections, where they stood
    lines = journal("--json")
    assert lines.startswith(before)
    assert [one for one in map(json.loads, lines[len(before):].splitlines()) if one["rule"] == "erasure"][0]["subject"] == subject
    last = json.loads(tool("changes", "--json", "--journal", state["router"]["journal"]))[-1]
    assert (last["what"], last["who"], last["why"]) == (f"house {subject} erased", "privacy officer", "request 12"), last
    assert "no event of this house" in asked("erase", "--subject", "ab" * 32, "--who", "me", "--reason", "r", good=1)
    assert "--who" in asked("erase", "--subject", "ab" * 32, good=2)
    assert (lambda said: said["erased"] == len(events) and said["problems"] == 0)(verified(files))
    # What NCG has of it goes too, from what waits and from its files; the other house's stays.

    def section(seq):
        item = next(one for one in box.inbox("ncg") if one["journalseq"] == seq and one["type"].endswith("_found"))
        return "location" in item["data"]

    house.until(lambda: not section(fresh["journalseq"]))
    assert section(other["journalseq"])
    notices = [item for item in box.inbox("ncg") if item["type"] == "nl.samenloop.erasure"]
    assert [item["subject"] for item in notices] == [BAG], notices
    box.ack("ncg", notices)
    house.until(lambda: not [item for item in box.inbox("ncg") if item["type"] == "nl.samenloop.erasure"])
    assert BAG.encode() not in b"".join(path.read_bytes() for path in pathlib.Path(state["participants"]["ncg"]["inbox"]).glob("*.log"))
    box.kill("ncg")
    box.start()
    assert not section(fresh["journalseq"]) and section(other["journalseq"])
    # The same is true after a restart, and what comes about the house goes on.
    box.kill("router")
    box.start()
    house.until(lambda: all(one["connected"] for one in json.loads(asked("status", "--json"))["participants"]))
    assert journal("--json").startswith(lines)
    box.take("ncg")
    again = published("img", damage())
    assert again["status"] == "accepted", again
    assert any(item["journalseq"] == again["journalseq"] for item in house.until(lambda: box.inbox("ncg")))


with house.Sandbox("--participants", "img,ncg") as box:
    house.run([the_journal_tells_the_log_as_the_router_wrote_it, lines_that_a_kill_swallowed_come_back,
               lines_are_chosen, people_get_a_table, new_lines_are_followed,
               a_journal_is_audited, a_head_is_signed_and_an_event_proven,
               status_tells_what_waits_and_for_how_long, dead_letters_are_named_exactly, obligations_are_those_that_are_open,
               a_house_is_erased_and_the_proof_stays, nothing_is_missed_over_the_feed,
               the_feed_is_for_those_with_a_key, another_file_is_told])
