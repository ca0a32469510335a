"""Core ML's binding of coremltools, made again over the reference runtime, and put in its place."""
