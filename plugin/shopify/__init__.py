"""The Admin API's one door: the client, and each operation as a named function."""
