"""`scripts/up`: starts a whole server (Postgres, Ray, Serve, ingress) on one machine and stops all of it again."""
