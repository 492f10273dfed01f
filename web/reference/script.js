// A filter that hides what does not match, and buttons that copy a command. Without this script all of the page is there.
"use strict";

const form = document.querySelector("form[role=search]");
const field = document.querySelector("#filter");
const count = form.querySelector("output");
const entries = [...document.querySelectorAll(".entry")].map((entry) => ({ entry, text: entry.textContent.toLowerCase() }));
const groups = [...document.querySelectorAll(".group")];

function filter() {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const { entry, text } of entries) {
    entry.hidden = !words.every((word) => text.includes(word));
    shown += entry.hidden ? 0 : 1;
  }
  for (const group of groups) group.hidden = !group.querySelector(".entry:not([hidden])");
  count.textContent = words.length ? `${shown} of ${entries.length}` : "";
  const address = new URL(location.href);
  if (words.length) address.searchParams.set("q", field.value);
  else address.searchParams.delete("q");
  history.replaceState(null, "", address);
}

function clear() {
  field.value = "";
  filter();
}

// A link leads to what the filter may be hiding.
function unhide() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target || !target.closest("[hidden]")) return;
  clear();
  target.scrollIntoView();
}

async function copy(button) {
  const text = button.parentElement.querySelector("code").textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(button.parentElement.querySelector("code"));
    button.textContent = "Selected";
  }
  button.addEventListener("blur", () => { button.textContent = "Copy"; }, { once: true });
}

form.hidden = false;
form.addEventListener("submit", (event) => {
  event.preventDefault();
  document.querySelector(".entry:not([hidden]) .anchor")?.focus();
});
field.addEventListener("input", filter);
field.addEventListener("keydown", (event) => { if (event.key === "Escape") clear(); });
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.target === field || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  field.focus();
  field.select();
});
for (const button of document.querySelectorAll(".command button")) {
  button.hidden = false;
  button.addEventListener("click", () => copy(button));
}
addEventListener("hashchange", unhide);

field.value = new URLSearchParams(location.search).get("q") || "";
if (field.value) filter();
unhide();
