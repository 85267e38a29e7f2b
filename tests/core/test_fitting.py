"""Hashtags may go, the text and its link never."""

from collections.abc import Callable, Sequence

from campaigner.core.fitting import Fitted, TooLong, fit

LINK = "https://example.org/" + "a" * 60


def laid_out(text: str) -> Callable[[Sequence[str]], str]:
    def layout(hashtags: Sequence[str]) -> str:
        return "\n".join(filter(None, (text, " ".join(f"#{h}" for h in hashtags), LINK)))

    return layout


def test_a_text_that_fits_keeps_all() -> None:
    fitted = fit(laid_out("Hello"), hashtags=["DNS", "ICANN"], channel="x", limit=280)
    assert fitted == Fitted(text=f"Hello\n#DNS #ICANN\n{LINK}", length=41, limit=280)


def test_hashtags_are_dropped_from_the_last() -> None:
    fitted = fit(laid_out("x" * 245), hashtags=["DNS", "ICANN", "LAC"], channel="x", limit=280)
    assert isinstance(fitted, Fitted)
    assert fitted.dropped == ("ICANN", "LAC")
    assert fitted.text == f"{'x' * 245}\n#DNS\n{LINK}"
    assert fitted.length == 274


def test_a_text_is_never_cut() -> None:
    too_long = fit(laid_out("x" * 280), hashtags=["DNS"], channel="x", limit=280)
    assert too_long == TooLong(text=f"{'x' * 280}\n{LINK}", length=304, limit=280)


def test_without_a_limit_everything_fits() -> None:
    fitted = fit(laid_out("x" * 5000), hashtags=["DNS"], channel="email", limit=0)
    assert isinstance(fitted, Fitted)
    assert fitted.dropped == ()
