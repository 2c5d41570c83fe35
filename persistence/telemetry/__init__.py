"""What the server tells its operator: metrics that are counted as plain numbers, and structured logs."""
