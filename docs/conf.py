"""The configuration of Sphinx for these pages: `sphinx-build -W docs site`."""

from __future__ import annotations

project = "pytest-coreml"
author = "The pytest-coreml authors"
project_copyright = author
extensions = ["myst_parser", "sphinx_copybutton", "sphinx_external_toc"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = "pytest-coreml"
exclude_patterns = ["tables"]
external_toc_path = "_toc.yml"
copybutton_exclude = ".linenos, .gp, .go"
nitpicky = False
