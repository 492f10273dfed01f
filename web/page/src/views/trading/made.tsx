// The mark of what is made here: once on a panel where all of it is, else at each row that is.
import { isMadeHere } from "../../live/markets";
import { Simulated } from "../../parts/parts";
import { positions } from "./kinds";

/** Whether all of these symbols, and at least one, are of the built-in market. */
export function allMade(symbols: readonly string[]): boolean {
  return symbols.length > 0 && symbols.every(isMadeHere);
}

export function PanelMark({ symbols }: { symbols: readonly string[] }) {
  return allMade(symbols) ? <Simulated /> : null;
}

/** `all`: the panel wears the mark. */
export function RowMark({ symbol, all }: { symbol: string; all: boolean }) {
  return !all && isMadeHere(symbol) ? <Simulated /> : null;
}

/** Where anything that is held is of the built-in market: all that is made of its price is, too. */
export function HeldMark() {
  return [...positions.values.keys()].some(isMadeHere) ? <Simulated /> : null;
}
