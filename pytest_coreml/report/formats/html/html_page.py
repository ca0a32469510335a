"""Reports as one HTML file."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

import jinja2
from markupsafe import Markup, escape

from pytest_coreml.escaping import html, printable
from pytest_coreml.report.document.write import PAGE, write_text
from pytest_coreml.report.formats.html.packed_data import pack, packed_calls
from pytest_coreml.report.formats.html.page_view import page_view
from pytest_coreml.report.text.numbers import number
from pytest_coreml.report.text.standings import STANDINGS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pytest_coreml.facts.timeline import Timeline
    from pytest_coreml.report.document.read import Report
    from pytest_coreml.report.formats.html.page_view import PageView

# Of a page of 100 tests with 2,000 operations each.
MAX_BYTES: Final = 1_500_000
# However long the rest is, the operations of the first tests fit.
_MIN_PACKED: Final = 200_000
_PACKED: Final = "@packed@"
# Each uses names of those before it.
_SCRIPTS: Final = ("elements.js", "table.js", "charts.js", "operations.js", "page.js")
_SOURCE_MAP: Final = re.compile(r"^//# sourceMappingURL=.*$", re.MULTILINE)


def write_page(reports: Sequence[Report], path: Path, timelines: Sequence[Timeline] = ()) -> None:
    """Write the page that `render` makes to *path*; raise `ReportError` if it cannot be written."""
    write_text(render(reports, timelines), path, PAGE)


def render(reports: Sequence[Report], timelines: Sequence[Timeline] = ()) -> str:
    """Return the page of *reports*, at least one, with the lanes of recorded *timelines*."""
    view = page_view(reports, timelines)
    script = _script()
    page = _template().render(
        page=view,
        words=STANDINGS,
        number=number,
        style=Markup(_asset("page.css")),
        script=Markup(script),
        policy=_policy(script),
        packed=_PACKED,
    )
    room = max(_MIN_PACKED, MAX_BYTES - len(page.encode()))
    # Names on the page may contain the word too, and stand before it.
    before, _, after = page.rpartition(_PACKED)
    return f"{before}{_packed(view, room)}{after}"


def _packed(view: PageView, max_chars: int) -> str:
    calls = [
        packed_calls(record.predict, test.limits, test.baseline_ms) if record.predict is not None else None
        for record, test in zip(view.records, view.tests, strict=True)
    ]
    variants = [[(printable(name), *numbers) for name, *numbers in each.points] for each in view.variants]
    drawn = {"trends": [trend.packed() for trend in view.trends], "variants": variants}
    return pack(calls, [record.placement for record in view.records], drawn, max_chars)


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_escaped,
        loader=jinja2.FunctionLoader(_asset),
    )
    return environment.get_template("page.html.jinja")


def _escaped(value: Any) -> Any:
    """Escape every text that the template inserts, control characters too; `Markup` is ours."""
    if type(value) is not str:
        return value
    return escape(value) if value.isprintable() else Markup(html(value))


def _asset(name: str) -> str:
    return (files("pytest_coreml.report.formats.html") / name).read_text(encoding="utf-8")


def _script() -> str:
    # A map that is not there would be asked for by the tools of a browser.
    charts = _SOURCE_MAP.sub("", _asset("chartist/index.umd.js"))
    ours = "\n".join(map(_asset, _SCRIPTS))
    license_line = "/* Chartist, MIT license, https://github.com/chartist-js/chartist */"
    # In a function: the names of our files are not global.
    return f'{license_line}\n{charts}\n(() => {{\n"use strict";\n{ours}}})();\n'


def _policy(script: str) -> str:
    """Return a content security policy: no request, and no script but this one."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
