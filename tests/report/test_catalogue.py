#!/usr/bin/python3
"""`samenloop catalogue` tells what a back office may publish: whatever the scenarios hand in and is accepted stands there."""
import json
import os
import pathlib
import re
import subprocess

ROOT = pathlib.Path(os.environ.get("ROOT", pathlib.Path(__file__).resolve().parents[2]))
TOOL = (ROOT / os.environ.get("BUILD", "build/gcc")).resolve() / "samenloop"
ALWAYS = {"occurred_at", "subject_kind", "building", "initial_load"}
PREFIX = "nl.samenloop."


def said(*arguments):
    return subprocess.run([TOOL, "catalogue", *arguments], capture_output=True, text=True, check=True).stdout


def rows(text):
    """Name -> (required, what) of the tables in a part of the page."""
    found = re.findall(r"^\| (\S+) \| (required|) ?\| (.*) \|$", text, re.MULTILINE)
    return {name: (required == "required", what) for name, required, what in found if name != "name"}


def accepted():
    """The events of all scenarios that got a number and, under their id, never a refusal."""
    for scenario in sorted((ROOT / "tests/replay").glob("*.jsonl")):
        log = [json.loads(line) for line in scenario.with_suffix(".log").read_text().splitlines()]
        good = {line["event"] for line in log if line["seq"] is not None} - {
            line["event"] for line in log if line["outcome"] == "refused"}
        for line in map(json.loads, scenario.read_text().splitlines()):
            if "event" in line and line["event"]["id"] in good and line["event"]["type"].startswith(PREFIX):
                yield line["event"]


def main():
    page = said()
    types = {part.split("\n")[0]: part for part in page.split("\n# Sections")[0].split("\n## ")[1:]}
    fields, seen = rows(page.split("\n# Sections")[1]), set()
    for event in accepted():
        kind, data = event["type"].removeprefix(PREFIX), event["data"]
        seen.add(kind)
        if kind == "event_corrected":  # has what its original's type has
            continue
        told = rows(types[kind])
        sections = {name for name, (_, what) in told.items() if what == "section"}
        unknown = set(data["attributes"]) - ALWAYS - (set(told) - sections) | set(data) - {"attributes"} - sections
        missing = {name for name, (required, _) in told.items() if required} - set(data["attributes"]) - set(data)
        assert not unknown and not missing, (event, unknown, missing)
        for section in sections & set(data):
            assert {f"{section}.{field}" for field in data[section]} <= set(fields), (section, data[section])
    assert len(seen) > 30, len(seen)
    one = said(PREFIX + "work_stock_changed")
    assert one.strip() == ("## " + types["work_stock_changed"]).strip(), one
    assert subprocess.run([TOOL, "catalogue", "nothing"], capture_output=True).returncode == 1


if __name__ == "__main__":
    main()
    print("ok   what_is_accepted_stands_in_the_catalogue\n1 passed, 0 failed")
