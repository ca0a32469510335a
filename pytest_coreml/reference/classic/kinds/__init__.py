"""Model types, one a module, by the names of the format."""
