"""From a query to what MongoDB is asked, a noun a module. Pure; each is served by an index of `database`."""
