"""The page of reports in a real browser: its state after loading, and the actions of a reader."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from browser import browser, faults, requests, show_as
from page_reports import mac_report, runs

from pytest_coreml.report.formats.html.html_page import write_page

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from selenium.webdriver import Chrome

    from pytest_coreml.report.document.read import Report

# A browser takes seconds to start.
pytestmark = pytest.mark.slow
DEVICES = {"cpu": "CPU", "gpu": "GPU", "neuralEngine": "Neural Engine"}


@pytest.fixture(scope="module")
def reports() -> list[Report]:
    """The reports of a week."""
    return runs(6)


@pytest.fixture(scope="module")
def address(reports: list[Report], tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page of these reports."""
    path: Path = tmp_path_factory.mktemp("page") / "page.html"
    write_page(reports, path)
    return path.as_uri()


@pytest.fixture(scope="module")
def opened() -> Iterator[Chrome]:
    """A browser for all tests of this module."""
    with browser() as chrome:
        yield chrome


@pytest.fixture
def page(opened: Chrome, address: str) -> Chrome:
    """The page, loaded again."""
    opened.get("about:blank")
    opened.get(address)
    return opened


def texts(page: Chrome, selector: str) -> list[str]:
    """Return the texts of elements, whether they are seen or not."""
    script = "return [...document.querySelectorAll(arguments[0])].map((node) => node.textContent.trim())"
    found: list[str] = page.execute_script(script, selector)
    return found


def seen(page: Chrome, selector: str) -> list[str]:
    """Return the texts of elements that take room on the page."""
    script = """return [...document.querySelectorAll(arguments[0])].filter((node) => node.getClientRects().length)
                .map((node) => node.textContent.trim())"""
    found: list[str] = page.execute_script(script, selector)
    return found


