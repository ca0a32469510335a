"""Compiled models that are kept between runs."""

from __future__ import annotations

import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from typing import TYPE_CHECKING

import pytest

from pytest_coreml.engine.compiled_models import CacheRules, CompiledModels, list_kept, prune
from pytest_coreml.engine.kept_entry import Compilation, Entry
from pytest_coreml.errors import EngineError, ModelError

if TYPE_CHECKING:
    from pathlib import Path

RULES = CacheRules("25F80")
ENCODER = Compilation("Encoder.mlpackage", "ab" * 32, "25F80", "9.0")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "compiled-models"


def compiling(target: Path, size: int = 10) -> None:
    """Do what a compiler does: make the folder above, and a file in the compiled model."""
    target.mkdir(parents=True)
    (target / "coremldata.bin").write_bytes(bytes(size))


def never(target: Path) -> None:
    """Fail if it is called."""
    raise AssertionError(f"compiled {target}")


def quiet() -> None:
    """Do nothing."""


def use(folder: Path, what: Compilation = ENCODER, size: int = 10) -> Path:
    """Use a model as a process that ends at once."""
    models = CompiledModels(folder, RULES)
    path = models.use(what, lambda target: compiling(target, size), quiet)
    for lock in models._held.values():
        os.close(lock)
    return path


def version(number: int) -> Compilation:
    return Compilation("Encoder.mlpackage", f"{number:064x}", "25F80", "9.0")


def test_a_second_run_gets_the_same_files(folder: Path) -> None:
    """The compiled model keeps the model's name, and its files are not copied; another file in it does not matter."""
    path = use(folder)
    inode = (path / "coremldata.bin").stat().st_ino

    (path / ".DS_Store").touch()
    again = CompiledModels(folder, RULES).use(ENCODER, never, quiet)

    assert again == path
    assert path.name == "Encoder.mlmodelc"
    assert (again / "coremldata.bin").stat().st_ino == inode


@pytest.mark.parametrize(
    "other",
    [
        Compilation("Encoder.mlpackage", "cd" * 32, "25F80", "9.0"),
        Compilation("Encoder.mlpackage", "ab" * 32, "25G12", "9.0"),
        Compilation("Encoder.mlpackage", "ab" * 32, "25F80", "9.1"),
    ],
)
def test_another_model_system_or_coremltools_is_compiled(folder: Path, other: Compilation) -> None:
    """Each of them may compile to something else."""
    assert use(folder, other) != use(folder, ENCODER)
    assert len(list_kept(folder)) == 2


@pytest.mark.parametrize("damage", ["cut off", "lost file", "no facts", "no lock", "nonsense", "other model"])
def test_a_damaged_entry_is_compiled_again(folder: Path, damage: str) -> None:
    """Nothing is loaded from files that are not all there, as after a power failure."""
    path = use(folder)
    data, facts = path / "coremldata.bin", path.parent / "entry.json"
    if damage == "cut off":
        data.write_bytes(b"")
    elif damage == "lost file":
        data.unlink()
    elif damage == "no facts":
        facts.unlink()
    elif damage == "no lock":
        (path.parent / "in-use.lock").unlink()
    elif damage == "nonsense":
        facts.write_text("[1, 2", encoding="utf-8")
    else:
        facts.write_text(json.dumps({**json.loads(facts.read_text()), "sha256": "cd" * 32}), encoding="utf-8")

    assert (use(folder) / "coremldata.bin").stat().st_size == 10
    assert [kept.compilation for kept in list_kept(folder)] == [ENCODER]


def test_what_a_killed_process_has_left_is_compiled_again(folder: Path) -> None:
    """The folder in which it was compiling is not taken for an entry."""
    use(folder, version(1))
    left = folder / f"building-{ENCODER.key}" / "Encoder.mlmodelc"
    compiling(left, size=3)

    assert (use(folder) / "coremldata.bin").stat().st_size == 10
    assert not left.parent.exists()


def test_a_failed_compilation_leaves_nothing(folder: Path) -> None:
    """The error is the compiler's own."""

    def fail(target: Path) -> None:
        compiling(target)
        raise ModelError("Encoder.mlpackage: cannot be compiled")

    with pytest.raises(ModelError, match="cannot be compiled"):
        CompiledModels(folder, RULES).use(ENCODER, fail, quiet)
    assert list_kept(folder) == []
    assert not list(folder.glob("building-*"))


