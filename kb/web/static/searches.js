// The reader's own searches, kept in this browser alone: recent ones, and saved ones with a name.

import { stored } from "./core.js";

const MOST = { recent: 12, saved: 50 };

// Both lists hold [{ name, url }], newest first; what somebody else wrote there counts for nothing.
export function list(kind) {
  try {
    const found = JSON.parse(stored.get(kind) ?? "[]");
    return found.filter((s) => typeof s?.name === "string" && /^\/search\?/.test(s.url)).slice(0, MOST[kind]);
  } catch { return []; }
}

const write = (kind, found) => stored.set(kind, JSON.stringify(found.slice(0, MOST[kind])));

export const put = (kind, name, url) => write(kind, [{ name, url }, ...list(kind).filter((s) => s.url !== url)]);
export const remove = (kind, url) => write(kind, list(kind).filter((s) => s.url !== url));
export const clear = (kind) => write(kind, []);
export const has = (kind, url) => list(kind).some((s) => s.url === url);
