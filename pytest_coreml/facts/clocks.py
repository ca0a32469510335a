"""The clocks that measure: times of different clocks are never compared."""

from __future__ import annotations

from typing import Final, Literal

# This package, Xcode's performance report, a performance test of XCTest, coremltools' benchmark of a connected device.
Clock = Literal["pytest-coreml", "xcode", "xctest", "coremltools-remote"]

OWN_CLOCK: Final[Clock] = "pytest-coreml"
CLOCK_NAMES: Final[dict[Clock, str]] = {
    "pytest-coreml": "pytest-coreml",
    "xcode": "Xcode",
    "xctest": "XCTest",
    "coremltools-remote": "coremltools on the device",
}
