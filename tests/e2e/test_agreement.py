#!/usr/bin/python3
"""Another agreement for a router that runs: approved, refused, waiting for its moment, and what the journal says of it."""
import json
import os
import pathlib
import signal
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import house  # noqa: E402

STORIES = house.ROOT / "tests/replay"
NEW = STORIES / "S41-version-2.rules"
FINDINGS = [json.loads(line) for line in (STORIES / "S41-the-agreement-changes.jsonl").read_text().splitlines()
            if '"event"' in line]


class World:
    """A sandbox whose time stands in a file, and that wants approvals."""

    def __enter__(self):
        self.clock = pathlib.Path(tempfile.mkstemp(suffix=".clock")[1])
        self.set_clock("2021-06-15T09:00:00Z")
        self.box = house.Sandbox("--participants", "img,ncg", "--clock", str(self.clock)).__enter__()
        self.config = self.box.folder / "router/router.cfg"
        self.agreed = self.box.folder / "agreement.rules"
        self.new = self.box.folder / "new.rules"
        return self

    def __exit__(self, *error):
        self.box.__exit__(*error)
        self.clock.unlink()

    def set_clock(self, moment):
        temporary = self.clock.with_suffix(".new")
        temporary.write_text(moment + "\n")
        os.replace(temporary, self.clock)

    def want_approvals(self):
        self.config.write_text('approvals = "required"\n' + self.config.read_text())
        self.box.stop("router")
        self.box.start()  # what holds by the journal already wants none

    def approve(self, name, key=None):
        keys = self.box.folder / "keys"
        return self.box.rules("approve", "--participant", name, "--key", keys / (key or name) / "signing.key",
                              "--card", keys / f"cards/{name}.card", self.new)

    def apply(self):
        return self.box.rules("apply", "--config", self.config, self.new)

    def find(self, index):
        """NCG's finding of that number; gives until when IMG must plan the survey."""
        line = FINDINGS[index]
        self.set_clock(line["at"])
        status, body = self.box.publish("ncg", line["event"])
        assert status == 202, body
        opened = house.until(lambda: [one["due"] for one in self.box.log() if one["event"] == line["event"]["id"]
                                      and one["outcome"] == "obligation_opened" and one["rule"] == "inspect-with-priority"])
        return opened[0]


def a_version_is_approved_waits_and_holds():
    with World() as world:
        world.want_approvals()
        world.new.write_bytes(NEW.read_bytes())
        before = world.agreed.read_bytes()
        code, _, wrong = world.apply()
        assert code == 1 and "img has not approved the agreement" in wrong, wrong
        code, said, wrong = world.approve("img")
        assert code == 0 and "version 2" in said, wrong
        code, _, wrong = world.apply()
        assert code == 1 and "ncg has not approved the agreement" in wrong, wrong
        code, _, wrong = world.approve("ncg", key="img")
        assert code == 1 and "no key card with the signing key" in wrong, wrong
        assert world.approve("ncg")[0] == 0
        world.new.write_text(world.new.read_text() + "# one word more\n")
        code, _, wrong = world.apply()
        assert code == 1 and "img has approved another text" in wrong, wrong
        assert world.agreed.read_bytes() == before
        world.new.write_bytes(NEW.read_bytes())
        world.box.apply(world.new)
        assert world.agreed.read_bytes() == NEW.read_bytes()
        assert "waits until 2021-06-30T22:00:00Z" in world.box.messages()
        assert world.find(0) == "2021-07-14T22:00:00Z"
        world.box.kill("router")
        world.box.start()  # it waits on
        assert world.find(1) == "2021-07-08T22:00:00Z"
        changes = json.loads(world.box.tool("changes", "--json", "--journal", world.box.state["router"]["journal"])[1])
        agreed = [(one["at"], one["what"].split(" (")[0], one["who"]) for one in changes if one["what"].startswith("agreement")]
        assert agreed[-1] == ("2021-06-30T22:00:00Z", "agreement Samenwerkingsconvenant IMG-NCG, version 2",
                              "approved by img, ncg"), changes
        code, said, wrong = world.box.rules("diff", house.ROOT / "router/agreement.rules", NEW, "--journal",
                                            world.box.state["router"]["journal"])
        golden = (STORIES / "S41-the-agreement-changes.diff").read_text()
        assert code == 1, wrong
        assert said.splitlines()[0] == "journal"
        assert outcomes(said) == outcomes(golden), said


def outcomes(text):
    """But for the name of the past, and the pseudonyms, which have another key in a replay."""
    return [" ".join(line.split()[:2]) if line.startswith("#") else line for line in text.splitlines()[1:]]


def what_is_not_sound_is_refused_at_both_doors():
    with World() as world:
        text = NEW.read_text().replace("2021-07-01T00:00+02:00", "2021-06-01T00:00+02:00")
        world.new.write_text(text.replace("rule status-kept", "rule status-kept-twice when damage_case_opened log \"x\"\nrule status-kept")
                             .replace("instruct img to inspect_with_priority", "instruct img to inspekt_with_priority"))
        before = world.agreed.read_bytes()
        code, _, wrong = world.apply()
        assert code == 1 and f"{world.new}:" in wrong and "inspect_with_priority" in wrong, wrong
        assert world.agreed.read_bytes() == before
        world.agreed.write_bytes(world.new.read_bytes())  # by hand, past the first door
        os.kill(world.box.state["router"]["pid"], signal.SIGHUP)
        house.until(lambda: f"{world.agreed}:" in world.box.messages() and "inspekt" in world.box.messages())
        assert "reloaded" not in world.box.messages()
        assert world.find(0) == "2021-07-14T22:00:00Z"  # the old one goes on


def without_a_router_it_is_there_when_it_starts():
    with World() as world:
        world.new.write_text(NEW.read_text().replace("2021-07-01T00:00+02:00", "2021-06-01T00:00+02:00"))
        world.box.stop("router", signal.SIGKILL)
        code, said, wrong = world.apply()
        assert code == 0 and "it takes it when it starts" in said, wrong + said
        world.box.start()
        assert world.find(0) == "2021-07-07T22:00:00Z"


if __name__ == "__main__":
    house.run([a_version_is_approved_waits_and_holds, what_is_not_sound_is_refused_at_both_doors,
               without_a_router_it_is_there_when_it_starts], side_by_side=2)
