"""The notebook side without a browser: widgets, relay, Jupyter server extension."""
