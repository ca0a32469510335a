"""Import coremltools in the engine over the chosen native module, quietly and without needless packages."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import logging
import platform
import sys
from typing import TYPE_CHECKING

from pytest_coreml.errors import EngineError
from pytest_coreml.reference.binding.install import NATIVE_MODULE, has_native_module, put_in_place
from pytest_coreml.reference.options import RuntimeOptions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_coreml.facts.runtime import Runtime
    from pytest_coreml.reference.options import Precision

# coremltools imports these for its converters if they are installed. An engine converts nothing, and torch alone costs
# seconds. A None in sys.modules makes an import fail as if the package were not installed.
_NOT_NEEDED = (
    "executorch",
    "libsvm",
    "sklearn",
    "tensorflow",
    "torch",
    "torchao",
    "torchaudio",
    "torchvision",
    "transformers",
    "xgboost",
)


def import_coremltools(
    runtime: str, precision: Precision, threads: int = 1, *, has_converters: bool = False
) -> Runtime:
    """Import coremltools over Apple's module or the reference binding; *runtime* is `auto`, `coreml` or `reference`.

    *precision* and *threads* are those of the reference runtime. *has_converters*: with the packages that only its
    converters need.
    Raises `EngineError` when Core ML is requested and its native module is missing; on a Mac, `auto` requests it.
    """
    if importlib.util.find_spec("coremltools") is None:
        raise EngineError(f"coremltools is not installed for {sys.executable}; install it: pip install coremltools")
    native = has_native_module()
    # A Mac with an incomplete coremltools would otherwise measure the reference runtime unasked.
    if not native and (runtime == "coreml" or (runtime == "auto" and sys.platform == "darwin")):
        raise EngineError(_no_binding_text(runtime))
    chosen: Runtime = "coreml" if native and runtime != "reference" else "reference"
    for name in _NOT_NEEDED if not has_converters else ():
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # None is how an import is barred
    with quiet_logger():
        if chosen == "reference":
            _install_reference(precision, threads)
        importlib.import_module("coremltools")
    if chosen == "coreml":
        _check_native_module()
    return chosen


def unbar_imports() -> None:
    """Let packages be imported that an engine does without: k-means of palettes needs scikit-learn."""
    for name in _NOT_NEEDED:
        if sys.modules.get(name, ...) is None:
            del sys.modules[name]


def _check_native_module() -> None:
    # coremltools ignores a native module that cannot be imported, such as one for another processor.
    try:
        importlib.import_module(NATIVE_MODULE)
    except ImportError as error:
        raise EngineError(
            f"{NATIVE_MODULE} is installed but cannot be imported: {error}; "
            f"install coremltools for this Python ({sys.executable}, {platform.machine()}) again"
        ) from error


@contextlib.contextmanager
def quiet_logger() -> Iterator[None]:
    """Silence coremltools' notices of missing converters and native modules; an engine reports what is missing."""
    logger = logging.getLogger("coremltools")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _install_reference(precision: Precision, threads: int) -> None:
    try:
        put_in_place(RuntimeOptions(precision=precision, threads=threads))
    except ImportError as error:
        raise EngineError(f"--coreml-runtime=reference: {error}") from None


def runtime_version(runtime: str) -> str | None:
    """Return the version of ONNX Runtime for the reference runtime; None for Core ML, which has the system's."""
    if runtime != "reference":
        return None
    import importlib.metadata

    return f"onnxruntime {importlib.metadata.version('onnxruntime')}"


def _no_binding_text(runtime: str) -> str:
    if sys.platform == "darwin":
        cause = (
            "this coremltools was installed without its native module, as happens when no wheel fits this Python "
            f"({sys.version_info.major}.{sys.version_info.minor}); use a Python that coremltools has a wheel for "
            "(https://pypi.org/project/coremltools/#files)"
        )
    else:
        cause = "Core ML exists on macOS only; run on a Mac, or use --coreml-runtime=reference"
    return f"--coreml-runtime={runtime}: there is no {NATIVE_MODULE} here: {cause}"
