"""What the users for Locust are made of."""
