"""What a user can choose about the reference runtime."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Precision = Literal["fast", "strict"]


@dataclass(frozen=True)
class RuntimeOptions:
    """How models are executed.

    One thread by default: then a figure does not depend on how many cores a machine has, nor on what else runs on them,
    and two runs can be compared.

    `precision` says what becomes of half-precision values: *fast* computes them in single precision, which is what the
    hardware at hand does well, and for timing; *strict* rounds to half precision after each operation, for judging
    outputs.
    """

    threads: int = 1
    precision: Precision = "fast"
