"""Reports: the file, the words made from its data, and the formats it can be rendered as."""
