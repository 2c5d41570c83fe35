"""The shell around a room core: its link server, its feed to the persistence actor and its lifecycle."""
