"""Tasks on the page: talked to, watched while they work, steered, paid for, and called by webhooks; and the server agrees."""

from __future__ import annotations

import re
import uuid

from playwright.sync_api import BrowserContext, expect

from tests.browsing import Visited, ask, built
from tests.serving import Serving

MOST_ROWS = 120
"""Lines of a log that may be in the document at once."""


@built
def test_a_fresh_server_offers_a_chat_and_the_demo_agent_answers(browser: BrowserContext, server: Serving):
    page = Visited(browser.new_page(), server).opened("tasks")
    tab = page.browser
    tab.get_by_role("link", name="Chat with the demo agent").click()
    word = uuid.uuid4().hex
    tab.get_by_label("Message").fill(f"Do you know {word}?")
    tab.get_by_label("Message").press("Enter")
    answer = tab.locator(".bubble.assistant:not(.pending)")
    expect(answer).to_contain_text(f"You asked in 4 words: Do you know {word}?")
    (talk,) = ask(server, "/api/conversations")
    expect(tab.locator("#conversations li")).to_contain_text(talk["title"])
    said = ask(server, f"/api/conversations/{talk['conversation_id']}/messages")
    assert [one["message_id"] for one in said] == [one.get_attribute("data-message") for one in tab.locator(".bubble").all()]

    ask(server, f"/api/conversations/{talk['conversation_id']}/messages", {"role": "system", "content": "from elsewhere"})
    expect(tab.locator(".bubble.system")).to_contain_text("from elsewhere")
    begins(server, "slow", "typist", conversation_id=talk["conversation_id"])
    puts_out(server, "slow", "half of an ")
    expect(tab.locator(".bubble.pending")).to_contain_text("half of an")
    puts_out(server, "slow", "answer\n")
    ask(server, "/api/tasks/slow", {"status": "completed", "result": "The answer"}, "PATCH")
    expect(tab.locator(".bubble.pending")).to_have_count(0)
    expect(answer.last).to_contain_text("The answer")
    tab.get_by_role("button", name="Rename").click()
    tab.get_by_label("Title").fill("Renamed")
    tab.get_by_role("dialog").get_by_role("button", name="Rename").click()
    expect(tab.get_by_role("heading", name="Renamed")).to_be_visible()
    tab.get_by_role("button", name="Archive", exact=True).click()
    expect(tab.locator("#conversations li")).to_have_count(0)
    (talk,) = ask(server, "/api/conversations?include_archived=true")
    assert (talk["title"], talk["is_archived"]) == ("Renamed", True)
    assert page.complaints == [] and page.asked_only_this_server()


@built
def test_a_long_log_is_followed_searched_and_costs_the_page_little(browser: BrowserContext, server: Serving):
    begins(server, "long", "counter")
    puts_out(server, "long", "".join(f"\x1b[3{n % 8}mline {n}\x1b[0m of many\n" for n in range(5_000)))
    page = Visited(browser.new_page(), server).opened("tasks/long")
    tab = page.browser
    log, rows = tab.get_by_role("log"), tab.locator("#log .row")
    expect(rows.last).to_have_text("line 4999 of many")
    expect(rows.last.locator(".c7")).to_have_text("line 4999")
    assert rows.count() < MOST_ROWS

    word = uuid.uuid4().hex
    puts_out(server, "long", f"{word}\n")
    expect(rows.last).to_have_text(word)
    log.evaluate("log => { log.scrollTop = 0 }")
    expect(rows.first).to_have_text("line 0 of many")
    puts_out(server, "long", "not in sight\n")
    expect(tab.locator("#log")).to_contain_text("5,002 lines")
    expect(rows.first).to_have_text("line 0 of many")

    tab.get_by_label("Find in the output").fill("line 321")
    expect(tab.locator("#log").get_by_role("status")).to_have_text("11 of 11")
    expect(rows.locator("mark").first).to_have_text("line 321")
    tab.get_by_role("button", name="Found next").click()
    expect(tab.locator("#log .chosen")).to_have_text("line 321 of many")
    tab.get_by_role("button", name="Follow").click()
    expect(rows.last).to_have_text("not in sight")
    tab.get_by_role("button", name="Colours").click()
    expect(rows.last.locator(".c7")).to_have_count(0)
    assert page.complaints == []


