"""Results that were measured elsewhere: each kind of file becomes our facts, without personal details.

`find_importers.import_results` finds the importer of each file by its content. A new kind of file is one new module of
`importers/` with an `IMPORTER`.
"""
