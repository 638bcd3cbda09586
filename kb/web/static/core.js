// What every page's script builds on: finding elements, storage, input methods, telling, copying.

export const $ = (selector, root = document) => root.querySelector(selector);
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

export const stored = {
  get(key) { try { return localStorage.getItem(key); } catch { return null; } },
  set(key, value) { try { localStorage.setItem(key, value); } catch { /* storage is off */ } },
};

/** A description, mail or log, not a few words to search: as kb/search/query.py tells them apart. */
export const isPaste = (text) => (
  text.includes("\n") || text.length > 70 || (text.length > 23 && /[，。！？；]|[,;.!?]\s/.test(text)));

// --- input method: the Enter that takes a pinyin candidate sends nothing ---------------------

let composedAt = -1e9;
document.addEventListener("compositionend", (e) => { composedAt = e.timeStamp; });
export const composing = (e) => e.isComposing || e.keyCode === 229 || e.timeStamp - composedAt < 80;

document.addEventListener("keydown", (e) => {
  if (e.key === "Enter" && composing(e) && e.target.matches("input[type=search]")) e.preventDefault();
}, true);

// --- under way: the bar on top shows after 300 ms -------------------------------------------------------

const busy = (on) => document.body.classList.toggle("busy", on);
addEventListener("beforeunload", () => {
  busy(true);
  setTimeout(busy, 8000, false); // what turned out to be a download leaves the page where it is
});
addEventListener("pageshow", () => busy(false));

// --- telling and copying ---------------------------------------------------------------------------------

const status = $("#status");
export function say(text) {
  status.textContent = text;
  status.classList.add("on");
  setTimeout(() => status.classList.remove("on"), 1400);
}

export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = Object.assign(document.createElement("textarea"), { value: text });
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  say(`${status.dataset.copied} ${text.length > 40 ? text.slice(0, 40) + "…" : text}`);
}

/**
 * Ask what a form would come to while somebody types in its box: action=look, without its file.
 * wait: milliseconds after the last key; take: is handed the answer to the last text; leave: takes out what is not sent.
 */
export function lookWhileTyping(form, box, wait, take, leave = () => {}) {
  let timer = 0, asking = null, typed = box.value;
  async function look() {
    if (box.value === typed) return;
    typed = box.value;
    asking?.abort();
    asking = new AbortController();
    const data = new FormData(form);
    data.delete("file");
    data.set("action", "look");
    leave(data);
    try {
      const answer = await fetch(form.getAttribute("action"), { method: "POST", body: data, headers: { "X-Part": "1" }, signal: asking.signal });
      if (answer.ok) take(await answer.text());
    } catch (error) {
      if (error.name !== "AbortError") throw error;
    }
  }
  box.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(look, wait); });
}

export function enliven(root) {
  for (const button of $$("[data-copy], [data-copy-link], [data-print]", root)) button.hidden = false;
  for (const code of $$(".prose :not(.code-frame) > pre > code, .prose > pre > code", root)) {
    const button = Object.assign(document.createElement("button"), { type: "button", className: "copy-code" });
    button.textContent = status.dataset.copyCode;
    button.dataset.copyCode = "";
    // Beside the block, not in it: a long line scrolls, the button stays.
    const frame = Object.assign(document.createElement("div"), { className: "code-frame" });
    code.parentElement.replaceWith(frame);
    frame.append(code.parentElement, button);
  }
}
