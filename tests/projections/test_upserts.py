"""The statement that writes rows is made of their columns."""

import pytest

from projections.upserts import upsert


def test_a_row_sets_each_column_but_its_key() -> None:
    text = upsert("users", [{"id": 1, "user_id": 2, "email": 3}]).decode()

    assert '("id", "user_id", "email")' in text
    assert text.endswith('SET "user_id" = EXCLUDED."user_id", "email" = EXCLUDED."email"')


@pytest.mark.parametrize("table", ["campaigns", "creator_lists", "scraping_jobs"])
def test_a_row_of_another_user_is_not_written_over(table: str) -> None:
    text = upsert(table, [{"id": 1, "user_id": 2, "updated_at": 3}]).decode()

    assert text.endswith(f'WHERE "{table}".user_id = EXCLUDED.user_id')
    assert '"user_id" = ' not in text
