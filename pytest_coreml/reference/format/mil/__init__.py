"""The text form of an ML Program: `model.mil` in a compiled model.

`grammar.py` reads a text, `tokens.py` splits it, `text_types.py` and `text_values.py` read types and values in it.
What comes out is a serialized `MILSpec.Program` (`wire.py`), as a package has it, so that everything behind it reads
packages and compiled models alike. `printer.py` writes the text of a program.

There are two dialects: up to `program(1.2)` every value is a tensor, from `program(1.3)` on scalars have scalar types,
and a value may stand in the place of a name. The parser reads both.
"""
