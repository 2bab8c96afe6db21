"""Tables, against the HTML that another parser reads."""

import pytest
from bs4 import BeautifulSoup

from ganlab.page.tables import table


def test_every_entry_stands_in_its_row_and_under_its_column():
    shown = table(["fault", "D < 1/2", "G"], [["a & b", 0.5, "<i>"], ["c", -1, ""]])
    soup = BeautifulSoup(shown._repr_html_(), "html.parser")
    assert [th.get_text() for th in soup.thead("th")] == ["fault", "D < 1/2", "G"]
    assert [th["scope"] for th in soup.thead("th")] == ["col"] * 3
    rows = [[cell.get_text() for cell in row(["th", "td"])] for row in soup.tbody("tr")]
    assert rows == [["a & b", "0.5", "<i>"], ["c", "-1", ""]]
    assert [row.th["scope"] for row in soup.tbody("tr")] == ["row", "row"]


def test_without_html_the_columns_are_aligned():
    lines = repr(table(["a", "value"], [["long name", "1"], ["b", "22"]])).split("\n")
    assert lines == ["a          value", "long name  1", "b          22"]


@pytest.mark.parametrize(
    ("columns", "rows", "message"),
    [
        ([], [], "at least one column"),
        (["a", "b"], [["1", "2"], ["1"]], r"2 entries each, got 1 in \('1',\)"),
    ],
)
def test_a_table_with_holes_is_refused(columns, rows, message):
    with pytest.raises(ValueError, match=message):
        table(columns, rows)
