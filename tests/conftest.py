"""What every test may use."""

pytest_plugins = ["tests.support.no_skips", "tests.support.valkey"]
