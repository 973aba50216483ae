"""Names of fields in JSON."""


def json_name(field_name: str) -> str:
    """The lowerCamelCase name of a field, as the protobuf compiler derives it."""
    first, *others = field_name.split("_")
    return first + "".join(other.capitalize() for other in others)
