// The paste page: suggestions while one types, files, masking and its way back, verdicts, replies.

import { $, $$, composing, copy, enliven, say } from "./core.js";

const form = $("#paste"), box = $("textarea", form), answers = $("[data-answers]");
const problem = $("[data-problem]", form), note = $("[data-note]", form), told = $("[data-told]");

function tell(element, text) {
  element.textContent = text;
  element.hidden = !text;
}

/** Post fields and give the answer; an answer that is an error becomes an Error with its sentence. */
async function send(address, fields, signal) {
  let response;
  try {
    response = await fetch(address, { method: "POST", body: fields, headers: { "X-Part": "1" }, signal });
  } catch (error) {
    throw error.name === "AbortError" ? error : new Error(form.dataset.unreachable);
  }
  if (response.ok) return response;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  throw new Error($("main h1", page)?.textContent ?? form.dataset.unreachable);
}

/** What the form holds, with another text and a button's own value; files travel alone. */
function fields(text, button) {
  const sent = new FormData(form);
  sent.delete("file");
  sent.set("text", text);
  if (button) sent.append(button.name, button.value);
  return sent;
}

// --- suggestions ------------------------------------------------------------------------------------

let timer = 0, running = null, asked = box.value;

async function ask(button) {
  clearTimeout(timer);
  if (!box.value.trim()) return;
  asked = box.value;
  running?.abort();
  const mine = running = new AbortController();
  answers.classList.add("loading");
  try {
    const answer = await send(form.action, fields(asked, button), mine.signal);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of $$("[data-part]", page)) {
      $(`[data-part=${part.dataset.part}]`).replaceChildren(...part.childNodes);
    }
    wake();
    tell(problem, "");
    told.textContent = $("[data-summary]", answers).dataset.summary;
    if (button) goOn();
  } catch (error) {
    if (error.name !== "AbortError") tell(problem, error.message);
  }
  if (running === mine) answers.classList.remove("loading");
}

/** To the next question, after one was answered. */
function goOn() {
  ($("[data-question] button", answers) ?? $("[name=back]", answers) ?? box).focus();
  const news = $("[data-announce]", answers);
  if (news) say(news.dataset.announce);
}

function soon() {
  clearTimeout(timer);
  timer = setTimeout(() => { if (box.value !== asked) ask(); }, 400);
}

/** Another text is another search: nothing of the one before goes with it. */
function anew() {
  for (const field of $$("input[name=search], input[name=seen], input[name=answer], input[name=exact]", answers)) field.remove();
}

box.addEventListener("input", (e) => {
  if (!box.value.trim()) anew();
  if (!e.isComposing) soon();
});
box.addEventListener("compositionend", soon);
box.addEventListener("paste", (e) => {
  if (box.selectionEnd - box.selectionStart === box.value.length) anew();
  const held = e.clipboardData, pictures = [...held.files].filter((f) => f.type.startsWith("image/"));
  const table = tabled(held.getData("text/html"));
  if (table) {
    e.preventDefault();
    document.execCommand("insertText", false, table);  // unlike setting the value it can be undone
  } else if (pictures.length && !held.getData("text/plain").trim()) {
    e.preventDefault();
    take(pictures);
  }
});

