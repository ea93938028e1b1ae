"""The gateway: HTTP API, webhooks and live streams.

Consumes  HTTP; the catalog's changes; live execution events and logs; gates of jobs; history's answers
Decides   may this caller do this; is this input right; is this path free; what follows what in a live stream; what a
          schedule brings, and why something happened or did not
Emits     `$KV.catalog.*` (compare-and-set), `delivery.*`, `trigger.job.*`, `trigger.backfill.*`, `audit.*`, control
          requests to dispatchers; bodies that are too large for a message
Stores    nothing: its read model of the catalog is in memory, and made anew at every start
"""
