"""The planned placement as people know it from Xcode's performance report: how much is on which device, and with `-v`
where each operation runs, could run, and cannot."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from pytest_coreml.escaping import printable
from pytest_coreml.facts.compute_units import DEVICE_NAMES, DEVICES
from pytest_coreml.report.text.causes import reason_text
from pytest_coreml.report.text.layout import filled, left_out, plain_table, rendered, wrapped
from pytest_coreml.report.text.numbers import percent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_coreml.facts.compute_units import Device
    from pytest_coreml.facts.placement import Operation, Placement
    from pytest_coreml.verdict.record import Record

# More rows of one model take seconds to lay out, and belong into a file.
MAX_OPERATIONS: Final = 500
_FIGURES: Final = ("operations", "share", "cost")
# The columns of a narrower one would leave no room for the names of models.
_MIN_TABLE: Final = 64
_RUNS, _COULD, _CANNOT = "◆", "◇", "·"
_LEGEND = f"{_RUNS} planned here   {_COULD} could run here   {_CANNOT} cannot, or is not permitted to"


def placement_lines(records: Sequence[Record], width: int, verbose: bool = False) -> Iterator[str]:
    """Return the shares of the devices for every model and compute units, and if *verbose* a row an operation.

    Nothing for records whose plan was not read; a plan of Core ML that says nothing is named with its reason.
    """
    plans = {_title(record): plan for record in records if (plan := _shown_plan(record)) is not None}
    planned = {title: plan for title, plan in plans.items() if not plan.unknown}
    unknown = {title: plan for title, plan in plans.items() if plan.unknown and not _judged_unknown(records, plan)}
    if planned:
        yield from _shares(planned, width)
    for title, plan in planned.items():
        if plan.cost_reason is not None:
            yield from wrapped(f"no cost of {title}: {plan.cost_reason}", "", width)
    for title, plan in unknown.items():
        yield from wrapped(f"planned placement of {title}: unknown, {plan.why_unknown or ''}", "", width)
    if planned or unknown:
        yield ""
    if planned and verbose:
        yield _LEGEND
        for title, plan in planned.items():
            yield ""
            yield from _operations(title, plan, width)


def _shown_plan(record: Record) -> Placement | None:
    """Return the plan of *record*; None where the reference runtime, which has none, only lists layers."""
    plan = record.placement
    return None if plan is not None and plan.unknown and record.runtime == "reference" else plan


def _title(record: Record) -> str:
    variant = f":{record.configuration}" if record.configuration is not None else ""
    return printable(f"{record.model_name}{variant} on {record.compute_units}")


def _judged_unknown(records: Sequence[Record], plan: Placement) -> bool:
    """Return True if a check that could not be judged already gives the reason."""
    reason = plan.why_unknown or ""
    return any(reason in (reason_text(check.reason) or "") for record in records for check in record.checks)


def _shares(plans: dict[str, Placement], width: int) -> Iterator[str]:
    return _table_of_shares(plans, width) if width >= _MIN_TABLE else _list_of_shares(plans, width)


def _list_of_shares(plans: dict[str, Placement], width: int) -> Iterator[str]:
    yield "planned placement"
    for title, plan in plans.items():
        yield from wrapped(title, "  ", width)
        for device, *figures in _device_rows(plan):
            named = [f"{name} {figure}" for name, figure in zip(_FIGURES, figures, strict=True)]
            yield from filled([device, *named], "    ", width)


def _table_of_shares(plans: dict[str, Placement], width: int) -> Iterator[str]:
    table = plain_table()
    table.add_column("planned placement", overflow="fold", ratio=1)
    table.add_column("device", width=14)
    for heading in _FIGURES:
        table.add_column(heading, justify="right", width=10)
    for title, plan in plans.items():
        for index, cells in enumerate(_device_rows(plan)):
            table.add_row("" if index else title, *cells)
    yield from rendered(table, width)


def _device_rows(plan: Placement) -> Iterator[tuple[str, ...]]:
    for device in sorted(plan.shares("ops"), key=lambda device: -plan.share(device, "ops")):
        cost = percent(plan.share(device, "cost")) if plan.has_cost else "-"
        yield DEVICE_NAMES[device], str(len(plan.on(device))), percent(plan.share(device, "ops")), cost
    if plan.undetermined:
        yield "not known", str(len(plan.undetermined)), "-", "-"


def _operations(title: str, plan: Placement, width: int) -> Iterator[str]:
    counted = [op for op in plan.ops if op.counts]
    yield title
    table = plain_table()
    table.add_column("#", justify="right", width=len(str(len(counted))))
    table.add_column("operation", overflow="fold", ratio=3)
    table.add_column("type", overflow="fold", ratio=2)
    table.add_column("cost", justify="right", width=8)
    for heading in ("CPU", "GPU", "NE"):
        table.add_column(heading, justify="center", width=3)
    for number, op in islice(enumerate(counted, 1), MAX_OPERATIONS):
        table.add_row(str(number), *_operation_row(op))
    yield from rendered(table, width)
    if len(counted) > MAX_OPERATIONS:
        yield left_out(len(counted) - MAX_OPERATIONS, "more operations")
    yield ""


def _operation_row(op: Operation) -> tuple[str, ...]:
    nested = op.block.partition("/")[2]
    name = f"{op.name} in {nested}" if nested else op.name
    kind = f"{op.operator} on {op.unknown_device}" if op.unknown_device else op.operator
    cost = percent(op.cost) if op.cost is not None else "-"
    return printable(name), printable(kind), cost, *(_mark(op, device) for device in DEVICES)


def _mark(op: Operation, device: Device) -> str:
    if op.preferred == device:
        return _RUNS
    return _COULD if device in op.supported else _CANNOT
