"""The login page is read as a browser reads it."""

from mesh.cli.login.login_form import alert, login_form

PAGE = """
<form action="/search"><input name="q"></form>
<form method="post" action="/oauth2/authorize?x=1&amp;y=2">
  <input type="hidden" name="csrf" value="t&quot;1">
  <input type="email" name="email"><input type="password" name="password">
  <button name="go" value="1">Log in</button>
</form>
"""


def test_the_form_that_asks_for_a_password_is_the_login() -> None:
    form = login_form(PAGE)

    assert form is not None
    assert form.action == "/oauth2/authorize?x=1&y=2"
    assert form.filled(name="alice@example.com", password="secret") == {
        "csrf": 't"1',
        "email": "alice@example.com",
        "password": "secret",
    }


def test_a_page_without_a_password_is_no_login() -> None:
    assert login_form("<form><input name=q></form>") is None


def test_what_went_wrong_is_what_the_page_says() -> None:
    assert alert('<p>Hello</p><p role="alert">Wrong address or password.</p>') == "Wrong address or password."
    assert alert("<p>Hello</p>") == ""
