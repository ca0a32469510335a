"""Readers of counters that show the work of the GPU and the Neural Engine, behind one protocol."""
