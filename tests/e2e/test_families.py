"""`tiercel families`: what a release writes, and what a deployment needs."""

import jwt

from tests.e2e.cli import Cli

SECRET = "a secret of more than thirty-two bytes"


def test_families_are_published_and_listed(cli: Cli, plain_database: str) -> None:
    there = cli.with_settings(TIERCEL_STORE=plain_database)
    silent = there.run("families", "publish", "sql", "--url", "http://127.0.0.1:9")
    assert silent.code == 2 and "127.0.0.1:9" in silent.err
    published = there.run("families", "publish", "sql", "--queue", "https://queue.test/sql")
    assert (published.code, published.out.startswith("published sql: ")) == (0, True)
    assert "sql 0.1.0" in there.run("families", "list").out
    assert "https://queue.test/sql" in there.run("families", "list").out


def test_what_cannot_be_published_is_said(cli: Cli, plain_database: str) -> None:
    unknown = cli.with_settings(TIERCEL_STORE=plain_database).run("families", "publish", "slq")
    assert unknown.code == 2 and "give its --url" in unknown.err
    nowhere = cli.run("families", "publish", "sql")
    assert nowhere.code == 2 and "--store or TIERCEL_STORE" in nowhere.err


def test_each_family_has_a_token_of_its_own(cli: Cli) -> None:
    made = cli.with_settings(TIERCEL_JWT_SECRET=SECRET).run("families", "tokens", "core", "sql")
    claims = {name: jwt.decode(token, SECRET, ["HS256"]) for name, token in made.json.items()}
    assert {name: one["family"] for name, one in claims.items()} == {"core": "core", "sql": "sql"}
    assert all(one["role"] == "tiercel_service" for one in claims.values())
    refused = cli.run("families", "tokens", "core")
    assert refused.code == 2 and "TIERCEL_JWT_KEY" in refused.err
