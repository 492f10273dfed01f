// Candles and volumes on a canvas: lightweight-charts, with marks of our own over it that keyboard and screen reader reach.
import { CandlestickSeries, createChart, HistogramSeries, type IChartApi, type ISeriesApi, type Time, type UTCTimestamp } from "lightweight-charts";
import { clockTime, fixed, localDay, shortTime } from "../../live/format";
import { colour, faint } from "../../parts/colours";
import { type Mark, Marks, type Placed } from "../../parts/marks";
import { SEVERITIES } from "../../live/wire";
import type { Bars, Candle } from "./bars";

/** From here on older bars are asked for. */
const EDGE_BARS = 30;
const STEP = 1.4;
const SOON_MS = 300;

export interface Seen {
  /** Milliseconds UTC of the first and last bar on the screen; undefined while the newest are shown as they come. */
  range: readonly [number, number] | undefined;
}

export class CandlePlot {
  private readonly chart: IChartApi;
  private readonly candles: ISeriesApi<"Candlestick">;
  private readonly volumes: ISeriesApi<"Histogram">;
  private readonly marks: Marks;
  private version = -1;
  private timer = 0;
  private wanted: readonly [number, number] | undefined;

  constructor(
    private readonly host: HTMLElement,
    layer: HTMLElement,
    private readonly bars: Bars,
    private readonly places: number,
    private readonly told: (seen: Seen) => void,
    private readonly marked: () => readonly Mark[],
    range: readonly [number, number] | undefined,
  ) {
    this.marks = new Marks(layer);
    this.wanted = range;
    this.chart = createChart(host, { autoSize: true, ...looks(places) });
    this.candles = this.chart.addSeries(CandlestickSeries, { priceFormat: { type: "price", precision: places, minMove: 10 ** -places } });
    this.volumes = this.chart.addSeries(HistogramSeries, { priceScaleId: "volume", priceFormat: { type: "volume" }, lastValueVisible: false, priceLineVisible: false });
    this.chart.priceScale("volume").applyOptions({ scaleMargins: { top: 0.82, bottom: 0 } });
    this.candles.priceScale().applyOptions({ scaleMargins: { top: 0.06, bottom: 0.22 } });
    this.chart.timeScale().subscribeVisibleLogicalRangeChange(this.moved);
    this.wear();
  }

  /** Draw what is new. */
  readonly paint = (): void => {
    const { candles, version } = this.bars;
    const last = candles.at(-1);
    if (!last) return;
    if (version === this.version) {
      this.candles.update(candleOf(last));
      this.volumes.update(volumeOf(last));
    } else {
      const first = this.version < 0;
      this.version = version;
      this.candles.setData(candles.map(candleOf));
      this.volumes.setData(candles.map(volumeOf));
      if (first && !this.wanted) this.latest();
    }
    if (this.wanted) this.reach();
    this.mark();
  };

  /** The colours and the zone of the reader. */
  readonly wear = (): void => {
    this.chart.applyOptions(looks(this.places));
    this.candles.applyOptions({ upColor: colour("up"), downColor: colour("down"), wickUpColor: colour("up"), wickDownColor: colour("down"), borderVisible: false });
    this.version = Math.min(this.version, this.bars.version - 1); // volumes carry their colours themselves
    if (this.version >= 0) this.paint();
  };

  /** Show the newest as they come. */
  latest(): void {
    this.wanted = undefined;
    const shown = Math.max(40, Math.round(this.host.clientWidth / 8));
    const count = this.bars.candles.length;
    this.chart.timeScale().setVisibleLogicalRange({ from: count - shown, to: count + 3 });
  }

  /** Show fewer bars, or more. */
  zoom(nearer: boolean): void {
    const seen = this.chart.timeScale().getVisibleLogicalRange();
    if (!seen) return;
    const length = (seen.to - seen.from) * (nearer ? 1 / STEP : STEP);
    this.chart.timeScale().setVisibleLogicalRange({ from: seen.to - length, to: seen.to });
  }

  /** Show earlier bars (negative) or later ones, by a share of what is seen. */
  walk(share: number): void {
    const seen = this.chart.timeScale().getVisibleLogicalRange();
    if (!seen) return;
    const by = (seen.to - seen.from) * share;
    this.chart.timeScale().setVisibleLogicalRange({ from: seen.from + by, to: seen.to + by });
  }

