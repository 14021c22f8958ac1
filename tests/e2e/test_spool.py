#!/usr/bin/python3
"""One organisation exchanges files with its adapter, the other uses HTTP: what one hands in, the other gets, also when the
one with files is away meanwhile."""
import datetime
import json
import os
import pathlib
import sys
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import house  # noqa: E402

OIN = {"img": "00000004164164164000", "ncg": "00000004165165165000"}
KIND = {"img": "structural_damage_found", "ncg": "non_structural_damage_found"}


def event(sender, number, **change):
    at = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    bag = f"0014200000{number:06d}"
    attributes = {"occurred_at": at} | ({"municipality": "0014", "safety_doubt": "no"} if sender == "img" else {})
    return {"specversion": "1.0", "id": str(uuid.uuid4()), "source": f"urn:nld:oin:{OIN[sender]}:systeem:backoffice",
            "type": f"nl.samenloop.{KIND[sender]}", "subject": bag, "time": at, "datacontenttype": "application/json",
            "data": {"attributes": attributes, "location": {"bag_id": bag, "municipality": "0014"},
                     "dossier": {"organisation": sender, "case_number": f"{sender}-{number:05d}"},
                     "findings": {"found_on": "2021-03-30", "element": "wall"}}} | change


def spool():
    return pathlib.Path(box.state["participants"]["ncg"]["spool"])


def hand_in(name, content):
    """As a back office does: written elsewhere, moved in."""
    file = spool().parent / name
    file.write_text(json.dumps(content))
    os.rename(file, spool() / "in/back_office" / name)


def left(name):
    """Where a file went that was handed in."""
    for folder in ("taken", "rejected"):
        if (spool() / folder / "back_office" / name).exists():
            return folder
    return None


def came():
    """The items in the role's folder, in the order to take them in; taking one moves its file to done."""
    folder = spool() / "out/back_office"
    items = []
    for file in sorted(folder.glob("*.json")):
        items.append(json.loads(file.read_text()))
        os.rename(file, folder / "done" / file.name)
    return items


def collect(ids, items):
    items += came()
    return ids <= {item["id"] for item in items}


def what_a_file_holds_reaches_the_other():
    one, two, three = (event("ncg", number) for number in (1, 2, 3))
    hand_in("one.json", one)
    hand_in("two.json", [two, three])
    house.until(lambda: left("one.json") == left("two.json") == "taken")
    items = []
    house.until(lambda: items.extend(box.take("img")) or {one["id"], two["id"], three["id"]} <= {item["id"] for item in items})
    assert {item["data"]["dossier"]["case_number"] for item in items if "dossier" in item["data"]} >= {"ncg-00001"}
    assert len({item["id"] for item in items}) == len(items), "something came twice"


def what_is_refused_says_why():
    good, bad = event("ncg", 4), event("ncg", 5, subject="123")
    hand_in("mixed.json", [good, bad])
    house.until(lambda: left("mixed.json") == "rejected")
    reason = json.loads((spool() / "rejected/back_office/mixed.json.reason.json").read_text())
    assert [one["status"] for one in reason["events"]] == ["accepted", "refused"] and reason["events"][1]["code"], reason
    house.until(lambda: good["id"] in {item["id"] for item in box.take("img")})


def what_comes_is_a_file_until_it_is_done():
    mine = [event("img", number) for number in (11, 12, 13)]
    for one in mine:
        assert box.publish("img", one)[0] == 202
    folder = spool() / "out/back_office"
    house.until(lambda: {one["id"] for one in mine} <= {json.loads(file.read_text())["id"] for file in folder.glob("*.json")})
    box.kill("ncg")
    later = event("img", 14)
    assert box.publish("img", later)[0] == 202
    back = event("ncg", 15)
    hand_in("back.json", back)
    box.start()
    items = []
    house.until(lambda: collect({one["id"] for one in [*mine, later]}, items))
    house.until(lambda: left("back.json") == "taken" and not list((folder / "done").iterdir()))
    house.until(lambda: back["id"] in {item["id"] for item in box.take("img")})
    box.stop("ncg")
    box.start()
    last = event("img", 16)
    assert box.publish("img", last)[0] == 202
    house.until(lambda: collect({last["id"]}, items))
    places = [item["inboxposition"] for item in items]
    assert len(places) == len(set(places)), "what was done comes again"


if __name__ == "__main__":
    with house.Sandbox("--participants", "img,ncg", "--spool", "ncg") as box:
        house.run([what_a_file_holds_reaches_the_other, what_is_refused_says_why, what_comes_is_a_file_until_it_is_done])
