#!/usr/bin/python3
"""What `samenloop erase` says is so: the bytes of a house are in no file of router and adapters, the house beside it in
the same batches is whole, the proofs still hold, and the back offices are told."""
import json
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "interop"))
import auditor  # noqa: E402
import contract  # noqa: E402,F401
import house  # noqa: E402
from samenloop.v1 import log_pb2 as log  # noqa: E402

TOOL = str(pathlib.Path(os.environ["BUILD"]).resolve() / "samenloop")
GONE, STAYS, WAITS = "0014200000000001", "0014200000000777", "0014200000000778"
NAMES = {GONE: "Vandenberg-Zwartewoud", STAYS: "Pietersma-Oosterhof", WAITS: "Terpstra-Westerdiep"}
PEOPLE = ("img", "ncg", "gm0014")
EVENT, BATCH, LEFT = 4, 16, 21
EVENTS, NOW = 6, house.now()
sealed = {GONE: set(), STAYS: set(), WAITS: set()}


def event(number, bag, acute=False):
    """Acute ones go before all others, the erasure too."""
    kind, facts = ("acute_unsafe", {"certainty": "reported"}) if acute else ("structural_damage_found", {"safety_doubt": "no"})
    return {"specversion": "1.0", "id": f"{NAMES[bag]}/{number}", "source": "urn:nld:oin:00000004164164164000:systeem:test",
            "type": f"nl.samenloop.{kind}", "subject": bag, "time": NOW,
            "datacontenttype": "application/json",
            "data": {"attributes": {"occurred_at": NOW, "municipality": "0014"} | facts,
                     "location": {"bag_id": bag, "municipality": "0014", "street": NAMES[bag]},
                     "dossier": {"organisation": "img", "case_number": f"{NAMES[bag]}-{number}"},
                     "findings": {"found_on": NOW[:10], "element": "wall"}}}


