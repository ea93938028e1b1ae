"""What every route shares of HTTP: bodies, parameters, answers, problems, and the document of it all."""
