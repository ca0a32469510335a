"""Tables made from what the code declares, so that pages cannot disagree with it."""

from __future__ import annotations

from tables.classes import public_class
from tables.commands import commands
from tables.contents import contents
from tables.layers import layers
from tables.markdown import show
from tables.metrics import agreement_arguments, budget_arguments
from tables.options import options
from tables.schema import document_fields

__all__ = [
    "agreement_arguments",
    "budget_arguments",
    "commands",
    "contents",
    "document_fields",
    "layers",
    "options",
    "public_class",
    "show",
]
