"""Reports: the file, the texts made from its data, and its formats."""
