"""A run of tests, without pytest: options, sources, models, and attempts at tests."""
