"""The first half of 2021 at six hundred made-up houses: a scenario with enough in it to count.

`python3 spring.py` prints it. Chance comes from a seed, so it is the same each time.
"""
import datetime
import json
import random

OIN = {"img": "00000004164164164000", "ncg": "00000004165165165000"}
PLACES = {"0014": 210, "1979": 190, "1966": 90, "1952": 80, "1895": 24, "1969": 6}  # houses
START = datetime.datetime(2021, 2, 1, 8)
PROGRAMMES = ["koploper", "bouwimpuls", "bijzondere_situaties", "other", "none"]


class House:
    def __init__(self, spring, number, place):
        self.spring, self.number, self.place = spring, number, place
        self.bag = f"{place}20999900{number:04d}"

    def section(self, name, by):
        return {
            "location": {"bag_id": self.bag, "municipality": self.place, "street": "Teststraat", "number": str(self.number),
                         "postcode": "9999ZZ", "place": "Testdorp"},
            "dossier": {"organisation": by, "case_number": f"{by.upper()}-2021-{self.number:04d}"},
            "findings": {"found_on": "2021-02-01", "element": "wall", "kind": "crack"},
            "planning": {"date": "2021-06-01", "part_of_day": "morning"},
            "settlement": {"amount_cents": 125000, "payer": "img", "works": ["plaster"]},
            "note": {"text": "When will the works begin?"},
        }[name]

    def says(self, days, by, kind, sections="", role=None, answers=None, **attributes):
        """`by` publishes after so many days of the half year; the event's id."""
        at = (START + datetime.timedelta(days=days)).replace(microsecond=0)
        moment = at.isoformat() + "Z"
        self.spring.count += 1
        event = {"specversion": "1.0", "id": f"spring-{self.spring.count}", "source": f"urn:nld:oin:{OIN[by]}:systeem:backoffice",
                 "type": "nl.samenloop." + kind, "subject": self.bag, "time": moment, "datacontenttype": "application/json",
                 "data": {"attributes": {"occurred_at": moment, **attributes}}}
        event["data"].update({name: self.section(name, by) for name in sections.split()})
        if answers:
            event["causationid"] = answers
        line = {"at": moment, "from": by, "event": event}
        if role:
            line["role"] = role
        self.spring.lines.append((moment, self.spring.count, line))
        return event["id"]


class Spring:
    def __init__(self, seed=2021):
        self.dice, self.lines, self.count = random.Random(seed), [], 0
        houses = [place for place, count in PLACES.items() for _ in range(count)]
        for number, place in enumerate(houses, 1):
            self.live(House(self, number, place))
        self.lines.sort(key=lambda line: line[:2])

    def chance(self, of):
        return self.dice.random() < of

    def wait(self, usual):
        """Most take about as long as is usual, some much longer."""
        return usual * (0.3 + self.dice.expovariate(1.4))

    def live(self, house):
        at = self.dice.uniform(0, 105)
        if self.chance(0.45):
            house.says(at / 2, "ncg", "strengthening_status_changed", status="assessment",
                       programme=self.dice.choices(PROGRAMMES, [5, 3, 1, 2, 2])[0])
        story = self.dice.choices([self.structural, self.ordinary, self.acute, self.complex, self.scheme], [40, 34, 9, 9, 14])[0]
        story(house, at)

    def structural(self, house, at):
        known = self.chance(0.4)
        if known:
            house.says(at / 3, "ncg", "work_stock_changed", value="out", reason="answer")
        house.says(at, "img", "structural_damage_found", "location dossier findings", municipality=house.place, safety_doubt="yes",
                   acute="no", found_at="damage_survey")
        if not known and self.chance(0.85):
            house.says(at + self.wait(4), "ncg", "work_stock_changed", value=self.dice.choice(["in", "out", "out"]), reason="answer")
        if self.chance(0.8):
            house.says(at + self.wait(9), "ncg", "safety_doubt_assessed", "dossier",
                       outcome=self.dice.choice(["doubt_confirmed", "no_doubt", "needs_survey"]))
        if self.chance(0.45):
            advised = at + 8 + self.wait(10)
            house.says(advised, "ncg", "municipality_advised", "location dossier", municipality=house.place, advice="include")
            if self.chance(0.5):
                house.says(advised + 14, "ncg", "municipality_decided", "dossier", municipality=house.place,
                           decision=self.dice.choice(["included", "included", "deferred"]))
                house.says(advised + 14 + self.wait(14), "ncg", "work_stock_changed", value="in", reason="added_by_plan")

    def ordinary(self, house, at):
        house.says(at, "ncg", "non_structural_damage_found", "location dossier findings", extent="normal")
        response = self.dice.choices(["will_claim", "declined", "asks_ncg_to_report", "no_answer"], [60, 12, 10, 8])[0]
        prompted = at + self.wait(4)
        house.says(prompted, "ncg", "damage_claim_prompted", "dossier", response=response, channel="visit")
        if response == "asks_ncg_to_report":
            house.says(prompted + self.wait(3), "ncg", "damage_reported_on_behalf", "location dossier findings", extent="normal")
        if response in ("will_claim", "asks_ncg_to_report") and self.chance(0.85):
            planned = prompted + self.wait(6)
            date = (START + datetime.timedelta(days=planned + 12)).date()
            house.says(planned, "img", "damage_inspection_planned", "dossier planning", date=str(date))
            if self.chance(0.8):
                house.says(planned + 12 + self.wait(2), "img", "damage_inspection_done", "dossier", damage="yes", structural="no",
                           acute="no")

    def acute(self, house, at):
        by = self.dice.choice(["img", "img", "ncg"])
        house.says(at, by, "acute_unsafe", "location findings", municipality=house.place, certainty="reported", structural="unknown",
                   evacuated="no", reported_by="resident")
        after = self.wait(1.1)
        if self.chance(0.7):
            house.says(at + after, "img", "safety_secured", "dossier findings", outcome="measures_taken")
        else:
            house.says(at + after, "img", "acute_unsafe_dismissed", "dossier", reason="no_danger")

    def complex(self, house, at):
        house.says(at, "img", "complex_case_signalled", "dossier location", grounds=["long_running", "several_parties"])
        if self.chance(0.6):
            house.says(at + self.wait(4), "ncg", "joint_team_priority_set", role="joint_team", priority=2)
        asked = house.says(at + 2, "img", "dossier_question", "dossier note", role="contact_person", purpose="settlement",
                           needs_resident="no")
        if self.chance(0.8):
            house.says(at + 2 + self.wait(5), "ncg", "dossier_answer", "dossier note", role="contact_person", answers=asked,
                       outcome="answered")

    def scheme(self, house, at):
        asked = house.says(at, "img", "scheme_information_requested", "location dossier",
                           purpose=self.dice.choice(["value_depreciation", "value_depreciation", "immaterial_damage"]))
        if self.chance(0.8):
            house.says(at + self.wait(9), "ncg", "scheme_information", answers=asked,
                       outcome=self.dice.choice(["available", "available", "not_available"]))
        if self.chance(0.4):
            house.says(at + 3, "img", "joint_handling_proposed", "dossier location",
                       wants_joint_handling=self.dice.choice(["yes", "no", "unknown"]), causes_delay="no", proposed_by="organisation")


def lines():
    everybody = ["back_office", "contact_person", "incident_officer", "joint_team"]
    yield json.dumps({"participants": {"img": everybody, "ncg": everybody, "gm0014": ["back_office"]}})
    for _, _, line in Spring().lines:
        yield json.dumps(line)


if __name__ == "__main__":
    print("\n".join(lines()))
