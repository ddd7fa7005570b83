"""What tests with made-up inputs share."""

from collections.abc import Sequence
from typing import cast

from hypothesis import HealthCheck

HEALTH = cast("Sequence[HealthCheck]", list(HealthCheck))
"""All health checks, to be suppressed: a loaded machine is no finding."""
