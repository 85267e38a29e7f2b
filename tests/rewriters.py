"""What translators' programs do to a file between export and import, written by hand.

None of it changes what the file means.
"""

import io
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

import openpyxl
from openpyxl.styles import Font

from campaigner.rendering.podocuments import PoEntry, parse_podocument

PLURAL_FORMS = {
    "es": "nplurals=3; plural=(n == 1 ? 0 : n != 0 && n % 1000000 == 0 ? 1 : 2);",
    "customary": "nplurals=2; plural=(n != 1);",
}


def rewrite_like_poedit(path: Path, *, plural_forms: str, crlf: bool = False) -> None:
    """Rewrap at 79, reorder the header, add X-Generator, put obsolete strings at the end.

    Extracted comments and places are kept, as are flags and previous texts.
    With a header of two forms the strings keep only their first and last form.
    """
    document = parse_podocument(path.read_text(encoding="utf-8"))
    two = plural_forms.startswith("nplurals=2")
    out = [
        'msgid ""',
        'msgstr ""',
        '"Language: es\\n"',
        f'"Plural-Forms: {plural_forms}\\n"',
        '"Content-Type: text/plain; charset=UTF-8\\n"',
        '"X-Poedit-SourceCharset: UTF-8\\n"',
        '"X-Generator: Poedit 3.4.2\\n"',
        "",
    ]
    for entry in sorted(document.entries, key=lambda entry: entry.obsolete):
        out += [*_poedit_entry(entry, two=two), ""]
    text = "\n".join(out)
    path.write_bytes(text.replace("\n", "\r\n").encode() if crlf else text.encode())


def _poedit_entry(entry: PoEntry, *, two: bool) -> list[str]:
    mark = "#~ " if entry.obsolete else ""
    lines = [f"# {note}" for note in entry.notes]
    lines += [f"#. {comment}" for comment in entry.extracted]
    lines += [f"#: {place}" for place in entry.references]
    if entry.flags:
        lines.append(f"#, {', '.join(entry.flags)}")
    for keyword, text in entry.previous.items():
        lines += [f"#| {line}" for line in _poedit_text(keyword, text)]
    said = [] if entry.context is None else [("msgctxt", entry.context)]
    said.append(("msgid", entry.message))
    if entry.plural:
        forms = (entry.strings[0], entry.strings[-1]) if two else entry.strings
        said.append(("msgid_plural", entry.plural))
        said += [(f"msgstr[{form}]", text) for form, text in enumerate(forms)]
    else:
        said.append(("msgstr", entry.strings[0]))
    for keyword, text in said:
        lines += [f"{mark}{line}" for line in _poedit_text(keyword, text)]
    return lines


def _poedit_text(keyword: str, text: str) -> list[str]:
    quoted = [_quote(part) for part in re.findall(r"[^\n]*\n|[^\n]+", text)]
    pieces = []
    for line in quoted:
        words, piece = re.findall(r"\S+\s*|\s+", line), ""
        for word in words:
            if piece and len(piece) + len(word) > 76:
                pieces.append(piece)
                piece = ""
            piece += word
        pieces.append(piece)
    if len(pieces) <= 1 and len(keyword) + len("".join(pieces)) < 76:
        return [f'{keyword} "{"".join(pieces)}"']
    return [f'{keyword} ""', *(f'"{piece}"' for piece in pieces)]


def _quote(text: str) -> str:
    for plain, written in (
        ("\\", "\\\\"),
        ('"', '\\"'),
        ("\n", "\\n"),
        ("\t", "\\t"),
        ("\r", "\\r"),
    ):
        text = text.replace(plain, written)
    return text


def rewrite_in(path: Path, *, encoding: str) -> None:
    """Save in another encoding, with its byte order mark."""
    path.write_text(path.read_text(encoding="utf-8"), encoding=encoding)


