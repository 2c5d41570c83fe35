"""The bodies of REST requests and responses, one concept a file."""
