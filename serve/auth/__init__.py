"""Who someone is (tokens), what a role may do (roles) and who may enter a room (access)."""
