#!/usr/bin/python3
"""Half a year of six hundred houses: its report as Markdown is what is expected, and the page shows the same, needs
nothing beside itself, and says nothing of a house."""
import html.parser
import os
import re
import subprocess
import sys

ROOT = os.environ["ROOT"]
sys.path.insert(0, ROOT + "/tests/report")
import spring

HERE = ROOT + "/tests/report/"
VOID = {"meta", "br", "hr"}


def run(*arguments):
    tool = os.environ["BUILD"] + "/samenloop"
    return subprocess.run([tool, *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout


def report(form):
    return run("report", "--from", "2021-02-01", "--to", "2021-06-30", "--format", form, os.environ["TMPDIR"] + "/spring.jsonl")


class Page(html.parser.HTMLParser):
    """Tables by their heading, as rows of text; everything must be closed in its order."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tables, self.ids, self.title, self.figures = [], {}, [], "", 0
        self.feed(text)
        self.close()
        assert self.open == [], self.open

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.figures += tag == "figure"
        if "id" in attributes:
            self.ids.append(attributes["id"])
        if tag == "svg":
            assert attributes.get("aria-hidden") == "true" or (attributes["role"] == "img" and attributes["aria-label"])
        if tag == "tr":
            self.tables[self.title].append([])
        if tag in ("td", "th"):
            assert tag == "td" or attributes["scope"] in ("row", "col")
            self.tables[self.title][-1].append("")
        if tag == "h2":
            self.title = ""
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag
        if tag == "h2":
            self.tables[self.title] = []

    def handle_data(self, data):
        if self.open and self.open[-1] == "h2":
            self.title += data
        if "td" in self.open or "th" in self.open:
            self.tables[self.title][-1][-1] += data


def is_as_expected():
    text = report("md")
    with open(HERE + "spring.md", encoding="utf-8") as file:
        expected = file.read()
    if text != expected:
        with open(os.environ["TMPDIR"] + "/spring.md", "w", encoding="utf-8") as file:
            file.write(text)
        difference = subprocess.run(["diff", "-u", HERE + "spring.md", file.name], capture_output=True, text=True).stdout
        raise AssertionError(difference)


def page_shows_the_same():
    page, title, tables = Page(report("html")), None, {}
    for line in report("md").splitlines():
        if line.startswith("## "):
            title = line[3:]
            tables[title] = []
        if line.startswith("| ") and "---" not in line:
            tables[title].append([cell.strip() for cell in line.strip("|").split("|")])
    tables["The whole period"].pop(0)
    assert len(tables) == 11 and list(page.tables) == list(tables)
    for title, rows in tables.items():
        assert page.tables[title] == rows, (title, page.tables[title], rows)
    assert page.figures == 6 and len(page.ids) == len(set(page.ids))


def stands_alone():
    text = report("html")
    assert not re.search(r"<script|<link|<img|@import|https?:|\son\w+=", text)
    assert all(match == "#p" for match in re.findall(r"url\(([^)]*)\)", text))


def names_no_house():
    log = run("replay", os.environ["TMPDIR"] + "/spring.jsonl")
    marks = set(re.findall(r'"subject":"([0-9a-f]{12})"', log)) | {match for match in re.findall(r'"event":"([^"]+)"', log)}
    assert len(marks) > 2000
    for form in ("md", "csv", "html"):
        text = report(form)
        assert not re.search(r"\d{16}|[0-9a-f]{12}|spring-", text)
        assert not any(mark in text for mark in marks)


def pictures_draw_what_is_shown():
    """Of Oldambt only the whole is shown: its bar has one piece, which says no number that is hidden."""
    text = report("html")
    municipality = text[text.index("<h2>By municipality") : text.index("<h2>Events by type")]
    row = municipality[municipality.index("1895 Oldambt</title>") :].split('class="name"')[0]
    assert re.findall(r'class="(\w+)" x=', row)[0] == "unknown", row
    assert row.count("<rect") == 1


def main():
    with open(os.environ["TMPDIR"] + "/spring.jsonl", "w", encoding="utf-8") as file:
        file.write("\n".join(spring.lines()) + "\n")
    passed = failed = 0
    for test in (is_as_expected, page_shows_the_same, stands_alone, names_no_house, pictures_draw_what_is_shown):
        try:
            test()
            passed += 1
        except AssertionError as error:
            print("FAIL", test.__name__, str(error)[:3000])
            failed += 1
    print(f"{passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    raise SystemExit(main())
