// Search as you type (a WAI-ARIA combobox with a list), recent and saved searches.

import { $, $$, composing, say } from "./core.js";
import * as searches from "./searches.js";

const WAIT = 120; // milliseconds after the last key
const MAX_TYPED = 80; // a longer text is a description; nothing completes it
const address = (words) => `/search?q=${encodeURIComponent(words)}`;

// --- the list below the box --------------------------------------------------------------------

function combobox(box) {
  const list = Object.assign(document.createElement("ul"), { id: "completions", className: "completions", hidden: true });
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", $(`label[for=${box.id}]`).textContent);
  box.form.append(list);
  for (const [name, value] of Object.entries({
    role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": list.id,
  })) box.setAttribute(name, value);

  let timer = 0, running = null, at = -1;
  const options = () => $$("[role=option]", list);

  const choose = (to) => {
    const all = options();
    all[at]?.setAttribute("aria-selected", "false");
    at = all.length ? (to + all.length + 1) % (all.length + 1) : -1;
    if (at === all.length) at = -1; // between the last and the first stands the box itself
    const chosen = all[at];
    if (!chosen) return box.removeAttribute("aria-activedescendant");
    chosen.setAttribute("aria-selected", "true");
    chosen.scrollIntoView({ block: "nearest" });
    box.setAttribute("aria-activedescendant", chosen.id);
  };
  const close = () => {
    clearTimeout(timer);
    running?.abort();
    list.hidden = true;
    list.replaceChildren();
    at = -1;
    box.setAttribute("aria-expanded", "false");
    box.removeAttribute("aria-activedescendant");
  };
  const show = (found) => {
    close();
    list.replaceChildren(...found.map(({ kind, text, note, url }, i) => {
      const option = Object.assign(document.createElement("li"), { id: `completion-${i}`, className: kind });
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      option.dataset.url = url;
      option.append(Object.assign(document.createElement("span"), { textContent: text }));
      option.append(Object.assign(document.createElement("small"), { textContent: note }));
      return option;
    }));
    list.hidden = !found.length;
    box.setAttribute("aria-expanded", String(Boolean(found.length)));
    if (found.length) $("#status").textContent = box.dataset.count.replace("#", found.length);
  };
  const recent = () => show(searches.list("recent").slice(0, 8).map(({ name, url }) => (
    { kind: "recent", text: name, note: box.dataset.recent, url })));
  const ask = async () => {
    const typed = box.value.trim();
    if (document.activeElement !== box) return;
    if (!typed) return recent();
    if (typed.length > MAX_TYPED) return close();
    running?.abort();
    const mine = running = new AbortController();
    try {
      const answer = await fetch(`${box.dataset.complete}?q=${encodeURIComponent(typed)}&size=8`, { signal: mine.signal });
      if (!answer.ok || mine.signal.aborted) return close();
      const { completions } = await answer.json();
      if (mine.signal.aborted || document.activeElement !== box) return;
      show(completions.map((c) => ({
        kind: c.kind, text: c.text, url: c.address, note: c.id || `${box.dataset[c.kind]} ${c.articles}`,
      })));
    } catch (error) {
      if (error.name !== "AbortError") close();
    }
  };
  const soon = () => { clearTimeout(timer); running?.abort(); timer = setTimeout(ask, WAIT); };

  box.addEventListener("input", (e) => {
    if ($(".recent", list) || !box.value) close(); // what is shown is about another text
    if (!e.isComposing) soon();
  });
  box.addEventListener("compositionend", soon);
  box.addEventListener("focus", () => { if (!box.value) recent(); });
  box.addEventListener("blur", close);
  box.addEventListener("keydown", (e) => {
    if (composing(e)) return;
    const open = !list.hidden;
    if (e.key === "ArrowDown" || e.key === "ArrowUp") {
      e.preventDefault();
      if (open) choose(e.key === "ArrowDown" ? at + 1 : at < 0 ? options().length - 1 : at - 1);
      else ask();
    } else if (e.key === "Enter") {
      const chosen = options()[at];
      if (!chosen) return close();
      e.preventDefault();
      location.assign(chosen.dataset.url);
    } else if (e.key === "Escape" && open && !$(".recent", list)) { // recent ones came unasked: Escape leaves the box
      e.preventDefault();
      close();
    }
  });
  list.addEventListener("mousedown", (e) => e.preventDefault()); // the box keeps the focus
  list.addEventListener("click", (e) => {
    const option = e.target.closest("[role=option]");
    if (option) location.assign(option.dataset.url);
  });
}

for (const box of $$("[data-complete]")) combobox(box);

// --- the page of results: it is remembered, and can be saved -------------------------------------------

const star = $("[data-save]");
if (star) {
  const label = $("span", star), usual = label.textContent, words = new URLSearchParams(location.search).get("q") ?? "";
  const here = location.pathname + location.search;
  if (words.trim()) searches.put("recent", words.trim(), address(words.trim()));
  const refresh = () => {
    const on = searches.has("saved", here);
    star.setAttribute("aria-pressed", String(on));
    label.textContent = on ? label.dataset.on : usual;
    star.firstChild.data = on ? "★ " : "☆ ";
  };
  const dialog = $("#save");
  star.hidden = !location.search;
  star.addEventListener("click", () => {
    if (!searches.has("saved", here)) { dialog.showModal(); return; }
    searches.remove("saved", here);
    refresh();
  });
  $("form", dialog).addEventListener("submit", (e) => {
    if (e.submitter?.value !== "save") return;
    searches.put("saved", $("input", dialog).value.trim() || words || here, here);
    refresh();
    say(label.dataset.on);
  });
  $("input", dialog).addEventListener("keydown", (e) => { if (e.key === "Enter" && composing(e)) e.preventDefault(); });
  refresh();
}

// --- the start page: both lists -----------------------------------------------------------------------

const mine = $("[data-mine]");
if (mine) {
  const shown = () => {
    let any = false;
    for (const kind of ["saved", "recent"]) {
      const part = $(`[data-${kind}]`, mine), found = searches.list(kind);
      part.hidden = !found.length;
      any ||= found.length > 0;
      $("ul", part).replaceChildren(...found.map(({ name, url }) => {
        const row = $("template", mine).content.cloneNode(true), button = $("button", row);
        Object.assign($("a", row), { href: url, textContent: name });
        button.setAttribute("aria-label", `${button.getAttribute("aria-label")} ${name}`);
        button.addEventListener("click", () => { searches.remove(kind, url); shown(); });
        return row;
      }));
    }
    mine.hidden = !any;
  };
  $("[data-clear]", mine).addEventListener("click", () => { searches.clear("recent"); shown(); });
  shown();
}
