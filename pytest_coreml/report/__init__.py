"""Reports: the schema, making, writing, reading, and the words made from them."""
