// A case while one writes in it: who else does, what came meanwhile, ?? for a fix; a new one while it is typed.

import { $, $$, composing, enliven, lookWhileTyping } from "./core.js";

// --- a new case: who calls, what is proposed ------------------------------------------------------

const entry = $("[data-entry]");
if (entry) {
  const found = $("[data-found]", entry), touched = new Set();
  entry.addEventListener("change", (e) => e.target.name && touched.add(e.target.name));
  entry.addEventListener("click", (e) => {
    const take = e.target.closest("[data-take]");
    if (!take) return;
    e.preventDefault();
    const field = $("select", take.parentElement);
    field.value = take.dataset.take;
    field.dispatchEvent(new Event("change", { bubbles: true }));
    field.focus();
    take.remove();
  });
  // What nobody chose is proposed anew by what is typed now.
  const untouched = (data) => {
    for (const field of $$("[data-part=fields] :is(input, select)", found)) if (!touched.has(field.name)) data.delete(field.name);
  };
  lookWhileTyping(entry, $("textarea", entry), 350, (html) => {
    const part = document.createElement("template");
    part.innerHTML = html;
    const inside = document.activeElement?.closest("[data-part=fields]");
    const chosen = new Map([...touched].map((name) => [name, $(`[data-part=fields] [name="${CSS.escape(name)}"]`, found)?.value]));
    for (const name of inside ? ["beside"] : ["fields", "beside"]) {
      $(`[data-part=${name}]`, found).replaceWith($(`[data-part=${name}]`, part.content));
    }
    // What was chosen while the answer was on its way stays.
    for (const [name, value] of chosen) {
      const field = $(`[data-part=fields] [name="${CSS.escape(name)}"]`, found);
      if (field && value !== undefined) field.value = value;
    }
    enliven(found);
  }, untouched);
}

// --- one case -------------------------------------------------------------------------------------

const composer = $("[data-composer]");
if (composer) {
  const box = $("[data-insertable]", composer), timeline = $("[data-timeline]"), told = composer.dataset;
  const others = $("[data-others]", composer);
  let sitting = "", typing = false, sent = false;

  const fields = () => {
    const data = new FormData();
    data.set("token", composer.elements.token.value);
    data.set("seen", $("[data-seen]", composer).value);
    data.set("sitting", sitting);
    if (typing) data.set("typing", "1");
    return data;
  };
  async function here() {
    try {
      const answer = await fetch(told.here, { method: "POST", body: fields() });
      if (!answer.ok) return;
      const now = await answer.json();
      sitting = now.sitting;
      const lines = now.others.length ? [told.writing + now.others.join(told.comma)] : [];
      if (now.entries) {
        timeline.insertAdjacentHTML("beforeend", now.entries);
        for (const seen of $$("[data-seen]")) seen.value = now.version;
        lines.push(told.came);
        others.dataset.came = "1";
      } else if (others.dataset.came) {
        lines.push(told.came);
      }
      others.hidden = !lines.length;
      if (others.textContent !== lines.join(" · ")) others.textContent = lines.join(" · ");
    } catch { /* asked again in a while */ }
  }
  composer.addEventListener("look", here);
  addEventListener("focus", here);
  setInterval(() => { if (!document.hidden && !sent) here(); }, Number(told.every || 10) * 1000);
  box.addEventListener("input", () => {
    if (typing) return;
    typing = true;
    here();
  });
  composer.addEventListener("submit", () => { sent = true; });
  addEventListener("pagehide", () => {
    if (!sitting) return;
    const data = fields();
    data.set("leave", "1");
    navigator.sendBeacon(told.here, data);
  });

  // --- fixes: ?? or the button ----------------------------------------------------------------------

  const list = $("[data-fixes]", composer);
  const chat = () => ["reply", "message"].includes($("[name=action]:checked", composer)?.value);
  function insert(card) {
    const text = $(`[data-text=${chat() ? "chat" : "plain"}]`, card).textContent;
    const mark = /(\?\?|？？)\s*$/.exec(box.value.slice(0, box.selectionStart));
    const end = box.selectionStart, start = mark ? mark.index : end;
    const before = start && !/\n\s*$/.test(box.value.slice(0, start)) ? "\n" : "";
    box.setRangeText(before + text, start, end, "end");
    const article = composer.elements["propose.article"];
    if (article && !article.value) article.value = card.dataset.fix;
    close();
    box.focus();
    box.dispatchEvent(new Event("input"));
  }
  const close = () => { list.hidden = true; list.replaceChildren(); };
  const choose = (step) => {
    const lines = $$("li", list), at = lines.findIndex((l) => l.getAttribute("aria-selected") === "true");
    lines[at]?.setAttribute("aria-selected", "false");
    lines[(at + step + lines.length) % lines.length]?.setAttribute("aria-selected", "true");
  };
  box.addEventListener("input", () => {
    if (!/(\?\?|？？)$/.test(box.value.slice(0, box.selectionStart))) { close(); return; }
    list.replaceChildren(...$$("[data-fix]").map((card) => {
      const line = Object.assign(document.createElement("li"), { textContent: card.dataset.title });
      line.addEventListener("mousedown", (e) => { e.preventDefault(); insert(card); });
      return line;
    }));
    list.hidden = !list.children.length;
    choose(1);
  });
  box.addEventListener("keydown", (e) => {
    if (list.hidden || composing(e)) return;
    const at = $$("li", list).findIndex((l) => l.getAttribute("aria-selected") === "true");
    if (e.key === "ArrowDown" || e.key === "ArrowUp") choose(e.key === "ArrowDown" ? 1 : -1);
    else if (e.key === "Enter" || e.key === "Tab") insert($$("[data-fix]")[Math.max(at, 0)]);
    else if (e.key === "Escape") close();
    else return;
    e.preventDefault();
    e.stopPropagation();
  });
  for (const button of $$("[data-template]", composer)) {
    button.addEventListener("click", (e) => {
      e.preventDefault();
      const end = box.selectionStart;
      box.setRangeText((end && !/\n\s*$/.test(box.value.slice(0, end)) ? "\n" : "") + button.dataset.template, end, end, "end");
      box.focus();
      box.dispatchEvent(new Event("input"));
    });
  }
  for (const button of $$("[data-insert]")) {
    button.addEventListener("click", (e) => { e.preventDefault(); insert(button.closest("[data-fix]")); });
  }
}
