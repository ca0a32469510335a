"""A headless browser, and the packages of npm that look at pages in it. `.ci/browser` installs both."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selenium.webdriver import Chrome

MODULES = Path(__file__).resolve().parents[2] / ".venv-browser" / "node_modules"
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}


def node_file(name: str) -> Path:
    """Return a file of a package of npm; skip the test where it is not installed, and fail it in CI."""
    path = MODULES / name
    if not path.exists():
        _miss(f"{name} of npm is not installed")
    return path


@contextmanager
def browser(*, size: str = "desktop", dark: bool = False, script: bool = True) -> Iterator[Chrome]:
    """Open a browser; skip the test where there is none, and fail it in CI."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    driver = shutil.which("chromedriver")
    if program is None or driver is None:
        _miss("Chromium and chromedriver are not installed")
    try:
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service
    except ImportError:
        _miss("selenium is not installed")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"):
        options.add_argument(word)
    if not script:
        options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    opened = webdriver.Chrome(options=options, service=Service(driver))
    try:
        show_as(opened, size=size, dark=dark)
        yield opened
    finally:
        opened.quit()


def show_as(opened: Chrome, *, size: str, dark: bool) -> None:
    """Let pages have the size of a desktop window or a phone, in light or dark."""
    width, height = SIZES[size]
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": size == "phone"}
    opened.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
    opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def requests(opened: Chrome) -> list[str]:
    """Return the addresses that pages have asked for since the last call."""
    messages = [json.loads(entry["message"])["message"] for entry in opened.get_log("performance")]
    return [each["params"]["request"]["url"] for each in messages if each["method"] == "Network.requestWillBeSent"]


def faults(opened: Chrome) -> list[dict[str, Any]]:
    """Return the serious faults of accessibility that axe-core finds on the page, with the elements that have them."""
    opened.set_script_timeout(120)
    opened.execute_script(node_file("axe-core/axe.min.js").read_text("utf-8"))
    done = "const done = arguments[arguments.length - 1]; axe.run({resultTypes: ['violations']}).then(done);"
    found = opened.execute_async_script(done)["violations"]
    return [
        {"id": each["id"], "places": [node["html"][:200] for node in each["nodes"][:3]]}
        for each in found
        if each["impact"] in ("serious", "critical")
    ]


def _miss(what: str) -> Any:
    text = f"{what}; .ci/browser installs it"
    if os.environ.get("PYTEST_COREML_BROWSER") == "required":
        pytest.fail(text)
    pytest.skip(text)