def rewrite_with_openpyxl(path: Path) -> None:
    """Load and save with other styles, widths and a sheet more."""
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    sheet.protection.sheet = False
    for cells in sheet.iter_rows():
        for cell in cells:
            cell.font = Font(name="Liberation Sans", size=11, italic=True)
            cell.number_format = "General"
    sheet.column_dimensions["F"].width = 99
    book.create_sheet("Notas", 0)["A1"] = "de la traductora"
    book.save(path)


def rewrite_like_libreoffice(path: Path, *, inline: bool = False) -> None:
    """Write the workbook anew: columns turned around, shared or inline texts, in runs of style.

    Line ends within a cell become `_x000D_` and a line feed, texts that are
    numbers become numbers, dates serials, quotes outside the translation
    typographic, and empty rows and columns stand behind.
    """
    sheet = openpyxl.load_workbook(path).worksheets[0]
    rows = [[cell.value for cell in cells] for cells in sheet.iter_rows()]
    headings = [str(value) for value in rows[0]]
    strings: list[str] = []
    lines = []
    for number, values in enumerate(rows, start=1):
        cells = list(zip(headings, values, strict=True))[::-1]
        cells += [("", None), ("", "")]
        written = [
            _cell(f"{_letter(column)}{number}", heading, value, strings, inline, number == 1)
            for column, (heading, value) in enumerate(cells)
        ]
        lines.append(f'<row r="{number}" ht="24" customHeight="1">{"".join(written)}</row>')
    lines += [f'<row r="{len(rows) + n}"><c r="A{len(rows) + n}" s="1"/></row>' for n in (1, 2, 40)]
    _save(path, "".join(lines), strings)


def _cell(
    place: str, heading: str, value: object, strings: list[str], inline: bool, first: bool
) -> str:
    if value is None or value == "":
        return f'<c r="{place}" s="1"/>'
    if isinstance(value, int):
        return f'<c r="{place}" s="1"><v>{value}</v></c>'
    text = str(value)
    if not first and re.fullmatch(r"[1-9]\d*", text):
        return f'<c r="{place}" s="1"><v>{text}</v></c>'
    if not first and heading == "due":
        return f'<c r="{place}" s="2"><v>46357</v></c>'
    if not first and not heading.startswith("translation") and heading not in ("id", "context"):
        text = text.replace('"', "”").replace("'", "’").replace("...", "…")
    text = text.replace("\n", "_x000D_\n")
    half = len(text) // 2
    runs = "".join(
        f'<r><rPr><b val="1"/><sz val="11"/></rPr><t xml:space="preserve">{escape(part)}</t></r>'
        for part in (text[:half], text[half:])
        if part
    )
    if inline:
        return f'<c r="{place}" s="1" t="inlineStr"><is>{runs}</is></c>'
    strings.append(runs)
    return f'<c r="{place}" s="1" t="s"><v>{len(strings) - 1}</v></c>'


def _letter(column: int) -> str:
    return chr(ord("A") + column)


def _save(path: Path, lines: str, strings: Sequence[str]) -> None:
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    shared = "".join(f"<si>{runs}</si>" for runs in strings)
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    files = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}.worksheet+xml"/>'
        f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}.sharedStrings+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{kind}.styles+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="rId1" Type="{office}/officeDocument" Target="xl/workbook.xml"/>'
        "</Relationships>",
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
        '<sheet name="Hoja1" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="rId1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="rId2" Type="{office}/sharedStrings" Target="sharedStrings.xml"/>'
        f'<Relationship Id="rId3" Type="{office}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{main}"><fonts count="1"><font/></fonts>'
        '<fills count="1"><fill><patternFill/></fill></fills><borders count="1"><border/></borders>'
        '<cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="3"><xf/>'
        '<xf applyProtection="1"><protection locked="0"/></xf><xf numFmtId="14"/></cellXfs>'
        "</styleSheet>",
        "xl/sharedStrings.xml": f'<sst xmlns="{main}">{shared}</sst>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><cols>'
        '<col min="2" max="3" width="40" hidden="1"/></cols>'
        f"<sheetData>{lines}</sheetData></worksheet>",
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, head + content)
    path.write_bytes(out.getvalue())
