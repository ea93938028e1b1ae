"""What somebody did that is no change of the catalog, and what somebody was denied: told to the audit."""
