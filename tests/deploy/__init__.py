"""Deployments on clusters and in containers: the files that describe them, and one that is made for real."""
