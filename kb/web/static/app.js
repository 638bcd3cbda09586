// What the pages gain with JavaScript: keys, copying, answers while one types. Everything works without it.
"use strict";

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

const stored = {
  get(key) { try { return localStorage.getItem(key); } catch { return null; } },
  set(key, value) { try { localStorage.setItem(key, value); } catch { /* storage is off */ } },
};

// --- input method: the Enter that takes a pinyin candidate sends nothing ---------------------

let composedAt = -1e9;
document.addEventListener("compositionend", (e) => { composedAt = e.timeStamp; });
const composing = (e) => e.isComposing || e.keyCode === 229 || e.timeStamp - composedAt < 80;

document.addEventListener("keydown", (e) => {
  if (e.key === "Enter" && composing(e) && e.target.matches("input[type=search]")) e.preventDefault();
}, true);

// --- the one box -----------------------------------------------------------------------------

const isPaste = (text) => text.includes("\n") || text.length > 70 || (text.length > 23 && /[，。！？；]|[,;.!?]\s/.test(text));

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
    if (e.key !== "Enter" || e.shiftKey || composing(e)) return;
    if (box.value.includes("\n") && !e.ctrlKey && !e.metaKey) return;
    e.preventDefault();
    if (box.value.trim()) form.requestSubmit();
  });
  refresh();
}

// --- suggestions while one types -------------------------------------------------------------

for (const form of $$("[data-live]")) {
  const box = $("textarea", form), answers = $("[data-answers]");
  let timer = 0, running = null, asked = box.value;
  const ask = async (reply) => {
    if ((box.value === asked && !reply) || !box.value.trim()) return;
    asked = box.value;
    const sent = new URLSearchParams(new FormData(form));
    if (reply) sent.append(reply.name, reply.value);
    clearTimeout(timer);
    running?.abort();
    running = new AbortController();
    answers.classList.add("loading");
    try {
      const part = await fetch(form.action, {
        method: "POST", body: sent, headers: { "X-Part": "1" }, signal: running.signal,
      });
      if (part.ok) { answers.innerHTML = await part.text(); enliven(answers); }
      if (part.ok && reply) {
        ($("[data-question] button", answers) ?? $("[name=back]", answers) ?? box).focus();
        const news = $("[data-announce]", answers);
        if (news) say(news.dataset.announce);
      }
      answers.classList.remove("loading");
    } catch (error) {
      if (error.name !== "AbortError") answers.classList.remove("loading");
    }
  };
  box.addEventListener("input", (e) => {
    clearTimeout(timer);
    if (!e.isComposing) timer = setTimeout(() => ask(), 400);
  });
  box.addEventListener("compositionend", () => { clearTimeout(timer); timer = setTimeout(() => ask(), 400); });
  form.addEventListener("submit", (e) => {
    if (!e.submitter?.name) return;
    e.preventDefault();
    ask(e.submitter);
  });
  box.addEventListener("keydown", (e) => {
    if (e.key === "Enter" && (e.ctrlKey || e.metaKey) && !composing(e)) { e.preventDefault(); form.requestSubmit(); }
  });
}

// --- copying ---------------------------------------------------------------------------------

const status = $("#status");
function say(text) {
  status.textContent = text;
  status.classList.add("on");
  setTimeout(() => status.classList.remove("on"), 1400);
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = Object.assign(document.createElement("textarea"), { value: text });
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  say(`${status.dataset.copied}：${text.length > 40 ? text.slice(0, 40) + "…" : text}`);
}

function enliven(root) {
  for (const button of $$("[data-copy], [data-copy-link], [data-print]", root)) button.hidden = false;
}
enliven(document);

document.addEventListener("click", (e) => {
  const button = e.target.closest("button");
  if (!button) return;
  if ("copy" in button.dataset) copy(button.dataset.copy);
  else if ("copyLink" in button.dataset) copy(new URL(button.dataset.copyLink, location.href).href);
  else if ("print" in button.dataset) window.print();
  else if ("shortcuts" in button.dataset) $("#shortcuts").showModal();
  else if ("themeToggle" in button.dataset) {
    const dark = document.documentElement.dataset.theme
      ? document.documentElement.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    document.documentElement.dataset.theme = dark ? "light" : "dark";
    stored.set("theme", dark ? "light" : "dark");
  }
});
for (const button of $$("[data-theme-toggle], [data-shortcuts]")) button.hidden = false;

// Filters and contents are open where there is room for them.
for (const details of $$("[data-filters], [data-toc]")) details.open = matchMedia("(min-width: 48.01rem)").matches;

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
  hits[Math.min(Math.max(at + step, 0), hits.length - 1)].focus();
  return true;
}

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
  if (composing(e)) return;
  if ((e.ctrlKey || e.metaKey) && e.key.toLowerCase() === "k") { e.preventDefault(); focusBox(); return; }
  const typing = e.target.closest("input, textarea, select, [contenteditable]");
  if (e.key === "Escape" && typing) { e.target.blur(); return; }
  if (typing || e.ctrlKey || e.metaKey || e.altKey || $("dialog[open]") || !switchBox.checked) return;
  if (e.key === "/") { e.preventDefault(); focusBox(); }
  else if (e.key === "?") $("#shortcuts").showModal();
  else if (e.key === "ArrowDown" && move(1)) e.preventDefault();
  else if (e.key === "ArrowUp" && $$("[data-hit]").includes(document.activeElement) && move(-1)) e.preventDefault();
  else if (e.key === ".") dot();
});