  end(): void {
    clearTimeout(this.timer);
    this.marks.show([]);
    this.chart.remove();
  }

  /** Older pages until the range that the address asks for is there. */
  private reach(): void {
    const [from, to] = this.wanted!;
    const { candles } = this.bars;
    if (candles[0]!.at * 1_000 > from && this.bars.hasOlder) return void this.bars.more();
    this.wanted = undefined;
    const placeOf = (at: number) => {
      const place = candles.findIndex((candle) => candle.at * 1_000 >= at);
      return place < 0 ? candles.length - 1 : place;
    };
    this.chart.timeScale().setVisibleLogicalRange({ from: placeOf(from), to: Math.max(placeOf(to), placeOf(from) + 2) });
  }

  private readonly moved = (): void => {
    this.mark();
    const seen = this.chart.timeScale().getVisibleLogicalRange();
    if (!seen || this.wanted || this.version < 0) return;
    if (seen.from < EDGE_BARS) void this.bars.more();
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.tell(), SOON_MS);
  };

  private tell(): void {
    const { candles } = this.bars;
    const seen = this.chart.timeScale().getVisibleLogicalRange();
    if (!seen || candles.length === 0) return;
    const at = (place: number) => candles[Math.min(Math.max(Math.round(place), 0), candles.length - 1)]!.at * 1_000;
    this.told({ range: seen.to >= candles.length - 1 ? undefined : [at(seen.from), at(seen.to)] });
  }

  /** One mark for each candle in which something happened. */
  private mark(): void {
    const by = new Map<Candle, Mark[]>();
    for (const mark of this.marked()) {
      const candle = this.candleAt(mark.at / 1_000);
      if (candle) by.set(candle, [...(by.get(candle) ?? []), mark]);
    }
    const found: Placed[] = [];
    for (const [candle, marks] of by) {
      const left = this.chart.timeScale().timeToCoordinate(candle.at as UTCTimestamp);
      const top = this.candles.priceToCoordinate(candle.high);
      if (left === null || top === null || left < 0 || left > this.chart.timeScale().width()) continue;
      found.push({ mark: together(marks), left, top: Math.max(top - 10, 8) });
    }
    this.marks.show(found);
  }

  /** The candle in which an instant lies. */
  private candleAt(at: number): Candle | undefined {
    const { candles } = this.bars;
    let [low, high] = [0, candles.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (candles[middle]!.at <= at) low = middle + 1;
      else high = middle;
    }
    return candles[low - 1];
  }
}

/** One for several: as loud as the loudest, and pressed the newest. */
function together(marks: readonly Mark[]): Mark {
  const newest = marks.at(-1)!;
  if (marks.length === 1) return newest;
  const tone = [...SEVERITIES].reverse().find((severity) => marks.some((mark) => mark.tone === severity)) ?? newest.tone;
  return { ...newest, tone, label: `${marks.length} events, the newest ${newest.label}` };
}

function candleOf({ at, open, high, low, close }: Candle) {
  return { time: at as UTCTimestamp, open, high, low, close };
}

function volumeOf({ at, open, close, volume }: Candle) {
  return { time: at as UTCTimestamp, value: volume, color: faint(close < open ? "down" : "up", 0.35) };
}

function looks(places: number) {
  const line = { color: colour("line") };
  return {
    layout: {
      background: { color: "transparent" },
      textColor: colour("dim"),
      fontSize: 11,
      fontFamily: "system-ui, sans-serif",
      attributionLogo: false, // it brings a style sheet, which the page's policy forbids; the panel has the link
    },
    grid: { vertLines: line, horzLines: line },
    rightPriceScale: { borderVisible: false },
    timeScale: { borderVisible: false, timeVisible: true, secondsVisible: false, tickMarkFormatter: tick },
    localization: { timeFormatter: (time: Time) => shortTime(Number(time) * 1_000), priceFormatter: (price: number) => fixed(price, places) },
  };
}

/** Years, months and days are kinds 0 to 2 of the library's. */
function tick(time: Time, kind: number): string {
  const at = new Date(Number(time) * 1_000);
  return kind <= 2 ? localDay(at) : clockTime(at).slice(0, 5);
}

/** A price with so many places, for who reads it out. */
export function spoken({ open, high, low, close }: Candle, places: number): string {
  const told = (value: number) => fixed(value, places);
  return `opened at ${told(open)}, between ${told(low)} and ${told(high)}, now at ${told(close)}`;
}
