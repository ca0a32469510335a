"""The operations of ML Programs, one family a module, as coremltools groups them."""
