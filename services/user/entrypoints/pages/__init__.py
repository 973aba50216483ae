"""The pages of accounts: their templates, and their texts in each language."""

from importlib.resources import files

from mesh.languages import Catalogues
from mesh.server.pages import Pages

CATALOGUES = Catalogues(files(__name__).joinpath("locale"))


def account_pages() -> Pages:
    """What renders them."""
    return Pages(__name__, CATALOGUES)
