"""What people name: agents, teams, environments, calendars, policies, and the secrets of environments."""
