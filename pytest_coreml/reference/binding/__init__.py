"""coremltools' native binding, reimplemented with the reference runtime, and the hook that installs it."""
