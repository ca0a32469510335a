"""A scripted stand-in for `coremltools.libcoremlpython`, Apple's native module, for machines without Core ML.

coremltools' own, unmodified Python runs over it. A `Scenario` says what the machine is, how long things take, where the
plan puts each operation and what goes wrong; `install` puts the module in place in this process, and
`site/sitecustomize.py` does so in every process that is started with the environment of `environment`.
"""
