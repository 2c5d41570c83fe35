"""The web pages: the built bundle of web/, read (bundle), and served with the headers that it needs (routes)."""
