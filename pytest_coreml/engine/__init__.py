"""The process that holds Core ML: what it is told, who tells it, and what runs in it."""
