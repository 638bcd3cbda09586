// Common questions that may answer a report while it is typed.

import { $, lookWhileTyping } from "./core.js";

const form = $("[data-report]");
if (form) lookWhileTyping(form, form.elements.text, 800, (html) => { $("[data-answers]", form).innerHTML = html; });
