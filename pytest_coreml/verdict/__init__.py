"""Verdicts: pure functions of data, which know neither pytest nor Core ML."""
