"""The verbs that look after a store."""

import pytest

from tests.e2e.cli import Cli
from tests.e2e.test_shared_store import SAYS
from tests.store.conftest import empty


@pytest.fixture(params=["sqlite", "postgres"])
def there(cli: Cli, request: pytest.FixtureRequest) -> Cli:
    """Give the command line with a store of each kind."""
    if request.param == "sqlite":
        return cli
    url = request.getfixturevalue("postgres_url")
    empty(url)
    return cli.with_settings(TIERCEL_STORE=url)


def test_a_store_is_migrated_pruned_and_rid_of_an_execution(there: Cli) -> None:
    assert there.run("db", "migrate").out.startswith("applied 0001 first tables\n")
    assert there.run("db", "migrate").out == "nothing to apply: the store is up to date\n"
    there.write("says.yaml", SAYS)
    ids = [there.run("run", "says.yaml", "--json").json["id"] for _ in range(3)]
    assert there.run("db", "prune", "--older-than", "30d", "--files").out == "0 executions removed\n"
    assert there.run("db", "prune", "--keep", "2", "--dry-run").out == "1 execution would go\n"
    assert there.run("db", "prune", "--keep", "2", "--flow", "says").out == "1 execution removed\n"
    assert [one["id"] for one in there.run("executions", "--json").json] == [ids[2], ids[1]]
    assert there.run("delete", ids[2]).code == 0
    assert there.run("delete", ids[2]).code == 2
    assert [one["id"] for one in there.run("executions", "--json").json] == [ids[1]]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ((), "Say what may go: --older-than 30d, --keep 100, or both."),
        (("--older-than", "soon"), "--older-than soon: write a number with its unit, as 30d"),
        (("--older-than=-P1D",), "--older-than -P1D: write a number with its unit, as 30d"),
        (("--older-than", "999999w"), "--older-than 999999w: write a number with its unit, as 30d"),
    ],
)
def test_a_pruning_that_says_nothing_or_no_age_is_refused(
    cli: Cli, options: tuple[str, ...], reason: str
) -> None:
    ran = cli.run("db", "prune", *options)
    assert ran.code == 2
    assert reason in ran.err
    assert "Traceback" not in ran.err
