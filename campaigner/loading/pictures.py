"""Pictures of an item and the words for those who cannot see them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from campaigner.core.campaign import Picture, Wording
from campaigner.core.spelling import counted, did_you_mean
from campaigner.errors import UserError
from campaigner.loading import shapes
from campaigner.loading.problems import quoted
from campaigner.loading.wordings import Wordings, listed_nodes
from campaigner.loading.yaml import ListNode, MapNode, Node, ScalarNode

MOST = 4  # what X, Mastodon and Bluesky take
MAX_BYTES = 10_000_000


@dataclass(frozen=True, kw_only=True)
class PictureReader:
    """Reads `media` and `alt` of one item. `folder` is what files are relative to."""

    wordings: Wordings
    folder: Path
    context: str

    def pictures(self, media: Node | None, alt: Node | None) -> Mapping[str, tuple[Picture, ...]]:
        """Return the pictures by locale, ANY for the others; each with its alt text."""
        problems = self.wordings.problems
        if media is None:
            if alt is not None:
                found = "`alt` describes a picture, but there is none"
                problems.add(alt.line, found, "Add `media: …`, or remove `alt`.")
            return {}
        files = {
            locale: self._files(value)
            for locale, value in self.wordings.by_locale(media, "media").items()
        }
        most = max((len(each) for each in files.values()), default=0)
        if alt is None:
            fix = "Add `alt: …`: what it shows, in a sentence."
            problems.add(media.line, "`media` has no words for those who cannot see it", fix)
            return {}
        alts = self._alts(alt)
        for each in files.values():
            if alts and each and len(each) != len(alts):
                found = (
                    f"{counted(len(each), 'picture')} and {counted(len(alts), 'text')} in `alt`"
                    " do not go together"
                )
                problems.add(each[0].line, found, "Describe each picture, in the same order.")
        if len(alts) < most:
            return {}
        return {
            locale: tuple(
                Picture(file=file.text, alt=words) for file, words in zip(each, alts, strict=False)
            )
            for locale, each in files.items()
        }

    def _files(self, node: Node) -> Sequence[ScalarNode]:
        problems = self.wordings.problems
        files = list(shapes.texts(problems, node, "media"))
        if len(files) > MOST:
            found = f"there are {len(files)} pictures"
            problems.add(node.line, found, f"Keep {MOST} at most: the networks take no more.")
        for file in files:
            if (fault := self._fault(file.text)) is not None:
                problems.add(file.line, *fault)
        return files

    def _fault(self, name: str) -> tuple[str, str] | None:
        """Return what is wrong with a picture's file and what to do; None if nothing is."""
        shown, inside = (
            quoted(name),
            "Put it in campaigns/ or a folder in it, and name it from there.",
        )
        try:
            path = (self.folder / name).resolve()
            if not path.is_relative_to(self.folder.resolve()):
                return f"the picture {shown} is outside of the folder of campaigns", inside
            if not path.is_file():
                names = sorted(
                    other.relative_to(self.folder).as_posix()
                    for other in (self.folder / name).parent.glob("*.*")
                )
                return f"there is no picture {shown}", did_you_mean(name, names, otherwise=inside)
            with path.open("rb") as file:
                start, size = file.read(16), path.stat().st_size
        except (OSError, ValueError, RuntimeError) as error:
            # RuntimeError: symbolic links in a circle, before Python 3.13.
            reason = getattr(error, "strerror", None) or "its name is not possible"
            return (
                f"the picture {shown} cannot be read: {reason}",
                "Correct its name or permissions.",
            )
        if not media_type(start):
            fix = "Save it as PNG, JPEG, GIF or WebP; another ending to its name is not enough."
            return f"{shown} is no picture that the networks take", fix
        if size > MAX_BYTES:
            return f"the picture {shown} has {size / 1e6:.1f} MB", "Make it smaller than 10 MB."
        return None

    def _alts(self, node: Node) -> Sequence[Wording]:
        """Return the alt texts in the order of the pictures.

        A text or a list of texts; or either per locale, and then the source
        locale's (or `all`) decides how many there are.
        """
        if isinstance(node, ListNode):
            numbered = enumerate(node.items, start=1)
            return [
                words
                for number, part in numbered
                if (words := self._alt(part, f"alt.{number}")) is not None
            ]
        if isinstance(node, MapNode) and any(
            isinstance(each, ListNode) for _, each in node.entries
        ):
            return self._lists_by_locale(node)
        return [words] if (words := self._alt(node, "alt")) is not None else []

    def _alt(self, node: Node, field: str) -> Wording | None:
        return self.wordings.wording(node, field, context=f"{self.context} {field}")

    def _lists_by_locale(self, node: MapNode) -> Sequence[Wording]:
        """Turn lists per locale into one mapping per picture, and read those."""
        lists = {key: listed_nodes(value) for key, value in node.entries}
        counts = {len(values) for values in lists.values()}
        if len(counts) > 1:
            found = "`alt` has a different number of texts in different locales"
            self.wordings.problems.add(node.line, found, "Describe each picture in each of them.")
            return []
        parts = [
            MapNode(
                line=node.line, entries=tuple((key, values[n]) for key, values in lists.items())
            )
            for n in range(counts.pop())
        ]
        return self._alts(ListNode(line=node.line, items=tuple(parts)))


_MAGIC = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
}


def media_type(start: bytes) -> str | None:
    """Return what a file that starts so is: PNG, JPEG, GIF or WebP; None for anything else.

    Its name proves nothing.
    """
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for magic, kind in _MAGIC.items() if start.startswith(magic)), None)


def read_picture(folder: Path, file: str) -> tuple[str, bytes]:
    """Return a picture's media type and bytes. Raises UserError if it cannot be one."""
    path = folder / file
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"the picture {path} cannot be read: {error.strerror}") from None
    if (kind := media_type(data[:16])) is None:
        raise UserError(f"{path} is no picture. Save it as PNG, JPEG, GIF or WebP")
    return kind, data
