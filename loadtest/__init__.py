"""Load on a running server: real traces replayed, benchmark scenarios, locust users. Imports only `rayrooms`."""
