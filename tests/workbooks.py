"""Workbooks for tests, made of their XML as different programs write it; openpyxl alone would not write the odd ones."""

import zipfile
from pathlib import Path

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'

# Number formats by style: 0 general, 1 date, 2 date and time, 3 time, 4 elapsed hours, 5 percent, 6 a German date,
# 7 an amount with a unit, 8 text.
STYLES = f"""{_HEAD}<styleSheet xmlns="{_MAIN}">
<numFmts><numFmt numFmtId="164" formatCode="[h]:mm:ss"/><numFmt numFmtId="165" formatCode="[$-407]DD/MM/YYYY;@"/>
<numFmt numFmtId="166" formatCode="0.0 &quot;mmHg&quot;"/></numFmts>
<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="22"/><xf numFmtId="21"/><xf numFmtId="164"/>
<xf numFmtId="9"/><xf numFmtId="165"/><xf numFmtId="166"/><xf numFmtId="49"/></cellXfs></styleSheet>"""
TEXTS = f"""{_HEAD}<sst xmlns="{_MAIN}"><si><t>id</t></si><si><t>day</t></si><si><t>pain</t></si>
<si><r><rPr><b/></rPr><t xml:space="preserve">bold </t></r><r><t>and plain</t></r></si>
<si><t>&#26716;</t><rPh sb="0" eb="1"><t>sakura</t></rPh></si><si><t>two_x000D_
lines</t></si><si/></sst>"""


def write_workbook(
    path: Path,
    sheets: dict[str, str],
    *,
    is_1904: bool = False,
    hidden: tuple[str, ...] = (),
    parts: dict[str, str] | None = None,
) -> Path:
    """A workbook of these worksheets (name -> XML); `parts` replaces or adds parts of the package."""
    names = {name: f"worksheets/sheet{n}.xml" for n, name in enumerate(sheets, 1)}
    listed = "".join(
        f'<sheet name="{name}" sheetId="{n}" r:id="rId{n}"'
        + (' state="hidden"/>' if name in hidden else "/>")
        for n, name in enumerate(sheets, 1)
    )
    related = [("worksheet", target) for target in names.values()]
    related += [("styles", "styles.xml"), ("sharedStrings", "/xl/sharedStrings.xml")]
    content = {
        "_rels/.rels": _relations([("officeDocument", "xl/workbook.xml")]),
        "xl/workbook.xml": f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">'
        f'<workbookPr date1904="{int(is_1904)}"/><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": _relations(related),
        "xl/styles.xml": STYLES,
        "xl/sharedStrings.xml": TEXTS,
    }
    content |= {f"xl/{target}": sheets[name] for name, target in names.items()} | (parts or {})
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in content.items():
            archive.writestr(name, text)
    return path


def _relations(related: list[tuple[str, str]]) -> str:
    listed = "".join(
        f'<Relationship Id="rId{n}" Type="{_OFFICE}/{type_}" Target="{target}"/>'
        for n, (type_, target) in enumerate(related, 1)
    )
    return f'{_HEAD}<Relationships xmlns="{_PACKAGE}">{listed}</Relationships>'


def sheet_of(rows: str, behind: str = "") -> str:
    """A worksheet around its rows."""
    return f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetData>{rows}</sheetData>{behind}</worksheet>'
