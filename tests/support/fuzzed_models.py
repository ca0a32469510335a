"""Small models for fuzzing; together they contain every structure that a damaged file could misstate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import coremltools as ct
import numpy as np
from coremltools.converters.mil import Builder as mb  # noqa: N813 - the name that everybody uses
from coremltools.converters.mil.mil import types
from coremltools.optimize import coreml as optimize
from interfaces import convert, identity

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WEIGHT = np.random.default_rng(0).standard_normal((32, 64)).astype(np.float32)
UNCHANGED = {"pass_pipeline": ct.PassPipeline.EMPTY, "skip_model_load": True}


def branch() -> Any:
    """Build weights, a branch, and operations that take shapes and axes."""

    def body(x: Any) -> Any:
        h = mb.linear(x=x, weight=WEIGHT)
        h = mb.cond(
            pred=mb.greater(x=mb.reduce_sum(x=h, axes=[0, 1]), y=0.0),
            _true_fn=lambda: mb.relu(x=h),
            _false_fn=lambda: mb.mul(x=h, y=2.0),
        )
        parts = mb.split(x=mb.reshape(x=h, shape=[4, 8]), num_splits=2, axis=1)
        return mb.transpose(x=mb.concat(values=parts, axis=0), perm=[1, 0], name="y")

    return convert(body, (1, 64), "FLOAT16", **UNCHANGED)


def loop() -> Any:
    """Build a loop that fills a list, and a recurrent layer over what it gathered."""
    lstm = {"weight_ih": WEIGHT[:, :4], "weight_hh": WEIGHT[:, 4:12], "bias": WEIGHT[:, 0]}
    zeros = np.zeros((1, 8), np.float32)

    def body(x: Any) -> Any:
        gathered = mb.make_list(init_length=3, elem_shape=(1, 4), dtype="fp32")
        _, gathered = mb.while_loop(
            _cond=lambda i, _: mb.less(x=i, y=3),
            _body=lambda i, items: (
                mb.add(x=i, y=1),
                mb.list_write(ls=items, index=i, value=mb.mul(x=x, y=mb.cast(x=i, dtype="fp32"))),
            ),
            loop_vars=(0, gathered),
        )
        frames = mb.list_gather(ls=gathered, indices=[0, 1, 2])
        return mb.lstm(x=frames, initial_h=zeros, initial_c=zeros, **lstm)[0]

    return convert(body, (1, 4), **UNCHANGED)


def stateful() -> Any:
    """Build a sum of all inputs so far."""
    half = {"shape": (1, 4), "dtype": types.fp16}

    @mb.program(input_specs=[mb.TensorSpec(**half), mb.StateTensorSpec(**half)], opset_version=ct.target.iOS18)
    def program(x: Any, memory: Any) -> Any:
        total = mb.add(x=mb.read_state(input=memory), y=x)
        return mb.identity(x=mb.coreml_update_state(state=memory, value=total), name="y")

    return ct.convert(program, convert_to="mlprogram", minimum_deployment_target=ct.target.iOS18, skip_model_load=True)


def _compressed(shrink: Callable[[Any, Any], Any], config: Any) -> Any:
    plain = convert(
        lambda x: mb.linear(x=x, weight=WEIGHT, name="y"),
        (1, 64),
        minimum_deployment_target=ct.target.iOS18,
        skip_model_load=True,
    )
    return shrink(plain, optimize.OptimizationConfig(global_config=config))


def palettized() -> Any:
    """Build 4-bit weights by a look-up table."""
    config = optimize.OpPalettizerConfig(mode="uniform", nbits=4, weight_threshold=0)
    return _compressed(optimize.palettize_weights, config)


def quantized() -> Any:
    """Build 4-bit weights with a scale for each block."""
    config = optimize.OpLinearQuantizerConfig(
        mode="linear", dtype="int4", granularity="per_block", block_size=32, weight_threshold=0
    )
    return _compressed(optimize.linear_quantize_weights, config)


def pruned() -> Any:
    """Build sparse weights."""
    return _compressed(optimize.prune_weights, optimize.OpMagnitudePrunerConfig(0.5, weight_threshold=0))


def classifier() -> Any:
    """Build a classifier of images."""
    return convert(
        lambda x: mb.softmax(x=mb.reduce_mean(x=x, axes=[2, 3]), axis=-1, name="y"),
        (1, 3, 4, 4),
        inputs=[ct.ImageType(name="x", shape=(1, 3, 4, 4), scale=1 / 255)],
        classifier_config=ct.ClassifierConfig(["red", "green", "blue"]),
        skip_model_load=True,
    )


def pipeline() -> Any:
    """Build two models, one after the other."""
    first = convert(identity, (1, 4), skip_model_load=True)
    second = convert(lambda y: mb.add(x=y, y=1.0, name="z"), (1, 4), argument="y", skip_model_load=True)
    return ct.utils.make_pipeline(first, second)


BUILDERS = (branch, loop, stateful, palettized, quantized, pruned, classifier, pipeline)


def save_fuzzed_models(folder: Path) -> list[Path]:
    """Save all of them in *folder* and return their paths."""
    paths = [folder / f"{build.__name__}.mlpackage" for build in BUILDERS]
    for build, path in zip(BUILDERS, paths, strict=True):
        build().save(str(path))
    return paths
