"""What every test run shares: the options and fixtures of the bench, the marker for rules of RFC 6455."""

import os

from hypothesis import settings

pytest_plugins = ["bench.pytest_plugin", "tools.conformance.plugin"]

# Suites that tests run in processes of their own are no results for the page of a CI job.
os.environ.pop("GITHUB_STEP_SUMMARY", None)

# How long an example takes on a busy machine says nothing about what is tested.
settings.register_profile("bench", deadline=None)
settings.load_profile("bench")
