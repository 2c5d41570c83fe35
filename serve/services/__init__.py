"""What the REST routes do, free of HTTP: services reach live rooms by `LiveRooms`, tables by repositories."""
