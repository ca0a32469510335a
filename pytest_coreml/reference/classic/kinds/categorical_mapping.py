"""The categorical mapping: strings to integers, or integers to strings, one or a sequence of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_coreml.reference.classic.chosen_field import chosen_field
from pytest_coreml.reference.classic.model_kinds import predicts
from pytest_coreml.reference.errors import BadInputError

if TYPE_CHECKING:
    from pytest_coreml.reference.classic.feature_values import Values
    from pytest_coreml.reference.classic.model_kinds import Compute
    from pytest_coreml.reference.options import RuntimeOptions


@predicts("categoricalMapping")
def categorical_mapping(message: Any, description: Any, _: RuntimeOptions) -> Compute:
    """Make a mapping; an unknown category becomes the default, and is an error where there is none."""
    field = chosen_field(message, "MappingType", "the categoricalMapping has no mapping")
    mapping, fallback = dict(getattr(message, field).map), message.WhichOneof("ValueOnUnknown")
    output = description.output[0].name

    def mapped(category: Any) -> Any:
        if category in mapping:
            return mapping[category]
        if fallback is None:
            raise BadInputError(f"{category!r} is not in the mapping, and the mapping has no default value")
        return getattr(message, fallback)

    def compute(values: Values) -> dict[str, Any]:
        given = values.only()
        return {output: [mapped(category) for category in given] if isinstance(given, list) else mapped(given)}

    return compute
