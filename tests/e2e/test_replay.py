#!/usr/bin/python3
"""Scenarios of tests/replay through real processes: the router's routing log is the core's, up to what design.md excepts
(ids are UUIDs, adapters answer what they refuse, the order among receivers and of receipts is free).

test_replay.py [SCENARIO.jsonl ...]     without arguments: the stories (S...) of tests/replay
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import house  # noqa: E402

BUILD = pathlib.Path(os.environ.get("BUILD", house.ROOT / "build/gcc"))
KEYS = ["at", "type", "from", "rule", "clause", "outcome", "to", "role", "what", "due"]


def core_log(lines):
    """What the core says of the first lines of a scenario."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        file.write("".join(lines))
        file.flush()
        done = subprocess.run([BUILD / "samenloop", "replay", "--rules", house.ROOT / "router/agreement.rules", file.name],
                              capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def quotations(agreement):
    """What each rule of an agreement quotes: {rule: clause “words”}, the first clause's."""
    text = pathlib.Path(agreement).read_text()
    found = {}
    for name, clause, words in re.findall(r'^rule (\S+).*\n  clause (\S+)((?:\s+"[^"]*")+)', text, re.MULTILINE):
        words = " ".join(re.findall(r'"([^"]*)"', words))
        found[name] = f"{clause} “{words}”"
    return found


def refusal(line):
    return line["outcome"] in ("refused", "duplicate")


def comparable(lines, names, subjects):
    """The parts of a log that must be equal: what was decided, in order; deliveries, by receiver; receipts, sorted."""
    decided, delivered, receipts = [], {}, []
    for line in lines:
        one = {key: line[key] for key in KEYS}
        one["at"] = one["at"].replace(".001Z", "Z")
        one["event"] = names.get(line["event"], line["event"])
        one["seq"] = line["seq"]
        one["subject"] = subjects.setdefault(line["subject"], len(subjects))
        if line["outcome"] == "delivered":
            delivered.setdefault((line["to"], line["role"]), []).append(one)
        elif line["what"] == "receipt" and line["outcome"].startswith("obligation_met"):
            receipts.append(json.dumps(one, sort_keys=True))
        else:
            decided.append(one)
    return decided, delivered, sorted(receipts)


class Replay:
    def __init__(self, scenario):
        self.scenario = [json.loads(line) for line in scenario.read_text().splitlines()]
        for line in self.scenario:
            if "agreement" in line:  # from the scenario's folder
                line["agreement"] = str(scenario.resolve().parent / line["agreement"])
        self.lines = [json.dumps(line) + "\n" for line in self.scenario]
        self.first = self.scenario[0].get("participants")
        self.people = self.first or {name: ["back_office", "contact_person", "incident_officer", "joint_team"]
                                     for name in ("img", "ncg")}
        self.away, self.names, self.answered = set(), {}, []
        self.quotations = [quotations(house.ROOT / "router/agreement.rules")]

    def go(self):
        moment = next(line["at"] for line in self.scenario if "at" in line)
        with tempfile.NamedTemporaryFile("w", suffix=".clock") as clock:
            self.clock = pathlib.Path(clock.name)
            self.clock.write_text(moment + "\n")
            self.now = moment
            roles = [f"--roles={name}={','.join(some)}" for name, some in self.people.items()]
            with house.Sandbox("--participants", ",".join(self.people), "--clock", clock.name, *roles) as self.box:
                for number, line in enumerate(self.scenario, 1):
                    expected = core_log(self.lines[:number])
                    self.let_time_pass(line, expected)
                    self.step(line)
                    self.settle(expected)
                self.compare(core_log(self.lines), self.box.log())

    def set_clock(self, moment):
        temporary = self.clock.with_suffix(".new")
        temporary.write_text(moment + "\n")
        os.replace(temporary, self.clock)

    def let_time_pass(self, line, expected):
        """Stops at each moment at which something falls due before the line's, as the world would."""
        for moment in sorted({one["at"] for one in expected if self.now <= one["at"] < line.get("at", "")}):
            self.set_clock(moment.replace("Z", ".001Z"))  # a deadline has passed when the clock is past it
            self.settle([one for one in expected if one["at"] <= moment])

    def step(self, line):
        if "at" in line:
            self.now = line["at"]
            self.set_clock(line["at"])
        if "event" in line:
            event = line["event"]
            self.names[house.event_uuid(event.get("source", ""), event.get("id", ""))] = event.get("id", "")
            status, body = self.box.publish(line["from"], event, line.get("role", "back_office"))
            self.answered.append((event.get("id"), status, body))
        elif "agreement" in line:
            self.box.apply(line["agreement"])
            self.quotations.append(quotations(line["agreement"]))
        elif "erase" in line:
            self.box.erase(line["erase"], line["reason"])
        elif "away" in line:
            self.away.add(line["away"])
            self.box.stop(line["away"])
        elif "back" in line:
            self.away.discard(line["back"])
            self.box.start()

    def settle(self, expected):
        """Takes what comes in, as everybody does at once in a replay, until the log is as long as the core's."""
        wanted = sum(not refusal(line) for line in expected)
        end = time.monotonic() + 60
        while sum(not refusal(line) for line in self.box.log()) < wanted:
            for name in self.people:
                for role in self.people[name]:
                    if name not in self.away:
                        for item in self.box.take(name, role):
                            self.quoted(item)
            if time.monotonic() > end:
                break  # the comparison tells what is missing
            time.sleep(0.005)

    def quoted(self, item):
        """A case worker can be shown why: what came says what the agreement quotes behind each of its rules."""
        rules = item.get("rule", "").split(",")
        possible = [", ".join(dict.fromkeys(said[rule] for rule in rules if rule in said)) for said in self.quotations]
        assert item.get("quotation", "") in possible, f"{item.get('quotation')} is not what {rules} quote: {possible}"

    def compare(self, expected, found):
        for line in [line for line in expected if refusal(line)]:
            told = [body for identity, _, body in self.answered if identity == line["event"]]
            by_router = any(refusal(one) and self.names.get(one["event"]) == line["event"] for one in found)
            by_adapter = any(line["outcome"] == "duplicate" and "duplicate" in json.dumps(body)
                             or isinstance(body, dict) and body.get("code") == line["what"] for body in told)
            assert by_router or by_adapter, f"nobody told: {line}; answers {told}"
        left = comparable([line for line in expected if not refusal(line)], {}, {})
        right = comparable([line for line in found if not refusal(line)], self.names, {})
        for receiver in {**left[1], **right[1]}:
            self.same(left[1].get(receiver, []), right[1].get(receiver, []))
        self.same(left[0], right[0])
        self.same(left[2], right[2])

    @staticmethod
    def same(expected, found):
        for one, other in zip(expected, found):
            assert one == other, f"\n- {one}\n+ {other}"
        assert len(expected) == len(found), f"{len(expected)} lines expected, {len(found)} came: {(expected + found)[-1]}"


def main():
    stories = sorted((house.ROOT / "tests/replay").glob("S*.jsonl"))
    tests = []
    for path in [pathlib.Path(name) for name in sys.argv[1:]] or stories:
        def test(path=path):
            Replay(path).go()
        test.__name__ = path.stem
        tests.append(test)
    house.run(tests, side_by_side=4)  # most of a scenario is waiting


if __name__ == "__main__":
    main()
