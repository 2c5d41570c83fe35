"""`/metrics`: what the agents of all nodes know, gathered and put together for Prometheus."""
