"""The texts of a .po file that came back from a translator."""

from collections.abc import Callable, Iterator

from campaigner.core.exchange import Offer, State, key_of
from campaigner.rendering.podocuments import Key, PoDocument, header_field
from campaigner.rendering.pofiles import counting, plural_names


def offers_of(
    document: PoDocument, *, locale: str, domain_of: Callable[[Key], str]
) -> Iterator[Offer]:
    """Yield every text of the file; of a plural string one for each form of the language.

    A form is found by a number that takes it, however the file's header
    counts. One that the file lacks has a fault. `domain_of` says whose a
    string is; empty: nobody's.
    """
    places = _places(header_field(document, "Plural-Forms"), locale)
    for number, entry in enumerate(document.entries, start=1):
        if entry.obsolete:
            continue
        domain = domain_of(entry.key)
        for form, index in places if entry.plural else [("", 0)]:
            lost = index is None or index >= len(entry.strings)
            yield Offer(
                place=f"string {number}",
                key=key_of(domain, entry.context, entry.message, form) if domain else "",
                context=entry.context,
                form=form,
                source=entry.message,
                translation="" if index is None or lost else entry.strings[index],
                state=State.CHECK if entry.check_again else State.DONE,
                note="\n".join(entry.notes),
                fault="this plural form is lost" if lost and any(entry.strings) else "",
            )


def _places(stated: str, locale: str) -> list[tuple[str, int | None]]:
    """Return each CLDR form of a locale with its index in a file that counts as `stated`.

    Of two forms that the file does not tell apart the last has its text: a
    header of two forms knows `one` and `other`, but no `many`.
    """
    names = plural_names(locale)
    try:
        count, form_of = counting(stated)
    except (ValueError, TypeError):
        return [(name, index) for index, (name, _) in enumerate(names)]
    places: list[tuple[str, int | None]] = []
    taken: set[int] = set()
    for index, (name, number) in reversed(list(enumerate(names))):
        place = index if number is None else form_of(number)
        if place in taken or place >= count:
            places.append((name, None))
        else:
            taken.add(place)
            places.append((name, place))
    return places[::-1]
