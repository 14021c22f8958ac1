#!/usr/bin/python3
"""What a monitoring system reads: the router's and the adapters' numbers, as OpenMetrics text."""
import pathlib
import re
import sys
import urllib.error
import urllib.request
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import house  # noqa: E402

SAMPLE = re.compile(r'(samenloop_[a-z_]+)((?:\{[a-z]+="[a-z0-9_.-]*"(?:,[a-z]+="[a-z0-9_.-]*")*\})?) (-?[0-9]+)')


def damage():
    return {"specversion": "1.0", "id": str(uuid.uuid4()), "source": "urn:nld:oin:00000004164164164000:systeem:test",
            "type": "nl.samenloop.structural_damage_found", "subject": "0014200000000001", "time": house.now(),
            "datacontenttype": "application/json",
            "data": {"attributes": {"occurred_at": house.now(), "municipality": "0014", "safety_doubt": "no"},
                     "location": {"bag_id": "0014200000000001", "municipality": "0014"},
                     "dossier": {"organisation": "img", "case_number": "X-1"},
                     "findings": {"found_on": house.now()[:10], "element": "wall"}}}


def numbers(url):
    """Every sample of a page, by name and labels; the page is read strictly."""
    with urllib.request.urlopen(url, timeout=10) as answer:
        assert answer.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
        text = answer.read().decode()
    assert text.endswith("# EOF\n")
    found, kinds = {}, {}
    for line in text.splitlines()[:-1]:
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in kinds and kind in ("gauge", "counter")
            kinds[name] = kind
        elif line.startswith("# HELP "):
            assert line.split(" ", 3)[2] == name and line.endswith(".")
        else:
            sample, labels, value = SAMPLE.fullmatch(line).groups()
            assert sample == name + ("_total" if kinds[name] == "counter" else ""), line
            assert sample + labels not in found, line
            found[sample + labels] = int(value)
    return found


def router_url():
    lines = (box.folder / "router/stdout").read_text().splitlines()
    return next(line.split(" ", 1)[1] for line in lines if line.startswith("metrics "))


def adapter_url(name):
    return box.state["participants"][name]["url"] + "/metrics"


def the_router_counts_what_waits():
    house.until(lambda: numbers(router_url())["samenloop_router_greeted"] == 2)
    box.stop("ncg")
    status, answer = box.publish("img", damage())
    assert status == 202, answer
    house.until(lambda: numbers(router_url())["samenloop_router_events"] == 1)
    found = house.until(lambda: (lambda n: n if not n['samenloop_router_connected{participant="ncg"}'] else None)(numbers(router_url())))
    assert found['samenloop_router_connected{participant="img"}'] == 1
    assert sum(found[f'samenloop_router_waiting{{participant="ncg",lane="{lane}"}}']
               for lane in ("acute", "urgent", "ordinary")) > 0
    assert found["samenloop_router_records"] > 0 and found["samenloop_router_full"] == 0


def the_adapters_count_what_they_took():
    box.start()
    house.until(lambda: box.inbox("ncg"))
    sent, got = numbers(adapter_url("img")), numbers(adapter_url("ncg"))
    assert sent["samenloop_adapter_accepted_total"] == 1 and sent["samenloop_adapter_writable"] == 1
    assert got["samenloop_adapter_delivered_total"] > 0 and got["samenloop_adapter_connected"] == 1
    waits = sum(got[f'samenloop_adapter_inbox{{lane="{lane}"}}'] for lane in ("acute", "urgent", "ordinary"))
    assert waits == len(box.inbox("ncg"))
    house.until(lambda: sum(value for name, value in numbers(router_url()).items()
                            if name.startswith("samenloop_router_waiting")) == 0)


def only_the_page_is_there():
    for path, method, wanted in (("/", "GET", 404), ("/status", "GET", 404), ("/metrics", "POST", 405)):
        try:
            urllib.request.urlopen(urllib.request.Request(router_url().removesuffix("/metrics") + path, method=method,
                                                          data=b"x" if method == "POST" else None), timeout=10)
            raise AssertionError(f"{method} {path} was answered")
        except urllib.error.HTTPError as error:
            assert error.code == wanted, (method, path, error.code)


def no_house_is_on_a_page():
    for url in (router_url(), adapter_url("img"), adapter_url("ncg")):
        with urllib.request.urlopen(url, timeout=10) as answer:
            assert not re.search(rb"[0-9a-f]{12}|0014200000000001|X-1", answer.read())


with house.Sandbox("--participants", "img,ncg") as box:
    house.run([the_router_counts_what_waits, the_adapters_count_what_they_took, only_the_page_is_there,
               no_house_is_on_a_page])
