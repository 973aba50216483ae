"""What the SQL driver's errors mean to inventory."""

from functools import partial

from mesh.sql import store_errors
from services.inventory.domain.errors import StoreUnavailable

translated = partial(
    store_errors.translated, StoreUnavailable, "stock and products cannot be read or changed now"
)
"""Says that the store cannot be used now."""
