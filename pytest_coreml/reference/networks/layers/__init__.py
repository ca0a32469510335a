"""The families of layers; the guide to writing one is in the package above."""
