"""What a service's adapters say and ask about read-your-writes."""

from interceptors.consistency import note_write, required_position
from interceptors.cost_trailers import note_replica

__all__ = ["note_replica", "note_write", "required_position"]
