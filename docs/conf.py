"""The configuration of Sphinx for these pages: `sphinx-build -W docs site`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "extensions"))

project = "pytest-coreml"
author = "The pytest-coreml authors"
project_copyright = author
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_copybutton", "tables_from_code"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = "pytest-coreml"
exclude_patterns = ["extensions"]
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
python_use_unqualified_type_names = True
copybutton_exclude = ".linenos, .gp, .go"
nitpicky = False
