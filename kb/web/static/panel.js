// The narrow panel: copying, and asking once more with the cookie that another site's page could not send. Without
// scripts the replies are there to be selected, and there is a button.

import { $, $$, copy, enliven } from "./core.js";

enliven(document);
for (const button of $$("[data-reply]")) button.hidden = false;
$("[data-again]")?.requestSubmit();
document.addEventListener("click", (e) => {
  const button = e.target.closest("[data-reply], [data-copy-code]");
  if (!button) return;
  if ("copyCode" in button.dataset) copy($("code", button.parentElement).textContent.replace(/\n$/, ""));
  else copy($(`[data-text=${button.dataset.reply}]`, button.closest("[data-card]")).textContent);
});
