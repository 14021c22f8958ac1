#!/usr/bin/python3
"""Which scenario shows that a rule is silent when one of its conditions, and only that, does not hold?

A condition is what a rule's `when` says behind a trigger (`from img`) or an `and`, and what an outcome says behind its
`if`. It is taken out of the agreement: where a scenario's routing log is another then, it has a moment at which all else
held and the condition kept the rule, or the outcome, silent. The table silence.md names such a scenario for each
condition, or says why there can be none: a trigger's `from` that the catalogue says already, and what IMPLIED has.
test_rules.py holds it to the agreement.

silence.py > tests/replay/silence.md     looks through all scenarios: some minutes
"""
import concurrent.futures
import os
import pathlib
import re
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = pathlib.Path(os.environ.get("BUILD", ROOT / "build/gcc"))
OUTCOMES = "forward|instruct|notify|expect|remember|log|withhold|apply|release|restrict|lift|prioritise|join|otherwise"
OUTCOME = re.compile(rf"^  (?:{OUTCOMES})\b", re.MULTILINE)
UNSAID = re.compile(r'"[^"]*"|#[^\n]*')  # what is no word of the rule: texts, comments

IMPLIED = {
    ("question-without-purpose", "any of (role is not contact_person, purpose is not agreed)"):
        "each of its outcomes asks for it again",
    ("inspection-reported",
     'release inspection-reported awaiting damage_inspection_done because "rescheduled" if event is damage_inspection_planned'):
        "each planned inspection releases those before it, so what is done has met the only one",
    ("settlement-answered",
     "expect settlement_completed from payer within 30 working days continuing if event is settlement_accepted"):
        "only settlement_accepted has a payer",
}


def parts(when):
    """Where each ` and CONDITION` begins that stands in no parentheses, text or comment."""
    begins, depth = [], 0
    for token in re.finditer(r'"[^"]*"|#[^\n]*|[()]|\sand(?=\s)', when):
        depth += {"(": 1, ")": -1}.get(token.group(), 0)
        if depth == 0 and token.group().endswith("and"):
            begins.append(token.start())
    return begins


def blank(text):
    """The same text, as long, without what is no word of the rule."""
    return UNSAID.sub(lambda found: " " * len(found.group()), text)


def words(text):
    return " ".join(re.sub(r"#[^\n]*", "", text).split())


def of_when(when):
    """(what is said, where it begins and ends) of each condition of a rule's `when`."""
    begins = parts(when)
    publisher = re.search(r"\sfrom (?:img|ncg)\b", when[:begins[0] if begins else None])
    if publisher:
        yield publisher.group().strip(), publisher.start(), publisher.end()
    for begin, end in zip(begins, begins[1:] + [len(when.rstrip())]):
        yield words(when[begin:end]).removeprefix("and "), begin, end


def of_outcomes(text):
    """The same of the outcomes of a rule, each with its `if`."""
    begins = [found.start() for found in re.finditer(rf"^  (?:{OUTCOMES})\b|^    else\b", text, re.MULTILINE)]
    for begin, end in zip(begins, begins[1:] + [len(text)]):
        said = blank(text[begin:end])
        condition = re.search(r"\sif\s", said)
        if condition:
            last = begin + (re.search(r"\snaming\s|$", said[condition.end():]).start() + condition.end())
            last = begin + len(said[:last - begin].rstrip())
            yield words(text[begin:last]), begin + condition.start(), last


def conditions(text):
    """(rule, condition, the agreement without it) of each, in the file's order."""
    for rule in re.finditer(r"^rule (\S+).*?(?=^rule |^# ---|\Z)", text, re.MULTILINE | re.DOTALL):
        when = re.search(r"^  when ", rule.group(), re.MULTILINE).start()
        outcomes = OUTCOME.search(rule.group(), when).start()
        found = [(said, when + begin, when + end) for said, begin, end in of_when(rule.group()[when:outcomes])]
        found += [(said, outcomes + begin, outcomes + end) for said, begin, end in of_outcomes(rule.group()[outcomes:])]
        for said, begin, end in found:
            yield rule.group(1), said, text[:rule.start() + begin] + text[rule.start() + end:]


def publishers():
    """Who may publish what, by the catalogue: {type: {"img", "ncg"}}."""
    catalogue = (ROOT / "schemas/catalogue.c").read_text()
    rows = re.findall(r'^    \{"(\w+)", "[^"]*", "[^"]*", ([A-Z_| ]+),', catalogue, re.MULTILINE)
    return {name: {one.strip().removeprefix("SL_").lower() for one in who.split("|")} for name, who in rows}


def why_none(text, rule, condition):
    """Why no scenario can show it; None: one can."""
    if (rule, condition) in IMPLIED:
        return IMPLIED[rule, condition]
    who = condition.removeprefix("from ")
    trigger = re.search(rf"^rule {rule}\b.*?^  when (.*?) from {who}\b", text, re.MULTILINE | re.DOTALL)
    if condition == f"from {who}" and trigger and \
            all(publishers()[name] == {who} for name in re.split(r"\s+or\s+", trigger.group(1))):
        return "nobody else may publish it"
    return None


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
    text = (ROOT / "router/agreement.rules").read_text()

    def look(one):
        rule, condition, without = one
        return why_none(text, rule, condition) or next((path.stem for path in scenarios if shows(without, path)), "-")

    found = list(conditions(text))
    with concurrent.futures.ThreadPoolExecutor() as pool:
        shown = list(pool.map(look, found))
    print("| rule | is silent without | scenario, or why there is none |\n| --- | --- | --- |")
    for (rule, condition, _), by in zip(found, shown):
        print(f"| {rule} | {condition} | {by} |")


if __name__ == "__main__":
    main()
