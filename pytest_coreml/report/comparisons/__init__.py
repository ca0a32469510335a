"""A comparison of reports in the formats that people and CI read: each a module with `render(comparison) -> str`."""
