#!/usr/bin/python3
"""Which scenario shows that a rule is silent when one of its conditions, and only that, does not hold?

A condition (a part of a rule's `when`, behind an `and`) is taken out of the agreement: where a scenario's routing log is
another then, it has a moment at which all else held and the condition kept the rule silent. The table silence.md names
such a scenario for each condition, `-` where there is none; test_rules.py holds it to the agreement.

silence.py > tests/replay/silence.md     looks through all scenarios: some minutes
"""
import concurrent.futures
import os
import pathlib
import re
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
BUILD = pathlib.Path(os.environ.get("BUILD", HERE.parents[1] / "build/gcc"))
OUTCOME = re.compile(r"^  (?:forward|instruct|notify|expect|remember|log|withhold|apply|release|restrict|lift|prioritise|join|"
                     r"otherwise)\b", re.MULTILINE)


def parts(when):
    """Where each ` and CONDITION` begins that stands in no parentheses, text or comment."""
    begins, depth = [], 0
    for token in re.finditer(r'"[^"]*"|#[^\n]*|[()]|\sand(?=\s)', when):
        depth += {"(": 1, ")": -1}.get(token.group(), 0)
        if depth == 0 and token.group().endswith("and"):
            begins.append(token.start())
    return begins


def conditions(text):
    """(rule, condition, the agreement without it) of each, in the file's order."""
    for rule in re.finditer(r"^rule (\S+).*?(?=^rule |^# ---|\Z)", text, re.MULTILINE | re.DOTALL):
        begin = re.search(r"^  when ", rule.group(), re.MULTILINE)
        when = rule.group()[begin.start():OUTCOME.search(rule.group(), begin.end()).start()]
        at, begins = rule.start() + begin.start(), parts(when)
        for one, end in zip(begins, begins[1:] + [len(when.rstrip())]):
            condition = " ".join(when[one:end].split()).removeprefix("and ")
            yield rule.group(1), condition, text[:at + one] + text[at + end:]


def shows(without, scenario):
    """Is the scenario's routing log another under this agreement?"""
    with tempfile.NamedTemporaryFile("w", suffix=".rules") as file:
        file.write(without)
        file.flush()
        done = subprocess.run([BUILD / "samenloop", "replay", "--rules", file.name, scenario], capture_output=True, text=True)
    assert done.stdout, done.stderr  # an agreement that cannot be read shows nothing
    return done.stdout != scenario.with_suffix(".log").read_text()


def main():
    scenarios = [path for path in sorted(HERE.glob("*.jsonl")) if path.with_suffix(".log").exists()]
    found = list(conditions((HERE.parents[1] / "router/agreement.rules").read_text()))
    with concurrent.futures.ThreadPoolExecutor() as pool:
        shown = list(pool.map(lambda one: next((path.stem for path in scenarios if shows(one[2], path)), "-"),
                              found))
    print("| rule | is silent without | scenario |\n| --- | --- | --- |")
    for (rule, condition, _), scenario in zip(found, shown):
        print(f"| {rule} | {condition} | {scenario} |")
    print(f"\nShown of {sum(scenario != '-' for scenario in shown)} of {len(shown)} conditions.")


if __name__ == "__main__":
    main()
