"""The settings of history: each field is the variable `LAMPLIGHTER_<FIELD>`."""

from datetime import timedelta

from pydantic import AliasChoices, Field, SecretStr

from lamplighter_history.writes import Retention
from lamplighter_runtime.settings import ServiceSettings

EMBEDDED_URL = "mongodb://127.0.0.1:27017/lamplighter?replicaSet=lamplighter"


class Settings(ServiceSettings):
    mongodb_url: SecretStr = Field(
        default=SecretStr(EMBEDDED_URL),
        validation_alias=AliasChoices("LAMPLIGHTER_MONGODB_URL", "MONGODB_URL"),
    )
    """May hold a password. Without a database in its path, `lamplighter` is used."""
    execution_days: int = Field(default=365, ge=1, le=36_500)
    """How long an execution, or a backfill, is kept after its end."""
    occurrence_days: int = Field(default=365, ge=1, le=36_500)
    log_days: int = Field(default=30, ge=2, le=36_500)
    """How long log lines are kept. A run may last a day, and its log must outlive it: hence the least value."""

    delivery_body_days: int = Field(default=30, ge=1, le=36_500)
    """How long the body of a delivery is kept as it came."""

    @property
    def retention(self) -> Retention:
        return Retention(
            executions=timedelta(days=self.execution_days),
            occurrences=timedelta(days=self.occurrence_days),
            logs=timedelta(days=self.log_days),
            bodies=timedelta(days=self.delivery_body_days),
        )
