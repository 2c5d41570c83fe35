"""The rules that hold the shape of the code: layers, sizes, names, documentation of settings."""
