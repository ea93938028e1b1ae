"""What every service needs alike: settings, the connection to NATS, streams, logs, health and metrics.

Reading order: `settings`, `connection`, `jetstream`, `provisioning`; `messages` and `publishing` (out), `pulls` and
`consuming` (in, shared by replicas), `tails` (in, for one reader), `latest` and `catalog` (state), `bodies` (what is
too large for a message); `clock` on `reckoning` (the server's time); `service` (the process around it), with `health`,
`logs`, `metrics` and `tasks`.
"""
