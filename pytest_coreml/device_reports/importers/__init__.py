"""The importers, one module each, found by `find_importers.py`."""
