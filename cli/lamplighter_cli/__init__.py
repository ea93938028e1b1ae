"""The command line `lamp`: it speaks the gateway's API, and nothing else of the bus.

Reads: arguments, LAMP_URL and LAMP_TOKEN or `connection.json`, the gateway's answers and live streams.
Decides: nothing about jobs; only which request an argument list is, and how an answer reads.
Writes: tables and sheets for people, JSON for programs, one `error:` line and an exit code.
"""
