"""Those who do the work: asked, answered, listed, drained, chosen."""
