"""The steps by which databases got the tables of notification; Alembic's revision files."""
