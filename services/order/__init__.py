"""Orders: quoted, placed, decided, watched and audited; their events are the truth."""
