// The editor while one types: preview and findings, drafts, pictures, keys. The form works without all of it.

import { $, $$, composing, say } from "./core.js";

const form = $("[data-editor]"), box = $("#text"), side = $("[data-side]"), keptAt = $("[data-kept-at]");
const told = form.dataset, saveUrl = form.getAttribute("action");  // buttons are called action, too
let leaving = false;

// --- what was typed --------------------------------------------------------------------------

const UNSAVED = ["token", "note", "editor", "touch", "image", "alt"];
const state = () => JSON.stringify([...new FormData(form)].filter(([name]) => !UNSAVED.includes(name)));
let kept = state();
const started = told.typed || $("[data-restored]") ? "" : kept;
const changed = () => state() !== started;

function send(url, extra = {}, signal) {
  const data = new FormData(form);
  data.delete("image");
  for (const [name, value] of Object.entries(extra)) data.set(name, value);
  return fetch(url, { method: "POST", body: data, headers: { "X-Part": "1" }, signal });
}

// --- preview and findings --------------------------------------------------------------------

let previewing = null;
async function preview() {
  previewing?.abort();
  previewing = new AbortController();
  try {
    const answer = await send(told.previewUrl, {}, previewing.signal);
    if (!answer.ok) return;
    const part = document.createElement("template");
    part.innerHTML = await answer.text();
    const top = side.scrollTop;
    side.replaceChildren(part.content);
    side.scrollTop = top;
    side.dispatchEvent(new Event("refreshed"));
  } catch (error) {
    if (error.name !== "AbortError") throw error;
  }
}

// --- drafts ----------------------------------------------------------------------------------

async function keep() {
  const now = state();
  if (now === kept && now === started) return;
  try {
    const answer = await send(saveUrl, { action: "draft" });
    if (!answer.ok) throw new Error(answer.status);
    const { at, address } = await answer.json();
    kept = now;
    keptAt.textContent = `${told.kept} ${at}`;
    if (location.pathname + location.search !== address && !location.pathname.endsWith("/save")) history.replaceState(null, "", address);
  } catch {
    keptAt.textContent = told.notKept;
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
document.addEventListener("submit", (e) => { if (e.target === form || e.target.matches("[data-restored]")) leaving = true; });

// --- keys and buttons ------------------------------------------------------------------------

$("[data-preview-button]").hidden = true;
form.addEventListener("submit", (e) => {
  if (e.submitter?.value !== "preview") return;
  e.preventDefault();  // Enter in a field sends nothing
  leaving = false;
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
  const lines = box.value.split("\n"), line = Math.min(Number(link.dataset.line), lines.length);
  const start = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
  box.focus();
  box.setSelectionRange(start, start + lines[line - 1].length);
  box.scrollTop = box.scrollHeight * (line - 4) / lines.length;
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
box.addEventListener("scroll", () => {
  const page = $("[data-preview]", side);
  if (side.scrollHeight <= side.clientHeight || document.activeElement !== box) return;
  const share = box.scrollTop / Math.max(1, box.scrollHeight - box.clientHeight);
  side.scrollTop = page.offsetTop - side.offsetTop + share * (page.offsetHeight - side.clientHeight);
});

// --- pictures --------------------------------------------------------------------------------

const dialog = $("#picture"), picker = $("#image"), alt = $("#alt");
$("[data-paste-hint]").hidden = false;
alt.hidden = true;
$("button[value=image]", form).hidden = true;

function insert(text) {
  box.focus();
  // Keeps the browser's undo; where that is gone, the text still goes in.
  if (!document.execCommand("insertText", false, text)) box.setRangeText(text, box.selectionStart, box.selectionEnd, "end");
  typed();
}

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
box.addEventListener("paste", (e) => {
  const file = pictureIn(e.clipboardData?.files);
  if (file) { e.preventDefault(); ask(file); }
});
box.addEventListener("dragover", (e) => { if ([...e.dataTransfer.types].includes("Files")) e.preventDefault(); });
box.addEventListener("drop", (e) => {
  const file = pictureIn(e.dataTransfer?.files);
  if (file) { e.preventDefault(); ask(file); }
});
picker.addEventListener("change", () => { if (picker.files[0]) ask(picker.files[0]); });
