#!/usr/bin/python3
"""Somebody who has the whole report adds up its tables and looks for what was hidden.

All sums that tie the tables together are equations over the hidden cells. A cell is found where the equations alone
say what it is. The same report with everything shown says which cells have few houses, and that the sums are true.
"""
import collections
import csv
import glob
import io
import os
import subprocess
import sys

ROOT = os.environ["ROOT"]
sys.path.insert(0, ROOT + "/tests/report")
import spring

TOOL = [os.environ["BUILD"] + "/samenloop", "report", "--format", "csv", "--rules", ROOT + "/router/agreement.rules"]
PARTS = ["met", "met late", "overdue", "released", "withdrawn", "running"]
PRIME = (1 << 61) - 1


def report(*arguments, files=None):
    files = files or sorted(f for f in glob.glob("*.jsonl", root_dir=ROOT + "/tests/replay"))
    done = subprocess.run(TOOL + list(arguments) + files, cwd=ROOT + "/tests/replay", capture_output=True, text=True, check=True)
    tables = collections.OrderedDict()
    for row in csv.DictReader(io.StringIO(done.stdout)):
        if row["table"] != "About this report" and "median" not in row["column"] and "nine" not in row["column"]:
            tables[row["table"], row["row"], row["column"]] = row["value"]
    return tables


def equations(cells):
    """Lists of (sign, cell) that are zero together."""
    rows = collections.OrderedDict()
    for table, row, column in cells:
        rows.setdefault(table, collections.OrderedDict()).setdefault(row, []).append(column)
    overall = "The whole period"
    for table, names in rows.items():
        for row, columns in names.items():
            if "expected" in columns:
                yield [(-1, (table, row, "expected"))] + [(1, (table, row, part)) for part in PARTS]
        if "all" in names and table != overall:
            for column in names["all"]:
                yield [(-1, (table, "all", column))] + [(1, (table, row, column)) for row in names if row != "all"]
                if (overall, "all", column) in cells:
                    yield [(1, (table, "all", column)), (-1, (overall, "all", column))]
    same = [("Events by type", "events"), ("Withheld, and why", "withheld")]
    for table, column in same:
        yield [(1, (table, "all", "times")), (-1, (overall, "all", column))]
    for outcome, cell in {"forwarded": (overall, "all", "forwarded"), "withheld": (overall, "all", "withheld"),
                          "refused": ("Refused, and why", "all", "times")}.items():
        yield [(1, ("What the rules brought about", outcome, "times")), (-1, cell)]
    types = collections.OrderedDict()
    for row in rows["What the answers said"]:
        types.setdefault(row.split(":")[0], []).append(row)
    for name, values in types.items():
        yield [(-1, ("Events by type", name, "times"))] + [(1, ("What the answers said", v, "times")) for v in values]


def solve(rows, unknowns):
    """Gauss, modulo a prime; the unknowns that have one value."""
    place = {cell: i for i, cell in enumerate(unknowns)}
    pivots = {}
    for terms in rows:
        row = {}
        for sign, cell in terms:
            row[place[cell]] = (row.get(place[cell], 0) + sign) % PRIME
        row = {k: v for k, v in row.items() if v}
        while row:
            lead = min(row)
            if lead not in pivots:
                inverse = pow(row[lead], -1, PRIME)
                pivots[lead] = {k: v * inverse % PRIME for k, v in row.items()}
                break
            factor = row[lead]
            for k, v in pivots[lead].items():
                row[k] = (row.get(k, 0) - factor * v) % PRIME
            row = {k: v for k, v in row.items() if v}
    for lead in sorted(pivots, reverse=True):
        row = pivots[lead]
        for other in sorted(k for k in row if k != lead and k in pivots):
            factor = row.get(other, 0)
            for k, v in pivots[other].items():
                row[k] = (row.get(k, 0) - factor * v) % PRIME
        pivots[lead] = {k: v for k, v in row.items() if v}
    return [unknowns[lead] for lead, row in pivots.items() if len(row) == 1]


def attack(*period, files=None):
    shown, true = report(*period, files=files), report("--smallest", "1", *period, files=files)
    assert list(shown) == list(true)
    hidden = [cell for cell, value in shown.items() if value == "x"]
    rows = []
    for terms in equations(true):
        total = sum(sign * int(true[cell]) for sign, cell in terms)
        assert total == 0, (total, terms)
        rows.append([(sign, cell) for sign, cell in terms if shown[cell] == "x"])
    for cell, value in shown.items():
        assert value in ("x", true[cell]), cell
    assert len(hidden) > 30, len(hidden)
    found = solve(rows, hidden)
    assert not found, found
    return f"{len(hidden)} of {len(shown)} cells hidden, none found"


def attacker_can():
    """The attack itself: one hidden cell of a column is found, two are not."""
    assert solve([[(1, "a")]], ["a"]) == ["a"]
    assert solve([[(1, "a"), (1, "b")]], ["a", "b"]) == []
    assert sorted(solve([[(1, "a"), (1, "b")], [(1, "b"), (-1, "c")], [(1, "c")]], ["a", "b", "c"])) == ["a", "b", "c"]
    return "ok"


def whole_spring():
    path = os.environ["TMPDIR"] + "/spring.jsonl"
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(spring.lines()) + "\n")
    return attack("--to", "2021-06-30", files=[path])


def main():
    passed = failed = 0
    for name, test in {"attacker": attacker_can, "everything": attack,
                       "spring": lambda: attack("--from", "2021-02-01", "--to", "2021-04-15"),
                       "houses": whole_spring, "april": lambda: attack("--from", "2021-04-01", "--to", "2021-04-30")}.items():
        try:
            print(name, test())
            passed += 1
        except AssertionError as error:
            print("FAIL", name, str(error)[:2000])
            failed += 1
    print(f"{passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    raise SystemExit(main())
