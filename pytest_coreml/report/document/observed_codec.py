"""Observed devices as JSON values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_coreml.facts.observed import Counter, DeviceObserved, Observed
from pytest_coreml.report.document.dataclass_codec import DataclassCodec, ValueCodec
from pytest_coreml.report.document.reason_codec import decode_reason
from pytest_coreml.report.text.causes import reason_text

if TYPE_CHECKING:
    from pytest_coreml.report.document.dataclass_codec import Json

_PLAIN: Final[dict[str, ValueCodec | None]] = dict.fromkeys(
    ("str", "bool", "float", "float | None", "int | None", "Device", "Evidence", "Scope", "Scope | None", "Status")
)
_COUNTER: Final = DataclassCodec(Counter, _PLAIN, derived=lambda counter: {"moved": counter.moved})
_DEVICE: Final = DataclassCodec(
    DeviceObserved,
    {**_PLAIN, "Reason | str | None": ValueCodec(reason_text, None)},
    derived=lambda found: {"cause": found.cause and found.cause.value},
)
_OBSERVED: Final = DataclassCodec(
    Observed,
    {
        **_PLAIN,
        "tuple[str, ...]": ValueCodec(list, tuple),
        "tuple[Counter, ...]": ValueCodec(
            lambda counters: list(map(_COUNTER.encode, counters)), lambda entries: tuple(map(_COUNTER.decode, entries))
        ),
        "tuple[DeviceObserved, ...]": ValueCodec(
            lambda devices: list(map(_DEVICE.encode, devices)), lambda entries: tuple(map(_decode_device, entries))
        ),
    },
)
encode_observed, decode_observed = _OBSERVED.encode, _OBSERVED.decode


def _decode_device(entry: Json) -> DeviceObserved:
    return _DEVICE.decode(entry, reason=decode_reason(entry))
