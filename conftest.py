"""What every test run shares: the options and fixtures of the bench."""

pytest_plugins = ["bench.pytest_plugin"]
