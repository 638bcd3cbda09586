// Results while one types: they are asked for anew and take the place of those before, in the page that is there.
// A search that is only being typed is not kept: it is one once Enter, a look at a result or a pause settles it.

import { $, $$, composing, enliven, isPaste, say } from "./core.js";
import * as searches from "./searches.js";

const WAIT = 180; // milliseconds after the last key
const SLOW = 300; // after which old results fade: what takes longer is worth a sign
const PAUSE = 2000; // after which what stands in the box was meant

const region = $("[data-results]"), status = $("#status");
const wide = matchMedia("(min-width: 48.01rem)");

/** What the results need once they are there. */
function prepare() {
  const filters = $("[data-filters]", region);
  if (filters) filters.open = wide.matches;
  enliven(region);
  star();
}

// --- the star: a search that is kept under a name ----------------------------------------------------

function star() {
  const button = $("[data-save]", region), dialog = $("#save", region);
  if (!button) return;
  const label = $("span", button), usual = label.textContent, here = location.pathname + location.search;
  const refresh = () => {
    const on = searches.has("saved", here);
    button.setAttribute("aria-pressed", String(on));
    label.textContent = on ? label.dataset.on : usual;
    button.firstChild.data = on ? "★ " : "☆ ";
  };
  button.hidden = !location.search;
  button.addEventListener("click", () => {
    if (!searches.has("saved", here)) { dialog.showModal(); return; }
    searches.remove("saved", here);
    refresh();
  });
  $("form", dialog).addEventListener("submit", (e) => {
    if (e.submitter?.value !== "save") return;
    searches.put("saved", $("input", dialog).value.trim() || region.dataset.shown || here, here);
    refresh();
    say(label.dataset.on);
  });
  $("input", dialog).addEventListener("keydown", (e) => { if (e.key === "Enter" && composing(e)) e.preventDefault(); });
  refresh();
}

const remember = (words) => {
  if (words) searches.put("recent", words, `${region.dataset.results}?q=${encodeURIComponent(words)}`);
};

// --- while one types -----------------------------------------------------------------------------------

function live(box) {
  const home = region.hidden ? location.pathname + location.search : null; // a page that shows none of its own
  const title = document.title;
  let running = null, timer = 0, pause = 0;
  let shown = home ? "" : region.dataset.shown, settled = true;

  const address = (words) => {
    const fields = box.form.method === "get" ? new FormData(box.form) : [];
    const asked = new URLSearchParams([...fields].filter(([name]) => name !== box.name));
    asked.set("q", words);
    return `${region.dataset.results}?${asked}`;
  };

  /** How the page itself follows what it shows: title, other language, whether the page of before is there. */
  const follow = () => {
    document.title = shown ? $("[data-title]", region).dataset.title : title;
    for (const link of $$("a[data-language]")) {
      const there = new URL(location.href);
      there.searchParams.set("lang", new URL(link.href).searchParams.get("lang"));
      link.href = there;
    }
    if (!home) return;
    region.hidden = !shown;
    for (const part of $$("[data-before-results]")) part.hidden = Boolean(shown);
  };

  /** Ask for results. part: see kb/web/pages.py; write: what becomes of the address. */
  const ask = async (words, part, place = address(words), write = settled ? "pushState" : "replaceState") => {
    running?.abort();
    const mine = running = new AbortController();
    const slow = setTimeout(() => region.classList.add("slow"), SLOW);
    try {
      const answer = await fetch(place, { headers: { "X-Part": part }, signal: mine.signal });
      if (!answer.ok) return;
      const found = await answer.text();
      if (mine.signal.aborted) return;
      shown = region.dataset.shown = words;
      if (write) history[write]({}, "", place);
      settled = part !== "typed";
      region.innerHTML = found;
      follow();
      prepare();
      status.textContent = $("[data-told]", region).dataset.told;
      if (region.getBoundingClientRect().top < 0) scrollTo({ top: 0, behavior: "instant" });
    } catch (error) {
      if (error.name !== "AbortError") throw error;
    } finally {
      clearTimeout(slow);
      if (running === mine) region.classList.remove("slow");
    }
  };

  const settle = () => {
    clearTimeout(pause);
    if (settled || !shown) return;
    settled = true;
    remember(shown);
    fetch(location.href, { headers: { "X-Part": "noted" }, keepalive: true }).catch(() => {});
  };

  const cleared = () => {
    shown = "";
    region.replaceChildren();
    follow();
  };

  const typed = async () => {
    const words = box.value.trim();
    if (words === shown || isPaste(words)) return;
    if (words) {
      await ask(words, "typed");
      pause = setTimeout(settle, PAUSE);
    } else if (home) {
      history.replaceState({}, "", home);
      cleared();
    }
  };
  const soon = () => {
    clearTimeout(timer);
    clearTimeout(pause);
    running?.abort();
    timer = setTimeout(typed, WAIT);
  };

  box.addEventListener("input", (e) => { if (!e.isComposing) soon(); });
  box.addEventListener("compositionend", soon);
  for (const looked of ["focusin", "pointerdown"]) region.addEventListener(looked, settle);

  box.form.addEventListener("submit", async (e) => {
    const words = box.value.trim();
    if (e.defaultPrevented || !words || isPaste(words)) return;
    clearTimeout(timer);
    if (home) { // the page of results takes the place of the results in this page: one step back is one step back
      if (words !== shown) return;
      e.preventDefault();
      location.replace(address(words));
      return;
    }
    e.preventDefault();
    if (matchMedia("(pointer: coarse)").matches) box.blur(); // the keyboard makes room
    if (words === shown) return settle();
    await ask(words, "meant");
    remember(words);
  });
  box.addEventListener("keydown", (e) => {
    if (e.key !== "ArrowDown" || e.defaultPrevented || composing(e)) return;
    const first = region.hidden ? null : $("[data-hit]", region);
    if (!first) return;
    e.preventDefault();
    first.focus();
  });

  addEventListener("popstate", () => {
    const words = new URLSearchParams(location.search).get("q") ?? "";
    if (location.pathname === region.dataset.results) {
      if (words === shown) return;
      box.value = words;
      clearTimeout(timer);
      ask(words, "typed", location.pathname + location.search, null).then(() => { settled = true; });
    } else if (home) {
      box.value = "";
      settled = true;
      cleared();
    } else location.reload(); // reloaded while it showed results, the start page became another one
  });
}

if (region) {
  if (!region.hidden) {
    remember(region.dataset.shown.trim());
    prepare();
  }
  const box = $("[data-focus-target]");
  if (box) live(box);
}
