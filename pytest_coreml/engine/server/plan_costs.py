"""What the costs of a plan are shares of.

Core ML calls a cost the share of the whole that an operation takes, and recorded plans sum to 1
(https://developer.apple.com/documentation/coreml/mlcomputeplan-1w21n). Whether the cost of control flow holds what is
in its blocks, and whether the parts of a pipeline share one whole, is not said anywhere; the sum tells.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# Recorded plans sum to 1 with an error of about 2e-15.
_ROUNDING = 1e-6
NO_SHARES = "the costs of the plan sum to {total:.3g}, so that they are no shares of one whole"

Costs = tuple["float | None", ...]


def own_costs(costs: Sequence[float | None], parents: Sequence[int | None]) -> tuple[Costs, str | None]:
    """Give what each operation costs by itself, so that shares can be added, and why there is no such cost.

    *parents*: for each operation the index of the one whose block it stands in, None for none. Costs that sum to no
    more than 1 are taken as they are: that of control flow is without its inside. Where they sum to more, it holds its
    inside, which is taken off. If they still do, they are no shares of one whole, and are left out.
    """
    total = _sum(costs)
    if total <= 1 + _ROUNDING:
        return tuple(costs), None
    own = list(costs)
    for cost, parent in zip(costs, parents, strict=True):
        if parent is not None and cost is not None and (held := own[parent]) is not None:
            own[parent] = max(0.0, held - cost)
    if _sum(own) <= 1 + _ROUNDING:
        return tuple(own), None
    return (None,) * len(costs), NO_SHARES.format(total=total)


def _sum(costs: Sequence[float | None]) -> float:
    return sum(cost for cost in costs if cost is not None)
