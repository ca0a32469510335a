"""The report as a file: its schema and JSON, writing and reading it, and the runs of a baseline."""
