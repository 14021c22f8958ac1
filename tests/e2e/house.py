"""What the end-to-end tests share: a sandbox with real processes, and what a back office does through HTTP."""
import concurrent.futures
import contextlib
import datetime
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.error
import urllib.parse
import urllib.request
import uuid

ROOT = pathlib.Path(os.environ.get("ROOT", pathlib.Path(__file__).resolve().parents[2]))
SANDBOX = str(ROOT / "deploy/sandbox")
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "samenloop.example")


class Sandbox:
    """A whole installation in a folder; `with Sandbox(...) as box`. Processes end with it, by their own pids, and the
    folder goes, unless KEEP is set in the environment."""

    def __init__(self, *arguments):
        self.arguments = arguments

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sandbox-"))
        try:
            self.run("up", *self.arguments)
        except AssertionError:
            self.away()
            raise
        return self

    def away(self):
        if "KEEP" not in os.environ:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __exit__(self, *_):
        subprocess.run([SANDBOX, "down", str(self.folder)], check=False)
        self.away()

    def run(self, verb, *arguments):
        done = subprocess.run([SANDBOX, verb, str(self.folder), *arguments], capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(f"sandbox {verb}: {done.stderr}{done.stdout}")

    @property
    def state(self):
        return json.loads((self.folder / "sandbox.json").read_text())

    def stop(self, name, how=signal.SIGTERM):
        """Stops the router ("router") or a participant's adapter, and waits until it is gone."""
        one = self.state["router"] if name == "router" else self.state["participants"][name]
        os.kill(one["pid"], how)
        end = time.monotonic() + 20
        while pathlib.Path(f"/proc/{one['pid']}/cmdline").exists() and time.monotonic() < end:
            if pathlib.Path(f"/proc/{one['pid']}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                break
            time.sleep(0.005)
        else:
            if time.monotonic() >= end:
                raise AssertionError(f"{name} does not stop")

    def kill(self, name):
        self.stop(name, signal.SIGKILL)

    def start(self, only=None):
        self.run("start", *(["--only", only] if only else []))

    def messages(self):
        """What the router has said on standard error."""
        return (self.folder / "router/stderr").read_text()

    def tool(self, *arguments):
        """`samenloop ...`: (exit code, standard output, standard error)."""
        tool = pathlib.Path(os.environ.get("BUILD", ROOT / "build/gcc")) / "samenloop"
        done = subprocess.run([tool, *map(str, arguments)], capture_output=True, text=True)
        return done.returncode, done.stdout, done.stderr

    def rules(self, *arguments):
        return self.tool("rules", *arguments)

    def erase(self, bag, reason):
        """Has the router erase what it holds of a house, by an operator's word."""
        code, _, wrong = self.tool("erase", "--control", self.folder / "router/control", "--bag", bag, "--key",
                                   self.folder / "keys/img/pseudonym.key", "--who", "a test", "--reason", reason)
        assert code == 0, wrong

    def apply(self, agreement):
        """Brings an agreement to the router, and waits until it has taken it."""
        before = self.messages().count("reloaded\n")
        code, _, wrong = self.rules("apply", "--config", self.state["router"]["config"], agreement)
        assert code == 0, wrong
        until(lambda: self.messages().count("reloaded\n") > before)

    def metrics(self, name):
        """The numbers of the router ("router") or of a participant's adapter, without samenloop_ and _total."""
        if name == "router":
            lines = (self.folder / "router/stdout").read_text().splitlines()
            url = next(line.split(" ", 1)[1] for line in lines if line.startswith("metrics "))
        else:
            url = self.state["participants"][name]["url"] + "/metrics"
        with urllib.request.urlopen(url, timeout=10) as answer:
            pairs = [line.rsplit(" ", 1) for line in answer.read().decode().splitlines() if not line.startswith("#")]
        return {key.removeprefix("samenloop_").removesuffix("_total"): int(value) for key, value in pairs}

    def log(self):
        """The router's routing log so far."""
        path = pathlib.Path(self.state["router"]["log"])
        whole = path.read_text().rpartition("\n")[0] if path.exists() else ""  # the last line may be on its way
        return [json.loads(line) for line in whole.splitlines()]

    # ------------------------------------------------------------ a back office

    def call(self, name, path, role="back_office", body=None, content="application/cloudevents+json", headers=None,
             timeout=60):
        """Gives (status, body as JSON or text)."""
        one = self.state["participants"][name]
        request = urllib.request.Request(one["url"] + path, method="GET" if body is None else "POST",
                                         data=body if body is None or isinstance(body, bytes) else json.dumps(body).encode())
        if role:
            request.add_header("Authorization", "Bearer " + pathlib.Path(one["tokens"][role]).read_text().strip())
        if body is not None:
            request.add_header("Content-Type", content)
        for key, value in (headers or {}).items():
            request.add_header(key, value)
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                status, text = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read()
        with contextlib.suppress(ValueError):
            return status, json.loads(text)
        return status, text.decode(errors="replace")

    def publish(self, name, event, role="back_office"):
        return self.call(name, "/events", role, event)

    def publish_many(self, name, events, role="back_office"):
        return self.call(name, "/events", role, events, "application/cloudevents-batch+json")

    def event(self, name, event):
        query = urllib.parse.urlencode({"source": event["source"]})
        return self.call(name, f"/events/{urllib.parse.quote(event['id'], safe='')}?{query}")

    def inbox(self, name, role="back_office", wait=0, most=1000):
        status, items = self.call(name, f"/inbox?wait={wait}&max={most}", role)
        assert status == 200, (status, items)
        return items

    def ack(self, name, items, role="back_office"):
        positions = [item["inboxposition"] for item in items]
        status, text = self.call(name, "/inbox/ack", role, {"positions": positions}, "application/json")
        assert status == 204, (status, text)

    def take(self, name, role="back_office", wait=0):
        """Takes and acknowledges what waits for a role."""
        items = self.inbox(name, role, wait)
        if items:
            self.ack(name, items, role)
        return items


def until(what, seconds=20):
    """Waits until `what()` is true; the last value."""
    end = time.monotonic() + seconds
    while True:
        value = what()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.02)


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def event_uuid(source, identity):
    """The UUID under which the router knows an event."""
    try:
        return str(uuid.UUID(identity)) if len(identity) == 36 else str(uuid.uuid5(NAMESPACE, f"{source}\0{identity}"))
    except ValueError:
        return str(uuid.uuid5(NAMESPACE, f"{source}\0{identity}"))


def attempt(test):
    try:
        test()
        print(f"ok   {test.__name__}", flush=True)
        return True
    except Exception as error:  # each failure is told, and the others still run
        print(f"{traceback.format_exc()}FAIL {test.__name__}: {error}", flush=True)
        return False


def named(test, *arguments):
    """The test with its arguments, for `run`."""
    def call():
        test(*arguments)

    call.__name__ = test.__name__
    return call


def run(tests, side_by_side=1):
    """Runs test functions, says how many passed; for the end of a test file."""
    with concurrent.futures.ThreadPoolExecutor(max_workers=side_by_side) as pool:
        passed = sum(pool.map(attempt, tests))
    print(f"{passed} passed, {len(tests) - passed} failed")
    sys.exit(0 if passed == len(tests) else 1)
