// What is filled in on site: kept in this browser at each change, saved as a file that the case reads.
const find = (selector, root = document) => root.querySelector(selector);
const all = (selector) => [...document.querySelectorAll(selector)];
const known = JSON.parse(find("main").dataset.known);
const status = find("[data-status]"), key = `guzhi-field-${known.pack}`;
const boxes = all("[data-field], [data-check], [data-note], [data-part], [data-serial]");

const nameOf = (box) => ["field", "check", "note", "part", "serial"].map((n) => (n in box.dataset ? `${n}:${box.dataset[n]}` : "")).join("");
const valueOf = (box) => (box.type === "checkbox" ? (box.checked ? "yes" : "") : box.value);

function keep() {
  try {
    localStorage.setItem(key, JSON.stringify(Object.fromEntries(boxes.map((b) => [nameOf(b), valueOf(b)]))));
    status.textContent = status.dataset.kept;
  } catch {
    status.textContent = status.dataset.lost;
  }
}

function bringBack() {
  let kept = {};
  try { kept = JSON.parse(localStorage.getItem(key)) || {}; } catch { /* storage is off, or holds something else */ }
  for (const box of boxes) {
    const value = kept[nameOf(box)];
    if (value === undefined) continue;
    if (box.type === "checkbox") box.checked = value === "yes";
    else box.value = value;
  }
}

const local = (moment) => new Date(moment - moment.getTimezoneOffset() * 60000).toISOString().slice(0, 19);

function file() {
  const out = { ...known, saved: new Date().toISOString() };
  for (const box of all("[data-field]")) {
    const value = valueOf(box).trim();
    if (value) out[box.dataset.field] = box.type === "datetime-local" ? new Date(value).toISOString() : value;
  }
  const checks = all("[data-check]").map((box) => ({
    item: box.dataset.item, done: box.checked, note: find(`[data-note="${box.dataset.check}"]`).value.trim() }));
  if (checks.some((c) => c.done || c.note)) out.checks = checks;
  out.parts = all("[data-part]").filter((box) => Number(box.value) > 0).map((box) => ({
    number: box.dataset.part, quantity: box.value.trim(), serial: find(`[data-serial="${CSS.escape(box.dataset.part)}"]`)?.value.trim() || "" }));
  return out;
}

function save() {
  const text = JSON.stringify(file(), null, 1);
  const link = Object.assign(document.createElement("a"), {
    href: URL.createObjectURL(new Blob([text], { type: "application/json" })), download: `guzhi-field-${known.case}.json` });
  document.body.append(link);
  link.click();
  link.remove();
  status.textContent = status.dataset.saved;
}

bringBack();
signing(find("[data-sign]"), find("[data-field=strokes]"), keep);
for (const box of boxes) for (const event of ["input", "change"]) box.addEventListener(event, keep);
for (const button of all("[data-now]")) {
  button.addEventListener("click", () => {
    find(`[data-field=${button.dataset.now}]`).value = local(new Date());
    keep();
  });
}
find("[data-save]").addEventListener("click", save);
