"""What the SQL driver's errors mean to order."""

from functools import partial

from mesh.sql import store_errors
from services.order.domain.errors import StoreUnavailable

translated = partial(store_errors.translated, StoreUnavailable, "orders cannot be read or changed now")
"""Says that the store cannot be used now."""
