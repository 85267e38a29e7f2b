from pathlib import Path

import pytest

from campaigner.core.campaign import ANY, Campaign, Item, Missing, Picture, Story
from campaigner.core.delivery import Hold
from campaigner.rendering.catalogs import Catalogs
from campaigner.rendering.posts import (
    NotRendered,
    RenderedPost,
    RenderedStory,
    Silent,
    find_link,
    layout,
    render_post,
    render_story,
)
from tests.rendering.builders import (
    campaign,
    item,
    packaged_environment,
    po_entry,
    wording,
    write_po,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def post_of(
    folder: Path,
    said: Item,
    locale: str,
    *,
    by: Campaign | None = None,
    link: str = "",
    channel: str = "x",
) -> RenderedPost | NotRendered | Silent:
    return render_post(
        by or campaign(said),
        said,
        channel=channel,
        locale=locale,
        link=link,
        catalogs=Catalogs([folder / "locales"]),
        environment=packaged_environment(folder / "templates"),
    )


def rendered_post(folder: Path, said: Item, locale: str, **more: object) -> RenderedPost:
    post = post_of(folder, said, locale, **more)  # type: ignore[arg-type]
    assert isinstance(post, RenderedPost)
    return post


def held(folder: Path, said: Item, locale: str, **more: object) -> NotRendered:
    post = post_of(folder, said, locale, **more)  # type: ignore[arg-type]
    assert isinstance(post, NotRendered)
    return post


@pytest.mark.parametrize(
    ("hashtags", "link", "whole"),
    [
        (("DNS", "ICANN"), "https://a.test/", "Hi <&>\n\n#DNS #ICANN\nhttps://a.test/"),
        (("DNS",), "", "Hi <&>\n\n#DNS"),
        ((), "https://a.test/", "Hi <&>\n\nhttps://a.test/"),
        ((), "", "Hi <&>"),
    ],
)
def test_absent_parts_leave_no_blank_lines(
    folder: Path, hashtags: tuple[str, ...], link: str, whole: str
) -> None:
    post = rendered_post(folder, item("Hi <&>", hashtags={ANY: hashtags}), "en", link=link)
    assert layout(post, hashtags) == whole
    assert layout(post, ()) == (f"Hi <&>\n\n{link}" if link else "Hi <&>")


def test_text_alt_and_variables_are_translated(folder: Path) -> None:
    write_po(
        folder / "locales",
        "es",
        po_entry("Hi in {{ when }}", "Hola en {{ when }}", context="demo/one text")
        + po_entry("spring", "primavera", context="demo variables.when")
        + po_entry("A hook", "Un anzuelo", context="demo/one alt"),
    )
    said = item(
        "Hi in {{ when }}",
        pictures={ANY: (Picture(file="a.png", alt=wording("A hook", context="demo/one alt")),)},
    )
    variables = {"when": wording("spring", context="demo variables.when")}

    post = rendered_post(folder, said, "es_MX", by=campaign(said, variables=variables))

    assert post.text == "Hola en primavera"
    assert post.pictures[0].alt == "Un anzuelo"
    assert post.language == "es-MX"


def test_a_year_needs_no_translator(folder: Path) -> None:
    write_po(
        folder / "locales", "es", po_entry("In {{ y }}", "En {{ y }}", context="demo/one text")
    )
    said = item("In {{ y }}")
    variables = {"y": wording("2026", context="demo variables.y")}
    assert (
        rendered_post(folder, said, "es", by=campaign(said, variables=variables)).text == "En 2026"
    )


def test_an_untranslated_string_holds_its_own_locale_only_and_is_named(folder: Path) -> None:
    write_po(folder / "locales", "es", po_entry("Hi", "Hola", context="demo/one text"))
    said = item(
        "Hi",
        pictures={ANY: (Picture(file="a", alt=wording("Alt", context="demo/one alt", es="x")),)},
    )

    assert held(folder, said, "fr") == NotRendered(
        reason=Hold.TRANSLATION,
        faults=(
            'fr: "Hi" has no translation (demo/one text)',
            'fr: "Alt" has no translation (demo/one alt)',
        ),
    )
    assert rendered_post(folder, said, "es").text == "Hola"
    assert rendered_post(folder, said, "en").text == "Hi"


def test_a_text_given_for_a_locale_or_its_ancestor_is_used_as_it_is(folder: Path) -> None:
    said = item(wording("Hi", es="Buenas", es_MX="Qué onda"))
    assert rendered_post(folder, said, "es_MX").text == "Qué onda"
    assert rendered_post(folder, said, "es_UY").text == "Buenas"
    assert held(folder, said, "fr").reason is Hold.TRANSLATION


def test_source_may_stand_in_for_the_whole_post_never_for_a_part(folder: Path) -> None:
    write_po(folder / "locales", "es", po_entry("Hi", "Hola", context="demo/one text"))
    alt = wording("A hook", context="demo/one alt")
    said = item(
        "Hi",
        hashtags={"es": ("Hola",), ANY: ("Hi",)},
        pictures={ANY: (Picture(file="a.png", alt=alt),)},
    )

    post = rendered_post(folder, said, "es", by=campaign(said, missing=Missing.SOURCE))

    assert (post.text, post.pictures[0].alt, post.hashtags) == ("Hi", "A hook", ("Hi",))
    assert post.language == "en"


def test_a_channel_without_a_text_is_silent(folder: Path) -> None:
    said = item({"mastodon": wording("Long")})
    assert post_of(folder, said, "en", channel="x") == Silent()
    assert rendered_post(folder, said, "en", channel="mastodon").text == "Long"


def test_links_hashtags_and_pictures_go_by_locale(folder: Path) -> None:
    said = item(
        wording("Hi", es="Hola"),
        links={"es": "https://a.test/es", ANY: "https://a.test/"},
        hashtags={"es": ("Hola",), ANY: ("Hi",)},
        pictures={
            "es": (Picture(file="es.png", alt=None),),
            ANY: (Picture(file="en.png", alt=None),),
        },
    )
    post = rendered_post(folder, said, "es_419")
    assert (post.hashtags, post.pictures[0].file) == (("Hola",), "es.png")
    assert rendered_post(folder, said, "en").pictures[0].file == "en.png"
    assert find_link(said, "es_MX") == "https://a.test/es"
    assert find_link(said, "pt_BR") == "https://a.test/"
    assert find_link(item("Hi"), "en") == ""


def test_an_unknown_variable_is_told_with_the_nearest_name(folder: Path) -> None:
    said = item("In {{ yeer }}")
    variables = {"year": wording("2026")}
    assert held(folder, said, "en", by=campaign(said, variables=variables)) == NotRendered(
        reason=Hold.RENDERING,
        faults=(
            "demo/one text (en): 'yeer' is not a variable of this campaign. Did you mean 'year'?",
        ),
    )


@pytest.mark.parametrize(
    "text",
    ["{{ ''.__class__ }}", "{{ 'x' * 10 ** 9 }}", "{% for i in range(9) %}{% endfor %}", "{{ year"],
)
def test_a_text_is_never_run(folder: Path, text: str) -> None:
    problem = held(folder, item(text), "en")
    assert problem.reason is Hold.RENDERING
    assert "belongs to no placeholder" in problem.faults[0]


def test_a_missing_template_is_told(folder: Path) -> None:
    said = item("Hi")
    problem = held(folder, said, "en", by=campaign(said, template="social/pots.txt"))
    assert problem.reason is Hold.RENDERING
    assert "Did you mean 'social/post.txt'?" in problem.faults[0]


def test_an_untranslated_string_of_the_template_holds_too(folder: Path) -> None:
    (folder / "templates" / "social").mkdir(parents=True)
    (folder / "templates" / "social" / "post.txt").write_text("{{ text }} {{ _('Read on') }}")
    said = item(wording("Hi", fr="Salut"))

    assert rendered_post(folder, said, "en").layouts == ("Hi Read on",)
    assert held(folder, said, "fr") == NotRendered(
        reason=Hold.TRANSLATION,
        faults=('fr: "Read on" has no translation (social/post.txt)',),
    )


def test_a_story_has_both_its_parts_or_none(folder: Path) -> None:
    story = Story(
        headline=wording("News", context="demo/one story.headline", es="Novedades"),
        body=wording("**Body**", context="demo/one story.body"),
    )
    said = item("Hi", story=story)
    catalogs = Catalogs([folder / "locales"])

    def told(locale: str) -> RenderedStory | NotRendered | Silent:
        return render_story(campaign(said), said, locale=locale, catalogs=catalogs)

    assert told("en") == RenderedStory(headline="News", body="**Body**", language="en")
    assert told("es") == NotRendered(
        reason=Hold.TRANSLATION,
        faults=('es: "**Body**" has no translation (demo/one story.body)',),
    )
    silent = item("Hi")
    assert render_story(campaign(silent), silent, locale="en", catalogs=catalogs) == Silent()
