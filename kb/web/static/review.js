// The review page: all articles of a list at once.

import { $, $$ } from "./core.js";

const all = $("[data-all]");
if (all) {
  all.hidden = false;
  $("input", all).addEventListener("change", (e) => {
    for (const box of $$("input[name=article]")) box.checked = e.target.checked;
  });
}
