"""A result that was measured elsewhere, as plain data: what every importer returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from pytest_coreml.facts.clocks import Clock
    from pytest_coreml.facts.compute_units import ComputeUnits, Device
    from pytest_coreml.facts.measurement import LoadTimes, Measurement
    from pytest_coreml.facts.placement import Placement
    from pytest_coreml.facts.reported_model import ReportedModel


@dataclass(frozen=True)
class MeasuringDevice:
    """The device that measured, without its identifiers, and without the name that its owner gave it."""

    product: str | None
    """The marketing name, such as `iPad Air 11-inch (M2)`; None if unknown."""
    system: str
    """The operating system, such as `iPadOS`."""
    version: str | None
    """Its version, such as `18.7.8`; None if unknown."""
    build: str | None = None
    """Its build, such as `22H352`; None if unknown."""
    devices: tuple[Device, ...] = ()
    """The compute devices that it offers; empty if unknown."""
    coremltools: str | None = None
    """The version of coremltools that measured; None for another tool."""


@dataclass(frozen=True)
class DeviceResult:
    """The measurements of one model on one device under one setting of compute units."""

    measured_by: Clock
    device: MeasuringDevice
    model: ReportedModel
    compute_units: ComputeUnits
    function: str | None = None
    """The function of the model; None for the default one, and if unknown."""
    case: str | None = None
    """The test that measured, of XCTest; None for other tools."""
    measured: datetime | None = None
    """The time of the measurement; None if unknown."""
    load: LoadTimes | None = None
    predict: Measurement | None = None
    placement: Placement | None = None
    """The planned placement; None if the report has no plan."""
    notes: tuple[str, ...] = ()
    """Remarks on what was read."""


@dataclass(frozen=True)
class Stated:
    """The user's statements about results, for facts that files do not contain."""

    model: str | None = None
    """The file name of the model, of a file that does not name it."""
    compute_units: ComputeUnits | None = None
    """The compute units, of a file that does not name them."""
    metric: str | None = None
    """A part of the name of the metric to import, of XCTest; None for its clock."""
