"""Sign-in with OpenID Connect, against a provider of our own that speaks the whole protocol."""

import base64
import hashlib
import html
import json
import secrets
import shutil
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey
from playwright.sync_api import Page, expect
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from fmnist.bench.serving import Server
from tests.browser.browsing import browsing, go

pytestmark = pytest.mark.browser

OWNER = "me@example.org"
# who can choose to be whom at the provider: the claims that it signs
PEOPLE = {
    "the owner": {"sub": "1", "email": OWNER, "email_verified": True},
    "a visitor": {"sub": "2", "email": "you@example.org", "email_verified": True},
    "a pretender": {"sub": "3", "email": OWNER, "email_verified": False},
}
CLIENT = {"client_id": "studio", "client_secret": "known to both"}


class Provider(ThreadingHTTPServer):
    """An OpenID provider: discovery, a page to choose who one is, tokens once, and its keys."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answers)
        self.issuer = f"http://127.0.0.1:{self.server_port}"
        self.published = self.key = RSAKey.generate_key(2048, {"kid": "1"})
        self.asked: dict[str, tuple[dict[str, str], str]] = {}  # by code: who asked, for whom

    def metadata(self) -> dict:
        places = {
            "authorization_endpoint": "authorize",
            "token_endpoint": "token",
            "jwks_uri": "keys",
        }
        return {
            "issuer": self.issuer,
            **{name: f"{self.issuer}/{place}" for name, place in places.items()},
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
        }

    def choose(self, query: dict[str, str]) -> str:
        """The page on which somebody says who he is; each link leads back with a code."""
        assert query["client_id"] == CLIENT["client_id"]
        assert query["response_type"] == "code"
        links = []
        for person in PEOPLE:
            code = secrets.token_urlsafe()
            self.asked[code] = query, person
            back = urlencode({"code": code, "state": query["state"]})
            address = html.escape(f"{query['redirect_uri']}?{back}")
            links.append(f'<p><a href="{address}">{person}</a></p>')
        no_icon = '<link rel="icon" href="data:,">'
        return f"<title>Who are you?</title>{no_icon}{''.join(links)}"

    def give_token(self, form: dict[str, str], client: str) -> dict:
        """What a code is worth: a signed statement of who it is; once, and to who asked for it."""
        query, person = self.asked.pop(form["code"])
        assert client == f"{CLIENT['client_id']}:{CLIENT['client_secret']}"
        assert form["redirect_uri"] == query["redirect_uri"]
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == query["code_challenge"]
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT["client_id"], "iat": now, "exp": now + 300}
        claims |= {"nonce": query["nonce"], **PEOPLE[person]}
        signed = jwt.encode({"alg": "RS256", "kid": "1"}, claims, self.key)
        return {"access_token": "unused", "token_type": "Bearer", "id_token": signed}


class Answers(BaseHTTPRequestHandler):
    server: Provider

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path == "/.well-known/openid-configuration":
            self._send(json.dumps(self.server.metadata()))
        elif parts.path == "/keys":
            self._send(json.dumps({"keys": [self.server.published.as_dict(private=False)]}))
        elif parts.path == "/authorize":
            self._send(self.server.choose(dict(parse_qsl(parts.query))), "text/html")

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        basic = base64.b64decode(self.headers["Authorization"].removeprefix("Basic ")).decode()
        one = {name: values[0] for name, values in form.items()}
        self._send(json.dumps(self.server.give_token(one, basic)))

    def _send(self, text: str, kind: str = "application/json") -> None:
        data = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_) -> None:
        """Not into the tests' output."""


@pytest.fixture
def provider():
    running = Provider()
    thread = threading.Thread(target=running.serve_forever)
    thread.start()
    yield running
    running.shutdown()
    thread.join()
    running.server_close()


@pytest.fixture
def public(provider, tmp_path, own_run, monkeypatch):
    """A public app whose visitors sign in at the provider; it has one run that can be deleted."""
    monkeypatch.setenv("FMNIST_PUBLIC", "1")
    monkeypatch.setenv("FMNIST_OWNERS", OWNER)
    mine = own_run("mine").path
    server = Server(tmp_path)
    shutil.copytree(mine, server.runs / "mine")
    section = {
        "redirect_uri": f"{server.url}/oauth2callback",
        "cookie_secret": secrets.token_urlsafe(32),
        "server_metadata_url": f"{provider.issuer}/.well-known/openid-configuration",
        **CLIENT,
    }
    (tmp_path / ".streamlit").mkdir()
    lines = ["[auth]", *(f'{name} = "{value}"' for name, value in section.items())]
    (tmp_path / ".streamlit" / "secrets.toml").write_text("\n".join(lines))
    yield server
    server.stop()


def sign_in(page: Page, server: Server, person: str) -> None:
    """From the Train page, where nobody has signed in yet, to the provider and back."""
    check_changes(page, server, allowed=False)
    page.get_by_role("button", name="Owner's sign-in").click()
    page.get_by_role("link", name=person).click()


def check_changes(page: Page, server: Server, *, allowed: bool) -> None:
    """Look whether trainings are started and runs deleted on the Train page."""
    go(page, server, "/train", "Train")
    expect(page.get_by_text("only its owner starts them")).to_have_count(0 if allowed else 1)
    page.get_by_role("button", name="mine", exact=True).click()
    expect(page.locator(".st-key-run-detail")).to_contain_text("mine: finished")
    for name in ("Start training", "Delete"):
        button = page.get_by_role("button", name=name, exact=True)
        expect(button).to_have_count(1 if allowed else 0)


def test_the_owner_may_change_what_is_kept_and_nobody_else(chromium, public, provider):
    door = "Owner's sign-in"
    with browsing(chromium) as page:
        for person, claims in PEOPLE.items():
            sign_in(page, public, person)
            expect(page.get_by_text(f"Signed in as {claims['email']}")).to_be_visible()
            check_changes(page, public, allowed=person == "the owner")
            page.get_by_role("button", name="Sign out").click()
            # back on the first page: Train shows the door a moment before the cookie is gone
            expect(page.get_by_role("heading", name="What is this garment?")).to_be_visible()
            expect(page.get_by_role("button", name=door)).to_be_visible()
    assert "Traceback" not in public.words()

    with browsing(chromium) as page:  # a cookie that the server has not signed
        known = {**PEOPLE["the owner"], "is_logged_in": True, "origin": public.url}
        forged = create_signed_value("a guess", "_streamlit_user", json.dumps(known)).decode()
        page.context.add_cookies([{"name": "_streamlit_user", "value": forged, "url": public.url}])
        check_changes(page, public, allowed=False)

    with browsing(chromium) as page:  # a statement that the provider has not signed
        provider.key = RSAKey.generate_key(2048, {"kid": "1"})
        sign_in(page, public, "the owner")
        expect(page.get_by_role("heading", name="What is this garment?")).to_be_visible()
        expect(page.get_by_role("button", name=door)).to_be_visible()