/** A copied table as lines with its cells apart, and the text around it; "" when none was copied. */
function tabled(html) {
  if (!/<table/i.test(html)) return "";
  // Nothing of it is run or loaded; what could be goes first, or the browser complains of it.
  const bare = html.replace(/<style[\s\S]*?<\/style>/gi, "").replace(/\s(?:style|on\w+)\s*=\s*("[^"]*"|'[^']*'|[^\s>]+)/gi, "");
  const page = new DOMParser().parseFromString(bare, "text/html");
  for (const silent of $$("style, script, title, head", page)) silent.remove();
  for (const br of $$("table br", page)) br.replaceWith(" ");
  const cell = (c) => c.textContent.replace(/\s+/g, " ").trim();
  for (const table of $$("table", page).reverse()) {  // those inside others first
    const rows = $$("tr", table).map((row) => [...row.cells].map(cell)).filter((cells) => cells.some(Boolean));
    table.replaceWith(`\n${rows.map((cells) => cells.join(" | ")).join("\n")}\n`);
  }
  for (const block of $$("p, div, h1, h2, h3, h4, li, br, tr", page)) block.append("\n"), block.prepend("\n");
  for (const br of $$("br", page)) br.replaceWith("\n");
  return page.body.textContent.replace(/[ \t\u00a0]*\n[ \t\u00a0]*/g, "\n").replace(/\n{3,}/g, "\n\n").trim();
}
box.addEventListener("keydown", (e) => {
  if (e.key === "Enter" && (e.ctrlKey || e.metaKey) && !composing(e)) { e.preventDefault(); ask(); }
});

document.addEventListener("submit", (e) => {
  if (e.target !== form) return;
  const button = e.submitter;
  if (button?.hasAttribute("formaction") && !button.matches("[data-mask], [name=verdict]")) return;
  e.preventDefault();
  if (button?.matches("[data-mask]")) mask();
  else if (button?.name === "verdict") judge(button);
  else if (button && button.name !== "anew") ask(button);
  else ask().then(() => answers.scrollIntoView({ block: "nearest" }));
});

document.addEventListener("change", (e) => { if (e.target.name === "addresses") ask(); });

// --- mails, logs and screenshots as files ------------------------------------------------------------------------

const chosen = $("input[type=file]", form);

async function take(files) {
  for (const file of files) {
    if (file.size > Number(form.dataset.maxBytes)) { tell(problem, form.dataset.tooLarge); continue; }
    const sent = new FormData();
    sent.set("token", form.elements.token.value);
    sent.set("file", file);
    tell(note, form.dataset.reading.replace("#", file.name || form.dataset.pastedPicture));
    try {
      const found = await (await send(form.dataset.intake, sent)).json();
      if (!box.value.trim()) anew();
      box.value = box.value.trim() ? `${box.value.trimEnd()}\n\n${found.text}` : found.text;
      tell(problem, "");
      tell(note, found.note);
      await ask();
    } catch (error) {
      tell(note, "");
      tell(problem, error.message);
    }
  }
  chosen.value = "";
}

chosen.addEventListener("change", () => take(chosen.files));
const withFiles = (e) => e.dataTransfer?.types.includes("Files");
document.addEventListener("dragover", (e) => {
  if (!withFiles(e)) return;
  e.preventDefault();
  box.classList.add("target");
});
document.addEventListener("dragleave", (e) => { if (!e.relatedTarget) box.classList.remove("target"); });
document.addEventListener("drop", (e) => {
  box.classList.remove("target");
  if (!withFiles(e)) return;
  e.preventDefault();
  take(e.dataTransfer.files);
});

// --- customer data: what a mask hid stays in this page ------------------------------------------------

let originals = new Map();
const restore = $("[data-restore]");

function restored(text) {
  for (const [placeholder, original] of originals) text = text.replaceAll(placeholder, () => original);
  return text;
}

async function mask() {
  try {
    const masked = await (await send($("[data-mask]").formAction, fields(restored(box.value)))).json();
    originals = new Map(masked.originals);
    box.value = masked.text;
    restore.hidden = !originals.size;
    say(form.dataset.masked);
    await ask();
    $("[data-unmask]").focus();
  } catch (error) {
    tell(problem, error.message);
  }
}

$("[data-unmask]").addEventListener("click", async () => {
  box.value = restored(box.value);
  originals.clear();
  restore.hidden = true;
  say(form.dataset.restored);
  await ask();
  ($("[data-mask]") ?? box).focus();
});

// --- verdicts and replies -------------------------------------------------------------------------------

async function judge(button) {
  const place = button.closest("[data-verdict]");
  try {
    const answer = await send(button.formAction, fields(asked, button));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const now = $("[data-verdict]", page);
    place.replaceWith(now);
    $("button", now).focus();
    const news = $("[data-announce]", now);
    if (news) say(news.dataset.announce);
  } catch (error) {
    tell(problem, error.message);
  }
}

/** An article that was looked into belongs to what was looked at for this paste. */
function seen(card) {
  if (!card || $$("input[name=seen]", answers).some((field) => field.value === card.dataset.card)) return;
  const field = Object.assign(document.createElement("input"), { type: "hidden", name: "seen", value: card.dataset.card });
  field.setAttribute("form", form.id);
  card.before(field);
}

answers.addEventListener("click", (e) => {
  const card = e.target.closest("[data-card]");
  if (e.target.closest("a, summary, button") && card) seen(card);
  const button = e.target.closest("[data-reply]");
  if (button) copy($(`[data-text=${button.dataset.reply}]`, card).textContent);
});

// The language switch takes the text along.
$("a[data-language]")?.addEventListener("click", (e) => {
  if (!box.value.trim()) return;
  e.preventDefault();
  form.action = e.currentTarget.href;
  form.submit();
});

/** Show what only a script can do. */
function wake() {
  enliven(answers);
  for (const button of $$("[data-reply]", answers)) button.hidden = false;
}
wake();
