"""The report as a file: its schema, its JSON, how it is written and read, and the runs that a baseline is made of."""
