"""A gateway that speaks the API from memory, for tests of its clients: what it holds, its routes, its sockets."""
