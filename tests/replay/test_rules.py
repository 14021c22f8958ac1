#!/usr/bin/python3
"""Versions of the agreement: refused in a replay, compared, and what of the letter the scenarios cover.

BUILD=build/gcc ROOT=. tests/replay/test_rules.py --write     writes the golden files anew (a new scenario changes them)
"""
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import silence  # noqa: E402

WRITE = "--write" in sys.argv
ROOT = pathlib.Path(os.environ["ROOT"]).resolve()
HERE = ROOT / "tests/replay"
TOOL = pathlib.Path(os.environ["BUILD"]).resolve() / "samenloop"
RULES = ROOT / "router/agreement.rules"
STORIES = sorted(HERE.glob("S*.jsonl"))

CLAUSES = [f"C{n}" for n in range(1, 18)]

# The numbers of the rules table, part 7 of the agreement. Those of ELSEWHERE are no rules of the file.
NUMBERS = """
R01 R02 R03 R04 R05 R06 R07 R08 R09 R10 R11 R11b R12 R13 R14 R15 R16 R16b R17 R18 R19 R20 R21 R22 R23 R24 R25 R26
R26b R30 R31 R32 R33 R34 R35 R40 R41 R42 R43 R43b R44 R45 R46 R47 R48 R48a R48b R50 R51 R52 R53 R54 R55 R55a R55b
R56 R56a R57 R58 R60 R61 R62 R63 R64 R65 R66 R67 R67b R68 R69 R70 R71 R72 R73 R80 R81 R82 R83""".split()

# R34 is the catalogue's: a line that tells it. For C15 (R85) and C16 (R84) nothing is routed: rows of the report.
ELSEWHERE = {"R34": ("S20-resident-section-refused.log", '"outcome":"refused","to":"ncg","role":null,"what":"section_not_allowed"')}
REPORTED = {"C15": [r"^\| C1 \| 2 \|", r"^\| C13 \| 3 \|", r"^\| structural damage: advice to municipality"],
            "C16": [r"^\| bijzondere_situaties \| 31 \|", r"^\| koploper \| 7 \|"]}


def samenloop(*arguments):
    return subprocess.run([TOOL, *arguments], capture_output=True, text=True, timeout=60)


class Golden(unittest.TestCase):
    maxDiff = None

    def check(self, golden, text):
        if WRITE:
            (HERE / golden).write_text(text)
        self.assertEqual((HERE / golden).read_text(), text)


class Refused(unittest.TestCase):
    """A version that cannot be read or is not sound is refused, and the old one goes on."""

    def replay(self, text):
        folder = pathlib.Path("refused")
        folder.mkdir(exist_ok=True)
        lines = (HERE / "S41c-what-is-open-goes-on.jsonl").read_text()
        scenario = folder / "scenario.jsonl"
        scenario.write_text(lines.replace("S41-version-2.rules", "new.rules"))
        if text is not None:
            (folder / "new.rules").write_text(text)
        done = samenloop("replay", "--rules", RULES, scenario)
        self.assertEqual(done.returncode, 1)
        dues = re.findall(r'"what":"damage_inspection_planned","due":"([^"]*)"', done.stdout)
        self.assertIn("2021-07-15T22:00:00Z", dues)
        self.assertNotIn("2021-07-08T22:00:00Z", dues)
        return done.stderr

    def version(self):
        return (HERE / "S41-version-2.rules").read_text()

    def test_missing(self):
        self.assertIn("new.rules", self.replay(None))

    def test_unreadable(self):
        self.assertRegex(self.replay(self.version().replace("instruct img to inspect_with_priority", "instruct img")),
                         r"new\.rules:\d+:\d+: ")

    def test_unsound(self):
        whole = self.version()
        begin, end = whole.index("rule status-kept"), whole.index("# ------", whole.index("rule status-kept"))
        self.assertRegex(self.replay(whole[:begin] + whole[end:]), r"new\.rules:\d+:\d+: .*strengthening_status_changed")


