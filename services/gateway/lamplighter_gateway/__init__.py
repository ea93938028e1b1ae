"""The gateway: HTTP API, webhooks and live streams.

Consumes  HTTP; the catalog's changes; live execution events and logs; gates of jobs; history's answers
Decides   may this caller do this; is this input right; is this path free; what follows what in a live stream; what a
          schedule brings, and why something happened or did not
Emits     `$KV.catalog.*` (compare-and-set), `trigger.job.*`, `trigger.backfill.*`, `control.cancel`
Stores    nothing: its read model of the catalog is in memory, and made anew at every start
"""
