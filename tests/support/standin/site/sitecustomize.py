"""Run by Python at its start, when this folder is on PYTHONPATH: puts the stand-in in place if asked to."""

import os
import sys
from pathlib import Path

if "COREML_STANDIN" in os.environ:
    sys.path.append(str(Path(__file__).resolve().parents[2]))
    from standin.install import install

    install(Path(os.environ["COREML_STANDIN"]))
