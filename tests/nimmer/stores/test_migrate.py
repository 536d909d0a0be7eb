from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from nimmer.embedded.postgres_server import PostgresServer
from nimmer.errors import MigrationError, StoreUnavailableError
from nimmer.stores.migrate import Migration, migrate, packaged_migrations

FIRST = Migration(1, "0001_first.sql", "create table one (a int); insert into one values (1);")
SECOND = Migration(2, "0002_second.sql", "create table two (a int);")


@pytest.fixture
def empty(phoebe: tuple[PostgresServer, str], request: pytest.FixtureRequest) -> str:
    """The same database, seen through a schema of the test's own."""
    schema = f"s{abs(hash(request.node.name))}"
    with psycopg.connect(phoebe[1], autocommit=True) as connection:
        connection.execute(f'create schema "{schema}"')
    return make_conninfo(phoebe[1], options=f"-c search_path={schema}")


def tables(dsn: str) -> set[str]:
    with psycopg.connect(dsn) as connection:
        rows = connection.execute("select tablename from pg_tables where schemaname = current_schema()")
        return {name for (name,) in rows}


def test_this_release_counts_its_files_without_a_gap() -> None:
    migrations = packaged_migrations()
    assert [migration.version for migration in migrations] == list(range(1, len(migrations) + 1))
    assert all(migration.name.startswith(f"{migration.version:04}_") for migration in migrations)


@pytest.mark.servers
def test_files_are_applied_once_and_in_order(empty: str) -> None:
    assert migrate(empty, [FIRST]) == ("0001_first.sql",)
    assert migrate(empty, [FIRST, SECOND]) == ("0002_second.sql",)
    assert migrate(empty, [FIRST, SECOND]) == ()
    assert tables(empty) == {"one", "two", "schema_migrations"}


@pytest.mark.servers
def test_this_release_migrates_an_empty_database(empty: str) -> None:
    assert len(migrate(empty)) == len(packaged_migrations())
    assert {"decision_trails", "gate_transitions", "runs"} <= tables(empty)


@pytest.mark.servers
def test_a_file_changed_after_it_was_applied_is_refused(empty: str) -> None:
    migrate(empty, [FIRST])
    with pytest.raises(MigrationError, match=r"0001_first\.sql was changed"):
        migrate(empty, [replace(FIRST, sql="create table other (a int)"), SECOND])
    assert "two" not in tables(empty)


@pytest.mark.servers
def test_a_file_that_fails_leaves_nothing_and_what_was_before_it_stays(empty: str) -> None:
    broken = Migration(2, "0002_broken.sql", "create table half (a int); create table half (a int);")
    with pytest.raises(MigrationError, match=r"0002_broken\.sql failed and was undone"):
        migrate(empty, [FIRST, broken])
    assert tables(empty) == {"one", "schema_migrations"}
    assert migrate(empty, [FIRST, SECOND]) == ("0002_second.sql",)


@pytest.mark.servers
def test_a_database_of_a_newer_release_is_refused(empty: str) -> None:
    migrate(empty, [FIRST, SECOND])
    with pytest.raises(MigrationError, match=r"made by another release: it has 0002_second\.sql"):
        migrate(empty, [FIRST])


@pytest.mark.servers
def test_four_at_once_apply_each_file_once(empty: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        applied = list(pool.map(lambda _: migrate(empty, [FIRST, SECOND]), range(4)))
    assert sorted(applied) == [(), (), (), ("0001_first.sql", "0002_second.sql")]


def test_no_server_is_unavailable_and_the_password_stays_secret() -> None:
    dsn = make_conninfo("host=127.0.0.1 port=1 user=nimmer", password="sesame")
    assert conninfo_to_dict(dsn)["password"] == "sesame"
    with pytest.raises(StoreUnavailableError) as failure:
        migrate(dsn)
    assert "sesame" not in str(failure.value)
