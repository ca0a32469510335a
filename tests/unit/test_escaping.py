"""Foreign text can be read wherever it goes, and does nothing there."""

from __future__ import annotations

import csv
import io
import re
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest
from markdown_it import MarkdownIt

from pytest_coreml import escaping

# An escape sequence that colors, one that sets a title, a bell, a workflow command, a text that reads backwards.
HOSTILE = "\x1b[31mred\x1b]0;title\x07\n::error::made up\r\u202eback\u2028line\x85"
PLACES = ("printable", "safe_lines", "markdown", "html", "csv_cell")


@pytest.mark.parametrize("place", PLACES)
def test_no_control_character_gets_anywhere(place: str) -> None:
    """Neither those of ASCII nor those of Unicode, which turn the direction of text or end a line."""
    shown = getattr(escaping, place)(HOSTILE)

    assert set(filter(lambda char: not char.isprintable(), shown)) <= {"\n"}
    assert "red" in shown
    assert "made up" in shown


@pytest.mark.parametrize("place", PLACES)
def test_names_in_any_language_are_kept(place: str) -> None:
    """Only what does harm is escaped."""
    assert getattr(escaping, place)("größer 学 модель") == "größer 学 модель"


@pytest.mark.parametrize("text", ["::error::x", "  \t::warning file=a::x", "a ##[error]x", "##[add-mask]x"])
def test_no_line_is_a_workflow_command(text: str) -> None:
    """The runner takes `::name` at the beginning of a line, and `##[name]` anywhere in it (its ActionCommand.cs)."""
    shown = escaping.safe_lines(f"first\n{text}")

    assert not any(line.lstrip().startswith("::") or "##[" in line for line in shown.splitlines())


def test_the_runner_reads_one_command_with_its_message() -> None:
    """Any message stays one line, and the properties are those that were given."""
    line = escaping.command("error", HOSTILE, file="a,b:c.py", line=3, title="50 %", col=None)
    head, message = re.fullmatch(r"::error (.*?)::(.*)", line).groups()

    assert head == "file=a%2Cb%3Ac.py,line=3,title=50 %25"
    assert message.isprintable()


@pytest.mark.parametrize("text", ["<b>*a*</b> & `c`", "[x](http://a.b) ![i](j)", "| a | b |", "# h", "- [ ] t"])
def test_markdown_shows_the_text_literally(text: str) -> None:
    """A renderer returns what went in, as text of one paragraph."""
    rendered = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(escaping.markdown(text))
    paragraph = ET.fromstring(rendered)

    assert (paragraph.tag, list(paragraph)) == ("p", [])
    assert (paragraph.text or "").replace("\u200b", "") == text


@pytest.mark.parametrize("text", ["@team", "#12", "owner/repo#12", "https://a.example", "www.a.example"])
def test_markdown_makes_no_mention_and_no_link(text: str) -> None:
    """GitHub would find these in rendered text too: a zero-width space stands within each."""
    rendered = MarkdownIt("commonmark").render(escaping.markdown(text))

    assert not re.search(r"@\w|#\d|://|www\.", rendered)


def test_html_shows_the_text_literally() -> None:
    """In an element and in an attribute."""
    text = "<script>\"a\" & 'b'</script>"
    found: list[tuple[str, object]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attrs):
            found.append((tag, attrs))

        def handle_data(self, data):
            found.append(("data", data))

    for quote in "\"'":
        found.clear()
        Reader().feed(f"<p title={quote}{escaping.html(text)}{quote}>{escaping.html(text)}</p>")
        assert found[0] == ("p", [("title", text)])
        assert "".join(str(data) for kind, data in found if kind == "data") == text


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "＝1"])  # noqa: RUF001
def test_a_cell_is_not_a_formula(text: str) -> None:
    """An apostrophe is what spreadsheets read as: this is text."""
    stream = io.StringIO()
    csv.writer(stream).writerow([escaping.csv_cell(text)])
    ((cell,),) = csv.reader(io.StringIO(stream.getvalue()))

    assert cell.startswith(("'", "\\t"))
    assert escaping.csv_cell("a=b") == "a=b"
