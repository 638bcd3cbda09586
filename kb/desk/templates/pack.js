// The search of a packed file. All it knows stands in the page: it asks nobody and keeps nothing.
(() => {
  "use strict";
  const find = (selector, from = document) => from.querySelector(selector);
  const [main, box, hits, status] = [find("main"), find("#q"), find("#hits"), find("#status")];

  const SHOWN = 50; // results
  const PARTIAL = 0.3; // of the best score, for articles that hold only some of the words

  // --- text -> terms ---

  const HAN = /\p{Script=Han}/u;
  const LETTER = "(?:(?!\\p{Script=Han})[\\p{L}\\d])";
  const tables = JSON.parse(main.dataset.tables); // those of the program that made this page
  const connecting = tables.connecting.replace(/[\\\]^-]/g, "\\$&");
  const WORD = new RegExp(`\\p{Script=Han}+|${LETTER}+(?:[${connecting}]{1,2}${LETTER}+)*`, "gu");

  const simplified = new Map();
  const folded = Array.from(main.dataset.folded);
  Array.from(main.dataset.folding).forEach((c, i) => simplified.set(c, folded[i]));
  const known = new Map();

  function foldOne(c) {
    if (!known.has(c)) {
      const plain = tables.signs[c] || c.normalize("NFKC").toLowerCase();
      known.set(c, plain.length === c.length ? simplified.get(plain) || plain : c);
    }
    return known.get(c);
  }

  // One character for one: places in the folded text are places in the text.
  const words = new RegExp(Object.keys(tables.words).join("|"), "g");
  const fold = (text) => text.replace(/[A-Z]|[^\0-\x7f]/gu, foldOne).replace(words, (word) => tables.words[word]);

  // The spellings of one code: ORA-01653, ora1653; a connector counts only between two numbers.
  const canonical = (word) => word.replace(/\d+/g, (n) => n.replace(/^0+(?=\d)/, ""))
    .replace(/(\d)[^\p{L}\d]+(?=\d)/gu, "$1 ").replace(/[^\p{L}\d ]/gu, "");

  const parts = (word) => word.split(/[^\p{L}\d]+/u).map(canonical);

  // Pairs of Chinese characters; words and codes, these whole and in their parts.
  function eachTerm(text, emit) {
    for (const match of fold(text).matchAll(WORD)) {
      const word = match[0], start = match.index, end = start + word.length;
      if (HAN.test(word)) {
        for (let i = start; i < end - 1; i++) emit(word.slice(i - start, i - start + 2), i, i + 2);
        emit(word.slice(-1), end - 1, end); // one character that is typed alone is found as the start of a pair, or here
        continue;
      }
      emit(canonical(word), start, end);
      const pieces = word.split(/([^\p{L}\d]+)/u);
      for (let i = 0, at = start; pieces.length > 1 && i < pieces.length; at += pieces[i].length, i++) {
        if (i % 2 === 0) emit(canonical(pieces[i]), at, at + pieces[i].length);
      }
    }
  }

  // --- the index: term -> article -> how often, a title's words counting more ---

  const articles = Array.from(document.querySelectorAll("#articles > article"), (element) => ({ element, length: 0 }));
  const postings = new Map();
  let average = 1;

  function build() {
    articles.forEach((article, number) => {
      const counts = new Map();
      for (const [selector, boost] of Object.entries(tables.boosts)) {
        for (const field of article.element.querySelectorAll(":scope > " + selector)) {
          eachTerm(field.textContent, (term) => {
            counts.set(term, (counts.get(term) || 0) + boost);
            article.length += 1;
          });
        }
      }
      for (const [term, count] of counts) {
        if (!postings.has(term)) postings.set(term, new Map());
        postings.get(term).set(number, count);
      }
    });
    average = articles.reduce((sum, a) => sum + a.length, 0) / articles.length || 1;
  }

  const rarity = (term) => Math.log(1 + articles.length / postings.get(term).size);

  function weight(term, number) {
    const n = postings.get(term).get(number) || 0;
    const long = 1 - tables.b + tables.b * articles[number].length / average;
    return n && rarity(term) * n * (tables.k1 + 1) / (n + tables.k1 * long);
  }

  // --- a query -> articles ---

  const starting = (text) => Array.from(postings.keys()).filter((term) => term.startsWith(text));

  // A word of the query: slots of alternative terms, and how many of them an article needs to hold the word.
  // A code counts whole or not at all; of a stretch of Chinese, pairs that no dictionary cut may be missing.
  function read(word) {
    if (HAN.test(word) && word.length > 1) {
      const pairs = Array.from({ length: word.length - 1 }, (_, i) => word.slice(i, i + 2));
      return { slots: pairs.map((pair) => (postings.has(pair) ? [pair] : [])), needed: Math.floor(pairs.length / 2) + 1, least: 1 };
    }
    const whole = canonical(word);
    const terms = postings.has(whole) && !HAN.test(word) ? [whole] : starting(whole);
    const slots = terms.length ? [terms] : parts(word).map((part) => (postings.has(part) ? [part] : []));
    return { slots, needed: slots.length, least: slots.length };
  }

  // article -> { count, sum }: how many slots it holds, and what they weigh.
  function holding(slots) {
    const out = new Map();
    for (const slot of slots) {
      const best = new Map();
      for (const term of slot) {
        for (const number of postings.get(term).keys()) best.set(number, Math.max(best.get(number) || 0, weight(term, number)));
      }
      for (const [number, value] of best) {
        const held = out.get(number) || { count: 0, sum: 0 };
        out.set(number, { count: held.count + 1, sum: held.sum + value });
      }
    }
    return out;
  }

  // Articles that hold every word, best first, then those that hold a good part of them.
  function search(text) {
    const words = Array.from(fold(text).matchAll(WORD), (m) => read(m[0]));
    const found = new Map();
    for (const { slots, needed, least } of words) {
      for (const [number, { count, sum }] of holding(slots)) {
        if (count < least) continue;
        const hit = found.get(number) || { article: articles[number], words: 0, score: 0 };
        found.set(number, { ...hit, words: hit.words + (count >= needed), score: hit.score + sum });
      }
    }
    const ranked = Array.from(found.values()).sort((a, b) => b.score - a.score);
    const whole = ranked.filter((hit) => hit.words === words.length);
    const partial = ranked.filter((hit) => hit.words < words.length && hit.score > ranked[0].score * PARTIAL);
    return { whole, partial, terms: new Set(words.flatMap((word) => word.slots.flat())) };
  }

  // --- what is marked and shown ---

  function places(text, terms) {
    const out = [];
    eachTerm(text, (term, start, end) => {
      if (!terms.has(term)) return;
      const last = out[out.length - 1];
      if (last && start <= last.end) {
        last.end = Math.max(last.end, end);
        last.terms.add(term);
      } else out.push({ start, end, terms: new Set([term]) });
    });
    return out;
  }

  function marked(text, terms) {
    const out = document.createDocumentFragment();
    let at = 0;
    for (const { start, end } of places(text, terms)) {
      const mark = document.createElement("mark");
      mark.textContent = text.slice(start, end);
      out.append(text.slice(at, start), mark);
      at = end;
    }
    out.append(text.slice(at));
    return out;
  }

  const LENGTH = 110;

  // The stretch of an article's text with the rarest words.
  function snippet(article, terms) {
    const text = find(".prose", article.element).textContent.replace(/\s+/g, " ").trim();
    const spots = places(text, terms);
    let best = 0, start = 0;
    spots.forEach((spot, i) => {
      const within = new Set();
      for (let j = i; j < spots.length && spots[j].end < spot.start + LENGTH; j++) spots[j].terms.forEach((t) => within.add(t));
      const sum = Array.from(within).reduce((n, term) => n + rarity(term), 0);
      if (sum > best) [best, start] = [sum, Math.max(0, spot.start - 20)];
    });
    const end = start + LENGTH + 20;
    return (start ? "…" : "") + text.slice(start, end) + (end < text.length ? "…" : "");
  }

  function element(name, className, ...children) {
    const made = document.createElement(name);
    if (className) made.className = className;
    made.append(...children);
    return made;
  }

  function row({ article }, terms) {
    const { element: page } = article;
    const text = (selector) => find(selector, page).textContent;
    const link = element("a", "", element("b", "", marked(text("h1"), terms)), element("span", "number", text(".number")),
      element("span", "facts", text(".facts")), element("p", "", marked(snippet(article, terms), terms)));
    link.href = "#" + encodeURIComponent(page.id);
    return element("li", "", link);
  }

  function unmark(page) {
    page.querySelectorAll("mark").forEach((mark) => mark.replaceWith(mark.textContent));
    page.normalize();
  }

  function markPage(page, terms) {
    unmark(page);
    const walker = document.createTreeWalker(page, NodeFilter.SHOW_TEXT);
    const nodes = [];
    while (walker.nextNode()) nodes.push(walker.currentNode);
    nodes.filter((node) => places(node.data, terms).length).forEach((node) => node.replaceWith(marked(node.data, terms)));
  }

  // --- views: the address names the article, the box holds the query ---

  let terms = new Set(), listTop = 0, open = null;

  function target() {
    try {
      return document.getElementById(decodeURIComponent(location.hash.slice(1)));
    } catch {
      return null; // half an escape, typed by hand
    }
  }

  function show() {
    const place = target(), page = place && place.closest("#articles > article");
    if (!open) listTop = scrollY;
    if (open) open.classList.remove("open");
    const back = open && !page;
    open = page;
    document.body.dataset.view = page ? "article" : box.value.trim() ? "results" : "contents";
    if (page) {
      page.classList.add("open");
      [find("h1", page), find("dl", page), find(".prose", page)].forEach((part) => markPage(part, terms));
      if (place === page) scrollTo(0, 0);
      else place.scrollIntoView();
      find("h1", page).focus({ preventScroll: true });
    } else if (back) {
      scrollTo(0, listTop);
    } else if (place) place.scrollIntoView();
  }

  function answer() {
    const text = box.value.trim();
    const found = search(text);
    terms = text ? found.terms : new Set();
    const kind = (found.whole.length ? "whole" : "") + (found.partial.length ? "Partial" : "");
    const said = status.dataset[kind ? kind[0].toLowerCase() + kind.slice(1) : "nothing"];
    status.textContent = said.replace("{n}", found.whole.length).replace("{m}", found.partial.length);
    hits.replaceChildren(...[...found.whole, ...found.partial].slice(0, SHOWN).map((hit) => row(hit, terms)));
    if (open) history.pushState(null, "", "#contents");
    listTop = 0;
    show();
  }

  function clear() {
    box.value = "";
    answer();
  }

  // --- hands ---

  const links = () => Array.from(hits.querySelectorAll("a"));
  const composing = (event) => event.isComposing || event.keyCode === 229;

  box.addEventListener("input", (event) => event.isComposing || answer());
  box.addEventListener("compositionend", answer);
  find("#search").addEventListener("submit", (event) => event.preventDefault());
  find(".brand").addEventListener("click", clear);
  addEventListener("hashchange", show);
  addEventListener("keydown", (event) => {
    if (composing(event) || event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target === box, view = document.body.dataset.view;
    if (event.key === "/" && !typing) box.select();
    else if (event.key === "Escape" && view === "article") location.hash = "#contents";
    else if (event.key === "Escape" && box.value) {
      clear();
      box.focus();
    } else if (event.key === "Enter" && typing && view === "results" && links().length) links()[0].click();
    else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && view === "results") {
      const all = links(), next = all.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
      if (next >= 0 && next < all.length) all[next].focus();
      else if (next < 0) box.focus();
    } else return;
    event.preventDefault();
  });

  build();
  history.scrollRestoration = "manual";
  find("#results").hidden = false;
  find("#search").hidden = false;
  show();
  if (!open && matchMedia("(hover: hover)").matches) box.focus(); // on a phone the keyboard would cover the list
})();
