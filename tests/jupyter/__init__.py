"""The widget in a real JupyterLab (and Notebook 7), with a real kernel, a real room server and Chromium."""
