// Terminal colours: text with escape sequences, as pieces that each look one way. What moves a cursor means nothing here.

export interface Look {
  text: string;
  /** Names of the style sheet: "c1" red, "b" bold, "f" faint, "u" underlined. */
  look: string;
}

// CSI (colours among them), OSC (titles, links) and the short ones.
const ESCAPE = /\u001b(?:\[([0-9;:]*)[ -/]*([@-~])|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])|[\u0000-\u0008\u000b-\u001a\u001c-\u001f\u007f]/g;

export function plainOf(text: string): string {
  return text.replace(ESCAPE, "");
}

export function looksOf(text: string): Look[] {
  const found: Look[] = [];
  let colour = "";
  let marks = new Set<string>();
  let from = 0;
  const take = (to: number) => {
    if (to > from) found.push({ text: text.slice(from, to), look: [colour, ...marks].filter(Boolean).join(" ") });
  };
  for (const match of text.matchAll(ESCAPE)) {
    take(match.index);
    from = match.index + match[0].length;
    if (match[2] === "m") [colour, marks] = changed(match[1] ?? "", colour, marks);
  }
  take(text.length);
  return found;
}

const MARKS: Record<number, string> = { 1: "b", 2: "f", 4: "u" };
const OFF: Record<number, readonly string[]> = { 22: ["b", "f"], 24: ["u"] };

function changed(codes: string, colour: string, marks: Set<string>): [string, Set<string>] {
  const next = new Set(marks);
  const numbers = codes.split(/[;:]/).map(Number);
  for (let place = 0; place < numbers.length; place += 1) {
    const code = numbers[place]!;
    if (code === 0) {
      colour = "";
      next.clear();
    } else if (code >= 30 && code <= 37) colour = `c${code - 30}`;
    else if (code >= 90 && code <= 97) colour = `c${code - 90}`;
    else if (code === 39) colour = "";
    else if (code === 38 || code === 48) place += numbers[place + 1] === 5 ? 2 : 4; // one of 256, or of millions: left as it is
    else if (MARKS[code]) next.add(MARKS[code]);
    else for (const mark of OFF[code] ?? []) next.delete(mark);
  }
  return [colour, next];
}
