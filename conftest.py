"""What every test run shares: the options and fixtures of the bench, the marker for rules of RFC 6455."""

from hypothesis import settings

pytest_plugins = ["bench.pytest_plugin", "tools.conformance.plugin"]

# How long an example takes on a busy machine says nothing about what is tested.
settings.register_profile("bench", deadline=None)
settings.load_profile("bench")
