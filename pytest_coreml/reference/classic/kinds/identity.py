"""The identity: inputs unchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_coreml.reference.classic.model_kinds import predicts
from pytest_coreml.reference.errors import BadModelError

if TYPE_CHECKING:
    from pytest_coreml.reference.classic.feature_values import Values
    from pytest_coreml.reference.classic.model_kinds import Compute
    from pytest_coreml.reference.options import RuntimeOptions


@predicts("identity")
def identity(_: Any, description: Any, __: RuntimeOptions) -> Compute:
    """Make an identity; an output is the input of its name, else the one at its position."""
    inputs = [feature.name for feature in description.input]
    outputs = [feature.name for feature in description.output]
    if len(outputs) > len(inputs):
        raise BadModelError(f"the identity has {len(inputs)} inputs and {len(outputs)} outputs")
    sources = {name: name if name in inputs else inputs[position] for position, name in enumerate(outputs)}

    def compute(values: Values) -> dict[str, Any]:
        return {name: values.given[source] for name, source in sources.items() if source in values.given}

    return compute
