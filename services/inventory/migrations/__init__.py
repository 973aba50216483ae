"""The steps by which databases got the tables of inventory; Alembic's revision files."""
