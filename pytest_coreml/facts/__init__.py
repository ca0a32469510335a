"""Measured, declared and described facts: plain data, with no behaviour but arithmetic."""
