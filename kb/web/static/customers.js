// Common questions that may answer a report while it is typed; what a customer is asked once it says who it is.

import { $, lookWhileTyping } from "./core.js";

const form = $("[data-report]");
if (form) {
  lookWhileTyping(form, form.elements.text, 800, (html) => { $("[data-answers]", form).innerHTML = html; });
  form.elements.customer.addEventListener("change", async () => {
    const data = new FormData(form);
    data.delete("file");
    data.set("action", "look");
    const answer = await fetch(form.getAttribute("action"), { method: "POST", body: data, headers: { "X-Part": "asked" } });
    if (answer.ok) $("[data-asked]", form).innerHTML = await answer.text();
  });
}
