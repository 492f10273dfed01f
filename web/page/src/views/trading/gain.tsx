// A gain or a loss, and its percent in small.
import { percent } from "../../live/format";
import { gain } from "./money";

export function Gain({ of, pct, currency = "USD" }: { of: number; pct: number; currency?: string }) {
  return (
    <>
      {gain(of, currency)} <span class="pct">{percent(pct)}</span>
    </>
  );
}
