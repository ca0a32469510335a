"""Tables of Instruments, as `xctrace export` writes them.

No published export of a Core ML or Neural Engine table is known. The grammar is the one on which nine public parsers
and their fixtures agree; nothing of it was tried on a recording of our own.
"""
