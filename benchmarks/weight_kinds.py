"""The kinds of compressed weights, with which every `constexpr_*` operation of iOS 16 and iOS 18 comes up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@dataclass(frozen=True)
class Kind:
    """A way to compress: for which target, and by what."""

    target: str
    make: Callable[[Any, Any], Any]


def compress(package: Path, kind: str) -> Any:
    """Compress the weights of a saved package."""
    import coremltools as ct
    from coremltools.optimize import coreml as cto

    return KINDS[kind].make(cto, ct.models.MLModel(str(package), skip_model_load=True))


def _tables(cto: Any, model: Any, nbits: int = 4, *, joint: bool = False, **settings: Any) -> Any:
    config = cto.OpPalettizerConfig(mode="uniform", nbits=nbits, **settings)
    return cto.palettize_weights(model, cto.OptimizationConfig(global_config=config), joint_compression=joint)


def _scales(cto: Any, model: Any, *, joint: bool = False, **settings: Any) -> Any:
    config = cto.OpLinearQuantizerConfig(mode="linear_symmetric", **settings)
    return cto.linear_quantize_weights(model, cto.OptimizationConfig(global_config=config), joint_compression=joint)


def _sparse(cto: Any, model: Any) -> Any:
    config = cto.OpMagnitudePrunerConfig(target_sparsity=0.5)
    return cto.prune_weights(model, cto.OptimizationConfig(global_config=config))


KINDS: dict[str, Kind] = {
    "ios16-8-bit": Kind("iOS16", _scales),
    "ios16-4-bit-table": Kind("iOS16", _tables),
    "ios16-sparse": Kind("iOS16", _sparse),
    "8-bit": Kind("iOS18", _scales),
    "4-bit-blocks": Kind("iOS18", lambda cto, m: _scales(cto, m, dtype="int4", granularity="per_block", block_size=16)),
    "8-bit-table": Kind("iOS18", lambda cto, model: _tables(cto, model, 8)),
    "4-bit-tables": Kind(
        "iOS18", lambda cto, model: _tables(cto, model, granularity="per_grouped_channel", group_size=8)
    ),
    "4-bit-table-of-8-bit": Kind(
        "iOS18", lambda cto, model: _scales(cto, _tables(cto, model), joint=True, granularity="per_tensor")
    ),
    "sparse": Kind("iOS18", _sparse),
    "sparse-4-bit-table": Kind("iOS18", lambda cto, model: _tables(cto, _sparse(cto, model), joint=True)),
    "sparse-8-bit": Kind("iOS18", lambda cto, model: _scales(cto, _sparse(cto, model), joint=True)),
}
