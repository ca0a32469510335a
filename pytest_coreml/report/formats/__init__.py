"""The formats of reports and comparisons: one module each, with a function `render`."""
