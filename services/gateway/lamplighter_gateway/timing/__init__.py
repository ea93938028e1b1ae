"""Past and future of schedules: backfills, catch-ups, simulations, calendar files."""
