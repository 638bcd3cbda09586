// The import page: files and folders by drop, and how far an upload is. The form works without all of it.

import { $ } from "./core.js";

// The form is another after each look: it is looked up when something happens.
const form = () => $("[data-import]"), drop = () => $("[data-drop]");
let dropped = [];  // [path, file]; a dropped folder has no field that could hold it

// --- drop ------------------------------------------------------------------------------------

async function walk(entry, path, out) {
  if (entry.isFile) {
    out.push([path + entry.name, await new Promise((found, failed) => entry.file(found, failed))]);
  } else if (entry.isDirectory && !entry.name.startsWith(".")) {
    const reader = entry.createReader();
    for (;;) {  // it gives a hundred at a time
      const entries = await new Promise((found, failed) => reader.readEntries(found, failed));
      if (!entries.length) break;
      for (const inner of entries) await walk(inner, `${path}${entry.name}/`, out);
    }
  }
}

document.addEventListener("dragover", (e) => {
  if (!e.dataTransfer?.types.includes("Files")) return;
  e.preventDefault();
  drop().classList.add("over");
});
document.addEventListener("dragleave", (e) => { if (!e.relatedTarget) drop().classList.remove("over"); });
document.addEventListener("drop", async (e) => {
  if (!e.dataTransfer?.files.length) return;
  e.preventDefault();
  drop().classList.remove("over");
  const entries = [...e.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  const out = entries.length ? [] : [...e.dataTransfer.files].map((file) => [file.name, file]);
  for (const entry of entries) await walk(entry, "", out);
  dropped = out;
  send("plan");
});

// --- sending ---------------------------------------------------------------------------------

document.addEventListener("submit", (e) => {
  if (e.target !== form()) return;
  const action = e.submitter?.value ?? "plan";
  if (action === "import") {  // what follows is another page
    count(form().dataset.writing);
    return;
  }
  e.preventDefault();
  send(action);
});

function tell(text) { $("[data-progress]").textContent = text; }

function count(text) {
  const start = Date.now(), { seconds } = form().dataset;
  const show = () => tell(`${text} … ${Math.round((Date.now() - start) / 1000)} ${seconds}`);
  show();
  return setInterval(show, 1000);
}

function send(action) {
  const data = new FormData(form()), request = new XMLHttpRequest(), bar = $("progress", form()), texts = form().dataset;
  data.set("action", action);
  for (const [path, file] of dropped) data.append(path.includes("/") ? "folder" : "file", file, path);
  let clock = 0;
  bar.hidden = false;
  request.upload.addEventListener("progress", (e) => {
    bar.value = (e.loaded / e.total) * 100;
    tell(`${texts.sending} ${Math.round(bar.value)} %`);
  });
  request.upload.addEventListener("load", () => {
    bar.removeAttribute("value");
    clock = count(texts.reading);
  });
  request.addEventListener("loadend", () => {
    clearInterval(clock);
    if (request.responseURL.includes("/jobs/")) {  // it takes longer, and its page tells how far it is
      location.assign(request.responseURL);
      return;
    }
    const main = request.status && new DOMParser().parseFromString(request.responseText, "text/html").querySelector("main");
    if (main) {
      dropped = [];
      $("main").replaceWith(main);
      ($("[role=alert]", main) ?? $("#plan", main))?.scrollIntoView({ block: "start" });
    } else {
      bar.hidden = true;
      tell(texts.failed);
    }
  });
  request.open("POST", form().getAttribute("action"));
  request.send(data);
}
