from campaigner.core.spelling import LONGEST, did_you_mean, listed, near


def test_the_most_alike_word_is_meant() -> None:
    assert near("mastadon", ["x", "mastodon", "email"]) == ("mastodon",)
    assert near("america/montevido", ["America/Montevideo", "America/Monterrey"]) == (
        "America/Montevideo",
    )


def test_words_equally_alike_are_all_named_up_to_three() -> None:
    assert near("1.1.4", ["1.1.1", "1.1.2", "1.1.3", "2.2.2"]) == ("1.1.1", "1.1.2", "1.1.3")


def test_nothing_is_made_up() -> None:
    assert near("owner", []) == ()
    assert near("zzz", ["title"]) == ()
    assert near("title" * LONGEST, ["title"]) == ()


def test_of_very_many_words_those_of_like_length_are_compared() -> None:
    known = [f"a-word-of-another-length-{number}" for number in range(5_000)]
    assert near("phishng", [*known, "phishing"]) == ("phishing",)


def test_the_sentence_names_them_or_falls_back() -> None:
    assert did_you_mean("titel", ["title"], otherwise="No.") == "Did you mean 'title'?"
    assert did_you_mean("zzz", ["title"], otherwise="No.") == "No."
    assert listed(["a"]) == "'a'"
    assert listed(["a", "b", "c"], last="or") == "'a', 'b' or 'c'"
