"""Comparison of one measurement with others: with finished runs of a baseline, or with another version of the model."""