def tool(*arguments):
    done = subprocess.run([TOOL, *map(str, arguments)], capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, (arguments, done.stdout, done.stderr)
    return done.stdout


def control(*arguments):
    return tool(*arguments, "--control", box.folder / "router/control")


def folders():
    one = box.state
    yield pathlib.Path(one["router"]["journal"]).parent
    for name in PEOPLE:
        yield pathlib.Path(one["participants"][name]["inbox"])
        yield pathlib.Path(one["participants"][name]["outbox"])
        yield box.folder / name


def where(words):
    """The files that have one of these words."""
    files = {path for folder in folders() for path in folder.rglob("*") if path.is_file()}
    return sorted(str(path) for path in files if any(word in path.read_bytes() for word in words))


def words(bag):
    return [bag.encode(), NAMES[bag].encode(), *sealed[bag]]


def settled():
    said = json.loads(control("status", "--json"))
    return all(lane["waiting"] == 0 for one in said["participants"] for lane in one["lanes"].values())


def publish(*events):
    status, answer = box.publish_many("img", list(events))
    assert status == 202, (status, answer)
    house.until(lambda: all(box.event("img", one)[1]["status"] == "accepted" for one in events) and settled())


def remember_what_is_sealed():
    """Pieces of each house's ciphertexts, by which its sections are found in any file."""
    key = bytes.fromhex((box.folder / "keys/img/pseudonym.key").read_text().strip())
    houses = {contract.pseudonym(key, bag): bag for bag in NAMES}
    for one in auditor.Log(box.state["router"]["journal"]).records:
        if one.kind == EVENT and not one.erased:
            header = contract.envelope.Header.FromString(log.JournalEvent.FromString(one.kept).header)
            sealed[houses[header.subject]] |= {text.sealed[:32] for section in log.Sections.FromString(one.content).sections
                                               for text in section.ciphertexts}


def two_houses_share_their_batches():
    for number in range(EVENTS):
        publish(event(number, GONE), event(number, STAYS))
    publish(event(EVENTS, GONE))
    remember_what_is_sealed()
    for bag in (GONE, STAYS):
        assert len(sealed[bag]) >= 4 * EVENTS, (bag, len(sealed[bag]))
        assert any("/ncg/inbox" in path for path in where([bag.encode()])), where([bag.encode()])
        assert {path.split("/")[-2] for path in where(sealed[bag])} == {"journal", "outbox"}, where(sealed[bag])


def a_house_is_erased_everywhere():
    key = box.folder / "keys/img/pseudonym.key"
    said = json.loads(control("erase", "--bag", GONE, "--key", key, "--who", "privacy officer", "--reason", "request 12", "--json"))
    assert said["events"] > 0 and said["told"] >= 2, said
    for name in ("img", "ncg"):  # the back office is told, and of which house
        notice = house.until(lambda: [item for item in box.inbox(name) if item["type"] == "nl.samenloop.erasure"])
        assert len(notice) == 1 and notice[0]["subject"] == GONE and "erase" in notice[0]["data"]["sentence"], notice
        assert NAMES[GONE] not in json.dumps(box.inbox(name))
    for name in PEOPLE:  # the notice is the last that names the house
        box.take(name)
    house.until(lambda: settled() and not where(words(GONE)))
    everything_else_is_whole()


def everything_else_is_whole():
    assert where(words(GONE)) == []
    records = auditor.Log(box.state["participants"]["img"]["outbox"]).records
    left = [log.OutboxContent.FromString(one.content) for one in records if one.kind == LEFT and not one.erased]
    assert len(left) >= EVENTS and all(one.erased for one in records if one.kind == BATCH and one.number < 2 * EVENTS)
    assert all([item.subject for item in one.events] == [b"", STAYS.encode()] for one in left), left
    for number in range(EVENTS):
        assert box.event("img", event(number, STAYS))[1]["status"] == "accepted", number
        status, answer = box.publish("img", event(number, STAYS))  # the very same again
        assert status == 202 and box.event("img", event(number, STAYS))[1]["status"] == "accepted", (status, answer)
    said = json.loads(tool("verify", "--json", "--config", box.state["router"]["config"], box.state["router"]["journal"]))
    assert said["problems"] == 0 and said["erased"] > EVENTS and said["signatures"] == said["batches"], said


def a_restart_finds_the_same():
    for name in ("router", "img", "ncg"):
        box.kill(name)
    box.start()
    house.until(lambda: all(box.call(name, "/health", role=None)[1]["router"] == "connected" for name in PEOPLE))
    everything_else_is_whole()


def the_house_goes_on_and_is_erased_again():
    publish(event(90, GONE), event(90, STAYS))
    remember_what_is_sealed()
    assert any(item.get("subject") == GONE for item in box.inbox("ncg"))
    a_house_is_erased_everywhere()


def a_second_house_of_the_same_batches_goes():
    key = box.folder / "keys/img/pseudonym.key"
    control("erase", "--bag", STAYS, "--key", key, "--who", "privacy officer", "--reason", "request 13")
    for name in ("img", "ncg"):
        house.until(lambda: [item for item in box.inbox(name) if item["type"] == "nl.samenloop.erasure"])
    for name in PEOPLE:
        box.take(name)
    house.until(lambda: settled() and not where(words(STAYS)))
    box.kill("img")
    box.start()
    assert box.event("img", event(3, STAYS))[1]["status"] == "accepted"


def what_waits_in_a_higher_lane_comes_without_its_content():
    """The receiver is killed with an acute event on its way, and the erasure overtakes it: nobody gets what is in it."""
    key = box.folder / "keys/img/pseudonym.key"
    box.kill("ncg")
    handed_in = [event(200 + number, WAITS, acute=number % 2 == 0) for number in range(6)]
    status, answer = box.publish_many("img", handed_in)
    assert status == 202, (status, answer)
    house.until(lambda: all(box.event("img", one)[1]["status"] == "accepted" for one in handed_in))
    remember_what_is_sealed()
    control("erase", "--bag", WAITS, "--key", key, "--who", "privacy officer", "--reason", "request 14")
    house.until(lambda: [item for item in box.inbox("img") if item["type"] == "nl.samenloop.erasure"])
    box.start()
    house.until(settled)
    came = box.inbox("ncg") + box.inbox("ncg", "incident_officer")
    kinds = {item["type"] for item in came}
    assert {"nl.samenloop.acute_unsafe", "nl.samenloop.structural_damage_found", "nl.samenloop.erasure"} <= kinds, kinds
    assert NAMES[WAITS] not in json.dumps(came) and WAITS not in json.dumps(came), came
    for name in PEOPLE:
        for role in ("back_office", *(["incident_officer", "contact_person", "joint_team"] if name != "gm0014" else [])):
            box.take(name, role)
    house.until(lambda: not where(words(WAITS)))


with house.Sandbox() as box:
    house.run([two_houses_share_their_batches, a_house_is_erased_everywhere, a_restart_finds_the_same,
               the_house_goes_on_and_is_erased_again, a_second_house_of_the_same_batches_goes, what_waits_in_a_higher_lane_comes_without_its_content])
