// The narrow panel: copying. Without scripts the replies are there to be selected.

import { $, $$, copy, enliven } from "./core.js";

enliven(document);
for (const button of $$("[data-reply]")) button.hidden = false;
document.addEventListener("click", (e) => {
  const button = e.target.closest("[data-reply], [data-copy-code]");
  if (!button) return;
  if ("copyCode" in button.dataset) copy($("code", button.parentElement).textContent.replace(/\n$/, ""));
  else copy($(`[data-text=${button.dataset.reply}]`, button.closest("[data-card]")).textContent);
});
