// The scanner: each symbol of the universe, the verdict on it, and what each strategy reads there.
import { fixed } from "../../live/format";
import { markets, useMarkets } from "../../live/markets";
import { useParts } from "../../live/paint";
import { Nothing, Panel, Time } from "../../parts/parts";
import { Choice } from "../../parts/choice";
import { type Column, Table } from "../../parts/table";
import { hrefOf, useQuery } from "../../shell/route";
import { scans, strategyStates, useKinds } from "./kinds";
import { allMade, PanelMark, RowMark } from "./made";
import type { StrategyState } from "./plans";

type Verdict = "candidate" | "blocked" | "held" | "skip";

const ONLY: Record<string, Verdict> = { candidates: "candidate", blocked: "blocked", held: "held" };
const SHOWN = ["all", ...Object.keys(ONLY)];

export function Scanner() {
  useKinds(scans, strategyStates);
  const [shown, setShown] = useQuery("verdict", "all");
  const { scan, by } = scans.values.get("scan") ?? { scan: {}, by: "" };
  const states = [...strategyStates.values.values()]
    .filter(({ verdicts }) => verdicts)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const all = Object.entries(scan.symbols ?? {});
  const rows = all.filter(([, reason]) => shown === "all" || verdictOf(reason) === ONLY[shown]);
  const candidates = all.filter(([, reason]) => verdictOf(reason) === "candidate").length;
  const symbols = all.map(([symbol]) => symbol);
  const made = allMade(symbols);
  return (
    <Panel
      id="scanner"
      title="Scanner"
      note={
        scan.timestamp && (
          <>
            {candidates} of {all.length} {candidates === 1 ? "is a candidate" : "are candidates"}, said by{" "}
            {by === "desk" ? "our own strategies" : by} <Time iso={scan.timestamp} />
          </>
        )
      }
      controls={
        <>
          <PanelMark symbols={symbols} />
          <Choice label="Which symbols" of={SHOWN} value={shown} choose={setShown} />
        </>
      }
    >
      {all.length === 0 ? (
        <Nothing>
          No scan yet. Strategies look at the symbols of <code>trading.universe</code> once daily bars are there, and a bot may
          push its own as <code>SCAN_SUMMARY</code>.
        </Nothing>
      ) : (
        <Table
          name="Symbols, the verdict on each, and what each strategy reads"
          class="scan"
          columns={[
            { head: "Symbol", names: true, of: ([symbol]) => <>{symbol} <RowMark symbol={symbol} all={made} /></> },
            ...VERDICT,
            ...states.map(readBy),
            {
              head: "Order",
              unseen: true,
              class: "end",
              of: ([symbol]) => (
                <a href={hrefOf("trading", "orders", { symbol })} aria-label={`Order ${symbol}`}>
                  Order
                </a>
              ),
            },
          ]}
          rows={rows}
          row={([symbol]) => ({ key: symbol, "data-scan": symbol })}
          empty="No symbol stands like that now."
        />
      )}
    </Panel>
  );
}

type Scanned = [symbol: string, reason: string];

const VERDICT: Column<Scanned>[] = [
  { head: "Price", num: true, of: ([symbol]) => <Price symbol={symbol} /> },
  {
    head: "Verdict",
    tone: "verdict",
    of: ([, reason]) => (
      <>
        <span class={`word is-${verdictOf(reason)}`}>{verdictOf(reason)}</span> <span class="dim">{readingOf(reason)}</span>
      </>
    ),
  },
];

function readBy({ name, verdicts = {} }: StrategyState): Column<Scanned> {
  return {
    head: name,
    class: "wide",
    tone: "reading",
    of: ([symbol]) => (
      <>
        {verdicts[symbol]?.candidate && <span class="word is-candidate">candidate</span>}{" "}
        {readingOf(verdicts[symbol]?.reason) || "–"}
      </>
    ),
  };
}

function Price({ symbol }: { symbol: string }) {
  useMarkets();
  useParts(`quote:${symbol}`);
  const market = markets.get(symbol);
  return <>{market?.mid === undefined ? "–" : fixed(market.mid, Math.min(market.places, 6))}</>;
}

/** What a scan's reason comes to; bots have words of their own for it. */
export function verdictOf(reason: string): Verdict {
  if (/^(candidate|buy|sell)/i.test(reason)) return "candidate";
  if (/block|inactive|error|blackout|spread/i.test(reason)) return "blocked";
  return /^(holding|cooldown)/i.test(reason) ? "held" : "skip";
}

/** What stands in brackets of a reason is the reading itself. */
function readingOf(reason = ""): string {
  return /^(?:Low Score|CANDIDATE) \((.*)\)$/.exec(reason)?.[1] ?? reason;
}
