"""Draw docs/images/gate.svg from the table in docs/gate.md: false alarms and missed slowdowns of each gate.

Run manually, with matplotlib installed: `python benchmarks/gate_chart.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import matplotlib as mpl

mpl.use("svg")

from matplotlib import pyplot as plt

DOCS = Path(__file__).resolve().parents[1] / "docs"
# Readable on a light and on a dark page, as a transparent picture.
INK = "#808080"
MARKERS = {
    "pytest-coreml": ("o", "#2f81f7", 70),
    "pytest-benchmark mean:10%": ("^", "#d29922", 40),
    "pytest-benchmark median:10%": ("s", "#a371f7", 40),
    "pytest-benchmark min:10%": ("D", "#db61a2", 40),
}


class Row(NamedTuple):
    """The results of one gate. Shares in % of trials."""

    place: str
    gate: str
    false_alarms: float
    missed: float


def rows(page: str) -> list[Row]:
    """Return the rows of the last table of *page*, which has all results."""
    lines = page.partition("## All results")[2].splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line[:2] == "| "]
    return [
        Row(f"{calls}, {machine}", gate, failed(same), 100 - failed(slower) - untold(slower))
        for calls, machine, gate, same, slower, *_ in cells[1:]
        if calls != "---"
    ]


def failed(cell: str) -> float:
    """Return the share that failed, of a cell such as `26.0 ?22.3`."""
    return float(cell.split()[0])


def untold(cell: str) -> float:
    """Return the share that was inconclusive."""
    return float(cell.split("?")[1]) if "?" in cell else 0.0


def draw(found: list[Row], path: Path) -> None:
    """Write the chart to *path*."""
    places = list(dict.fromkeys(row.place for row in found))[::-1]
    plt.rcParams.update({"text.color": INK, "axes.labelcolor": INK, "xtick.color": INK, "ytick.color": INK})
    plt.rcParams.update({"axes.edgecolor": INK, "font.size": 9, "svg.hashsalt": "gate", "svg.fonttype": "none"})
    figure, axes = plt.subplots(1, 2, sharey=True, figsize=(8.4, 4.2), layout="constrained")
    for axis, title, value in zip(
        axes, ("False alarms", "Missed slowdowns of 10 %"), ("false_alarms", "missed"), strict=True
    ):
        for gate, (marker, color, size) in MARKERS.items():
            mine = [row for row in found if row.gate == gate]
            axis.scatter(
                [getattr(row, value) for row in mine],
                [places.index(row.place) for row in mine],
                marker=marker,
                color=color,
                s=size,
                label=gate,
                alpha=0.85,
                clip_on=False,
                zorder=3,
            )
        axis.set(title=title, xlabel="% of trials", xlim=(0, 60), yticks=range(len(places)), yticklabels=places)
        axis.title.set_color(INK)
        axis.grid(axis="x", color=INK, alpha=0.25)
        axis.spines[["top", "right"]].set_visible(False)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)
    figure.savefig(path, transparent=True, metadata={"Date": None})


if __name__ == "__main__":
    draw(rows((DOCS / "gate.md").read_text("utf-8")), DOCS / "images" / "gate.svg")
