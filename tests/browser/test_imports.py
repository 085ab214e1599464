# SPDX-License-Identifier: Apache-2.0
"""A CSV file becomes people: its columns are named, it is tried, it is imported, its wrong rows are told."""

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
