// An article that a search led to: from one marked place to the next, by button and by key.

import { $, $$, composing, stored } from "./core.js";

const bar = $("[data-marks]"), marks = bar ? $$(".prose mark[id]") : [];
if (marks.length) {
  const told = $("output", bar), said = told.dataset.at;
  let at = -1;

  /** Show a place as the one in hand; go: bring it into view. */
  const to = (place, go) => {
    marks[at]?.classList.remove("here");
    at = (place + marks.length) % marks.length;
    marks[at].classList.add("here");
    told.textContent = said.replace("#", at + 1);
    if (go) marks[at].scrollIntoView({ block: "center" });
  };

  // The first one in the section that the search led to.
  const section = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const first = section ? marks.findIndex((m) => section.compareDocumentPosition(m) & Node.DOCUMENT_POSITION_FOLLOWING) : 0;
  to(Math.max(first, 0), false);
  $("[data-steps]", bar).hidden = false;
  $("[data-first]", bar).hidden = true;

  bar.addEventListener("click", (e) => {
    const button = e.target.closest("[data-step]");
    if (button) to(at + Number(button.dataset.step), true);
  });
  document.addEventListener("keydown", (e) => {
    if (e.key.toLowerCase() !== "m" || e.ctrlKey || e.metaKey || e.altKey || composing(e) || stored.get("shortcuts") === "off") return;
    if (e.target.closest("input, textarea, select, [contenteditable]") || $("dialog[open]")) return;
    to(at + (e.shiftKey ? -1 : 1), true);
  });
}
