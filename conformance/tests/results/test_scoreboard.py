"""The scoreboard as a file, and in a browser: Chromium, where it is installed."""

from __future__ import annotations

import json
import re
import shutil
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

from plugrad_conformance import report as reports
from plugrad_conformance.records import Outcome
from plugrad_conformance.report import Report, score
from plugrad_conformance.scoreboard import badge, html
from plugrad_conformance.scoreboard.__main__ import main
from plugrad_conformance.scoreboard.page import MEANING

# -------------------------------------------------------------------------------------------------------- as a file


def test_every_outcome_has_a_meaning() -> None:
    assert list(MEANING) == list(Outcome)
    assert all((kind == "fail") != outcome.ok for outcome, (kind, _) in MEANING.items())
    assert all(
        outcome.startswith("PASS") == (kind in outcome.lower())
        for outcome, (kind, _) in MEANING.items()
        if outcome.ok and kind in ("native", "composite", "hostcopy")
    )


def test_it_asks_for_nothing_outside(report: Report) -> None:
    page = re.sub(r"<script.*?</script>", "", html(report), flags=re.DOTALL)
    assert re.findall(r"""(?:src|href)\s*=\s*["']?([^"'>\s]*)|url\(([^)]*)""", page) == [("data:,", "")]
    assert "@import" not in page


def test_it_runs_its_own_script_and_no_other(report: Report) -> None:
    page = html(report)
    (script,) = re.findall(r"<script>(.*?)</script>", page, flags=re.DOTALL)
    digest = b64encode(sha256(script.encode()).digest()).decode()
    assert f"default-src 'none'; script-src 'sha256-{digest}';" in page
    assert page.count("<script") == 2  # the data, and the script: none out of a message


def test_small_things_are_small(make: Any) -> None:
    results = [make(case=f"matmul-{n}", eps=n / 7) for n in range(20_000)]
    assert len(html(results)) - len(html([])) < 75 * len(results)  # bytes each, with a name of its own


