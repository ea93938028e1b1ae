"""What happened: asked of history, and of the bus where history is behind or away."""
