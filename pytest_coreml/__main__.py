"""The command `pytest-coreml`, which is also `python -m pytest_coreml`."""

from __future__ import annotations

import sys

from pytest_coreml.cli import main

if __name__ == "__main__":
    sys.exit(main())
