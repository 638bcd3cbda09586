// The editor while one types: preview, findings, proposals, drafts, marks, pictures. The form works without all of it.

import { $, $$, composing, say } from "./core.js";

const form = $("[data-editor]"), texts = $$("[data-text]", form), side = $("[data-side]"), keptAt = $("[data-kept-at]");
const told = form.dataset, saveUrl = form.getAttribute("action");  // buttons are called action, too
const others = $("[data-others]");
let leaving = false, box = texts[0];
for (const text of texts) text.addEventListener("focus", () => { box = text; });

// --- what was typed --------------------------------------------------------------------------

const UNSAVED = ["token", "note", "editor", "touch", "image", "alt", "take"];
const state = () => JSON.stringify([...new FormData(form)].filter(([name]) => !UNSAVED.includes(name)));
let kept = state();
const started = told.typed || $("[data-restored]") ? "" : kept;
const changed = () => state() !== started;

function send(url, extra = {}, signal) {
  const data = new FormData(form);
  data.delete("image");
  data.delete("take");
  for (const [name, value] of Object.entries(extra)) data.set(name, value);
  return fetch(url, { method: "POST", body: data, headers: { "X-Part": "1" }, signal });
}

// --- preview, findings, proposals ------------------------------------------------------------

let previewing = null;
async function preview() {
  previewing?.abort();
  previewing = new AbortController();
  try {
    const answer = await send(told.previewUrl, {}, previewing.signal);
    if (!answer.ok) return;
    const part = document.createElement("template");
    part.innerHTML = await answer.text();
    const top = side.scrollTop, taking = document.activeElement?.matches("[data-take]");
    side.replaceChildren(...$("[data-side]", part.content).childNodes);
    if (!taking) $("[data-proposed]", form)?.replaceChildren(...$("[data-proposed]", part.content).childNodes);
    side.scrollTop = top;
    tell();
    side.dispatchEvent(new Event("refreshed"));
  } catch (error) {
    if (error.name !== "AbortError") throw error;
  }
}

// Each error stands beside its field as well.
function tell() {
  const found = $$("[data-for]", side);
  for (const place of $$("[data-wrong]", form)) {
    const of = found.filter((f) => f.dataset.for === place.dataset.wrong).map((f) => $("span", f).textContent);
    place.textContent = of.join(told.semicolon);
    const field = document.getElementById(place.dataset.wrong);
    if (of.length) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
  }
}

