"""The Ray Serve application: gateway, REST routes, socket events, services and auth."""
