// Bars of a symbol over any span: minutes to days, older ones as the reader goes back, with what happened above them.
import { useEffect, useMemo, useRef } from "preact/hooks";
import { calmly, painting, useParts } from "../../live/paint";
import { Choice } from "../../parts/choice";
import { Nothing, Panel, Simulated } from "../../parts/parts";
import { useCommands } from "../../shell/commands";
import { useQuery } from "../../shell/route";
import { Bars } from "./bars";
import { CandlePlot, spoken } from "./candle-plot";
import type { Happenings } from "./happenings";
import { type Interval, INTERVALS } from "./wire";

/** What the licence of the charts wants to be shown, with the link. */
const NOTICE = "TradingView Lightweight Charts™, Copyright (c) 2025 TradingView, Inc.";

interface CandlesProps {
  symbol: string;
  places: number;
  happenings: Happenings;
}

export function Candles({ symbol, places, happenings }: CandlesProps) {
  const [word, choose] = useQuery("interval", "1m");
  const [range, setRange] = useQuery("range");
  const interval = INTERVALS.find((one) => one === word) ?? "1m";
  const bars = useMemo(() => new Bars(symbol, interval), [symbol, interval]);
  const plot = useRef<CandlePlot | undefined>(undefined);
  const change = (next: Interval) => {
    setRange("");
    choose(next);
  };
  useEffect(() => bars.hold(), [bars]);
  useParts(bars.part);
  useCommands(() => [
    ...INTERVALS.map((one, place) => ({ title: `Candles of ${one}`, group: symbol, keys: `${place + 1}`, run: () => change(one) })),
    { title: "Candles: nearer", group: symbol, keys: "+", run: () => plot.current?.zoom(true) },
    { title: "Candles: farther", group: symbol, keys: "-", run: () => plot.current?.zoom(false) },
    { title: "Candles: the newest", group: symbol, keys: "0", run: () => plot.current?.latest() },
  ]);
  const last = bars.candles.at(-1);
  return (
    <Panel
      id="candles"
      title="Candles"
      note={<a href="https://www.tradingview.com/" target="_blank" rel="noopener noreferrer" title={NOTICE}>Charts by TradingView</a>}
      controls={
        <>
          {bars.simulated && <Simulated />}
          <Choice label="Interval of the candles" of={INTERVALS} value={interval} choose={change} />
        </>
      }
    >
      {bars.problem && <p class="failure" role="status">Bars could not be read. {bars.problem.message}</p>}
      {!last ? (
        <Nothing>{bars.read ? `Nobody has traded ${symbol} in any ${interval} that is stored.` : "Reading the bars."}</Nothing>
      ) : (
        <>
          <Plot bars={bars} places={places} happenings={happenings} range={range} setRange={setRange} hold={(it) => (plot.current = it)} />
          <p class="legend">
            <span class="dim num">The {range ? "newest" : "present"} {interval} {spoken(last, places)}.</span>
            <span class="controls">
              <button type="button" class="quiet" onClick={() => plot.current?.walk(-0.5)}>Older</button>
              <button type="button" class="quiet" onClick={() => plot.current?.walk(0.5)}>Later</button>
              <button type="button" class="quiet" aria-label="Fewer candles" onClick={() => plot.current?.zoom(true)}>+</button>
              <button type="button" class="quiet" aria-label="More candles" onClick={() => plot.current?.zoom(false)}>−</button>
              <button type="button" class="quiet" disabled={!range} onClick={() => plot.current?.latest()}>Newest</button>
            </span>
          </p>
        </>
      )}
    </Panel>
  );
}

interface PlotProps {
  bars: Bars;
  places: number;
  happenings: Happenings;
  /** Two instants, as the address has them; empty for the newest. */
  range: string;
  setRange: (range: string) => void;
  hold: (plot: CandlePlot | undefined) => void;
}

function Plot({ bars, places, happenings, range, setRange, hold }: PlotProps) {
  const host = useRef<HTMLDivElement>(null);
  const layer = useRef<HTMLDivElement>(null);
  const newest = useRef({ setRange, happenings });
  newest.current = { setRange, happenings };
  useEffect(() => {
    const plot = new CandlePlot(
      host.current!,
      layer.current!,
      bars,
      places,
      ({ range }) => newest.current.setRange(range ? spelled(range) : ""),
      () => newest.current.happenings.marks(() => undefined),
      instants(range),
    );
    hold(plot);
    plot.paint();
    const leaves = [calmly(bars.part, plot.paint), calmly("events", plot.paint), painting("preferences", plot.wear)];
    return () => {
      leaves.forEach((leave) => leave());
      hold(undefined);
      plot.end();
    };
  }, [bars, places]);
  return (
    <figure class="chart candles">
      <div ref={host} class="plot" role="img" aria-label={`${bars.symbol}, candles of ${bars.interval} and volumes`} />
      <div ref={layer} class="marks" />
    </figure>
  );
}

function spelled([from, to]: readonly [number, number]): string {
  return [from, to].map((at) => new Date(at).toISOString().replace(/:00\.000Z$/, "Z")).join("_");
}

function instants(range: string): readonly [number, number] | undefined {
  const [from, to] = range.split("_").map((word) => Date.parse(word.replace(/T(\d\d:\d\d)Z$/, "T$1:00Z")));
  return from && to && from < to ? [from, to] : undefined;
}
