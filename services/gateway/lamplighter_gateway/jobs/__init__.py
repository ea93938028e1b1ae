"""What becomes of jobs: how a body is read and judged, and what a job is in view of the catalog."""
