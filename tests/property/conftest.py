"""
How hard Hypothesis tries: the same examples every time in CI, fresh ones at everybody's desk, and
many with `HYPOTHESIS_PROFILE=thorough`.
"""

import os

from hypothesis import HealthCheck, settings

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]

settings.register_profile("ci", derandomize=True, database=None, deadline=None, print_blob=True)
settings.register_profile("desk", deadline=None, print_blob=True)
settings.register_profile(
    "thorough",
    parent=settings.get_profile("desk"),
    max_examples=5_000,
    suppress_health_check=SLOW,
)
settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") == "true" else "desk")
)
