// Proposals while one types (a WAI-ARIA combobox with a list), pastes handed over, recent and saved searches.

import { $, $$, composing, isPaste } from "./core.js";
import * as searches from "./searches.js";

const WAIT = 120; // milliseconds after the last key
const MAX_TYPED = 80; // a longer text is a description; nothing completes it
const MAX_LINE = 2000; // of a paste that are shown in a box of one line

// --- the list below the box --------------------------------------------------------------------

function combobox(box) {
  const list = Object.assign(document.createElement("ul"), { id: "completions", className: "completions", hidden: true });
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", $(`label[for=${box.id}]`).textContent);
  box.form.append(list);
  const single = box.matches("input"); // a box of several lines stays a textbox, which expands nothing
  box.setAttribute("aria-autocomplete", "list");
  box.setAttribute("aria-controls", list.id);
  if (single) box.setAttribute("role", "combobox");
  const expanded = (is) => { if (single) box.setAttribute("aria-expanded", String(is)); };
  expanded(false);

  let timer = 0, running = null, at = -1, pasted = null;
  const options = () => $$("[role=option]", list);
  const wanted = $("[data-results]") ? "size=5&articles=0" : "size=8"; // articles are shown as results

  /** What was typed or pasted, with the lines that a box of one line does not keep. */
  const whole = () => (pasted?.line === box.value ? pasted.text : box.value);
  const open = (option) => {
    if (option.dataset.url) location.assign(option.dataset.url);
    else handOver(box, whole());
  };

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
    expanded(false);
    box.removeAttribute("aria-activedescendant");
  };
  const show = (found) => {
    close();
    list.replaceChildren(...found.map(({ kind, text, note, url }, i) => {
      const option = Object.assign(document.createElement("li"), { id: `completion-${i}`, className: kind });
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      if (url) option.dataset.url = url;
      option.append(Object.assign(document.createElement("span"), { textContent: text }));
      option.append(Object.assign(document.createElement("small"), { textContent: note }));
      return option;
    }));
    list.hidden = !found.length;
    expanded(found.length > 0);
    if (found.length) $("#status").textContent = box.dataset.count.replace("#", found.length);
  };
  const offer = () => show([{ kind: "paste", text: box.dataset.paste, note: box.dataset.length.replace("#", whole().length) }]);
  const recent = () => show(!box.dataset.recent ? [] : searches.list("recent").slice(0, 8).map(({ name, url }) => (
    { kind: "recent", text: name, note: box.dataset.recent, url })));
  const ask = async () => {
    const typed = box.value.trim();
    if (document.activeElement !== box) return;
    if (!typed) return recent();
    if (isPaste(typed)) return single ? offer() : close();
    if (typed.length > MAX_TYPED) return close();
    running?.abort();
    const mine = running = new AbortController();
    try {
      const answer = await fetch(`${box.dataset.complete}?q=${encodeURIComponent(typed)}&${wanted}`, { signal: mine.signal });
      if (!answer.ok || mine.signal.aborted) return close();
      const { completions } = await answer.json();
      if (mine.signal.aborted || document.activeElement !== box) return;
      show(completions.map((c) => ({
        kind: c.kind, text: c.text, url: c.address, note: c.kind === "article" ? c.id : `${box.dataset[c.kind]} ${c.articles || ""}`,
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
    const shown = !list.hidden;
    if (e.key === "ArrowDown" || e.key === "ArrowUp") {
      const results = $("[data-results]:not([hidden]) [data-hit]");
      if (e.key === "ArrowDown" && results && at === options().length - 1) return close(); // results go on below the list
      if (!single && !shown) return;
      e.preventDefault();
      if (shown) choose(e.key === "ArrowDown" ? at + 1 : at < 0 ? options().length - 1 : at - 1);
      else ask();
    } else if (e.key === "Enter") {
      const chosen = options()[at];
      if (!chosen) return close();
      e.preventDefault();
      open(chosen);
    } else if (e.key === "Escape" && shown && !$(".recent", list)) { // recent ones came unasked: Escape leaves the box
      e.preventDefault();
      close();
    }
  });
  list.addEventListener("mousedown", (e) => e.preventDefault()); // the box keeps the focus
  list.addEventListener("click", (e) => {
    const option = e.target.closest("[role=option]");
    if (option) open(option);
  });
  box.addEventListener("paste", (e) => {
    const text = e.clipboardData?.getData("text/plain") ?? "";
    if (!isPaste(text.trim())) return;
    if (!single) { // into an empty box: there is nothing to add, it is asked about at once
      if (!box.value.trim()) setTimeout(() => box.form.requestSubmit());
      return;
    }
    e.preventDefault();
    const before = box.value.slice(0, box.selectionStart), behind = box.value.slice(box.selectionEnd);
    document.execCommand("insertText", false, text.trim().replace(/\s+/g, " ").slice(0, MAX_LINE)); // can be undone
    pasted = { line: box.value, text: before + text.trim() + behind };
    offer();
    choose(0);
  });
}

/** Bring a description to the page that answers it, as its own form would. */
function handOver(box, text) {
  const form = Object.assign(document.createElement("form"), { method: "post", action: box.dataset.handover, hidden: true });
  for (const [name, value] of Object.entries({ token: box.dataset.token, text })) {
    form.append(Object.assign(document.createElement("textarea"), { name, value }));
  }
  document.body.append(form);
  form.submit();
}

for (const box of $$("[data-complete]")) combobox(box);

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
        const pack = $(".pack", row);
        if (kind === "recent") pack.remove();
        else {
          pack.href = url.replace(/^[^?]*/, mine.dataset.pack);
          pack.setAttribute("aria-label", `${pack.title} ${name}`);
        }
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
