"""The boundary of a model in words: what crosses it, what is converted there, and what would remove the conversion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_coreml.escaping import printable
from pytest_coreml.report.text.layout import wrapped
from pytest_coreml.report.text.numbers import number

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_coreml.facts.model_boundary import Boundary, Conversion, Crossing, HandedCache, Remedy

_WIDTH: Final = 80
_MAX_NAMED: Final = 5
_WORDS: Final = {"mul": "scaled", "add": "biased", "transpose": "transposed"}


def boundary_lines(boundary: Boundary) -> Iterator[str]:
    """Return a line of what crosses in one call, one for each input and output, and what would remove conversions."""
    if not boundary.crossings:
        return
    into, out = (bytes_text(sum(each.size_bytes or 0 for each in side)) for side in (boundary.inputs, boundary.outputs))
    unsized = f", without {_names(boundary.unsized)}" if boundary.unsized else ""
    yield from wrapped(f"  boundary    {into} in, {out} out in each call{unsized}", "", _WIDTH)
    for word, side in (("in ", boundary.inputs), ("out", boundary.outputs)):
        for crossing in side:
            text = crossing_text(crossing, is_output=side is boundary.outputs)
            yield from wrapped(printable(f"{word} {crossing.name}: {text}"), "    ", _WIDTH)
    for text in advice(boundary):
        yield from wrapped(text, "    ", _WIDTH)
    if boundary.why_unknown is not None:
        yield from wrapped(f"conversions inside: {boundary.why_unknown}", "    ", _WIDTH)


def advice(boundary: Boundary) -> Iterator[str]:
    """Return a sentence for each declaration that would remove conversions, and one about caches."""
    groups: dict[tuple[Remedy, str], tuple[list[str], list[str]]] = {}
    for side, crossings in enumerate((boundary.inputs, boundary.outputs)):
        for crossing in crossings:
            if crossing.remedy is not None:
                groups.setdefault((crossing.remedy, crossing.declared), ([], []))[side].append(crossing.name)
    for (remedy, declared), (inputs, outputs) in groups.items():
        yield f"{_names([*inputs, *outputs])}: {remedy_text(remedy, declared, inputs, outputs)}"
    if boundary.caches:
        yield caches_text(boundary.caches)


def remedy_text(remedy: Remedy, declared: str, inputs: Sequence[str] = (), outputs: Sequence[str] = ()) -> str:
    """Return the sentence about what removes the conversions of these *inputs* and *outputs*, *declared* so."""
    if remedy.declare is None:
        if declared in ("RGB", "BGR", "grayscale"):
            return "the 8-bit pixels of an image are always converted"
        return f"no other type than {declared} is there for it; the conversion stays"
    system = f" and the deployment target {remedy.target}" if remedy.target else ""
    if remedy.declare == "grayscaleFloat16":
        return f"convert with ct.ImageType(color_layout=ct.colorlayout.GRAYSCALE_FLOAT16){system}"
    if declared == "float64":
        return "declare float32: ct.utils.convert_double_to_float_multiarray_type(spec)"
    text = f"declare {remedy.declare}: convert with ct.TensorType(dtype=np.{remedy.declare}){system}"
    if {declared, remedy.declare} == {"float16", "float32"}:
        text += f", or change this model: {_change(declared, remedy.declare, inputs, outputs)}"
    return text


def crossing_text(crossing: Crossing, *, is_output: bool) -> str:
    """Return type, conversions and bytes of an input or output."""
    size = bytes_text(crossing.size_bytes) if crossing.size_bytes is not None else "unknown size"
    done = "".join(f", {_conversion(found)}" for found in crossing.conversions)
    direction = f" from {crossing.computed}" if crossing.conversions and is_output else ""
    return f"{crossing.declared}{direction}{done}; {size}"


def casts_text(crossings: Sequence[Crossing]) -> str:
    """Name the changes of type of *crossings*."""
    return ", ".join(f"{each.name} ({_casts(each)})" for each in crossings[:_MAX_NAMED]) + _more(len(crossings))


def casts_remedy(crossings: Sequence[Crossing]) -> str:
    """Return what would remove the casts of *crossings*."""
    types = dict.fromkeys(
        f"{each.remedy.declare}{f' ({each.remedy.target})' if each.remedy.target else ''}"
        for each in crossings
        if each.remedy is not None and each.remedy.declare is not None
    )
    return f"declare {' or '.join(types)} instead; pytest-coreml inspect prints the call that changes it"


def caches_text(caches: Sequence[HandedCache]) -> str:
    """Return the sentence about inputs that the model hands back updated."""
    pairs = ", ".join(f"{cache.input} -> {cache.output}" for cache in caches[:_MAX_NAMED])
    known = [cache.size_bytes for cache in caches if cache.size_bytes is not None]
    size = f", {bytes_text(sum(known))} in each call" if len(known) == len(caches) else ""
    return (
        f"passed in and returned updated: {pairs}{_more(len(caches))}{size}; states keep them inside "
        "(ct.StateType, deployment target iOS 18)"
    )


def bytes_text(size: float) -> str:
    """Return a number of bytes with its unit."""
    for unit, one in (("MB", 1e6), ("kB", 1e3)):
        if size >= one:
            return f"{number(size / one)} {unit}"
    return f"{number(size)} {'byte' if size == 1 else 'bytes'}"


def _conversion(found: Conversion) -> str:
    times = f" {found.count} times" if found.count > 1 else ""
    if found.operator == "cast":
        return f"cast to {found.after}{times}"
    if found.operator == "convert":
        return f"converted by Core ML to {found.after}{times}"
    return f"{_WORDS.get(found.operator, found.operator)}{times}"


def _casts(crossing: Crossing) -> str:
    changes = [found for found in crossing.conversions if found.operator in ("cast", "convert")]
    return f"{changes[0].before} to {changes[-1].after}" if changes else ""


def _change(before: str, after: str, inputs: Sequence[str], outputs: Sequence[str]) -> str:
    lists = [", ".join(f'"{name}"' for name in names) for names in (inputs, outputs)]
    kinds = f"ArrayFeatureType.{before.upper()}, ArrayFeatureType.{after.upper()}"
    chosen = f"input_names=[{lists[0]}], output_names=[{lists[1]}]"
    return f"ct.utils.change_input_output_tensor_type(model, {kinds}, {chosen})"


def _names(names: Sequence[str]) -> str:
    return ", ".join(names[:_MAX_NAMED]) + _more(len(names))


def _more(count: int) -> str:
    return f" and {count - _MAX_NAMED} more" if count > _MAX_NAMED else ""
