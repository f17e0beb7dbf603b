"""Sample applications: each module has `make_server(port, **options)`."""
