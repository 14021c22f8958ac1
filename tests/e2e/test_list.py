#!/usr/bin/python3
"""The joint team's list at an adapter's door: the router's list, for the joint team alone, as the agreement shows it."""
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
COMPLEX, HARROWING, ACUTE, OUTSIDE = (f"0014200000000{number:03d}" for number in range(1, 5))


def says(who, kind, bag, sections="dossier", role="back_office", **attributes):
    moment = house.now()
    held = {"location": {"bag_id": bag, "municipality": attributes.get("municipality", "0014")}, "dossier": {"organisation": who, "case_number": "X-1"},
            "findings": {"found_on": moment[:10], "element": "wall"}}
    event = {"specversion": "1.0", "id": str(uuid.uuid4()), "source": f"urn:nld:oin:{OIN[who]}:systeem:test",
             "type": f"nl.samenloop.{kind}", "subject": bag, "time": moment, "datacontenttype": "application/json",
             "data": {"attributes": {"occurred_at": moment, **attributes}} | {name: held[name] for name in sections.split()}}
    status, answer = box.publish(who, event, role)
    assert status == 202, (status, answer)
    house.until(lambda: box.event(who, event)[1]["status"] == "accepted")


def listed(who):
    status, answer = box.call(who, "/list", "joint_team")
    assert status == 200, (status, answer)
    return answer


def by_the_tool():
    done = subprocess.run([TOOL, "list", "--json", "--journal", box.state["router"]["journal"]], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def an_empty_list_is_a_list():
    assert listed("img") == listed("ncg") == []


def the_list_is_the_routers():
    says("ncg", "complex_case_signalled", COMPLEX, grounds=["long_running"])
    says("img", "harrowing_situation_signalled", HARROWING, role="incident_officer")
    says("img", "acute_unsafe", ACUTE, "location dossier findings", municipality="0014", certainty="established")
    found = listed("img")
    assert [(one["subject"], one["priority"]) for one in found] == [(ACUTE, 1), (HARROWING, 3), (COMPLEX, 4)]
    assert [one["grounds"] for one in found] == [["acute"], ["harrowing"], ["complex"]]
    for ours, theirs in zip(found, by_the_tool(), strict=True):
        assert {key: ours[key] for key in ("house", "priority", "since", "grounds")} == \
            {key: theirs[key] for key in ("house", "priority", "since", "grounds")}
        assert [{key: one[key] for key in ("to", "role", "what", "due", "overdue")} for one in ours["open"]] == theirs["open"]
    [awaited] = found[2]["open"]
    assert (awaited["rule"], awaited["clause"], awaited["journalseq"]) == ("complex-signalled", "C7", "1")


def each_sees_what_the_agreement_tells_it():
    says("img", "acute_unsafe", OUTSIDE, "location dossier findings", municipality="0106", certainty="established")
    assert [one.get("subject") for one in listed("img")] == [ACUTE, OUTSIDE, HARROWING, COMPLEX]
    theirs = house.until(lambda: (lambda all: all if all[0].get("subject") else None)(listed("ncg")))  # they have heard of it
    assert [one["house"] for one in theirs] == [one["house"] for one in listed("img") if one["subject"] != OUTSIDE]


def it_is_for_the_joint_team_alone():
    for role in ("back_office", "contact_person", "incident_officer"):
        status, problem = box.call("img", "/list", role)
        assert (status, problem["code"]) == (403, "not_for_role"), (status, problem)
    assert box.call("img", "/list", None)[0] == 401


def a_router_that_is_away_has_no_list():
    box.stop("router")
    status, problem = box.call("img", "/list", "joint_team")
    assert (status, problem["code"]) == (503, "away"), (status, problem)
    box.start()
    house.until(lambda: box.call("img", "/list", "joint_team")[0] == 200)
    assert len(listed("img")) == 4


if __name__ == "__main__":
    with house.Sandbox() as box:
        house.run([an_empty_list_is_a_list, the_list_is_the_routers, each_sees_what_the_agreement_tells_it,
                   it_is_for_the_joint_team_alone, a_router_that_is_away_has_no_list])
