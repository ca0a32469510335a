"""Check the caches of compiled models: ours, and that of Core ML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_coreml.cli.cache import count_text
from pytest_coreml.cli.doctor_checks import Finding
from pytest_coreml.cli.output import home_relative
from pytest_coreml.cli.system_cache import system_caches
from pytest_coreml.engine.cache_folder import cache_folder
from pytest_coreml.engine.compiled_models import list_kept
from pytest_coreml.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_coreml.cli.system_cache import SystemCache

# Users reported about 1 GB for each load of a large model, and 100 GB that Core ML never removed.
_LARGE_BYTES: Final = 20e9


def check_caches(pid: int) -> Iterator[Finding]:
    """Yield the sizes of the compiled models that are kept, and of what Core ML keeps for the engine process *pid*."""
    yield _kept_models()
    found = system_caches(pid)
    if not found:
        yield Finding("cache", "ok", "no cache of Core ML for the engine's process name was found")
    yield from map(_system_cache, found)


def _kept_models() -> Finding:
    folder = cache_folder()
    try:
        kept = list_kept(folder)
    except EngineError as error:
        return Finding("compiled", "note", str(error), "compiled models are not kept between runs")
    return Finding("compiled", "ok", f"{count_text(kept)} kept in {home_relative(folder)}")


def _system_cache(cache: SystemCache) -> Finding:
    text = f"Core ML keeps {cache.size_bytes / 1e9:.1f} GB for this process name in {home_relative(cache.path)}"
    if cache.size_bytes < _LARGE_BYTES:
        return Finding("cache", "ok", text)
    return Finding(
        "cache", "note", text, "remove that folder while no test runs; each model is then compiled once more"
    )
