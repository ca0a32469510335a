"""Kinds of machines: times of two runs are comparable if they were made on the same kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Each is a place in a report's machine, and the word for it.
_PLACES: Final[tuple[tuple[tuple[str, ...], str], ...]] = (
    (("chip",), "chip"),
    # What another clock measured is not comparable, whatever the machine.
    (("measured_by",), "clock"),
    (("product",), "product"),
    # The same chip is cooled better in another Mac.
    (("model_identifier",), "model"),
    (("cores", "total"), "cores"),
    (("virtual",), "virtual machine"),
    (("rosetta",), "Rosetta"),
    (("low_power_mode",), "low-power mode"),
    (("os", "name"), "operating system"),
    (("os", "build"), "OS build"),
    (("runtime", "name"), "runtime"),
    (("runtime", "version"), "runtime version"),
    # Rounding after each operation takes time.
    (("runtime", "precision"), "precision"),
    # Each has a clock of its own around a prediction, and its own arrays.
    (("runtime", "api"), "API"),
    (("threads",), "threads"),
)


# What an update of the system changes.
_SYSTEM: Final = ("OS build", "runtime version")


def machine_differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Name what makes times of the two machines incomparable, as `OS build 25F80, now 25G12`; empty when nothing."""
    # Most machines of a comparison are one and the same.
    if one == other:
        return []
    before, now = _facts(one), _facts(other)
    return [f"{word} {before[word]}, now {now[word]}" for word in before if before[word] != now[word]]


def machine_kind(machine: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the facts that two machines share if their times can be compared."""
    return tuple(_facts(machine).values())


def hardware_kind(machine: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the facts of `machine_kind` that an update of the system leaves as they are."""
    return tuple(value for word, value in _facts(machine).items() if word not in _SYSTEM)


def tell_apart(machines: Sequence[Mapping[str, Any]]) -> list[str]:
    """Name each of *machines*, all of different kinds, by the first facts that tell them from each other."""
    facts = [_facts(machine) for machine in machines]
    words: list[str] = []
    names = [""] * len(machines)
    for word in facts[0] if facts else ():
        if len(set(names)) < len(names) and len({fact[word] for fact in facts}) > 1:
            words.append(word)
            names = [", ".join(f"{word} {fact[word]}" for word in words) for fact in facts]
    return names


def _facts(machine: Mapping[str, Any]) -> dict[str, Any]:
    facts = {word: value_at(machine, place) for place, word in _PLACES}
    gpus = [device for device in machine.get("devices") or () if device["device"] == "gpu"]
    # Chips of one name differ in the number of them.
    return {**facts, "GPU cores": gpus[0].get("cores") if gpus else None}


def value_at(machine: Mapping[str, Any], place: tuple[str, ...]) -> Any:
    """Return the value at *place* in a report's machine; None if a step of the way is missing."""
    value: Any = machine
    for step in place:
        value = value.get(step) if value is not None else None
    return value
