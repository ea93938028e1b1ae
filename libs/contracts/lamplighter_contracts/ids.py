"""Identities: readable for what people make, deterministic and sortable for what fires."""

import hashlib
import re
import unicodedata
from datetime import UTC, datetime
from uuid import UUID


def execution_id(fired_at: datetime, job_id: str, key: str) -> str:
    """The UUIDv7 (RFC 9562, 5.7) of one firing: its time is `fired_at`, its random bits a hash of job and key.

    `key` names the firing within its job: the scheduled instant, the delivery id, or the Idempotency-Key.
    The same firing handled twice is one execution everywhere.
    """
    milliseconds = int(fired_at.timestamp() * 1000)
    digest = int.from_bytes(hashlib.sha256(f"{job_id}\0{key}".encode()).digest()[:10], "big")
    rand_a, rand_b = digest >> 68, digest & ((1 << 62) - 1)
    return str(UUID(int=milliseconds << 80 | 0x7 << 76 | rand_a << 64 | 0b10 << 62 | rand_b))


def is_execution_id(text: str) -> bool:
    """Whether `text` is an id in the one form that `execution_id` writes (so it is safe in a subject)."""
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def fired_at(execution: str) -> datetime:
    """The instant an `execution_id` was made from, to the millisecond. Raises `ValueError` for what is no UUID."""
    return datetime.fromtimestamp((UUID(execution).int >> 80) / 1000, UTC)


def slug(name: str) -> str:
    """A name's words as a slug: `Disk Reader` -> `disk-reader`. Empty where there is nothing to make one of."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", ascii_name.lower()).strip("-")[:48].strip("-")


def job_id(name: str, suffix: str) -> str:
    """A readable id for a job: its name, and a suffix that makes it unique (`daily-report-7f3a`)."""
    return f"{slug(name) or 'job'}-{suffix}"


def subject_token(key: str) -> str:
    """A trigger's key in the one form that fits a subject, whatever its author put into it: 128 bits, hex."""
    return hashlib.blake2b(key.encode(), digest_size=16).hexdigest()
