"""The files of a model: packages, specifications, programs, values and weights, and the compiled form."""
