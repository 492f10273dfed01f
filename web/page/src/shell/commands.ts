// What can be done from the keyboard: whoever shows something offers commands for as long as it is shown.
import { useLayoutEffect, useRef } from "preact/hooks";

export interface Command {
  /** What it does, as a button would say it: "Go to Markets", "Silence boiler is hot". */
  title: string;
  /** A word or two that narrow it down: "view", "symbol". */
  group: string;
  /** Keys that do it everywhere: "g m", "?". */
  keys?: string;
  run: () => void;
}

type Source = () => Command[];

const sources = new Set<Source>();

/** Offer commands until the function that is answered is called; they are asked for when somebody looks. */
export function offer(source: Source): () => void {
  sources.add(source);
  return () => void sources.delete(source);
}

/** Offer commands while the calling component is shown: as soon as it is, for who presses keys quickly. */
export function useCommands(source: Source): void {
  const newest = useRef(source);
  newest.current = source;
  useLayoutEffect(() => offer(() => newest.current()), []);
}

export function commands(): Command[] {
  return [...sources].flatMap((source) => source());
}

/** Those that a few typed letters mean, best first: each word must be found, at the begin of a word is better. */
export function matching(all: readonly Command[], typed: string): Command[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  return all
    .map((command, place) => ({ command, place, score: scoreOf(`${command.title} ${command.group}`.toLowerCase(), words) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score || a.place - b.place)
    .map(({ command }) => command);
}

function scoreOf(text: string, words: readonly string[]): number {
  let score = 1;
  for (const word of words) {
    const at = text.indexOf(word);
    if (at < 0) return 0;
    score += at === 0 ? 3 : /[\s:_-]/.test(text[at - 1]!) ? 2 : 1;
  }
  return score;
}
