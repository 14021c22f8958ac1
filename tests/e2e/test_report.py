#!/usr/bin/python3
"""Report and list from the journal of a router that runs: what its routing log holds, and nothing is changed."""
import collections
import csv
import hashlib
import io
import json
import os
import pathlib
import subprocess
import sys
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import house  # noqa: E402

TOOL = str(pathlib.Path(os.environ["BUILD"]).resolve() / "samenloop")
OIN = {"img": "00000004164164164000", "ncg": "00000004165165165000"}


def says(who, kind, bag, sections="location dossier findings", causation=None, **attributes):
    moment = house.now()
    held = {"location": {"bag_id": bag, "municipality": "0014"}, "dossier": {"organisation": who, "case_number": "X-1"},
            "findings": {"found_on": moment[:10], "element": "wall"}}
    event = {"specversion": "1.0", "id": str(uuid.uuid4()), "source": f"urn:nld:oin:{OIN[who]}:systeem:test",
             "type": f"nl.samenloop.{kind}", "subject": bag, "time": moment, "datacontenttype": "application/json",
             "data": {"attributes": {"occurred_at": moment, **attributes}} | {name: held[name] for name in sections.split()}}
    if causation:
        event["causationid"] = causation
    status, answer = box.publish(who, event)
    assert status == 202, (status, answer)
    return house.until(lambda: (lambda said: said if said["status"] != "waiting" else None)(box.event(who, event)[1]))


def tool(*arguments):
    done = subprocess.run([TOOL, *map(str, arguments)], capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, (arguments, done.stderr)
    return done.stdout


def journal():
    return pathlib.Path(box.state["router"]["journal"])


def report(*arguments):
    text = tool("report", "--journal", journal(), "--format", "csv", *arguments)
    return {(row["table"], row["row"], row["column"]): row["value"] for row in csv.DictReader(io.StringIO(text))}


def bag(number):
    return f"0014200000000{number:03d}"


def as_the_log():
    """What the log and the report count, once they agree: deliveries end while they are read."""
    counted, cells = collections.Counter(line["outcome"] for line in box.log()), report("--smallest", 1)
    told = {row: int(value) for (table, row, _), value in cells.items() if table == "What the rules brought about"}
    quiet = counted["delivered"] >= 14
    same = told == {outcome: times for outcome, times in counted.items() if not outcome.startswith("obligation")}
    return (counted, cells) if quiet and same else None


def the_report_counts_what_the_log_holds():
    for number in range(1, 8):
        assert says("img", "structural_damage_found", bag(number), municipality="0014", safety_doubt="no")["status"] == "accepted"
    says("ncg", "safety_doubt_assessed", bag(1), "dossier", outcome="no_doubt")
    assert says("img", "event_withdrawn", bag(2), "", str(uuid.uuid4()), reason="mistake")["code"] == "unknown_original"
    assert says("ncg", "complex_case_signalled", bag(3), "dossier", grounds=["long_running"])["status"] == "accepted"
    box.take("ncg")
    counted, cells = house.until(as_the_log)
    assert counted["delivered"] >= 14 and counted["refused"] == 1
    assert cells["The whole period", "all", "addresses"] == "7"
    assert cells["The whole period", "all", "expected"] == str(counted["obligation_opened"])
    assert cells["The whole period", "all", "met"] == str(counted["obligation_met"]) == "1"
    assert cells["By municipality", "0014 Groningen", "events"] == "9"
    assert cells["Refused, and why", "unknown_original", "times"] == "1"
    assert report()["Events by type", "complex_case_signalled", "times"] == "x"


def the_list_holds_the_complex_house():
    listed = json.loads(tool("list", "--journal", journal(), "--json"))
    mark = next(line["subject"] for line in box.log() if line["type"] == "complex_case_signalled")
    assert [(one["house"], one["priority"], one["grounds"]) for one in listed] == [(mark, 4, ["complex"])]
    assert {one["what"] for one in listed[0]["open"]} == {"safety_doubt_assessed", "work_stock_changed", "joint_team_priority_set"}
    assert "The list is empty." in tool("list", "--journal", journal(), "--at", "2020-01-01")


def nothing_is_changed():
    box.stop("router")  # what changes now, the tool has changed

    def state():
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(journal().iterdir())}
    before = state()
    assert before
    tool("report", "--journal", journal())
    tool("list", "--journal", journal())
    assert state() == before


if __name__ == "__main__":
    with house.Sandbox() as box:
        house.run([the_report_counts_what_the_log_holds, the_list_holds_the_complex_house, nothing_is_changed])
