"""What policies say to a question that somebody has before anything runs."""
