"""From where somebody calls, as coarsely as one person's line is."""

from ipaddress import IPv6Address, ip_address, ip_network

_IPV4_BITS, _IPV6_BITS = 24, 56
"""What one customer of a provider has at most, or shares with few."""


def network_prefix(address: str) -> str:
    """The network of an IP address: /24 of IPv4, /56 of IPv6; a text that is no address stands for itself."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        parsed = parsed.ipv4_mapped or parsed
    bits = _IPV4_BITS if parsed.version == 4 else _IPV6_BITS
    return str(ip_network((parsed, bits), strict=False))
