#!/usr/bin/python3
"""An erasure that is cut short or crosses other things on their way is whole in the end: the tester is the router, and says
when what arrives at NCG's adapter, which is killed at each step that it takes."""
import os
import pathlib
import sys
import uuid

sys.path[:0] = [str(pathlib.Path(__file__).parent), str(pathlib.Path(__file__).parent / "hostile")]
import house  # noqa: E402
import peer as p  # noqa: E402
import router as r  # noqa: E402
from peer import W, c  # noqa: E402

SHIM = pathlib.Path(os.environ.get("BUILD", house.ROOT / "build/gcc")).resolve() / "tests/e2e/kill_at.so"
ERASURE, BEHIND, STEPS = 5, 3, 40


class Scene:
    def __init__(self, box, router):
        self.box, self.router, self.make = box, router, p.Maker(box)
        self.place = box.state["participants"]["ncg"]

    def pseudonym(self, bag):
        return c.pseudonym(self.make.ncg.secret("pseudonym.key"), bag)

    def files_with(self, words):
        folders = [pathlib.Path(self.place["inbox"]), pathlib.Path(self.place["outbox"])]
        return [path for folder in folders for path in folder.iterdir() if path.is_file() and any(
            word.encode() in path.read_bytes() for word in words)]

    def erase(self, bag, number=None, last=2**40):
        """Says it; a number is one that was said before."""
        delivery = self.router.delivery(kind=ERASURE, name=b"erasure", subjects=[self.pseudonym(bag)], journal_number=last)
        delivery.number = number or self.router.number + 1
        self.router.number = max(self.router.number, delivery.number)
        self.router.send(deliver=W.Deliver(deliveries=[delivery]))
        return delivery.number

    def erasures(self):
        return [item for item in self.box.inbox("ncg") if item["type"] == "nl.samenloop.erasure"]


def killed_at_each_step_the_notice_names_the_house_and_its_content_is_gone(scene):
    """Nothing of the house is left when the router is told that it is done, and the back office is told which house it was."""
    switch, step, died = scene.box.folder / "kill", 0, True
    while died and step < STEPS:
        step += 1
        bag, case = f"00142000000066{step:02d}", f"CASE-OF-{step:02d}-TO-BE-GONE"
        events = [scene.make.event(bag, sections=scene.make.sections(bag, case_number=case.encode())) for _ in range(3)]
        assert {one[0] for one in scene.router.deliver(scene.make.bundle(*events))} == {r.DONE}
        assert scene.files_with([bag])
        switch.write_text(str(step))
        number = scene.erase(bag)
        try:
            done = house.until(lambda: not alive(scene) or scene.router.socket.poll(0))
            died = not alive(scene)
            assert done
        finally:
            switch.unlink()
        if died:
            scene.box.start("ncg")
            scene.router.welcome()
            scene.erase(bag, number)
        assert scene.router.answers(1)[0][0] == r.DONE
        notice = house.until(scene.erasures)
        assert [one.get("subject") for one in notice] == [bag], (step, notice)
        assert not scene.files_with([case]), step
        scene.box.take("ncg")
        house.until(lambda: not scene.files_with([bag]))
    assert not died and step > 4, step
    print(f"     killed at {step - 1} steps")


def alive(scene):
    """A killed one whose parent does not look is a zombie."""
    stat = pathlib.Path(f"/proc/{scene.box.state['participants']['ncg']['pid']}/stat")
    return stat.exists() and stat.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def it_waits_for_the_answer_to_what_was_handed_in(scene):
    """An event is in the journal, and its answer has not come: its content would be sent once more, and stay. So the erasure
    comes again when it is answered, and then all of it goes."""
    bag, other = "0014200000006801", "0014200000006802"
    assert scene.box.publish("ncg", damage(bag, "NOT-ANSWERED-YET"))[0] == 202
    batch = scene.router.receive("publish")
    number = scene.erase(bag)
    assert scene.router.answers(1)[0][:2] == (BEHIND, "behind")
    scene.erase(other)  # another house's is not kept waiting
    assert scene.router.answers(1)[0][0] == r.DONE
    assert scene.files_with(["NOT-ANSWERED-YET"]) == [] and scene.files_with([bag]), "it is sealed, but for the number"
    scene.router.send(published=W.Published(lane=batch.lane, position=batch.position, results=[
        W.Result(verdict=1, journal_number=7)]))
    scene.erase(bag, number)
    assert scene.router.answers(1)[0][0] == r.DONE
    scene.box.take("ncg")
    house.until(lambda: not scene.files_with([bag]))


def damage(bag, case):
    return {"specversion": "1.0", "id": str(uuid.uuid4()), "source": "urn:nld:oin:00000004165165165000:systeem:test",
            "type": "nl.samenloop.non_structural_damage_found", "subject": bag, "time": house.now(),
            "datacontenttype": "application/json",
            "data": {"attributes": {"occurred_at": house.now()}, "location": {"bag_id": bag, "municipality": "0014"},
                     "dossier": {"organisation": "ncg", "case_number": case},
                     "findings": {"found_on": house.now()[:10], "element": "wall"}}}


def main():
    with house.Sandbox("--participants", "ncg,gm0014,img") as box:
        for name in ("gm0014", "img", "router", "ncg"):
            box.stop(name)
        os.environ |= {"LD_PRELOAD": str(SHIM), "SAMENLOOP_KILL": str(box.folder / "kill")}
        router = r.Router(box)
        box.start("ncg")
        with router:
            scene = Scene(box, router)
            house.run([house.named(test, scene) for test in (
                killed_at_each_step_the_notice_names_the_house_and_its_content_is_gone,
                it_waits_for_the_answer_to_what_was_handed_in)])


if __name__ == "__main__":
    main()
