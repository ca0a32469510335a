"""`pytest-coreml cache` lists and removes compiled models."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_coreml.cli import main
from pytest_coreml.cli.system_cache import system_caches
from pytest_coreml.engine.cache_folder import cache_folder
from pytest_coreml.engine.compiled_models import CacheRules, CompiledModels
from pytest_coreml.engine.kept_entry import Compilation


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder of this test."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    return tmp_path


def keep(name: str, size: int, used: float) -> Path:
    """Keep a model of *size* bytes, last used at a time."""

    def compiled(target: Path) -> None:
        target.mkdir(parents=True)
        (target / "coremldata.bin").write_bytes(bytes(size))

    models = CompiledModels(cache_folder(), CacheRules("25F80"))
    path = models.use(Compilation(name, "ab" * 32, "25F80", "9.0"), compiled, lambda: None)
    for lock in models._held.values():
        os.close(lock)
    os.utime(path.parent / "in-use.lock", (used, used))
    return path


def test_the_list_has_the_least_recently_used_first(capsys: pytest.CaptureFixture[str]) -> None:
    """With size, system and version; a damaged one is named so."""
    keep("Encoder.mlpackage", 2_500_000, 2e8)
    keep("Decoder.mlpackage", 1_000_000, 1e8)
    (keep("Lost.mlpackage", 1_000_000, 3e8) / "coremldata.bin").unlink()

    assert main(["cache", "list"]) == 0

    head, _, *rows = capsys.readouterr().out.splitlines()
    assert head.endswith("compiled-models: 3 compiled models, 3.5 MB")
    assert [row.split()[-1] for row in rows] == ["Decoder.mlpackage", "Encoder.mlpackage", "damaged"]
    assert rows[1].split()[2:] == ["2.5", "25F80", "9.0", "Encoder.mlpackage"]


def test_pruning_keeps_the_most_recently_used_up_to_a_size(capsys: pytest.CaptureFixture[str]) -> None:
    """In gigabytes, ten by default; clearing keeps nothing."""
    old, new = keep("Old.mlpackage", 2_000_000, 1e8), keep("New.mlpackage", 2_000_000, 2e8)

    assert main(["cache", "prune"]) == 0
    assert old.exists()
    assert main(["cache", "prune", "--size=0.003"]) == 0
    assert (old.exists(), new.exists()) == (False, True)
    assert main(["cache", "clear"]) == 0
    assert not new.exists()
    assert capsys.readouterr().out.splitlines()[-1].endswith("0 compiled models, 0.0 MB left")


@pytest.mark.parametrize("size", ["much", "-1", "nan"])
def test_an_impossible_size_is_a_usage_error(size: str) -> None:
    """Nothing is removed."""
    kept = keep("Old.mlpackage", 10, 1e8)

    with pytest.raises(SystemExit, match="2"):
        main(["cache", "prune", f"--size={size}"])
    assert kept.exists()


def test_core_mls_cache_is_found_by_the_name_of_a_process(home: Path) -> None:
    """The space counts that its files take; the cache of another program does not count."""
    name = Path("/proc/self/exe").readlink().name
    for process, size in ((name, 1_000_000), ("Safari", 5_000_000)):
        bundles = home / "Library/Caches" / process / "com.apple.e5rt.e5bundlecache"
        (bundles / "25F80").mkdir(parents=True)
        (bundles / "25F80" / "weights").write_bytes(os.urandom(size))

    (found,) = system_caches(os.getpid())

    assert found.path == home / "Library/Caches" / name / "com.apple.e5rt.e5bundlecache"
    assert 1_000_000 <= found.size_bytes < 1_100_000


def test_a_folder_that_cannot_be_read_is_an_error_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The operating system's words, and no traceback."""
    keep("Encoder.mlpackage", 10, 1e8)

    def refuse(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)

    assert main(["cache", "clear"]) == 2
    assert capsys.readouterr().err.endswith("compiled-models: Permission denied\n")
