"""The steps by which databases got the tables of the user service; Alembic's revision files."""
