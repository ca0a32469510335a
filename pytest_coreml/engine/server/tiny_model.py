"""A tiny model, to check that models can be executed at all."""

from __future__ import annotations

from typing import Any


def save_tiny_model(path: str) -> None:
    """Save an ML Program of y = relu(x), x of shape (1, 4), as a package at *path*."""
    import coremltools
    from coremltools.converters.mil import Builder

    @Builder.program(input_specs=[Builder.TensorSpec(shape=(1, 4))], opset_version=coremltools.target.iOS16)  # type: ignore[untyped-decorator]  # coremltools has no types
    def program(x: Any) -> Any:
        return Builder.relu(x=x, name="y")

    model = coremltools.convert(
        program,
        convert_to="mlprogram",
        minimum_deployment_target=coremltools.target.iOS16,
        skip_model_load=True,
    )
    model.save(path)
