#!/usr/bin/python3
"""What the programs say of themselves with --help stands in their manual pages: every command, option and setting."""
import os
import pathlib
import re
import subprocess

ROOT = pathlib.Path(os.environ.get("ROOT", pathlib.Path(__file__).resolve().parents[2]))
BUILD = (ROOT / os.environ.get("BUILD", "build/gcc")).resolve()
EVERYWHERE = {"help", "usage", "version"}


def says(*command):
    done = subprocess.run([BUILD / command[0], *command[1:], "--help"], capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout, (command, done.stderr)
    return done.stdout


def words(text, pattern):
    return set(re.findall(pattern, text, re.MULTILINE))


def options(text):
    return words(text, r"^ +(?:-\w, +)?--([a-z-]+)") - EVERYWHERE


def page(name):
    return (ROOT / "deploy/man" / name).read_text()


def entries(text):
    """What the page says of each command: its own entry, and what stands above all entries of the section."""
    found = {}
    for section in re.split(r"^\.Sh ", text, flags=re.MULTILINE):
        above, *items = re.split(r"^\.It (?=Ic )", section, flags=re.MULTILINE)
        for item in items:
            name, cm = re.match(r"Ic (\w+)(?: Cm ([^\n]*?)(?= [A-Z][a-z]\b|$))?", item, re.MULTILINE).groups()
            for part in re.findall(r"\w+", cm or "") or [""]:
                found[f"{name} {part}".strip()] = above + item
            found[name] = found.get(name, "") + above + item
    return found


def commands():
    """Each command with its parts, as --help lists them, and what it says of itself."""
    for name in sorted(words(says("samenloop"), r"^  (\w+)  ") - {"version"}):
        text = says("samenloop", name)
        parts = words(text, r"^  (\w+) +(?:\w|\[)") | words(text, rf"samenloop {name} \[OPTION...\] (\w+)\b")
        yield name, text
        for part in sorted(one for one in parts if one.islower()):
            yield f"{name} {part}", says("samenloop", name, part) if name in ("rules", "keys") else ""


def every_command_and_option():
    told, count = entries(page("samenloop.1")), 0
    for name, text in commands():
        assert name in told, f"samenloop.1 says nothing of `samenloop {name}`"
        missing = options(text) - words(told[name], r"Fl Fl ([a-z-]+)")
        assert not missing, f"samenloop.1, {name}: {missing}"
        count += len(options(text))
    assert count > 50, count


def every_setting():
    for program, pages in (("samenloop-router", "router.cfg.5"), ("samenloop-adapter", "adapter.cfg.5")):
        text = says(program)
        settings = words(text.split("Settings of the configuration file")[1], r"^  ([a-z_]+) +\S")
        assert len(settings) > 12, settings
        told = words(page(pages), r"^\.It Ic (\w+)")
        assert settings == told, f"{pages}: {settings ^ told}"
        missing = options(text) - words(page(f"{program}.8"), r"Fl Fl ([a-z-]+)")
        assert not missing, f"{program}.8: {missing}"


if __name__ == "__main__":
    for test in (every_command_and_option, every_setting):
        test()
        print("ok  ", test.__name__)
    print("2 passed, 0 failed")