class Compared(Golden):
    def compare(self, golden, *arguments):
        done = samenloop("rules", "diff", *arguments)
        self.check(golden, done.stdout)
        self.assertEqual(done.returncode, 1)

    def test_texts(self):
        self.compare("S41-texts.diff", RULES, HERE / "S41-version-2.rules")

    def test_names_exactly_the_second(self):
        self.compare("S41-the-agreement-changes.diff", RULES, HERE / "S41-version-2.rules", HERE / "S41-the-agreement-changes.jsonl")

    def test_decree_texts(self):
        self.compare("decree-2023-texts.diff", RULES, HERE / "decree-2023.rules")

    def test_decree_over_the_stories(self):
        self.compare("decree-2023.diff", RULES, HERE / "decree-2023.rules", *STORIES)

    def test_throughout(self):
        done = samenloop("rules", "diff", "--throughout", RULES, HERE / "S41-version-2.rules", HERE / "S41-the-agreement-changes.jsonl")
        self.assertEqual(re.findall(r"^#\d+", done.stdout, re.MULTILINE), ["#1", "#2"])

    def test_nothing_differs(self):
        for past in ([], STORIES):
            done = samenloop("rules", "diff", RULES, RULES, *past)
            self.assertEqual(done.returncode, 0, done.stdout)

    def test_layout_is_no_difference(self):
        text = RULES.read_text().replace("  when", "     when ").replace("# ----", "# a comment alone\n# ----")
        pathlib.Path("same.rules").write_text(text)
        self.assertEqual(samenloop("rules", "diff", RULES, "same.rules").stdout, "no rule differs\n")

    def test_order_is_one(self):
        text = RULES.read_text()
        begin, end = text.index("rule already-in-work-stock"), text.index("rule ask-the-work-stock")
        after = text.index("rule answer-decides")
        pathlib.Path("moved.rules").write_text(text[:begin] + text[end:after] + text[begin:end] + text[after:])
        done = samenloop("rules", "diff", RULES, "moved.rules")
        self.assertEqual((done.returncode, done.stdout), (1, "changed the order of the rules\n"))

    def test_wrong_calls(self):
        self.assertEqual(samenloop("rules", "diff", RULES).returncode, 2)
        done = samenloop("rules", "diff", RULES, "none.rules", STORIES[0])
        self.assertEqual(done.returncode, 1)
        self.assertIn("none.rules", done.stderr)

    def test_decree_is_sound(self):
        for name in ("decree-2023.rules", "S41-version-2.rules"):
            done = samenloop("rules", "check", HERE / name)
            self.assertEqual(done.returncode, 0, done.stderr)


class Covered(Golden):
    """Each clause has rules, each rule of the table is carried out, and each fires in a scenario."""

    def setUp(self):
        self.done = samenloop("rules", "coverage", "--rules", RULES, *STORIES)
        self.rows = [[cell.strip() for cell in row.strip()[1:-1].split("|")] for row in self.done.stdout.splitlines()[2:]]

    def test_clauses(self):
        self.assertEqual(CLAUSES, list(dict.fromkeys(row[0] for row in self.rows)))
        self.assertEqual(set(REPORTED), {row[0] for row in self.rows if row[2] == "no rule"})

    def test_what_is_reported(self):
        done = {"C15": samenloop("report", "--rules", RULES, "--smallest", "1", HERE / "S45-one-house-two-years.jsonl"),
                "C16": samenloop("report", "--rules", RULES, "--smallest", "1", HERE / "S45-one-house-two-years.jsonl", HERE / "S34-schemes.jsonl")}
        for clause, rows in REPORTED.items():
            for row in rows:
                self.assertRegex(done[clause].stdout, re.compile(row, re.MULTILINE), clause)

    def test_numbers(self):
        carried_out = {row[1] for row in self.rows if row[2] != "no rule"}
        self.assertEqual(sorted(set(NUMBERS) - set(ELSEWHERE)), sorted(carried_out))
        for number, (log, line) in ELSEWHERE.items():
            self.assertIn(line, (HERE / log).read_text(), number)

    def test_every_rule_fires(self):
        self.assertEqual([], [row for row in self.rows if row[3] == "**none**"])
        self.assertEqual(self.done.returncode, 0, self.done.stderr)

    def test_a_rule_without_a_scenario_is_told(self):
        done = samenloop("rules", "coverage", "--rules", RULES, STORIES[0])
        self.assertEqual(done.returncode, 1)
        self.assertIn("**none**", done.stdout)

    def test_table(self):
        self.check("coverage.md", self.done.stdout)


class Silence(unittest.TestCase):
    """A rule or outcome that one condition keeps silent: silence.md names the scenario that shows it, or why none can."""

    def setUp(self):
        text = (HERE / "silence.md").read_text()
        self.rows = re.findall(r"^\| (\S+) \| (.*) \| (.*) \|$", text, re.MULTILINE)[2:]  # behind the head
        self.conditions = list(silence.conditions(RULES.read_text()))

    def test_every_condition_has_its_row(self):
        self.assertEqual([row[:2] for row in self.rows], [one[:2] for one in self.conditions])

    def test_the_scenario_shows_it(self):
        text = RULES.read_text()

        def wrong(rule, condition, without, by):
            why = silence.why_none(text, rule, condition)
            if why is not None:
                return None if by == why else f"{rule} without {condition}: {why}"
            shown = (HERE / f"{by}.jsonl").exists() and silence.shows(without, HERE / f"{by}.jsonl")
            return None if shown else f"{rule} without {condition}: {by} stays as it is"

        with concurrent.futures.ThreadPoolExecutor() as pool:
            told = pool.map(lambda one: wrong(*one[0], one[1][2]), zip(self.conditions, self.rows))
        self.assertEqual([], [one for one in told if one is not None])


if __name__ == "__main__":
    result = unittest.main(argv=sys.argv[:1], exit=False, verbosity=0).result
    wrong = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - wrong} passed, {wrong} failed")
    raise SystemExit(1 if wrong else 0)
