"""The JSON report and JUnit's XML: what is written is what is read, and what is no report is refused."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from dataclasses import fields, replace
from importlib.resources import files
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import jsonschema
import pytest

from plugrad_conformance.records import Outcome, Result
from plugrad_conformance.report import SCHEMA, Report, ReportError, Score, junit, merge, read, score, write

SCHEME = json.loads((files("plugrad_conformance") / "report.schema.json").read_text())


def told(results: Any) -> list[str]:
    """Comparable, though NaN is not itself."""
    return [repr(r) for r in results]


@pytest.fixture
def written(report: Report, tmp_path: Path) -> dict[str, Any]:
    write(report, tmp_path / "report.json")
    return json.loads((tmp_path / "report.json").read_text(), parse_constant=pytest.fail)


def test_what_is_written_is_read(report: Report, tmp_path: Path) -> None:
    write(report, tmp_path / "report.json")
    again = read(tmp_path / "report.json")
    assert told(again) == told(report)
    assert (again.reference, again.kit, again.plugrad) == (report.reference, report.kit, report.plugrad)
    assert again.subjects == {"numpy": {"numpy": "2.4.6"}, "torch:cpu": {"torch": "2.13.0"}, "<b>mine</b>": {}}


def test_a_report_fits_its_schema(written: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEME)
    jsonschema.validate(written, SCHEME)


def test_the_schema_knows_every_field_and_outcome() -> None:
    result = SCHEME["$defs"]["result"]
    assert set(result["properties"]) == set(result["required"]) == {f.name for f in fields(Result)} - {"versions"}
    assert result["properties"]["outcome"]["enum"] == list(Outcome)
    assert SCHEME["properties"]["schema"]["const"] == SCHEMA


@pytest.mark.parametrize(
    "change, said",
    [
        (lambda r: r.update(schema=2), "expected a report of schema 1, found 2"),
        (lambda r: r.pop("reference"), "'reference' is missing"),
        (lambda r: r["subjects"][0].pop("versions"), "'versions' is missing"),
        (lambda r: r["results"][3].pop("seconds"), r"results\[3\] lacks, or has and should not: seconds"),
        (lambda r: r["results"][3].update(colour="red"), r"results\[3\] lacks, or has and should not: colour"),
        (lambda r: r["results"][3].update(outcome="FINE"), r"results\[3\]: 'FINE' .* one of PASS_NATIVE"),
        (lambda r: r["results"][3].update(op=7), r"results\[3\]: op is 7, which is no text"),
        (lambda r: r["results"][3].update(eps="much"), r"results\[3\]: eps is 'much'"),
    ],
)
def test_what_is_no_report_is_refused(written: dict[str, Any], tmp_path: Path, change: Any, said: str) -> None:
    change(written)
    (tmp_path / "wrong.json").write_text(json.dumps(written))
    with pytest.raises(ReportError, match=f"wrong.json: {said}"):
        read(tmp_path / "wrong.json")
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(written, SCHEME)


def test_a_result_of_nobody_is_refused(written: dict[str, Any], tmp_path: Path) -> None:
    written["results"][0]["subject"] = "somebody"
    (tmp_path / "wrong.json").write_text(json.dumps(written))
    with pytest.raises(ReportError, match=r"results\[0\]: 'somebody' is none of the subjects"):
        read(tmp_path / "wrong.json")


@pytest.mark.parametrize("text", ["{", "[1]", "3", "", "\xff"])
def test_what_is_no_json_object_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "wrong.json").write_text(text, encoding="latin-1")
    with pytest.raises(ReportError, match=r"wrong.json"):
        read(tmp_path / "wrong.json")


def test_what_cannot_be_written_leaves_the_file(make: Any, tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text("before")
    with pytest.raises(ValueError, match="JSON compliant"):
        write([make(seconds=math.nan)], tmp_path / "report.json")
    assert (tmp_path / "report.json").read_text() == "before"


def test_an_empty_report(tmp_path: Path) -> None:
    write([], tmp_path / "report.json")
    assert read(tmp_path / "report.json").results == ()


def test_reports_of_several_subjects_merge(report: Report) -> None:
    parts = [replace(report, results=tuple(r for r in report if r.subject == s)) for s in report.subjects]
    assert Counter(told(merge(parts))) == Counter(told(report))


def test_a_case_that_is_there_twice_is_the_later_one(make: Any) -> None:
    first, again = make(outcome=Outcome.FAIL_VJP), make()
    other = make(check="jvp")
    assert merge([Report((first, other)), Report((again,))]).results == (again, other)


def test_a_subject_that_died_before_it_told_its_versions_merges(make: Any) -> None:
    dead = replace(make(case="dead", outcome=Outcome.CRASH), versions={})
    for pair in ([dead], [make()]), ([make()], [dead]):
        assert merge([Report(tuple(one)) for one in pair]).subjects == {"numpy": {"numpy": "2.4.6"}}


def test_numbers_that_cannot_stand_side_by_side_do_not_merge(make: Any) -> None:
    new = replace(make(), versions={"numpy": "9"})
    with pytest.raises(ReportError, match=r"versions of numpy: {'numpy': '2.4.6'} and {'numpy': '9'}"):
        merge([Report((make(),)), Report((new,))])
    with pytest.raises(ReportError, match=r"reference: .*'2.13.0'.* and .*'2.14.0'"):
        merge([Report((), {"torch": "2.13.0"}), Report((), {"torch": "2.14.0"})])
    with pytest.raises(ReportError, match="differ in kit: '1' and '2'"):
        merge([Report((), kit="1"), Report((), kit="2")])
    with pytest.raises(ReportError, match="there is none"):
        merge([])


def test_score(make: Any) -> None:
    everything = [make(outcome=outcome) for outcome in Outcome]
    assert score(everything) == Score(passed=3, asked=len(Outcome) - 1, failed=9)
    assert score([]) == Score(0, 0, 0)


# ------------------------------------------------------------------------------------------------------------ JUnit


@pytest.fixture
def suites(report: Report, tmp_path: Path) -> Xml.Element:
    junit(report, tmp_path / "junit.xml")
    return Xml.parse(tmp_path / "junit.xml").getroot()


def test_junit_has_every_case_once(report: Report, suites: Xml.Element) -> None:
    names = [(c.get("classname"), c.get("name")) for c in suites.iter("testcase")]
    assert len(names) == len(set(names)) == len(report)
    assert ("numpy.gradients.log1p", "log1p-3-float32-vjp") in names
    assert [s.get("name") for s in suites][:2] == ["<b>mine</b>.gradients", "<b>mine</b>.leaks"]


def test_junit_counts_what_it_holds(suites: Xml.Element) -> None:
    for suite in (suites, *suites):
        cases = list(suite.iter("testcase"))
        assert int(suite.get("tests", "")) == len(cases) > 0
        counted = {"failures": "failure", "errors": "error"} | ({} if suite is suites else {"skipped": "skipped"})
        assert set(suite.attrib) == {"name", "tests", "time", *counted}  # all that Jenkins' junit-10.xsd allows there
        for attribute, tag in counted.items():
            assert int(suite.get(attribute, "")) == len(list(suite.iter(tag)))
        assert re.fullmatch(r"\d+\.\d{3}", suite.get("time", ""))
        assert float(suite.get("time", "")) == pytest.approx(sum(float(c.get("time", "")) for c in cases), abs=1e-3)


def test_junit_says_what_became_of_a_case(suites: Xml.Element) -> None:
    found = {c.get("name"): {child.tag: child.get("message") for child in c} for c in suites.iter("testcase")}
    expected = {outcome: "failure" for outcome in Outcome if outcome.startswith("FAIL")}
    expected |= {Outcome.STALE: "failure", Outcome.CRASH: "error", Outcome.TIMEOUT: "error"}
    expected |= dict.fromkeys((Outcome.UNSUPPORTED, Outcome.XFAIL, Outcome.SKIP_NO_HARDWARE), "skipped")
    for outcome in Outcome:
        tags = {expected[outcome]: f"{outcome}: it is {outcome}"} if outcome in expected else {}
        assert found[f"tan-{outcome.lower()}-vjp"] == tags


def test_junit_keeps_messages_and_scripts(report: Report, suites: Xml.Element) -> None:
    (result,) = (r for r in report if r.case == "log-bad")
    (failure,) = (c[0] for c in suites.iter("testcase") if c.get("name") == "log-bad-second")
    assert failure.get("message") == "FAIL_SECOND: log is wrong"
    assert failure.text == f"{result.message}\n\n{result.repro}".replace("\x1b", r"\x1b")


def test_junit_tells_versions(suites: Xml.Element) -> None:
    (torch,) = (s for s in suites if s.get("name") == "torch:cpu.gradients")
    assert [(p.get("name"), p.get("value")) for p in torch.iter("property")] == [("torch", "2.13.0")]
