"""What becomes of the occurrences of a job: decided, foreseen and explained. Pure."""
