"""The audit: one chain of records, of all that was changed and all that was denied."""