@built
def test_what_an_agent_did_and_cost_is_shown_and_the_task_is_steered(browser: BrowserContext, server: Serving):
    begins(server, "steered", "thinker")
    page = Visited(browser.new_page(), server).opened("tasks/steered")
    tab = page.browser
    call = {"tool_name": "Bash", "tool_input": {"command": "ls -la"}}
    ask(server, "/api/tasks/steered/events", {"events": [{"type": "task:tool_call", "data": call}]})
    expect(tab.locator("#steps tbody tr")).to_contain_text('{"command":"ls -la"}')
    ask(server, "/api/tasks/steered", {"model": "sonnet-4", "input_tokens": 1_000_000, "output_tokens": 0}, "PATCH")
    ask(server, "/api/tasks/steered", {"status": "waiting_input"}, "PATCH")
    expect(tab.locator("#task .runstate")).to_have_text("waits for input")
    expect(tab.locator(".card", has_text="Cost")).to_contain_text("$3.00")

    tab.get_by_label("Tell the task").fill("go on")
    tab.get_by_role("button", name="Tell it").click()
    expect(tab.locator("#task .runstate")).to_have_text("running")
    assert [one["message"] for one in ask(server, "/api/tasks/steered/logs/user-inputs")] == ["go on"]
    tab.get_by_role("button", name="Stop steered").click()
    expect(tab.locator("#task .runstate")).to_have_text("cancelled")
    assert ask(server, "/api/tasks/steered")["status"] == "cancelled"
    tab.get_by_role("button", name="Run again steered").click()
    expect(tab.locator("#task .runstate")).to_have_text("queued")
    again = ask(server, f"/api/tasks/{tab.url.rpartition('/')[2]}")
    assert (again["input_message"], again["assigned_agent"]) == ("Do something", "thinker")

    tab.get_by_role("link", name="Costs").click()
    summary = ask(server, "/api/analytics/summary")
    expect(tab.locator(".card", has_text="In all")).to_contain_text(f"${summary['total_cost']:.2f}")
    expect(tab.locator("#by-agent tr", has_text="thinker")).to_contain_text("$3.00")
    expect(tab.locator("#costs").get_by_role("img")).to_have_count(4)
    assert page.complaints == []


@built
def test_a_task_is_made_found_by_its_words_and_listed_by_its_agent(browser: BrowserContext, server: Serving):
    tab = Visited(browser.new_page(), server).opened("tasks").browser
    word = uuid.uuid4().hex
    tab.get_by_role("button", name="New task").click()
    form = tab.get_by_role("dialog")
    form.get_by_role("button", name="Create").click()
    expect(form.locator(".formline").first.get_by_role("alert")).to_contain_text("at least 1")
    form.get_by_label("What is asked").fill(f"Say {word}")
    form.get_by_role("button", name="Create").click()
    expect(tab.locator("#log .row", has_text=word).first).to_be_visible()
    expect(tab.locator("#task .runstate")).to_have_text("completed")
    ident = tab.url.rpartition("/")[2]
    assert ask(server, f"/api/tasks/{ident}")["assigned_agent"] == "demo"

    tab.get_by_role("link", name="Tasks", exact=True).last.click()
    tab.get_by_label("Find in tasks, output and conversations").fill(word)
    tab.get_by_label("Find in tasks, output and conversations").press("Enter")
    expect(tab.locator("#found").get_by_role("link", name=ident).first).to_be_visible()
    for ident in ("deep", "deeper"):
        begins(server, ident, "philosopher")
    tab.get_by_label("Agent", exact=True).fill("philosopher")
    tab.get_by_label("Agent", exact=True).press("Enter")
    expect(tab.locator("#tasks [data-run]")).to_have_count(2)
    tab.get_by_role("link", name="Agents").click()
    expect(tab.locator('[data-agent="philosopher"]')).to_contain_text("at 2 tasks")
    expect(tab.locator("#programs")).to_contain_text("the demonstration, no model")


@built
def test_a_webhook_is_made_tried_and_taken_away(browser: BrowserContext, server: Serving):
    page = Visited(browser.new_page(), server).opened("tasks?tab=webhooks")
    tab = page.browser
    tab.get_by_role("button", name="New webhook").click()
    form = tab.get_by_role("dialog")
    form.get_by_label("Name").fill("Builds")
    form.get_by_role("button", name="Create").click()
    shown = tab.locator(".secret code")
    expect(shown.last).to_have_text(re.compile("^[0-9a-f]{48}$"))
    hook = next(one for one in ask(server, "/api/webhooks") if one["name"] == "Builds")
    expect(shown.first).to_have_text(f"{server.url}{hook['endpoint']}")
    tab.get_by_role("button", name="I have it").click()
    expect(shown).to_have_count(0)

    row = tab.locator(f'[data-webhook="{hook["webhook_id"]}"]')
    word = uuid.uuid4().hex
    row.get_by_role("button", name="Test Builds").click()
    form.get_by_label("Event").fill("build.done")
    form.get_by_label("Text").fill(word)
    form.get_by_role("button", name="Send").click()
    came = tab.locator("[data-arrival]")
    expect(came).to_contain_text("build.done")
    (event,) = ask(server, "/api/webhooks/events")
    assert word in ask(server, f"/api/tasks/{event['task_id']}")["input_message"]
    came.get_by_role("button", name="What").click()
    expect(tab.locator(".payload")).to_contain_text(word)

    switch = row.get_by_role("switch", name="Builds takes deliveries")
    switch.click()
    expect(switch).to_have_attribute("aria-checked", "false")
    expect(switch).to_have_attribute("aria-busy", "false")
    assert ask(server, f"/api/webhooks/{hook['webhook_id']}")["enabled"] is False
    row.get_by_role("button", name="Delete Builds").click()
    tab.get_by_role("button", name="Delete it").click()
    expect(row).to_have_count(0)
    assert len(ask(server, "/api/webhooks")) == 4  # those that are built in
    assert page.complaints == []


def begins(server: Serving, ident: str, agent: str, **more: str) -> None:
    """A task that a worker elsewhere is at."""
    ask(server, "/api/tasks", {"task_id": ident, "input_message": "Do something", "assigned_agent": agent, **more})
    ask(server, f"/api/tasks/{ident}", {"status": "running"}, "PATCH")


def puts_out(server: Serving, ident: str, text: str) -> None:
    ask(server, f"/api/tasks/{ident}/output", {"output": text})
