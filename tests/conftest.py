"""What every test may use."""

pytest_plugins = [
    "tests.support.temporary",
    "tests.support.shared_servers",
    "tests.support.grouping",
    "tests.support.tiers",
    "tests.support.chromium",
    "tests.support.no_skips",
    "tests.support.real_mongo",
    "tests.support.real_servers",
    "tests.support.real_sql",
    "tests.support.running_mesh",
    "tests.support.templates",
    "tests.support.mesh_errors",
    "tests.support.run_report",
    "tests.support.valkey",
]
