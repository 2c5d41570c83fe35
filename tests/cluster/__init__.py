"""Several nodes on one machine: started, cut off, killed, drained, while people type."""
