"""What every service needs alike: settings, the connection to NATS, streams, logs, health and metrics.

Reading order: `settings`, `connection`, `provisioning`, `pulls` and `consuming` (in), `publishing` (out),
`latest` (state), `service` (the process around it).
"""