def open_all(page: Chrome, lists: str = "details.every") -> None:
    """Open every part and the *lists* of operations, and wait until they are filled."""
    page.execute_script("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
    wait_for(page, "[...document.querySelectorAll('[data-chart]')].every((box) => box.querySelector('svg'))")
    wait_for(page, "[...document.querySelectorAll('.operations')].every((box) => box.children.length)")
    page.execute_script(f"document.querySelectorAll('{lists}').forEach((part) => {{ part.open = true; }})")
    wait_for(page, f"[...document.querySelectorAll('{lists} tbody')].every((body) => body.rows.length)")


def wait_for(page: Chrome, condition: str) -> None:
    """Wait until *condition*, in the language of the page, is true."""
    from selenium.webdriver.support.ui import WebDriverWait

    WebDriverWait(page, 60).until(lambda chrome: chrome.execute_script(f"return {condition}"))


def press(page: Chrome, selector: str, key: str) -> None:
    """Focus an element, and press a key."""
    element = page.find_element("css selector", selector)
    page.execute_script("arguments[0].focus()", element)
    element.send_keys(key)


def test_nothing_is_asked_for_and_nothing_is_wrong(page: Chrome, address: str) -> None:
    """With everything open, the only request is for the page, and the console is empty."""
    requests(page)
    page.get_log("browser")
    page.refresh()
    open_all(page)

    assert set(requests(page)) <= {address}
    assert page.get_log("browser") == []


def test_numbers_are_those_of_the_report(page: Chrome, reports: list[Report]) -> None:
    """Each row has the median, the 90 % quantile, the load time and the size that the report has, to three digits."""
    cells = page.execute_script(
        "return [...document.querySelectorAll('#table tbody tr')].map((row) => [...row.cells].map((c) => c.innerText))"
    )
    entries = {(entry["id"], entry["compute_units"]): entry for entry in reports[-1].document["tests"]}
    shown = {row[0].split("\n")[0]: row for row in cells if row[1] == "all"}

    assert len(cells) == len(entries)
    for test, units in ((f"test_encoder.py::test_variants[{name}]", "all") for name in ("original", "palette-4")):
        entry = entries[test.replace("]", "-all]"), units]
        assert float(shown[test][3]) == pytest.approx(entry["predict"]["median_ms"], rel=0.005)
        assert float(shown[test][4]) == pytest.approx(entry["predict"]["p90_ms"], rel=0.005)
        assert shown[test][2] == entry["outcome"]
    entry = entries["test_encoder.py::test_encoder[all]", "all"]
    row = shown["test_encoder.py::test_encoder"]
    assert float(row[6]) == pytest.approx(sorted(entry["load"]["load_ms"])[1], rel=0.005)
    assert float(row[8]) == pytest.approx(entry["memory_mb"], rel=0.005)
    share = entry["placement"]["share"]["cost"]["neuralEngine"]
    assert f"Neural Engine {share * 100:.1f} %" in row[9]


def test_a_column_sorts_the_table_with_the_keyboard(page: Chrome) -> None:
    """Enter sorts upwards, and once more downwards; what has no number comes last both times."""
    button = "#table thead th:nth-child(4) button"
    press(page, button, "\n")
    upwards = texts(page, "#table tbody td:nth-child(4)")
    press(page, button, "\n")
    downwards = texts(page, "#table tbody td:nth-child(4)")

    numbers = [float(text) for text in upwards[:-1]]
    assert upwards[-1] == downwards[-1] == "-"
    assert numbers == sorted(numbers)
    assert len(numbers) == 8
    assert [float(text) for text in downwards[:-1]] == sorted(numbers, reverse=True)
    assert page.find_element("css selector", "#table thead th:nth-child(4)").get_attribute("aria-sort") == "descending"


def test_tests_are_filtered_by_words_verdict_and_units(page: Chrome) -> None:
    """The rows and the parts of other tests are not seen, and the count is announced."""
    page.find_element("id", "find").send_keys("variants palette")
    assert [text.partition("Encoder")[0] for text in seen(page, "#table tbody th")] == [
        "test_encoder.py::test_variants[palette-4]"
    ]
    assert len(seen(page, "details.test")) == 1
    assert texts(page, "#found") == ["1 of 9 tests"]

    page.find_element("id", "find").clear()
    page.find_element("id", "find").send_keys(" ")
    page.execute_script("document.getElementById('find').value = ''")
    choose(page, "find-units", "cpuOnly")
    assert len(seen(page, "#table tbody tr")) == 1
    choose(page, "find-units", "")
    choose(page, "find-standing", "passed")
    assert len(seen(page, "#table tbody tr")) == 4
    choose(page, "find-standing", "")
    assert len(seen(page, "#table tbody tr")) == 9
    assert texts(page, "#found") == [""]


def choose(page: Chrome, name: str, value: str) -> None:
    """Choose *value* in a list."""
    script = "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input', {bubbles: true}))"
    page.execute_script(script, page.find_element("id", name), value)


def test_a_link_opens_the_test_and_draws_its_calls(page: Chrome, reports: list[Report]) -> None:
    """Each call is a point; those that were disturbed are told apart, and the budget is a line."""
    page.find_element("css selector", "#table tbody a").click()
    wait_for(page, "document.querySelector('details.test[open] [data-chart=calls] svg') !== null")
    index = page.find_element("css selector", "details.test[open]").get_attribute("data-index")
    entry = [entry for entry in reports[-1].document["tests"] if entry["outcome"] == "failed"][int(index or 0)]

    assert len(texts(page, "details.test[open] .ct-series.call .ct-point")) == entry["predict"]["undisturbed"] == 96
    assert len(texts(page, "details.test[open] .ct-series.disturbed .ct-point")) == 4
    assert len(texts(page, "details.test[open] .ct-series.limit .ct-line")) == 1


def test_every_operation_can_be_filtered_by_device(page: Chrome, reports: list[Report]) -> None:
    """The list has as many operations on each device as the report; blocks fold, and costs sort."""
    entry = reports[-1].document["tests"][0]
    counts = Counter(op["preferred"] for op in entry["placement"]["ops"])
    open_all(page)
    part = f"details.test[data-index='{position(page, entry['id'])}'] details.every"

    for device, count in counts.items():
        script = "const s = arguments[0]; s.value = arguments[1]; s.dispatchEvent(new Event('input'))"
        page.execute_script(script, page.find_element("css selector", f"{part} select"), device)
        assert set(texts(page, f"{part} tbody tr:not(.block) td:nth-child(2)")) == {DEVICES[device]}
        assert texts(page, f"{part} output") == [f"{count} of 180 operations"]
    page.execute_script(
        "const s = arguments[0]; s.value = ''; s.dispatchEvent(new Event('input'))",
        page.find_element("css selector", f"{part} select"),
    )
    nested = sum(op["block"] != "main" for op in entry["placement"]["ops"])
    page.find_elements("css selector", f"{part} tr.block button")[1].send_keys("\n")
    assert len(texts(page, f"{part} tbody tr:not(.block)")) == 180 - nested

    page.find_element("css selector", f"{part} input[type=checkbox]").send_keys(" ")
    costs = [float(text.removesuffix(" %")) for text in texts(page, f"{part} tbody td:nth-child(4)")]
    expected = sorted((op["cost"] * 100 for op in entry["placement"]["ops"]), reverse=True)
    assert costs == pytest.approx(expected, rel=0.006, abs=5e-5)


def position(page: Chrome, test: str) -> int:
    """Return the number of the part that is about *test*."""
    ids = texts(page, "details.test .body > p.machine code")
    return ids.index(test)


def test_trends_and_variants_are_drawn(page: Chrome, reports: list[Report]) -> None:
    """A point for each report and each variant, a mark where the system changed."""
    open_all(page)

    assert len(texts(page, "details.trend[data-index='0'] .ct-point")) == len(reports)
    assert texts(page, "details.trend[data-index='0'] .mark-text") == ["system"]
    names = [text.partition(",")[0] for text in texts(page, ".variants .mark-text")]
    assert sorted(names) == ["int8", "original", "palette-4", "sparse-75"]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_no_serious_fault_of_accessibility(page: Chrome, size: str, dark: bool) -> None:
    """axe-core looks at the page with everything open: contrast, names, roles, order of headings."""
    show_as(page, size=size, dark=dark)
    try:
        # The other lists are made alike, and axe looks at every cell.
        open_all(page, "#t0 details.every")
        found = faults(page)
        too_wide = page.execute_script("const d = document.documentElement; return d.scrollWidth > d.clientWidth")
    finally:
        show_as(page, size="desktop", dark=False)

    assert found == []
    assert not too_wide


def test_the_page_is_read_without_a_script(address: str) -> None:
    """Controls that need one are hidden; verdicts, numbers and layers are shown."""
    with browser(script=False) as chrome:
        chrome.get(address)
        text = chrome.find_element("tag name", "body").text
        filters = [element.is_displayed() for element in chrome.find_elements("css selector", ".filters, .chart")]

    assert "5 failed" in text
    assert "cpuAndNeuralEngine" in text
    assert not any(filters)


def test_hostile_names_are_shown(opened: Chrome, tmp_path: Path) -> None:
    """No script of a report is run, in the page itself and in what its script makes."""
    attack = "</script><script>window.hit = 1</script><img src=x onerror='window.hit = 2'>"
    report = mac_report()
    for record in report.records:
        record.model_name = attack
        record.id = f"test_a.py::{attack}[{record.id}]"
        if record.placement is not None:
            first = record.placement.ops[0]
            object.__setattr__(first, "name", attack)
            object.__setattr__(first, "block", f"main/{attack}")
    write_page([report], tmp_path / "page.html")
    opened.get_log("browser")
    opened.get((tmp_path / "page.html").as_uri())
    open_all(opened)

    assert opened.execute_script("return window.hit ?? null") is None
    assert opened.get_log("browser") == []
    assert any(attack in text for text in texts(opened, "details.every th small"))
    found: Any = opened.execute_script("return document.querySelectorAll('img').length")
    assert found == 0
