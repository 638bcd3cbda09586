// What a copied block of code holds: the commands of a session without their prompts, or the block as it stands.
// Only what surely is a prompt counts, and where there is one, lines without are what was answered.

const NAME = "[A-Za-z][\\w.-]*";
const PROMPTS = [
  /^\s*\$ (?=\S)/, // a shell; no line of a script begins so
  /^\s*PS [A-Za-z]:\\[^>\n]*>\s?/, // PowerShell
  /^\s*[A-Za-z]:\\[^>\n"|]*>\s?(?=\S)/, // the old command line of Windows
  /^\s*(?:>>>|\.\.\.) (?=\S)/, // Python
  /^\s*\[?[\w.-]+@[\w.-]+[: ][^\s$#]*\]?[$#] (?=\S)/, // user@host:~$ and [root@host ~]#
  /^\s*(?:mysql|MariaDB \[[^\]]*\]|SQL|sqlite|redis|mongo)> (?=\S)/,
];
const SESSIONS = ["console", "shell-session", "session", "terminal"];
const ROOT = /^\s*# (?=\S)/; // beginning a comment just as well, but in what is called a session
const SWITCH = new RegExp(`^\\s*<(${NAME})>\\s?(?=[a-z?])`); // <H3C>display version
const VIEW = new RegExp(`^\\s*\\[[~*]?(${NAME}?)(-[^\\]\\s]+)?\\]\\s?(?=[a-z?])`); // [H3C-Vlan-interface10]ip address
const VENDORS = /^(?:h3c|huawei|hp|hpe|sysname|quidway|ruijie|comware|switch|router|core|sw|ar|fw)[\w.]*$/i;

/** Prompts of switches in these lines: the name in angle brackets says which square ones are prompts, too. */
function ofSwitches(lines) {
  if (lines.some((line) => /<\/\w/.test(line))) return () => null; // XML
  const names = new Set(lines.map((line) => SWITCH.exec(line)?.[1]).filter(Boolean));
  const known = (name) => [...names].some((n) => name === n || name.startsWith(`${n}-`)) || VENDORS.test(name.split("-")[0]);
  return (line) => {
    const user = SWITCH.exec(line), view = user ? null : VIEW.exec(line);
    if (user && (known(user[1]) || names.size)) return user[0];
    return view && known(view[1]) ? view[0] : null;
  };
}

/** The text to copy of a block. language: as the author named it, or "". */
export function withoutPrompts(text, language = "") {
  const lines = text.split("\n"), ofSwitch = ofSwitches(lines);
  const session = SESSIONS.includes(language);
  const prompt = (line) => (
    PROMPTS.map((p) => p.exec(line)?.[0]).find((found) => found !== undefined)
    ?? (session ? ROOT.exec(line)?.[0] : undefined) ?? ofSwitch(line));
  const kept = [];
  let goesOn = false, found = false;
  for (const line of lines) {
    const before = prompt(line);
    if (before !== null && before !== undefined) {
      found = true;
      kept.push(line.slice(before.length));
    } else if (goesOn) kept.push(line);
    goesOn = (before != null || goesOn) && /[\\`^]$/.test(line); // a command over several lines
  }
  return found ? kept.join("\n") : text;
}
