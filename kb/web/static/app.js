// What all pages gain with JavaScript: keys, copying, the one box. Everything works without it.

import { $, $$, composing, copy, enliven, isPaste, stored } from "./core.js";
import { withoutPrompts } from "./prompts.js";
import "./search.js";
import "./results.js";

enliven(document);

const copyCode = (code) => copy(
  withoutPrompts(code.textContent.replace(/\n$/, ""), /language-(\S+)/.exec(code.className)?.[1] ?? ""));

document.addEventListener("click", (e) => {
  const button = e.target.closest("button");
  if (!button) return;
  if ("copy" in button.dataset) copy(button.dataset.copy);
  else if ("copyCode" in button.dataset) copyCode($("code", button.parentElement));
  else if ("copyLink" in button.dataset) copy(new URL(button.dataset.copyLink, location.href).href);
  else if ("print" in button.dataset) window.print();
  else if ("close" in button.dataset) button.closest("dialog").close();
  else if ("shortcuts" in button.dataset) $("#shortcuts").showModal();
  else if ("themeToggle" in button.dataset) {
    const dark = document.documentElement.dataset.theme
      ? document.documentElement.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    document.documentElement.dataset.theme = dark ? "light" : "dark";
    stored.set("theme", dark ? "light" : "dark");
  }
});
for (const button of $$("[data-theme-toggle], [data-shortcuts]")) button.hidden = false;

// A heading's own link, to open or to copy.
for (const heading of $$("[data-anchored] :is(h2, h3, h4)[id]")) {
  const link = Object.assign(document.createElement("a"), { className: "anchor", href: `#${heading.id}`, textContent: "#" });
  link.setAttribute("aria-label", `${heading.closest("[data-anchored]").dataset.anchored} ${heading.textContent}`);
  link.addEventListener("click", () => copy(new URL(link.href).href));
  heading.append(link);
}

// Contents are open where there is room for them.
for (const details of $$("[data-toc]")) details.open = matchMedia("(min-width: 48.01rem)").matches;

// --- the one box -----------------------------------------------------------------------------

for (const form of $$("[data-ask]")) {
  const box = $("textarea", form), hint = $("[data-hint]", form), usual = hint.textContent;
  const refresh = () => {
    const text = box.value.trim();
    hint.textContent = !text ? usual : isPaste(text) ? hint.dataset.paste : hint.dataset.search;
    box.style.height = "auto";
    box.style.height = `${box.scrollHeight + 2}px`;
  };
  box.addEventListener("input", refresh);
  box.addEventListener("keydown", (e) => {
    if (e.key !== "Enter" || e.shiftKey || e.defaultPrevented || composing(e)) return;
    if (box.value.includes("\n") && !e.ctrlKey && !e.metaKey) return;
    e.preventDefault();
    if (box.value.trim()) form.requestSubmit();
  });
  refresh();
  // Who comes here comes to type; on a touch screen a keyboard would cover the page.
  if (matchMedia("(hover: hover) and (pointer: fine)").matches && !location.hash) box.focus({ preventScroll: true });
}

// --- keys ------------------------------------------------------------------------------------

const switchBox = $("[data-shortcuts-on]");
switchBox.checked = stored.get("shortcuts") !== "off";
switchBox.addEventListener("change", () => stored.set("shortcuts", switchBox.checked ? "on" : "off"));

function focusBox() {
  const box = $("[data-focus-target]");
  box?.focus();
  box?.select?.();
}

function move(step) {
  const hits = $$("[data-hit]");
  if (!hits.length) return false;
  const at = hits.indexOf(document.activeElement);
  if (at === 0 && step < 0 && $("[data-results]")) { focusBox(); return true; }
  hits[Math.min(Math.max(at + step, 0), hits.length - 1)].focus();
  return true;
}

// Back from an article, the list goes on at the hit that was opened: its place is kept in the history's entry.
document.addEventListener("click", (e) => {
  const hit = e.target.closest("[data-hit]:not([target])");
  if (hit) history.replaceState({ hit: $$("[data-hit]").indexOf(hit) }, "");
});
$$("[data-hit]")[history.state?.hit]?.focus({ preventScroll: true });

let dots = 0, dotTimer = 0;
function dot() {
  const page = $("[data-number]");
  if (!page) return;
  dots = Math.min(dots + 1, 3);
  clearTimeout(dotTimer);
  dotTimer = setTimeout(() => {
    const { number, title } = page.dataset;
    copy([number, `${number} ${title}`, location.href.split("?")[0]][dots - 1]);
    dots = 0;
  }, 450);
}

document.addEventListener("keydown", (e) => {
  if (composing(e) || e.defaultPrevented) return;
  if ((e.ctrlKey || e.metaKey) && e.key.toLowerCase() === "k") { e.preventDefault(); focusBox(); return; }
  const typing = e.target.closest("input, textarea, select, [contenteditable]");
  if (e.key === "Escape" && typing) { e.target.blur(); return; }
  if (e.key === "Escape" && e.target.closest("[data-results] [data-hit]")) { focusBox(); return; }
  if (typing || e.ctrlKey || e.metaKey || e.altKey || $("dialog[open]") || !switchBox.checked) return;
  if (e.key === "/") { e.preventDefault(); focusBox(); }
  else if (e.key === "?") $("#shortcuts").showModal();
  else if (e.key === "ArrowDown" && move(1)) e.preventDefault();
  else if (e.key === "ArrowUp" && $$("[data-hit]").includes(document.activeElement) && move(-1)) e.preventDefault();
  else if (e.key === ".") dot();
  else if (/^[a-z]$/.test(e.key)) $(`a[data-key="${e.key}"]`)?.click();
});
