#!/usr/bin/python3
"""`make install` into a folder: a stranger compiles the example by pkg-config and sends an event with it."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import house  # noqa: E402


def event(box):
    bag = "0014200000000001"
    return {"specversion": "1.0", "id": "from-the-example", "source": f"urn:nld:oin:{box.state['participants']['img']['oin']}:systeem:x",
            "type": "nl.samenloop.damage_case_opened", "subject": bag, "time": house.now(),
            "datacontenttype": "application/json", "data": {"attributes": {"occurred_at": house.now()}}}


def the_example_compiles_and_sends():
    with tempfile.TemporaryDirectory() as folder, house.Sandbox("--participants", "img,ncg") as box:
        root = pathlib.Path(folder)
        make = ["make", "-s", "-C", str(house.ROOT), "install", f"PREFIX={root}/usr"]
        done = subprocess.run(make, capture_output=True, text=True, env={**os.environ, "MAKEFLAGS": ""})
        assert done.returncode == 0, done.stderr
        where = {**os.environ, "PKG_CONFIG_PATH": f"{root}/usr/lib/pkgconfig"}
        flags = subprocess.run(["pkg-config", "--cflags", "--libs", "samenloop"], capture_output=True,
                               text=True, env=where, check=True).stdout.split()
        example = root / "usr/share/samenloop/samenloop-send.c"
        subprocess.run(["cc", "-Wall", "-Wextra", "-Werror", str(example), *flags, "-o", str(root / "send")], check=True)
        (root / "event.json").write_text(json.dumps(event(box)))
        box.stop("img")
        sent = subprocess.run([str(root / "send"), box.state["participants"]["img"]["config"], str(root / "event.json")],
                              capture_output=True, text=True, timeout=60)
        assert sent.returncode == 0, sent.stderr
        assert json.loads(sent.stdout.splitlines()[0])["status"] == "accepted", sent.stdout
        version = subprocess.run([str(root / "usr/bin/samenloop"), "--version"], capture_output=True, text=True, check=True)
        assert version.stdout.startswith("samenloop "), version.stdout
        rules = subprocess.run([str(root / "usr/bin/samenloop"), "rules", "check", str(root / "usr/share/samenloop/agreement.rules")],
                               capture_output=True, text=True)
        assert rules.returncode == 0, rules.stdout + rules.stderr
        assert list((root / "usr/share/man").glob("man5/*")), "no manual pages"


if __name__ == "__main__":
    house.run([the_example_compiles_and_sends])
