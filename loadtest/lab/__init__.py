"""A real JupyterLab of its own, with several people in it: what the browser tests and the keystroke times stand on."""
