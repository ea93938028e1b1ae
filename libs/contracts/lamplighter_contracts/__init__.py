"""The bus of Lamplighter: subjects, streams, catalog models, events and queries.

Plain types that depend on pydantic alone: no I/O, no clock. The table in this package's README shows the
whole bus: subject, model, publisher, consumers, stream.
"""
