"""Build a compressed variant of a model with coremltools' own functions, in an engine that does nothing else."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_coreml.engine.server.coremltools_import import unbar_imports
from pytest_coreml.engine.server.open_model import open_model
from pytest_coreml.engine.server.specification import describe
from pytest_coreml.errors import ModelError, UnfitVariantError, first_line
from pytest_coreml.facts.presets import CompressionStep, parse_preset
from pytest_coreml.facts.suffixes import COMPILED_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_coreml.facts.model_spec import ModelSpec
    from pytest_coreml.facts.presets import Preset


def build_variant(path: str, name: str, destination: str, report: Callable[[str], None]) -> None:
    """Save the variant *name* of the model at *path* at *destination*; *report* gets the name of each step.

    Raises `UnfitVariantError` for a preset that the model cannot have, and `ModelError` if coremltools cannot build it.
    """
    preset, before = parse_preset(name), describe(path)
    _check_fits(preset, before)
    unbar_imports()
    logging.getLogger("coremltools").setLevel(logging.ERROR)
    # Core ML, and the protobuf of old coremltools, may end the process in the middle of writing.
    unfinished = Path(destination).with_name(f"unfinished-{Path(destination).name}")
    try:
        _apply(path, preset, before, report).save(str(unfinished))
        _check_changed(name, before, describe(str(unfinished)))
        unfinished.rename(destination)
    except (ModelError, MemoryError):
        raise
    except Exception as error:
        raise ModelError(f"{before.file_name}: the variant {name} cannot be built: {first_line(error)}") from error
    finally:
        _remove(unfinished)


def _check_fits(preset: Preset, spec: ModelSpec) -> None:
    """Raise `UnfitVariantError`, which names the deployment target, if a model like *spec* cannot have *preset*."""
    subject = f"{spec.file_name}: no variant {preset.name}"
    if spec.file_name.endswith(COMPILED_SUFFIX):
        raise UnfitVariantError(f"{subject}: a compiled model cannot be changed; name the package it was compiled from")
    if spec.type.startswith("neuralNetwork"):
        if any(step not in _NETWORK_STEPS for step in preset.steps) or len(preset.steps) > 1:
            names = "float16, int8, uint8, int4, uint4 and palettes"
            raise UnfitVariantError(f"{subject}: neural networks take {names}; convert the model to an ML Program")
        return
    if spec.type != "mlProgram":
        raise UnfitVariantError(
            f"{subject}: presets are for ML Programs and neural networks, and this is a {spec.type}"
        )
    if any(step.kind == "half" for step in preset.steps):
        raise UnfitVariantError(f"{subject}: it is for neural networks; convert with ct.precision.FLOAT16")
    version, system = preset.needs or (0, "")
    if spec.specification_version < version:
        target = f"iOS {spec.deployment_target['iOS']}" if spec.deployment_target else "an unknown system"
        raise UnfitVariantError(
            f"{subject}: it needs the deployment target {system}, and the model is for {target}; convert it with "
            f"minimum_deployment_target=ct.target.{system.replace(' ', '')}"
        )


_NETWORK_STEPS = frozenset(
    (
        CompressionStep("half"),
        *(CompressionStep("linear", bits, signed=signed) for bits in (4, 8) for signed in (True, False)),
        *(CompressionStep("palette", bits) for bits in range(1, 9)),
    )
)


def _apply(path: str, preset: Preset, spec: ModelSpec, report: Callable[[str], None]) -> Any:
    model = open_model(path)
    done: list[CompressionStep] = []
    for word, step in zip(preset.name.split("+"), preset.steps, strict=True):
        report(f"building {word} of")
        if spec.type != "mlProgram":
            model = _quantized_network(model, step)
        elif step.kind == "half interface":
            model = _half_interface(model)
        else:
            model = _compressed(model, step, before=done)
            done.append(step)
    return model


def _compressed(model: Any, step: CompressionStep, before: Sequence[CompressionStep]) -> Any:
    import coremltools.optimize.coreml as cto

    call: Any
    config: Any
    if step.kind == "linear":
        call, config = cto.linear_quantize_weights, cto.OpLinearQuantizerConfig(**_linear(step, before))
    elif step.kind == "palette":
        grouped = {"granularity": "per_grouped_channel", "group_size": step.group} if step.group else {}
        call, config = cto.palettize_weights, cto.OpPalettizerConfig(mode="kmeans", nbits=step.bits, **grouped)
    elif step.zeros_of is not None:
        call, config = cto.prune_weights, cto.OpMagnitudePrunerConfig(n_m_ratio=step.zeros_of)
    else:
        call, config = cto.prune_weights, cto.OpMagnitudePrunerConfig(target_sparsity=step.share)
    options = {"joint_compression": True} if before else {}
    return call(model, cto.OptimizationConfig(global_config=config), **options)


def _linear(step: CompressionStep, before: Sequence[CompressionStep]) -> dict[str, Any]:
    mode = "linear_symmetric" if step.signed else "linear"
    dtype = f"{'' if step.signed else 'u'}int{step.bits}"
    if step.block is not None:
        return {"mode": mode, "dtype": dtype, "granularity": "per_block", "block_size": step.block}
    # What is quantized behind a palette is the palette, which has no channels.
    each = "per_tensor" if any(done.kind == "palette" for done in before) else "per_channel"
    return {"mode": mode, "dtype": dtype, "granularity": each}


def _half_interface(model: Any) -> Any:
    """Return *model* with half-precision arrays in the place of single-precision ones, under the same names."""
    import coremltools as ct
    from coremltools.proto.FeatureTypes_pb2 import ArrayFeatureType

    half, single = ArrayFeatureType.FLOAT16, ArrayFeatureType.FLOAT32
    names = [output.name for output in model.get_spec().description.output]
    changed = ct.utils.change_input_output_tensor_type(model, single, half, input_names=["*"], output_names=["*"])
    spec = changed.get_spec()
    for output, name in zip(list(spec.description.output), names, strict=True):
        # coremltools names an output that it changes after the cast.
        if output.name != name:
            ct.utils.rename_feature(spec, output.name, name)
    return ct.models.MLModel(spec, weights_dir=changed.weights_dir, skip_model_load=True)


def _quantized_network(model: Any, step: CompressionStep) -> Any:
    from coremltools.models.neural_network import quantization_utils

    if step.kind == "palette":
        # As the mode `kmeans`, whose table has a shape that newer versions of protobuf refuse.
        return quantization_utils.quantize_weights(model, step.bits, "custom_lut", lut_function=_lookup_table)
    # Of fewer bits coremltools makes unsymmetric ones only.
    symmetric = step.kind == "linear" and step.signed and step.bits == 8
    mode = "linear_symmetric" if symmetric else "linear"
    return quantization_utils.quantize_weights(model, step.bits, mode)


def _lookup_table(bits: int, weights: Any) -> tuple[Any, Any]:
    from coremltools.models.neural_network import quantization_utils

    table, indices = quantization_utils._get_kmeans_lookup_table_and_weight(bits, weights)
    return table.reshape(-1), indices


def _check_changed(name: str, before: ModelSpec, after: ModelSpec) -> None:
    """Raise `ModelError` for a variant that is its original: a comparison of the two would say nothing."""
    if _weighed(before) == _weighed(after) and before.boundary == after.boundary:
        raise ModelError(
            f"{before.file_name}: the variant {name} changes nothing; coremltools leaves alone weights of fewer than "
            "2048 elements, and those whose shape the preset does not fit: build such a variant with a callable"
        )


def _weighed(spec: ModelSpec) -> tuple[object, ...]:
    return spec.precision, spec.operations


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
