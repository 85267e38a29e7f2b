from campaigner.core.audience import Frequency, Standing


def test_the_words_are_those_that_the_database_keeps() -> None:
    assert [*Standing] == ["pending", "active", "left", "complained", "bounced"]
    assert [*Frequency] == ["every", "weekly", "monthly"]