def test_a_full_disk_is_an_error_that_names_the_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is left that a later run could take for an entry."""

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Entry, "write_facts", fail)

    with pytest.raises(EngineError, match=r"compiled-models: No space left on device"):
        use(folder)
    assert list_kept(folder) == []
    assert not list(folder.glob("building-*"))


@pytest.mark.parametrize("what", ["a file", "a folder with other files", "a link"])
def test_a_folder_that_is_not_ours_is_neither_used_nor_pruned(folder: Path, tmp_path: Path, what: str) -> None:
    """Existing files stay."""
    folder.parent.mkdir()
    if what == "a file":
        folder.write_text("mine")
    elif what == "a link":
        (tmp_path / "elsewhere").mkdir()
        folder.symlink_to(tmp_path / "elsewhere")
    else:
        (folder / ENCODER.key / "Encoder.mlmodelc").mkdir(parents=True)
    before = sorted(tmp_path.rglob("*"))

    with pytest.raises(EngineError):
        use(folder)
    with pytest.raises(EngineError, match="is not a folder of pytest-coreml"):
        prune(folder, 0)
    assert sorted(tmp_path.rglob("*")) == before


def test_no_folder_is_an_empty_cache(folder: Path) -> None:
    """Looking at it does not make it."""
    assert list_kept(folder) == prune(folder, 0) == []
    assert not folder.exists()


def test_pruning_removes_those_that_were_not_used_for_the_longest_time(folder: Path) -> None:
    """The size counts, and using an entry makes it new."""
    paths = [use(folder, version(number), size=1000) for number in range(3)]
    for age, path in enumerate(paths):
        os.utime(path.parent / "in-use.lock", (time.time() - 100 + age,) * 2)
    use(folder, version(0))

    removed = prune(folder, max_bytes=3000)

    assert [kept.compilation for kept in removed] == [version(1)]
    assert [kept.compilation for kept in list_kept(folder)] == [version(2), version(0)]


def test_a_new_entry_makes_room_for_itself(folder: Path) -> None:
    """The limit of the run is kept after each compilation."""
    models = CompiledModels(folder, CacheRules("25F80", max_bytes=3000))
    use(folder, version(1), size=1000)
    use(folder, version(2), size=1000)
    os.utime(folder / version(2).key / "in-use.lock", (1, 1))

    models.use(version(3), lambda target: compiling(target, 1500), quiet)

    assert [kept.compilation for kept in list_kept(folder)] == [version(1), version(3)]


def test_an_entry_in_use_is_not_removed(folder: Path) -> None:
    """Until the process that uses it has ended."""
    models = CompiledModels(folder, RULES)
    path = models.use(ENCODER, compiling, quiet)

    assert prune(folder, 0) == []
    assert path.exists()

    os.close(models._held[ENCODER.key])
    assert [kept.compilation for kept in prune(folder, 0)] == [ENCODER]
    assert not path.parent.exists()


def test_a_file_of_somebody_else_in_an_entry_stays(folder: Path) -> None:
    """The entry's own files are removed around it."""
    path = use(folder)
    mine = path.parent / "notes.txt"
    mine.write_text("mine")

    prune(folder, 0)

    assert mine.read_text() == "mine"
    assert not path.exists()


def slowly(target: Path) -> None:
    """Compile so long that others come in between, and count it."""
    time.sleep(0.3)
    compiling(target)
    with (target.parents[2] / "compilations").open("a") as stream:
        stream.write("x")


def use_slowly(folder: Path) -> str:
    return str(CompiledModels(folder, RULES).use(ENCODER, slowly, quiet))


def test_processes_at_the_same_time_compile_once(folder: Path) -> None:
    """The others wait for the first, and get its files."""
    context = get_context("spawn")
    with context.Pool(3) as pool:
        paths = pool.map(use_slowly, [folder] * 3)

    assert len(set(paths)) == 1
    assert (folder.parent / "compilations").read_text() == "x"


def test_a_process_does_not_wait_for_another_for_ever(folder: Path) -> None:
    """It gives up at the limit."""
    rules = CacheRules("25F80", max_wait=0.2)
    use(folder, version(1))
    with ThreadPoolExecutor(1) as other, CompiledModels(folder, rules)._storing(ENCODER.key, quiet):
        asked = other.submit(CompiledModels(folder, rules).use, ENCODER, never, quiet)
        with pytest.raises(EngineError, match=r"another process compiles the model since 0\.2 s"):
            asked.result()
