# SPDX-License-Identifier: Apache-2.0
"""A CSV file becomes people: its columns are named, it is tried, it is imported, its wrong rows are told."""

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from .conftest import Server
from .kit import check_accessible, check_fits

_FILE = """E-Mail,user id,plan,Internal,
lin@example.com,lin-1,plus,x,1
mai@example.com,mai-1,free,y,2
nobody,nob-1,free,z,3
short
"""


def test_a_file_is_tried_and_imported(server: Server, page: Page, phone: Page, tmp_path: Path) -> None:
    file = tmp_path / "may.csv"
    file.write_text(_FILE)
    page.goto("/imports")
    page.get_by_role("link", name="Import a CSV file").click()
    page.get_by_label("CSV file").set_input_files(file)
    expect(page.get_by_text("4 rows")).to_be_visible()
    expect(page.get_by_label("Attribute for E-Mail")).to_have_value("email")
    expect(page.get_by_label("Attribute for user id")).to_have_value("id")
    page.get_by_role("checkbox", name="Internal").uncheck()
    page.get_by_label("Attribute for plan").fill("id")
    page.get_by_role("button", name="Try it").click()
    expect(page.get_by_label("Attribute for plan")).to_have_accessible_description("user id becomes id already")
    page.get_by_label("Attribute for plan").fill("plan")
    page.get_by_label("Who a row is about").select_option("email")
    page.get_by_role("button", name="Try it").click()
    expect(page.get_by_text("Of 4 rows, 2 are new people, 0 would change somebody, 2 are wrong.")).to_be_visible()
    expect(page.get_by_role("cell", name="email: is not an e-mail address")).to_be_visible()
    check_accessible(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download them").click()
    assert '4,"email: is not' in download.value.path().read_text()
    page.get_by_role("button", name="Import 2 rows").click()
    expect(page.get_by_role("heading", level=1, name="may.csv")).to_be_visible()
    expect(page.get_by_text("2 rows are in.")).to_be_visible(timeout=20_000)
    expect(page.get_by_role("cell", name="email: is not an e-mail address")).to_be_visible()
    check_accessible(page)
    found = server.call("GET", "/v1/customers?email=lin@example.com", "app_key")["results"]
    assert [one["id"] for one in found] == ["lin-1"]
    attributes = server.call("GET", "/v1/customers/lin-1/attributes", "app_key")["customer"]["attributes"]
    assert attributes["plan"] == "plus"
    assert "Internal" not in attributes

    for path in ("/imports/new", page.url):
        phone.goto(path)
        expect(phone.get_by_role("heading", level=1)).to_be_visible()
        if path == "/imports/new":
            phone.get_by_label("CSV file").set_input_files(file)
            expect(phone.get_by_label("Attribute for E-Mail")).to_be_visible()
        check_fits(phone)
    page.goto("/imports")
    expect(page.get_by_role("row").filter(has_text="may.csv").get_by_text("done")).to_be_visible()


def test_a_file_of_another_make_goes_into_a_segment(server: Server, page: Page, tmp_path: Path) -> None:
    server.call("POST", "/v1/segments", "app_key", body={"segment": {"name": "Fair"}})
    file = tmp_path / "fair.csv"
    file.write_bytes("id;name;visits;since\r\nfair-1;Zoë;7;2026-01-31\r\nfair-2;Bo;many;\r\n".encode("cp1252"))
    page.goto("/segments")
    page.get_by_role("link", name="Fair").click()
    page.get_by_role("link", name="Import into it").click()
    page.get_by_label("CSV file").set_input_files(file)
    expect(page.get_by_label("Encoding")).to_have_accessible_description(re.compile("line 2 is not UTF-8"))
    check_accessible(page)
    page.get_by_label("Encoding").select_option("windows-1252")
    expect(page.get_by_text("2 rows, 64 bytes, in WINDOWS-1252, with semicolons")).to_be_visible()
    expect(page.get_by_text("Zoë · Bo")).to_be_visible()
    page.get_by_label("Type of visits").select_option("number")
    page.get_by_label("Type of since").select_option("date")
    page.get_by_role("button", name="Try it").click()
    expect(page.get_by_role("cell", name="visits: is not a number")).to_be_visible()
    expect(page.get_by_label("into a segment")).to_have_value(re.compile("[0-9]+"))
    check_accessible(page)
    page.get_by_role("button", name="Import 1 row").click()
    expect(page.get_by_text("1 row is in.")).to_be_visible(timeout=20_000)
    page.get_by_role("link", name="1 person").click()
    expect(page.get_by_role("heading", level=1, name="Fair")).to_be_visible()
    page.get_by_role("table", name="People of this segment").get_by_role("link", name="fair-1").click()
    expect(page.get_by_role("row").filter(has_text="visits").get_by_role("cell").nth(2)).to_have_text("Number")
    expect(page.get_by_role("row").filter(has_text="since")).to_contain_text("1769817600")
