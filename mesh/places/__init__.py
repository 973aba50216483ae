"""Countries and what their postal addresses are like."""

from mesh.places.addresses import PostalAddress, address_problems
from mesh.places.countries import COUNTRY_CODES, Country, Region, country_of

__all__ = ["COUNTRY_CODES", "Country", "PostalAddress", "Region", "address_problems", "country_of"]
