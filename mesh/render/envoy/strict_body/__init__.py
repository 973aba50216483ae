"""Refuses, at the front proxy, JSON bodies that say what the contract does not know.

The transcoder drops unknown fields, takes the last of two, and turns texts into numbers: a misspelt price
would be no price. So a script of Envoy's own Lua filter looks at every body before the transcoder does.
"""

from mesh.render.envoy.strict_body.filter import STRICT_BODY, strict, strict_body_filter

__all__ = ["STRICT_BODY", "strict", "strict_body_filter"]
