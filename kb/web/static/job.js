// A job's page looks again by itself, and goes on to what came of it.

import { $ } from "./core.js";

const look = async () => {
  const place = $("[data-job]");
  if (!place) return;
  try {
    const answer = await fetch(place.dataset.job, { headers: { "X-Part": "1" } });
    if (answer.status === 204) { location.reload(); return; }
    const main = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
    if (main) $("main").replaceWith(main);
  } catch { /* the next look may come through */ }
  setTimeout(look, 1000);
};
setTimeout(look, 1000);
