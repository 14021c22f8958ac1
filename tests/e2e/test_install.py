#!/usr/bin/python3
"""`make install` into a folder, and then what the README's "By hand" says, line by line, as a newcomer would."""
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import house  # noqa: E402

# What a reader sees by himself before he goes on: that it is up, that the file has gone.
SETTLED = {
    "samenloop-router router.cfg &": "until curl -s http://127.0.0.1:{1}/health http://127.0.0.1:{2}/health | "
                                     "tr '}}' '\\n' | grep -c '\"connected\"' | grep -q 2; do sleep 0.1; done",
    "mv event-2.json": "until [ -e img/spool/taken/back_office/event-2.json ]; do sleep 0.1; done",
    "./samenloop-send": "until grep -q finding-3 ncg/spool/out/back_office/*.json; do sleep 0.1; done",
}


def install(root):
    make = ["make", "-s", "-C", str(house.ROOT), "install", f"PREFIX={root}/usr"]
    done = subprocess.run(make, capture_output=True, text=True, env={**os.environ, "MAKEFLAGS": ""})
    assert done.returncode == 0, done.stderr


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def lines_by_hand():
    text = (house.ROOT / "README.md").read_text()
    section = text[text.index("## By hand"):].split("\n## ")[0]
    return [line[4:] for line in section.splitlines() if line.startswith("    ")]


def script(root, ports):
    """The README's lines for bash, in another prefix and on other ports."""
    yield "set -em; trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT"
    for line in lines_by_hand():
        yield line.replace("/usr/local", f"{root}/usr")
        if line.startswith("cp "):
            yield "sed -i " + " ".join(f"-e 's/:500{i}\"/:{port}\"/'" for i, port in enumerate(ports)) + " *.cfg"
        for begin, wait in SETTLED.items():
            if begin in line:
                yield wait.format(*ports)


def run_by_hand(root):
    ports = free_ports(3)
    text = "\n".join(script(root, ports))
    for i, port in enumerate(ports):
        text = text.replace(f"127.0.0.1:500{i}/", f"127.0.0.1:{port}/")
    where = {**os.environ, "PKG_CONFIG_PATH": f"{root}/usr/lib/pkgconfig", "PATH": f"{root}/usr/bin:{os.environ['PATH']}"}
    empty = root / "empty"
    empty.mkdir()
    command = ["timeout", "--kill-after=15", "100", "bash", "-c", text]  # TERM, so that bash ends what it started
    return subprocess.run(command, capture_output=True, text=True, cwd=empty, env=where), empty


def the_readme_by_hand():
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        install(root)
        done, empty = run_by_hand(root)
        said = done.stdout + done.stderr
        assert done.returncode == 0, said
        assert "nl.samenloop.check_work_stock" in said, said
        assert "event-2.json" in said, said
        assert '{"status":"accepted","journalseq":"3"}' in said, said
        inbox = sorted(path.name for path in (empty / "ncg/spool/out/back_office").glob("*.json"))
        # Two of the first event, one of each later one; of the first event one was acknowledged over HTTP, before it became
        # a file or after.
        assert len(inbox) in (3, 4), inbox
        log = subprocess.run([root / "usr/bin/samenloop", "log", "--json", "--journal", empty / "journal"],
                             capture_output=True, text=True, check=True)
        lines = [json.loads(line) for line in log.stdout.splitlines()]
        delivered = [line["seq"] for line in lines if line["outcome"] == "delivered" and line["what"] is None]
        assert delivered == [1, 2, 3], log.stdout


def what_is_installed_works():
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        install(root)
        version = subprocess.run([root / "usr/bin/samenloop", "--version"], capture_output=True, text=True, check=True)
        assert version.stdout.startswith("samenloop "), version.stdout
        rules = subprocess.run([root / "usr/bin/samenloop", "rules", "check", root / "usr/share/samenloop/agreement.rules"],
                               capture_output=True, text=True)
        assert rules.returncode == 0, rules.stdout + rules.stderr
        assert list((root / "usr/share/man").glob("man5/*")), "no manual pages"
        flags = subprocess.run(["pkg-config", "--cflags", "--libs", "samenloop"], capture_output=True, text=True, check=True,
                               env={**os.environ, "PKG_CONFIG_PATH": f"{root}/usr/lib/pkgconfig"}).stdout.split()
        strict = ["cc", "-Wall", "-Wextra", "-Werror", root / "usr/share/samenloop/samenloop-send.c", *flags, "-o", root / "send"]
        subprocess.run(strict, check=True)


def without_a_router_it_is_said_what_to_look_at():
    build = pathlib.Path(os.environ.get("BUILD", house.ROOT / "build/gcc")).resolve()
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        subprocess.run([build / "samenloop", "keys", "new", root / "keys"], check=True)
        config = (house.ROOT / "deploy/example/img.cfg").read_text()
        for port in (5000, 5001):
            config = config.replace(f":{port}\"", f":{free_ports(1)[0]}\"")
        (root / "img.cfg").write_text(config)
        (root / "img.token").touch(mode=0o600)
        (root / "img.token").write_text("5" * 32)
        with subprocess.Popen([build / "samenloop-adapter", root / "img.cfg"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                              text=True) as adapter:
            try:
                said = adapter.stderr.readline()
            finally:
                adapter.terminate()
        assert "no answer from tcp://127.0.0.1:" in said and "is router_key its key" in said, said


if __name__ == "__main__":
    house.run([the_readme_by_hand, what_is_installed_works, without_a_router_it_is_said_what_to_look_at])
