// Common questions that may answer a report while it is typed.

const form = document.querySelector("[data-report]");
if (form) {
  const box = form.elements.text, place = form.querySelector("[data-answers]");
  let timer = 0, asking = null, typed = box.value;
  async function look() {
    if (box.value === typed) return;
    typed = box.value;
    asking?.abort();
    asking = new AbortController();
    const data = new FormData(form);
    data.delete("file");
    data.set("action", "look");
    try {
      const answer = await fetch(form.getAttribute("action"), { method: "POST", body: data, headers: { "X-Part": "1" }, signal: asking.signal });
      if (answer.ok) place.innerHTML = await answer.text();
    } catch (error) {
      if (error.name !== "AbortError") throw error;
    }
  }
  box.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(look, 800); });
}
