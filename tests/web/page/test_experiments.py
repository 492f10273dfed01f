"""Experiments on the page: made, trained, steered and compared there, and the server agrees."""

from __future__ import annotations

import re

from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.browsing import Visited, ask, built
from tests.serving import Serving


@built
def test_a_fresh_server_offers_a_small_experiment_whose_curves_grow(browser: BrowserContext, server: Serving):
    page = Visited(browser.new_page(), server).opened("experiments")
    page.browser.get_by_role("button", name="Run a small experiment").click()

    head = page.browser.locator("#experiment")
    expect(head).to_contain_text("Small experiment")
    expect(head.get_by_role("img")).to_have_attribute("aria-label", re.compile("after round 5 "))
    expect(head.locator(".runstate")).to_have_text("completed")
    run = newest(server)
    assert (run["status"], run["rounds"], run["params"]["configuration"]["dataset"]) == ("completed", 5, "digits")
    expect(head.locator(".card", has_text="Accuracy")).to_contain_text(f"{run['accuracy'] * 100:.1f}%")
    expect(head.locator(".card", has_text="Loss")).to_contain_text(f"{run['loss']:.4f}")
    expect(page.browser.locator("[data-client]")).to_have_count(run["clients"])
    expect(page.browser.locator("#rounds tbody tr")).to_have_count(5)
    expect(page.browser.locator("#timeline")).to_contain_text(f"{run['id']} completed")
    exports = [link.get_attribute("href") or "" for link in head.locator(".exports").get_by_role("link").all()]
    rows = page.browser.request.get(server.url + exports[0]).text().splitlines()
    assert sum(",accuracy," in row or row.startswith("accuracy,") for row in rows) == 5
    assert page.complaints == [] and page.asked_only_this_server()


@built
def test_what_the_server_does_not_like_is_said_at_the_field(browser: BrowserContext, server: Serving):
    tab = Visited(browser.new_page(), server).opened("experiments").browser
    tab.get_by_role("button", name="New experiment").click()
    form = tab.get_by_role("dialog")
    form.get_by_label("Name").fill("Never begun")
    form.get_by_label("Rounds").fill("500")
    form.get_by_label("Start it at once").uncheck()
    form.get_by_role("button", name="Create").click()
    wrong = form.locator(".formline", has=tab.get_by_label("Rounds"))
    expect(wrong.get_by_role("alert")).to_contain_text("between 1 and 100")
    expect(form.get_by_label("Rounds")).to_have_attribute("aria-invalid", "true")

    form.get_by_label("Rounds").fill("7")
    form.get_by_label("Learning rate").fill("0.05")
    form.get_by_text("More", exact=True).click()
    form.get_by_label("robust_aggregation").check()
    form.get_by_role("button", name="Create").click()
    expect(tab.locator("#experiment .runstate")).to_have_text("created")
    run = newest(server)
    assert run["name"] == "Never begun" and run["params"]["policies"] == ["robust_aggregation"]
    assert {"rounds": 7, "learning_rate": 0.05, "clients_per_round": 3}.items() <= run["params"]["configuration"].items()


@built
def test_an_experiment_is_steered_from_the_list(browser: BrowserContext, server: Serving):
    page = Visited(browser.new_page(), server).opened("experiments")
    tab = page.browser
    run = makes(tab, "Long one")
    tab.get_by_role("link", name="All", exact=True).click()
    row = tab.locator(f'tr[data-run="{run["id"]}"]')
    for button, state in (("Pause", "paused"), ("Resume", "running"), ("Stop", "stopped")):
        row.get_by_role("button", name=f"{button} Long one").click()
        expect(row.locator(".runstate")).to_have_text(state)
        assert one(server, run["id"])["status"] == state
    expect(row.get_by_role("button")).to_have_count(0)

    other = makes(tab, "Given up")
    tab.get_by_role("button", name="Abort Given up").click()
    tab.get_by_role("button", name="Cancel").click()
    assert one(server, other["id"])["status"] == "running"
    tab.get_by_role("button", name="Abort Given up").click()
    tab.get_by_role("button", name="Abort it").click()
    expect(tab.locator("#experiment .runstate")).to_have_text("aborted")
    assert one(server, other["id"])["status"] == "cancelled"
    assert page.complaints == []


@built
def test_experiments_are_found_sorted_and_compared(browser: BrowserContext, server: Serving):
    tab = Visited(browser.new_page(), server).opened("experiments").browser
    rows = tab.locator("#experiments [data-run]")
    tab.get_by_label("Status").select_option("cancelled")
    expect(rows).to_have_count(1)
    tab.get_by_label("Status").select_option("")
    tab.get_by_label("Name or id begins with").fill("sma")
    expect(rows).to_have_count(1)
    tab.get_by_label("Name or id begins with").fill("")
    tab.get_by_role("button", name="Accuracy").click()
    expect(tab.get_by_role("columnheader", name="Accuracy")).to_have_attribute("aria-sort", "descending")
    best = ask(server, "/api/oracle/runs?kind=experiment&sort=-accuracy")["items"][0]
    expect(rows.first).to_have_attribute("data-run", best["id"])

    tab.get_by_label("Compare Small experiment").check()
    tab.get_by_label("Compare Long one").check()
    tab.get_by_role("link", name="Compare 2").click()
    expect(tab.locator("#compared").get_by_role("img")).to_have_count(2)
    expect(differing(tab, "rounds")).to_have_text(["5", "100"])
    expect(tab.locator("#came [data-run]")).to_have_count(2)
    tab.get_by_role("button", name="Leave out Long one").click()
    expect(tab.locator("#came [data-run]")).to_have_count(1)
    assert "compare=exp_001" in tab.url


def makes(tab: Page, name: str):
    """An experiment that is at work for longer than a test, made with the form."""
    tab.goto(tab.url.partition("#")[0] + "#/experiments")
    tab.get_by_role("button", name="New experiment").click()
    form = tab.get_by_role("dialog")
    form.get_by_label("Name").fill(name)
    form.get_by_label("Rounds").fill("100")
    form.get_by_label("Local epochs").fill("60")
    form.get_by_role("button", name="Create").click()
    expect(tab.locator("#experiment .runstate")).to_have_text("running")
    return {"id": tab.url.rpartition("/")[2], "name": name}


def differing(tab: Page, setting: str) -> Locator:
    """What a setting is in each of the experiments that are compared."""
    return tab.locator("#differences tr", has=tab.get_by_role("rowheader", name=setting, exact=True)).locator("td")


def newest(server: Serving):
    return ask(server, "/api/oracle/runs?kind=experiment")["items"][0]


def one(server: Serving, ident: str):
    return ask(server, f"/api/oracle/runs/{ident}")
