"""Is the model of a device report the model in the repository? A report contains operations, not weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_coreml.facts.model_spec import Feature, ModelSpec
    from pytest_coreml.facts.reported_model import ReportedModel

# The framework may add and remove these when it lists a program.
_UNCOUNTED: Final = ("cast", "identity")
# More differences are counted.
_MAX_NAMED: Final = 5


def model_differences(reported: ReportedModel, spec: ModelSpec) -> tuple[str, ...]:
    """Return what differs between the model of a report and *spec*; empty if nothing that is known differs.

    Weights may differ: they change neither operations nor, as a rule, times.
    """
    features = (*_names("inputs", reported.inputs, spec.inputs), *_names("outputs", reported.outputs, spec.outputs))
    operations = tuple(_operations(reported.operations, spec.operations))
    if len(operations) > _MAX_NAMED:
        operations = (*operations[:_MAX_NAMED], f"{len(operations) - _MAX_NAMED} more operators")
    return (*features, *operations)


def _names(what: str, reported: Sequence[str], features: Sequence[Feature]) -> Iterator[str]:
    own = [feature.name for feature in features]
    if reported and set(reported) != set(own):
        yield f"{what} {', '.join(reported)}, in the model {', '.join(own)}"


def _operations(reported: dict[str, int], own: dict[str, int]) -> Iterator[str]:
    if not reported or not own:
        return
    theirs, ours = _alike(reported), _alike(own)
    for name in sorted({**theirs, **ours}):
        if theirs.get(name, (0,))[0] != ours.get(name, (0,))[0]:
            word = (ours.get(name) or theirs[name])[1]
            yield f"{theirs.get(name, (0,))[0]} x {word}, in the model {ours.get(name, (0,))[0]}"


def _alike(operations: dict[str, int]) -> dict[str, tuple[int, str]]:
    """Return the counts by names that are spelled alike: metadata says `reduceL2Norm`, programs `reduce_l2_norm`."""
    counted = [(name, count) for name, count in operations.items() if count and name not in _UNCOUNTED]
    return {name.replace("_", "").lower(): (count, name) for name, count in counted}
