"""
The statements on the ancestors' databases read each table once, in the order of its key, and look
everything else up: they are done in one go however much was written down.
"""

import pytest

from daemon.adopt.databases import QUERIES
from support import ancestors

PLANS = {
    "timestampsync_timestamps": ["SCAN timestamps"],
    "jellyporter_changelog": [
        "SCAN c",
        "SEARCH m USING INDEX sqlite_autoindex_movies_1 (server=? AND local_id=?) LEFT-JOIN",
        "SEARCH e USING INDEX sqlite_autoindex_episodes_1 (server=? AND local_id=?) LEFT-JOIN",
    ],
    "jellyfin_db_sync_sync_log": ["SCAN sync_log"],
    "jellyfin_db_sync_pending_events": ["SCAN pending_events"],
    "jellyfin_db_sync_user_mappings": ["SCAN user_mappings"],
    "columns": ["SCAN t", "SCAN c VIRTUAL TABLE INDEX 0:"],  # a handful of tables
}

SCHEMA = ancestors.TIMESTAMPSYNC + ancestors.JELLYPORTER + ancestors.JELLYFIN_DB_SYNC


@pytest.mark.parametrize("name", QUERIES)
def test_a_statement_reads_once_and_sorts_nothing(tmp_path, name):
    """No temporary table, no table read once per row."""
    connection = ancestors.made(tmp_path / "all.db", SCHEMA)
    plan = [row[3] for row in connection.execute("EXPLAIN QUERY PLAN " + QUERIES[name])]
    connection.close()

    assert PLANS[name] == plan


def test_a_plan_goes_with_its_statement():
    """No plan is kept of what is not asked any more."""
    assert set(QUERIES) == set(PLANS)
