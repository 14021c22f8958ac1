#!/usr/bin/python3
"""A receiver that refuses: its deliveries become dead letters, and an operator tries them again or discards them."""
import json
import os
import pathlib
import re
import subprocess
import sys
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import house  # noqa: E402

TOOL = str(pathlib.Path(os.environ["BUILD"]).resolve() / "samenloop")
BAGS = ["0014200000000001", "0014200000000002", "0014200000000003"]
events = []


def damage(bag):
    return {"specversion": "1.0", "id": str(uuid.uuid4()), "source": "urn:nld:oin:00000004164164164000:systeem:test",
            "type": "nl.samenloop.structural_damage_found", "subject": bag, "time": house.now(),
            "datacontenttype": "application/json",
            "data": {"attributes": {"occurred_at": house.now(), "municipality": "0014", "safety_doubt": "no"},
                     "location": {"bag_id": bag, "municipality": "0014"},
                     "dossier": {"organisation": "img", "case_number": "X-1"},
                     "findings": {"found_on": house.now()[:10], "element": "wall"}}}


def letters(*arguments, good=0):
    done = subprocess.run([TOOL, "deadletters", *map(str, arguments), "--control", str(box.folder / "router/control")],
                          capture_output=True, text=True, timeout=20)
    assert done.returncode == good, (arguments, done.stdout, done.stderr)
    return done.stdout if good == 0 else done.stderr


def listed():
    return json.loads(letters("list", "--json"))["letters"]


def restart(name):
    box.stop(name)
    box.start()
    house.until(lambda: box.call(name, "/health", role=None)[1]["router"] == "connected")


def of(name, one):
    """What a back office has of an event: its type, and the notices about it."""
    return sorted(item["type"].removeprefix("nl.samenloop.") for item in box.inbox(name)
                  if one["id"] in (item["id"], item.get("causationid")))


def what_is_refused_five_times_is_a_dead_letter():
    config = pathlib.Path(box.state["participants"]["ncg"]["config"])
    whole, other = config.read_text(), box.folder / "another.key"
    other.touch(mode=0o600)
    other.write_text("5a" * 32 + "\n")
    config.write_text(whole.replace(f'pseudonym_key = "{box.folder}/keys/ncg/pseudonym.key"', f'pseudonym_key = "{other}"'))
    assert config.read_text() != whole
    restart("ncg")  # every house is another one to it
    for bag in BAGS:
        events.append(damage(bag))
        assert box.publish("img", events[-1])[0] == 202
    dead = house.until(lambda: (lambda all_: all_ if len(all_) == 3 else None)(listed()), 60)
    assert {(one["to"], one["attempts"]) for one in dead} == {("ncg", 5)}, dead
    assert [line["to"] for line in box.log() if line["outcome"] == "dead_lettered"] == ["ncg"] * 3
    assert all(of("ncg", one) == [] for one in events)
    config.write_text(whole)
    restart("ncg")
    assert len(listed()) == 3  # nobody but an operator tries again


def one_is_tried_again_and_arrives():
    global first
    first = listed()[0]
    said = letters("show", "ncg", first["lane"], first["number"])
    assert "subject_invalid" in said, said
    letters("retry", "ncg", first["lane"], first["number"], "--who", "ops", "--why", "the right key is there")
    house.until(lambda: "structural_damage_found" in of("ncg", events[0]))  # an instruction about it may be there before
    assert of("ncg", events[0]).count("structural_damage_found") == 1
    house.until(lambda: len(listed()) == 2)  # once its answer is there
    assert "no such" in letters("retry", "ncg", first["lane"], first["number"], "--who", "o", "--why", "x", good=1)


def one_is_discarded_and_both_are_told():
    global second
    second = listed()[0]
    letters("discard", "ncg", second["lane"], second["number"], "--who", "ops", "--why", "settled by phone")
    for name in ("img", "ncg"):
        house.until(lambda: "delivery_discarded" in of(name, events[1]))
        notice = next(item for item in box.inbox(name) if item["type"] == "nl.samenloop.delivery_discarded")
        assert notice["data"]["details"] == {"to": "ncg", "reason": "settled by phone"}, notice
        assert notice["subject"] == BAGS[1] and notice["causationid"] == events[1]["id"], notice
    assert "structural_damage_found" not in of("ncg", events[1]) and len(listed()) == 1


def who_did_what_and_why_is_told():
    began = house.now()
    code, said, wrong = box.tool("changes", "--json", "--journal", box.state["router"]["journal"])
    assert code == 0, wrong
    changes = json.loads(said)
    done = [(one["what"], one["who"], one["why"]) for one in changes if one["what"].startswith("dead letter")]
    assert done == [(f"dead letter ncg ordinary {first['number']} tried again", "ops", "the right key is there"),
                    (f"dead letter ncg ordinary {second['number']} discarded", "ops", "settled by phone")], done
    assert [one["who"] for one in changes if one["what"].startswith("key card ")] == ["img", "ncg"], changes
    agreed = next(one for one in changes if one["what"].startswith("agreement Samenwerkingsconvenant IMG-NCG, version 1 ("))
    assert agreed["at"][:10] == began[:10] and agreed["why"].startswith("takes part: img (back_office"), agreed
    code, text, _ = box.tool("changes", "--journal", box.state["router"]["journal"])
    rows = text.splitlines()
    assert rows[0].split() == ["at", "record", "what", "who", "why"] and len(rows) == 1 + len(changes), text
    assert re.search("discarded +ops  settled by phone$", rows[-1]), rows[-1]


def a_restart_has_the_same_letters():
    left = listed()
    box.kill("router")
    box.start()
    house.until(lambda: box.call("ncg", "/health", role=None)[1]["router"] == "connected")
    assert listed() == left
    letters("retry", "ncg", left[0]["lane"], left[0]["number"], "--who", "ops", "--why", "the right key is there")
    house.until(lambda: "structural_damage_found" in of("ncg", events[2]))
    house.until(lambda: listed() == [])
    assert all(len(of("ncg", one)) == len(set(of("ncg", one))) for one in events)
    assert "structural_damage_found" not in of("ncg", events[1])
    done = subprocess.run([TOOL, "verify", "--json", "--config", box.state["router"]["config"], box.state["router"]["journal"]],
                          capture_output=True, text=True, timeout=20)
    said = json.loads(done.stdout)
    assert said["problems"] == 0 and said["decided_otherwise"] == 0, said


with house.Sandbox("--participants", "img,ncg") as box:
    house.run([what_is_refused_five_times_is_a_dead_letter, one_is_tried_again_and_arrives,
               one_is_discarded_and_both_are_told, who_did_what_and_why_is_told, a_restart_has_the_same_letters])
