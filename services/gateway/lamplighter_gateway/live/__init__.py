"""Streams of what happens now, joined exactly to what has happened."""