form.addEventListener("change", (e) => {
  const key = e.target.dataset?.take;
  if (!key || !e.target.checked) return;
  const field = $(`#f-${key}`), value = e.target.value.slice(key.length + 1);
  const quoted = /[,，"]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
  const before = field.value.trim().replace(/[,，]$/, "");
  field.value = "list" in field.dataset && before ? `${before}, ${quoted}` : field.matches("select") ? value : quoted;
  e.target.closest(".take").remove();
  field.focus();
  typed();
});

// --- drafts: what is typed is kept by itself; nothing of a form that was saved comes after ------------------------

let keeping = null;
async function keep() {
  const now = state();
  if (leaving || (now === kept && now === started)) return;
  keeping?.abort();
  keeping = new AbortController();
  try {
    const answer = await send(saveUrl, { action: "draft" }, keeping.signal);
    if (!answer.ok) throw new Error(answer.status);
    const { at, address } = await answer.json();
    kept = now;
    keptAt.textContent = `${told.kept} ${at}`;
    if (location.pathname + location.search !== address && !location.pathname.endsWith("/save")) history.replaceState(null, "", address);
  } catch (error) {
    if (error.name !== "AbortError") keptAt.textContent = told.notKept;
  }
}

let previewTimer = 0, keepTimer = 0;
function typed() {
  clearTimeout(previewTimer);
  clearTimeout(keepTimer);
  previewTimer = setTimeout(preview, 400);
  keepTimer = setTimeout(() => { if (state() !== kept) keep(); }, 2000);
}
form.addEventListener("input", (e) => {
  if (e.isComposing || UNSAVED.includes(e.target.name)) return;
  typed();
});
form.addEventListener("compositionend", typed);

window.addEventListener("beforeunload", (e) => { if (!leaving && changed()) e.preventDefault(); });
document.addEventListener("submit", (e) => {
  if (e.target !== form && !e.target.matches("[data-restored]")) return;
  if (e.defaultPrevented) return;
  leaving = true;
  clearTimeout(keepTimer);
  keeping?.abort();
});
// The browser's way back to a form that was left: as the server has it now.
window.addEventListener("pageshow", (e) => { if (e.persisted) { leaving = true; location.reload(); } });

// --- who else writes -------------------------------------------------------------------------

function sit(extra = {}) {
  const data = new FormData();
  for (const name of ["token", "path", "sitting", "editor"]) data.set(name, form.elements[name].value);
  for (const [name, value] of Object.entries(extra)) data.set(name, value);
  return data;
}

async function beat() {
  if (leaving) return;
  try {
    const answer = await fetch(told.sittingUrl, { method: "POST", body: sit() });
    if (!answer.ok) return;
    const names = (await answer.json()).others, text = names.length ? told.also + names.join(told.comma) : "";
    if (others.textContent !== text) others.textContent = text;
    others.hidden = !text;
  } catch { /* the next one may come through */ }
}
if (others) {
  beat();
  setInterval(beat, 20_000);
  form.elements.editor.addEventListener("change", beat);
  window.addEventListener("pagehide", () => navigator.sendBeacon(told.sittingUrl, sit({ left: "1" })));
}

// --- keys and buttons ------------------------------------------------------------------------

$("[data-preview-button]").hidden = true;
form.addEventListener("submit", (e) => {
  if (e.submitter?.value !== "preview") return;
  e.preventDefault();  // Enter in a field sends nothing
  preview();
});
document.addEventListener("keydown", (e) => {
  if (!(e.ctrlKey || e.metaKey) || e.altKey || composing(e)) return;
  if (e.key.toLowerCase() === "s") { e.preventDefault(); clearTimeout(keepTimer); keep(); }
  else if (e.key === "Enter") { e.preventDefault(); $("[data-primary]", form)?.click(); }
});

// A finding leads to its line.
document.addEventListener("click", (e) => {
  const link = e.target.closest("[data-line]");
  if (!link) return;
  e.preventDefault();
  const text = document.getElementById(link.dataset.box);
  const lines = text.value.split("\n"), line = Math.min(Number(link.dataset.line), lines.length);
  const start = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
  text.focus();
  text.setSelectionRange(start, start + lines[line - 1].length);
  text.scrollTop = text.scrollHeight * (line - 4) / lines.length;
});
document.addEventListener("click", (e) => {
  if (e.target.closest("a[href^='#f-']")) $("[data-known]").open = true;
});

// The list of known values offers what follows the last comma.
for (const input of $$("[data-list]", form)) {
  const options = $$("option", input.list), values = options.map((o) => o.value);
  input.addEventListener("input", () => {
    const before = input.value.match(/^.*[,，]\s*/)?.[0] ?? "";
    options.forEach((o, i) => { o.value = before + values[i]; });
  });
}

// The preview follows the text.
for (const text of texts) {
  text.addEventListener("scroll", () => {
    const page = $("[data-preview]", side);
    if (texts.length > 1 || side.scrollHeight <= side.clientHeight || document.activeElement !== text) return;
    const share = text.scrollTop / Math.max(1, text.scrollHeight - text.clientHeight);
    side.scrollTop = page.offsetTop - side.offsetTop + share * (page.offsetHeight - side.clientHeight);
  });
}

// --- marks -----------------------------------------------------------------------------------

const toolbar = $("[data-toolbar]"), words = toolbar.dataset;
toolbar.hidden = false;

// Keeps the browser's undo; where that is gone, the text still goes in.
function put(text, from, to, start, end) {
  box.focus();
  box.setSelectionRange(from, to);
  if (!(text ? document.execCommand("insertText", false, text) : document.execCommand("delete"))) box.setRangeText(text, from, to, "end");
  if (start !== undefined) box.setSelectionRange(from + start, from + end);
  typed();
}

function around(sign, close = sign) {
  const { selectionStart: from, selectionEnd: to, value } = box;
  const chosen = value.slice(from, to), size = sign.length;
  if (chosen && value.slice(from - size, from) === sign && value.slice(to, to + close.length) === close) {
    put(chosen, from - size, to + close.length, 0, chosen.length);  // once more takes it away
    return;
  }
  const text = chosen || words.sample;
  put(sign + text + close, from, to, size, size + text.length);
}

function lines(mark) {
  const { value } = box, from = value.lastIndexOf("\n", box.selectionStart - 1) + 1;
  const end = value.indexOf("\n", box.selectionEnd), to = end < 0 ? value.length : end;
  const MARKED = /^(\d+\. |[-*] )/;
  const before = value.slice(from, to).split("\n");
  const on = before.every((line) => mark(0).length && line.startsWith(mark(before.indexOf(line))));
  const text = before.map((line, i) => (on ? line.replace(MARKED, "") : mark(i) + line.replace(MARKED, ""))).join("\n");
  put(text, from, to, text.length, text.length);
}

function block(text, start, end) {
  const { selectionEnd: at, value } = box;
  const before = at && value[at - 1] !== "\n" ? "\n\n" : value.slice(0, at).endsWith("\n\n") || !at ? "" : "\n";
  put(before + text, at, at, before.length + start, before.length + end);
}

const MARKS = {
  bold: () => around("**"),
  code() {
    const chosen = box.value.slice(box.selectionStart, box.selectionEnd);
    if (chosen.includes("\n")) around("```\n", chosen.endsWith("\n") ? "```" : "\n```");
    else around("`");
  },
  list: () => lines(() => "- "),
  steps: () => lines((i) => `${i + 1}. `),
  link() {
    const chosen = box.value.slice(box.selectionStart, box.selectionEnd), from = box.selectionStart;
    const isAddress = /^https?:\/\/\S+$/.test(chosen), text = isAddress ? words.sample : chosen || words.sample;
    const address = isAddress ? chosen : "https://";
    const made = `[${text}](${address})`, at = chosen && !isAddress ? [text.length + 3, text.length + 3 + address.length] : [1, 1 + text.length];
    put(made, from, box.selectionEnd, ...at);
  },
  table() {
    const c = words.column, head = `| ${c} 1 | ${c} 2 |`;
    block(`${head}\n| --- | --- |\n|  |  |\n`, 2, 2 + `${c} 1`.length);
  },
  picture: () => picker.click(),
};
toolbar.addEventListener("mousedown", (e) => { if (e.target.closest("[data-mark]")) e.preventDefault(); });  // keeps the selection
toolbar.addEventListener("click", (e) => {
  const button = e.target.closest("[data-mark]");
  if (button) MARKS[button.dataset.mark]();
});
const KEYS = { b: "bold", e: "code", k: "link" };
form.addEventListener("keydown", (e) => {
  if (!e.target.matches("[data-text]") || composing(e)) return;
  if ((e.ctrlKey || e.metaKey) && !e.altKey) {
    const mark = e.shiftKey ? { Digit7: "steps", Digit8: "list" }[e.code] : KEYS[e.key.toLowerCase()];
    if (!mark) return;
    e.preventDefault();
    e.stopPropagation();  // Ctrl+K is the search box elsewhere
    MARKS[mark]();
  } else if (e.key === "Enter" && !e.shiftKey) {
    goOn(e);
  }
});

// Enter in a list begins its next item; in an empty item it ends the list.
function goOn(e) {
  const { selectionStart: at, selectionEnd, value } = box;
  if (at !== selectionEnd) return;
  const from = value.lastIndexOf("\n", at - 1) + 1, line = value.slice(from, at);
  const [, indent, sign, number, text] = line.match(/^(\s*)([-*]|(\d+)\.) (.*)$/) ?? [];
  if (sign === undefined) return;
  e.preventDefault();
  if (!text.trim()) put("", from, at);
  else put(`\n${indent}${number ? `${Number(number) + 1}.` : sign} `, at, at);
}

// --- pictures --------------------------------------------------------------------------------

const dialog = $("#picture"), picker = $("#image"), alt = $("#alt");
$(".picture", form).classList.add("scripted");
$("[data-paste-hint]").hidden = false;
alt.hidden = true;
$("button[value=image]", form).hidden = true;

function insert(text) { put(text, box.selectionStart, box.selectionEnd); }

function ask(file) {
  const words = $("input", dialog);
  words.value = "";
  dialog.showModal();
  dialog.onclose = () => {
    if (dialog.returnValue === "insert" && words.value.trim()) store(file, words.value);
    else box.focus();
  };
}

async function store(file, words) {
  say(told.storing);
  try {
    const answer = await send(told.imageUrl, { image: file, alt: words });
    if (answer.ok) {
      const at = box.value.lastIndexOf("\n", box.selectionStart - 1) + 1;
      const before = at === box.selectionStart && !/^(\n|$)/.test(box.value.slice(box.selectionEnd));
      insert((await answer.json()).markdown + (before ? "\n\n" : ""));  // what began this line begins one still
    }
    else say(new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("h1")?.textContent ?? answer.status);
  } catch (error) {
    say(String(error));
  }
  picker.value = "";
}

const pictureIn = (list) => [...(list ?? [])].find((f) => f.type.startsWith("image/"));
for (const text of texts) {
  text.addEventListener("paste", (e) => {
    const file = pictureIn(e.clipboardData?.files);
    if (file) { e.preventDefault(); box = text; ask(file); }
  });
  text.addEventListener("dragover", (e) => { if ([...e.dataTransfer.types].includes("Files")) e.preventDefault(); });
  text.addEventListener("drop", (e) => {
    const file = pictureIn(e.dataTransfer?.files);
    if (file) { e.preventDefault(); box = text; ask(file); }
  });
}
picker.addEventListener("change", () => { if (picker.files[0]) ask(picker.files[0]); });
