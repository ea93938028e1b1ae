"""Deliveries: whether they are genuine, what they say, whether the job wants them, and the durable inbox.

signatures    who signed it: raw bytes in, accepted or refused out
keys          the secrets of a webhook: derived, given, and which of them are good now
given         secrets that a producer chose: put, taken away, sealed anew
claims        what a delivery says of itself: its id, its event
headers       which of its headers are kept
names         names of events, with `*`
expressions   CEL over headers and payload; `looks` says at which part of a payload one looks
reading       all that there is to know of a genuine delivery
reader        reading done by processes apart (`reading_worker`), where nobody knows how long it takes
verdicts      what becomes of it, as the event that records it
room          how many bytes of large bodies are held at once
rates         how many are taken in a minute
intake        a genuine delivery, from its bytes to its record
inbox         stored once, whoever sends them how often
"""