def test_the_command(report: Report, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = [tmp_path / f"{n}.json" for n in range(3)]
    for path, subject in zip(paths, report.subjects, strict=True):
        reports.write((r for r in report if r.subject == subject), path, report.reference)
    main([*map(str, paths), "-o", str(tmp_path / "board.html"), "--badge", str(tmp_path / "badge.svg")])
    whole = reports.merge(map(reports.read, paths))
    assert (tmp_path / "board.html").read_text() == html(whole)
    assert (tmp_path / "badge.svg").read_text() == badge(report)
    with pytest.raises(SystemExit, match="2"):
        main([str(tmp_path / "badge.svg")])
    assert "badge.svg is no JSON" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        main([str(tmp_path / "missing.json")])
    assert "missing.json" in capsys.readouterr().err


def test_a_badge_alone_makes_no_page(report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    reports.write(report, "report.json")
    main(["report.json", "--badge", "badge.svg"])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["badge.svg", "report.json"]
    main(["report.json"])
    assert (tmp_path / "scoreboard.html").exists()


# ---------------------------------------------------------------------------------------------------- in a browser

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
browsing = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="chromium and chromedriver are not on PATH")
ARGUMENTS = (
    "--headless",
    "--no-sandbox",  # which root may not have
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    "--window-size=1500,950",
)


class Page:
    """The scoreboard, as somebody sees it who sits before it."""

    def __init__(self, browser: webdriver.Chrome) -> None:
        self.browser = browser

    def all(self, selector: str) -> list[Any]:
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector: str) -> Any:
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def texts(self, selector: str) -> list[str]:
        """All at once, also of what is scrolled out of sight."""
        return self.run("return [...document.querySelectorAll(arguments[0])].map((e) => e.textContent)", selector)

    def run(self, script: str, *args: Any) -> Any:
        return self.browser.execute_script(script, *args)

    def keys(self, *keys: str) -> None:
        self.browser.switch_to.active_element.send_keys(*keys)

    def wait(self, condition: Any) -> Any:
        return WebDriverWait(self.browser, 10, poll_frequency=0.02).until(lambda _: condition())

    def search(self, text: str) -> None:
        box = self.one("#query")
        box.clear()
        box.send_keys(text)
        self.wait(lambda: all(text in op for op in self.ops()))

    def choose(self, facet: str, word: str) -> None:
        """Tick a word of a filter."""
        details = self.one(f"#facets details[data-facet={facet}]")
        if not details.get_attribute("open"):
            details.find_element(By.TAG_NAME, "summary").click()
        (label,) = (e for e in details.find_elements(By.TAG_NAME, "label") if e.text.split("\n")[0] == word)
        label.click()

    def ops(self) -> list[str]:
        return self.run(
            "return [...document.querySelectorAll('#matrix tr:not(.sub) > .name[data-key]')]"
            ".map((e) => e.firstChild.textContent)"
        )

    def cell(self, said: str) -> Any:
        return self.one(f"#matrix td[aria-label^='{said}:']")

    def shown(self) -> int:
        """How many cases are left."""
        return int(self.one("#status").get_attribute("textContent").split()[0].replace(",", ""))

    def rows(self) -> list[Any]:
        return self.all("#list-rows .row")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM or ""
    for argument in (*ARGUMENTS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    browser = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
    yield browser
    browser.quit()


@pytest.fixture(scope="module")
def address(report: Report, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("board") / "scoreboard.html"
    path.write_text(html(report), encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def page(browser: webdriver.Chrome, address: str) -> Iterator[Page]:
    browser.get("about:blank")  # or a change behind the # would keep the page as the last test left it
    browser.get_log("browser")
    browser.get_log("performance")
    browser.get(address)
    yield Page(browser)
    assert browser.get_log("browser") == []  # no error, no warning, nothing refused


@browsing
def test_no_request_leaves_the_file(page: Page, address: str) -> None:
    page.one("#list").click()
    events = [json.loads(entry["message"])["message"] for entry in page.browser.get_log("performance")]
    asked = {e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"}
    assert asked - {"data:,"} == {address}


@browsing
def test_no_request_could_leave_the_file(page: Page) -> None:
    refused = page.browser.execute_async_script(
        """const done = arguments[0];
        document.addEventListener("securitypolicyviolation", (event) => done(event.blockedURI));
        new Image().src = "http://127.0.0.1:9/beacon";"""
    )
    assert refused == "http://127.0.0.1:9/beacon"
    assert [entry["level"] for entry in page.browser.get_log("browser")] == ["SEVERE"]  # which says that it was


@browsing
def test_counts_of_each_subject(page: Page, report: Report) -> None:
    for line, subject in zip(page.all(".subject[data-subject]"), report.subjects, strict=True):
        found = score(r for r in report if r.subject == subject)
        assert line.find_element(By.TAG_NAME, "h2").text == subject
        assert line.find_element(By.CSS_SELECTOR, ".score small").text == f"{found.passed:,} of {found.asked:,}"
        failed = [e.text for e in line.find_elements(By.CSS_SELECTOR, ".tally .k-fail")]
        assert failed == ([f"{found.failed} failed"] if found.failed else [])
    assert "against torch 2.13.0 (0123456789ab)" in page.one("#facts").text


@browsing
def test_a_count_shows_its_cases(page: Page, report: Report) -> None:
    page.one(".subject[data-subject='1'] .tally .k-fail").click()
    assert page.shown() == score(r for r in report if r.subject == "torch:cpu").failed


@browsing
def test_every_operation_has_a_line_and_every_subject_its_columns(page: Page, report: Report) -> None:
    assert sorted(page.ops()) == sorted({r.op for r in report})
    assert page.texts("#matrix thead tr:first-child th") == list(report.subjects)
    assert page.texts("#matrix thead tr:last-child th") == ["operation", *["value", "∂", "∂²"] * 3]


@browsing
def test_fields_say_how_and_how_far(page: Page) -> None:
    assert page.cell("log, numpy, first order").get_attribute("aria-label").endswith("72 native, worst error 999 eps")
    failed = page.cell("log, <b>mine</b>, second order")
    assert failed.text.endswith("NaN")
    assert failed.get_attribute("aria-label").endswith("1 failed, 36 native, worst error NaN eps")
    mixed = page.cell("tan, torch:cpu, first order").get_attribute("aria-label")
    assert "9 failed, 1 expected failure, 1 by host copy, 1 composite, 1 native, 1 unsupported, 1 no hardware" in mixed


@browsing
@pytest.mark.parametrize(
    "facet, words",
    [
        ("subject", ["torch:cpu"]),
        ("subject", ["numpy", "<b>mine</b>"]),
        ("family", ["leaks"]),
        ("check", ["jvp", "holds"]),
        ("outcome", ["PASS_HOSTCOPY", "CRASH"]),
        ("dtype", ["complex128"]),
        ("order", ["0", "2"]),
    ],
)
def test_filters(page: Page, report: Report, facet: str, words: list[str]) -> None:
    for word in words:
        page.choose(facet, word)
    kept = [r for r in report if str(getattr(r, facet)) in words]
    assert page.shown() == len(kept) > 0
    assert sorted(page.ops()) == sorted({r.op for r in kept})
    page.one("#clear").click()
    assert page.shown() == len(report)


@browsing
def test_filters_add_up(page: Page, report: Report) -> None:
    page.choose("subject", "numpy")
    page.choose("dtype", "float32")
    page.search("log")
    assert page.shown() == sum(r.subject == "numpy" and r.dtype == "float32" and "log" in r.op for r in report)
    assert page.texts("#matrix thead tr:first-child th") == ["numpy"]


@browsing
def test_failures_at_a_push(page: Page, report: Report) -> None:
    page.one("#failures").click()
    assert page.shown() == score(report).failed
    page.one("#failures").click()
    assert page.shown() == len(report)


@browsing
def test_search(page: Page) -> None:
    page.search("log")
    assert page.ops() == ["log", "log1p", "logsumexp"]
    page.one("#query").send_keys("zzz")
    page.wait(lambda: not page.ops())
    assert "Nothing matches" in page.one("#matrix").text


@browsing
def test_what_is_shown_is_in_the_address(page: Page, report: Report) -> None:
    page.search("log")
    page.choose("subject", "<b>mine</b>")
    Select(page.one("#sort")).select_by_value("error")
    shown, address = page.ops(), page.browser.current_url
    page.browser.get("about:blank")
    page.browser.get(address)
    assert page.ops() == shown == ["log", "log1p", "logsumexp"]
    assert page.texts("#matrix thead tr:first-child th") == ["<b>mine</b>"]
    page.browser.get(address.partition("#")[0] + "#subject=nobody&sort=colour")
    assert page.shown() == len(report)


@browsing
def test_sort_by_worst_error(page: Page) -> None:
    Select(page.one("#sort")).select_by_value("error")
    assert page.ops()[:5] == ["log", "add", "tan", "sum", "abs"]  # NaN, infinite, 1e14, 3e12, 4000
    Select(page.one("#sort")).select_by_value("failures")
    assert page.ops()[:2] == ["tan", "log"]  # nine failures; then one each, the worst error first


@browsing
def test_what_bounds_coarsely_is_nobodys_worst(browser: webdriver.Chrome, make: Any, tmp_path: Path) -> None:
    coarse = {"check": "differences", "eps": 3e6, "bound": 1e7}
    results = [make(), make(**coarse), make(op="sum", **coarse, outcome=Outcome.FAIL_ORACLE)]
    results += [make(case="none", outcome=Outcome.UNSUPPORTED, check="differences", eps=None, bound=None)]
    results += [make(op="det", eps=2e3, bound=5e3), make(op="det", case="det-small", bound=80.0)]  # one bound is wide
    (tmp_path / "board.html").write_text(html(results), encoding="utf-8")
    browser.get((tmp_path / "board.html").as_uri())
    worst = [td.text for td in Page(browser).all("#matrix tbody td")]
    assert worst == ["2000", "0.5", "3e6"]
    assert "worst error in eps, differences aside" in Page(browser).one("#legend").text


@browsing
def test_columns_by_dtype_and_lines_by_the_other(page: Page) -> None:
    page.search("matmul")
    page.one("#matrix .name[data-key]").click()
    assert page.texts("#matrix .sub .name") == ["float32", "float64", "complex128"]
    Select(page.one("#by")).select_by_value("dtype")
    assert page.texts("#matrix thead tr:last-child th") == ["operation", *["float32", "float64", "complex128"] * 3]
    assert page.texts("#matrix .sub .name") == ["value", "∂", "∂²"]
    Select(page.one("#by")).select_by_value("check")
    assert page.texts("#matrix thead tr:last-child th") == ["operation", *["value", "vjp", "jvp", "second"] * 3]
    assert page.texts("#matrix .sub .name") == ["float32", "float64", "complex128"]
    page.one("#matrix .sub td").click()
    assert len(page.rows()) == 12  # of one subject, operation, dtype and check


@browsing
def test_drill_down_to_message_and_script(page: Page, report: Report) -> None:
    (result,) = (r for r in report if r.case == "log-bad")
    page.cell("log, <b>mine</b>, second order").click()
    assert page.one("#cases-title").text == "log, <b>mine</b>, second order"
    assert page.one("#case h3").text == "log-bad"  # the failure first
    assert page.one("#case .verdict b").text.endswith("FAIL_SECOND")
    assert page.texts("#case pre") == [result.message, result.repro]
    assert "NaN eps, of 1000 that pass" in page.one("#case dl").text
    page.rows()[1].click()
    assert page.one("#case .verdict b").text.endswith("PASS_NATIVE")
    assert page.all("#case pre") == []


@browsing
def test_text_stays_text(page: Page, report: Report) -> None:
    page.one("#list").click()
    (at,) = (n for n, row in enumerate(page.rows()) if "leaks" in row.text or "window.hacked" in row.text)
    page.rows()[at].click()
    (result,) = (r for r in report if r.family == "leaks" and not r.outcome.ok)
    assert page.texts("#case pre") == [result.message]
    assert page.texts("#case h3") == [result.case]
    assert page.run("return window.hacked") is None
    assert len(page.all("script")) == 2
    assert page.all("img, b b") == []


@browsing
def test_copy(page: Page, report: Report) -> None:
    (result,) = (r for r in report if r.case == "log-bad")
    everything = {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
    page.browser.execute_cdp_cmd("Browser.grantPermissions", everything)
    page.cell("log, <b>mine</b>, second order").click()
    button = page.all("#case .copy")[1]
    button.click()
    page.wait(lambda: button.text == "Copied")
    copied = page.browser.execute_async_script("navigator.clipboard.readText().then(arguments[0])")
    assert copied == result.repro


@browsing
def test_copy_without_a_clipboard_selects(page: Page, report: Report) -> None:
    page.run("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    page.cell("log, <b>mine</b>, second order").click()
    button = page.all("#case .copy")[1]
    button.click()
    page.wait(lambda: button.text.startswith("Selected"))
    assert page.run("return String(getSelection())").startswith("print('log')")


@browsing
def test_only_rows_in_sight_are_there(page: Page, report: Report) -> None:
    page.one("#list").click()
    assert len(page.rows()) < 60 < len(report)
    page.keys(Keys.END)
    # In one script: what scrolls draws the rows anew, and an element in hand is gone.
    chosen = "const at = document.querySelector('.row[aria-selected=true]'); return [at.ariaPosInSet, at.ariaSetSize]"
    page.wait(lambda: page.run(chosen) == [str(len(report)), str(len(report))])
    assert len(page.rows()) < 60
    page.run("document.getElementById('list-box').scrollTop = 0")
    page.wait(lambda: page.all("#row-0"))


@browsing
def test_the_list_has_the_worst_first(page: Page) -> None:
    page.one("#list").click()
    assert [row.find_element(By.TAG_NAME, "b").text for row in page.rows()[:2]] == ["log-bad", "add-bad"]


@browsing
def test_keys_alone_do(page: Page) -> None:
    page.keys("/")
    assert page.run("return document.activeElement.id") == "query"
    page.keys("log1p")
    page.wait(lambda: page.ops() == ["log1p"])
    page.run("document.getElementById('scroll').scrollIntoView()")
    page.one("#list").send_keys(Keys.TAB)
    focus = "return document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent"
    assert page.run(focus) == "log1p"
    page.keys(Keys.ENTER)  # opens the line
    page.keys(Keys.ARROW_DOWN)
    assert page.run(focus) == "float32"
    page.keys(Keys.ARROW_RIGHT)
    assert page.run(focus).startswith("log1p, numpy, order 0, values: 12 native")
    page.keys(Keys.END)
    assert page.run(focus).startswith("log1p, <b>mine</b>, second order")
    page.keys(Keys.HOME, Keys.ARROW_UP, Keys.ARROW_RIGHT, Keys.ENTER)
    assert page.one("#cases-title").text == "log1p, numpy, order 0, values"
    page.keys(Keys.ARROW_DOWN)
    assert page.one("#list-box").get_attribute("aria-activedescendant") == "row-1"
    page.keys(Keys.ESCAPE)
    assert not page.one("#cases").is_displayed()
    assert page.run(focus).startswith("log1p, numpy, order 0, values")  # back where it was opened


@browsing
def test_light_and_dark(page: Page) -> None:
    def background() -> str:
        return page.run("return getComputedStyle(document.body).backgroundColor")

    def prefer(scheme: str) -> None:
        features = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", features)

    prefer("light")
    light = background()
    prefer("dark")
    dark = background()
    assert light != dark
    page.one("#theme").click()
    assert background() == light
    prefer("light")
    page.one("#theme").click()
    assert background() == dark


@browsing
def test_letters_can_be_read_on_every_step_of_the_scale(page: Page) -> None:
    ratios = """
    const light = (c) => {
      const linear = (x) => x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4;
      const [r, g, b] = c.match(/[\\d.]+/g).map((x) => linear(x / 255));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    document.documentElement.dataset.theme = arguments[0];
    return [...document.querySelectorAll("#legend .scale span, #matrix td.k-fail")].map((e) => {
      const { color, backgroundColor } = getComputedStyle(e);
      const [a, b] = [light(color), light(backgroundColor)].sort((x, y) => y - x);
      return (a + 0.05) / (b + 0.05);
    });"""
    for theme in ("light", "dark"):
        found = page.run(ratios, theme)
        assert len(found) >= 8
        assert min(found) >= 4.5  # WCAG 2, AA


@browsing
def test_an_empty_report(browser: webdriver.Chrome, tmp_path: Path) -> None:
    (tmp_path / "empty.html").write_text(html([]), encoding="utf-8")
    browser.get((tmp_path / "empty.html").as_uri())
    assert "The report has no results" in Page(browser).one("#matrix").text
    assert browser.get_log("browser") == []
