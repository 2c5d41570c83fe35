"""What the server tells its operator: counting, gathering, log lines."""
