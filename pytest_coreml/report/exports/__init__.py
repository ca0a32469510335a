"""Reports in the formats of other tools: one module each, with a function `render(report) -> str`."""
