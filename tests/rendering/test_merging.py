from collections.abc import Callable

from campaigner.core.glossary import Glossary
from campaigner.rendering.briefs import Brief
from campaigner.rendering.extraction import Extracted
from campaigner.rendering.merging import Edit, Merged, belongs_to, merge
from campaigner.rendering.podocuments import PoDocument, PoEntry, new_podocument

HEAD = new_podocument("es", title="Test.", stamp="2026-12-01 10:00+0000").head


def brief(message: str, context: str = "demo/one text", *, plural: str = "") -> Brief:
    string = Extracted(
        file="campaigns/demo.yaml",
        line=7,
        message=message,
        plural=plural,
        context=context,
        source_locale="en",
        locales=("es",),
    )
    return Brief(domain="campaigns", string=string, where="post", references=("demo.yaml:7",))


def entry(
    message: str, translation: str, context: str = "demo/one text", **more: object
) -> PoEntry:
    base = PoEntry(context=context, message=message, strings=(translation,))
    return base.changed(**more)


def no_one(_: Edit) -> bool:
    raise AssertionError("nobody is to be asked")


def merged(
    entries: list[PoEntry],
    *briefs: Brief,
    kept: Callable[[Edit], bool] = no_one,
    mine: Callable[[str | None], bool] = lambda _: True,
    settled: tuple[str, ...] = (),
) -> Merged:
    return merge(
        PoDocument(head=HEAD, entries=tuple(entries)),
        briefs,
        Glossary(),
        locale="es",
        adds=lambda _: True,
        mine=mine,
        kept=kept,
        settled=settled,
    )


def test_new_strings_come_in_empty_in_the_order_of_the_file() -> None:
    done = merged([entry("b", "B", "demo/b text")], *(brief(m, f"demo/{m} text") for m in "abc"))
    assert [(e.message, e.strings) for e in done.document.entries] == [
        ("a", ("",)),
        ("b", ("B",)),
        ("c", ("",)),
    ]
    assert done.added == ["demo/a text", "demo/c text"]


def test_a_plural_string_has_every_form_of_its_language() -> None:
    done = merged([], brief("one row", plural="rows"))
    assert done.document.entries[0].strings == ("", "", "")


def test_what_is_gone_goes_aside_with_its_translation_and_comes_back_with_it() -> None:
    gone = merged([entry("Hi", "Hola", notes=("by Ana",)), entry("x", "", "demo/x text")])
    (aside,) = gone.document.entries
    assert (aside.obsolete, aside.strings, aside.notes) == (True, ("Hola",), ("by Ana",))
    assert gone.gone == ["demo/one text", "demo/x text"]

    back = merged([aside], brief("Hi"))
    (again,) = back.document.entries
    assert (again.obsolete, again.strings, back.back) == (False, ("Hola",), ["demo/one text"])


def test_what_is_not_ours_to_judge_stays() -> None:
    other = entry("Hi", "Hola", "other/one text")
    done = merged([other], mine=lambda context: belongs_to(context, ["demo"]))
    assert done.document.entries == (other,)


def test_an_edit_whose_meaning_is_kept_keeps_its_translation() -> None:
    asked: list[Edit] = []

    def kept(edit: Edit) -> bool:
        asked.append(edit)
        return True

    done = merged([entry("Helo", "Hola")], brief("Hello"), kept=kept)
    (fresh,) = done.document.entries
    assert (fresh.message, fresh.strings, fresh.check_again) == ("Hello", ("Hola",), False)
    assert asked == [Edit(context="demo/one text", before="Helo", after="Hello")]


def test_an_edit_whose_meaning_changed_is_to_be_checked_again() -> None:
    done = merged([entry("Hi", "Hola")], brief("Bye"), kept=lambda _: False)
    (fresh,) = done.document.entries
    assert (fresh.check_again, fresh.previous) == (True, {"msgid": "Hi"})
    assert done.to_check == ["demo/one text"]


def test_a_second_edit_remembers_what_the_translation_was_made_for() -> None:
    once = merged([entry("Hi", "Hola")], brief("Bye"), kept=lambda _: False).document.entries
    twice = merged(list(once), brief("Hello"), kept=lambda _: False).document.entries
    assert twice[0].previous == {"msgid": "Hi"}

    taken_back = merged(list(twice), brief("Hi")).document.entries
    assert (taken_back[0].check_again, taken_back[0].previous) == (False, {})


def test_it_may_be_said_later_that_the_meaning_was_kept() -> None:
    once = merged([entry("Hi", "Hola")], brief("Hello"), kept=lambda _: False).document.entries
    later = merged(list(once), brief("Hello"), settled=("demo/one text",))
    assert (later.document.entries[0].check_again, later.kept) == (False, ["demo/one text"])

    flagged = entry("Hello", "Hola", flags=("fuzzy",))  # by its translator, for no edit
    same = merged([flagged], brief("Hello"), settled=("demo/one text",))
    assert same.document.entries[0].check_again


def test_an_edit_of_what_nobody_translated_asks_nobody() -> None:
    done = merged([entry("Helo", "")], brief("Hello"))
    assert (done.added, len(done.document.entries)) == (["demo/one text"], 1)


def test_a_text_that_moved_to_another_place_keeps_its_translation() -> None:
    done = merged([entry("Hi", "Hola", "demo/old text")], brief("Hi", "demo/new text"))
    (moved,) = done.document.entries
    assert (moved.context, moved.strings, done.gone) == ("demo/new text", ("Hola",), [])


def test_a_second_update_changes_nothing() -> None:
    first = merged(
        [entry("Hi", "Hola"), entry("Gone", "Ido", "demo/gone text")],
        brief("Hi"),
        brief("New", "demo/new text"),
    )
    again = merged(list(first.document.entries), brief("Hi"), brief("New", "demo/new text"))
    assert again.document.entries == first.document.entries
