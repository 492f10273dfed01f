// The part of a long log that is seen: some hundred lines are in the document, however many there are.
import { clockTime } from "../../live/format";
import { looksOf, plainOf } from "./ansi";
import type { Line, Tail } from "./tail";

/** Pixels; the style sheet says the same. */
const LINE = 18;
const MORE = 12;

export interface Wish {
  /** What is looked for; empty for nothing. */
  needle: string;
  colours: boolean;
  times: boolean;
}

export class LogWindow {
  /** The newest line is kept in sight. */
  following = true;
  /** Lines in which it was found, by their number from the begin. */
  found: number[] = [];
  chosen = -1;
  private searched = 0;
  /** The newest place is shown as soon as there is one. */
  private seeking = false;
  private drawn = "";
  private dropped = 0;

  constructor(
    private readonly host: HTMLElement,
    private readonly sizer: HTMLElement,
    private readonly rows: HTMLElement,
    private readonly tail: Tail,
    private readonly wish: () => Wish,
    private readonly moved: () => void,
  ) {
    host.addEventListener("scroll", this.scrolled, { passive: true });
  }

  end(): void {
    this.host.removeEventListener("scroll", this.scrolled);
  }

  /** Look for something else from now on. */
  seek(): void {
    this.found = [];
    this.chosen = -1;
    this.searched = 0;
    this.seeking = this.wish().needle !== "";
    this.paint();
    this.moved();
  }

  /** To the next place (1) or the one before (-1). */
  step(by: number): void {
    if (this.found.length > 0) {
      this.chosen = (this.chosen + by + this.found.length) % this.found.length;
      this.following = false;
      this.host.scrollTop = Math.max(0, this.found[this.chosen]! * LINE - this.host.clientHeight / 2);
    }
    this.drawn = "";
    this.paint();
    this.moved();
  }

  follow(): void {
    this.following = true;
    this.paint();
    this.moved();
  }

  readonly paint = (): void => {
    const { lines } = this.tail;
    this.madeRoom();
    const before = this.found.length;
    this.look();
    this.sizer.style.height = `${lines.length * LINE}px`;
    if (this.seeking && this.found.length > 0) {
      this.seeking = false;
      this.chosen = this.found.length;
      return this.step(-1);
    }
    if (this.following) this.host.scrollTop = lines.length * LINE;
    const first = Math.max(0, Math.floor(this.host.scrollTop / LINE) - MORE);
    const last = Math.min(lines.length, Math.ceil((this.host.scrollTop + this.host.clientHeight) / LINE) + MORE);
    const { needle, colours, times } = this.wish();
    const wanted = `${first} ${last} ${this.tail.dropped} ${needle} ${colours} ${times} ${this.chosen} ${last === lines.length ? lines.at(-1)?.text : ""}`;
    if (wanted !== this.drawn) {
      this.drawn = wanted;
      this.rows.style.transform = `translateY(${first * LINE}px)`;
      this.rows.replaceChildren(...lines.slice(first, last).map((line, place) => this.row(line, first + place)));
    }
    if (before !== this.found.length) this.moved();
  };

  private readonly scrolled = (): void => {
    const { scrollTop, clientHeight, scrollHeight } = this.host;
    const atEnd = scrollTop + clientHeight >= scrollHeight - 2;
    if (atEnd !== this.following) {
      this.following = atEnd;
      this.moved();
    }
    this.paint();
  };

  /** Old lines are gone: what is seen stays in its place. */
  private madeRoom(): void {
    const gone = this.tail.dropped - this.dropped;
    if (gone === 0) return;
    this.dropped = this.tail.dropped;
    this.searched = Math.max(0, this.searched - gone);
    this.found = this.found.map((line) => line - gone).filter((line) => line >= 0);
    if (!this.following) this.host.scrollTop -= gone * LINE;
  }

  private look(): void {
    const needle = this.wish().needle.toLowerCase();
    const { lines } = this.tail;
    if (!needle) {
      this.found = [];
      return;
    }
    // The last line may still go on.
    if (this.found.at(-1) === this.searched - 1) this.found.pop();
    for (let line = Math.max(0, this.searched - 1); line < lines.length; line += 1) {
      if (plainOf(lines[line]!.text).toLowerCase().includes(needle)) this.found.push(line);
    }
    this.searched = lines.length;
  }

  private row(line: Line, number: number): HTMLElement {
    const { needle, colours, times } = this.wish();
    const row = document.createElement("div");
    row.className = `row ${line.stream}`;
    if (times) row.append(made("time", clockTime(new Date(line.ts)), "dim"));
    const looks = colours ? looksOf(line.text) : [{ text: plainOf(line.text), look: "" }];
    for (const { text, look } of looks) row.append(...marked(text, look, needle.toLowerCase()));
    if (this.found[this.chosen] === number) row.classList.add("chosen");
    return row;
  }
}

/** The text, with what is looked for marked in it. */
function marked(text: string, look: string, needle: string): Node[] {
  if (!needle) return [look ? made("span", text, look) : document.createTextNode(text)];
  const nodes: Node[] = [];
  const low = text.toLowerCase();
  let from = 0;
  for (let at = low.indexOf(needle); at >= 0; at = low.indexOf(needle, from)) {
    if (at > from) nodes.push(made("span", text.slice(from, at), look));
    from = at + needle.length;
    nodes.push(made("mark", text.slice(at, from), ""));
  }
  if (from < text.length) nodes.push(made("span", text.slice(from), look));
  return nodes;
}

function made(tag: string, text: string, look: string): HTMLElement {
  const element = document.createElement(tag);
  element.textContent = text;
  if (look) element.className = look;
  return element;
}
