"""Named statements out of .sql files."""

from importlib.resources import files

import pytest

from daemon.sql import load_queries, load_script


@pytest.mark.parametrize("package", ["daemon.eventlog", "daemon.engine"])
def test_every_statement_of_a_file_is_found_under_its_name(package):
    """One statement per name, none lost, none run together with the next."""
    text = files(package).joinpath("queries.sql").read_text()
    names = [line.split()[-1] for line in text.splitlines() if line.startswith("-- name:")]

    queries = load_queries(package)

    assert names == list(queries)
    for statement in queries.values():
        assert statement.endswith(";")
        assert 1 == statement.count(";")
        assert "--" not in statement


def test_a_script_is_the_whole_file():
    """The schema is run as it is written, comments included."""
    assert load_script("daemon.eventlog", "schema.sql").startswith("-- The event log")
