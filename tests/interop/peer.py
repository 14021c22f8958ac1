"""The C side (peer.c) for the tests in this folder, keys for everybody, and the end of a test file."""
import atexit
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import traceback

from contract import ROOT

BUILD = (ROOT / os.environ.get("BUILD", "build/gcc")).resolve()
FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="interop-"))  # ends with the process
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
NOW = int(time.time() * 1000)


def peer(*arguments):
    """The lines that it says, as lists of words."""
    done = subprocess.run([BUILD / "tests/interop/peer", *map(str, arguments)], capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(f"peer {arguments}: {done.stderr}")
    return [line.split() for line in done.stdout.splitlines()]


def make_keys():
    folder = FOLDER / "keys"
    subprocess.run([BUILD / "samenloop", "keys", "new", "--participants", "img,ncg,gm0014", folder], check=True,
                   capture_output=True)
    return folder


def written(name, data):
    file = FOLDER / name
    file.write_bytes(data)
    return file


def refuses(code, call, *arguments):
    """Does it raise Refused with this code?"""
    from contract import Refused
    try:
        call(*arguments)
    except Refused as refused:
        assert refused.code == code, refused
        return
    raise AssertionError(f"not refused with {code}")


def run(tests):
    """Runs test functions, says how many passed."""
    failed = 0
    for test in tests:
        try:
            test()
            print(f"ok   {test.__name__}", flush=True)
        except Exception as error:  # each failure is told, and the others still run
            failed += 1
            traceback.print_exc()
            print(f"FAIL {test.__name__}: {error}", flush=True)
    print(f"{len(tests) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
