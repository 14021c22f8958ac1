#!/usr/bin/python3
"""tests/README.md names no test that is not there, and leaves out no attack up to 36."""
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from contract import ROOT  # noqa: E402
from peer import run  # noqa: E402

FILES = {"router": "e2e/test_hostile.py", "adapter": "e2e/test_hostile_router.py", "cards": "e2e/test_hostile_cards.py"}
ROWS = [re.split(r" *\| *", line)[1:-1] for line in (ROOT / "tests/README.md").read_text().splitlines() if re.match(r"\| \d", line)]


def every_test_is_there():
    for number, _, tests in ROWS:
        for part in re.sub(r"\([^)]*\)", "", tests).split(";"):
            where, _, names = part.strip().partition(":")
            text = (ROOT / "tests" / FILES.get(where, where.strip())).read_text()
            for name in filter(None, (one.strip() for one in names.split(","))):
                assert re.search(rf"\b{name}\b", text), f"{number}: {name} is not in {where}"


def every_attack_has_one():
    there = set()
    for number, *_ in ROWS:
        first, _, last = number.partition("-")
        there |= set(range(int(first), int(last or first) + 1))
    assert there >= set(range(1, 37)), sorted(set(range(1, 37)) - there)


run([every_test_is_there, every_attack_has_one])
