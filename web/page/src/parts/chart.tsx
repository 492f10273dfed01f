// Lines over time, drawn by uPlot: at most once a frame, however fast the numbers come, with marks at the points they are about.
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { fixed, plain, shortTime } from "../live/format";
import { calmly, painting } from "../live/paint";
import { zone } from "../live/preferences";
import { type Colour, colour, faint } from "./colours";
import { type Mark, Marks, placed } from "./marks";

export interface Line {
  label: string;
  colour: Colour;
  /** Text of a value; digits that matter where nothing is given. */
  text?: (value: number) => string;
  fill?: boolean;
  dash?: number[];
  /** Lines of one scale share an axis; the second name is drawn on the right. */
  scale?: string;
  /** Without a line: the points alone; a number is their width in pixels. */
  dots?: boolean | number;
  /** A value holds until the next, as a position does; or "before": since the one before it, as what was gathered does. */
  steps?: boolean | "before";
  /** A bar for each value, as counts have. */
  bars?: boolean;
}

/** Times in seconds (UTC) or numbers that rise, then a column for each line; a hole is null (typed columns have none). */
export type Columns = readonly [number[] | Float64Array, ...((number | null | undefined)[] | Float64Array)[]];

export interface ChartProps {
  /** What is seen, for who doesn't see it; a sentence. */
  label: string;
  /** Touched when there is something new to draw (paint.ts). */
  part: string;
  lines: readonly Line[];
  read: () => Columns;
  marks?: () => readonly Mark[];
  /** Pixels. */
  height?: number;
  /** "time", or what the numbers below are: "round". */
  across?: string;
  /** Text of the numbers below; digits that matter where nothing is given and `across` is not "time". */
  acrossText?: (value: number) => string;
  /** What is seen of the numbers below, as long as the reader has not zoomed; all of them where nothing is given. */
  span?: () => readonly [from: number, to: number];
  /** The places of two lines; what is between them is filled. */
  band?: readonly [upper: number, lower: number];
  /** Charts with the same name show the pointer at the same place. */
  together?: string;
  /** Pixels left of the lines, where charts one above the other have the same times; as much as the values need if not said. */
  gutter?: number;
  /** Drawn at most ten times a second, not in each frame. */
  calm?: boolean;
  /** Without axes and names: a small one in a row of many. */
  bare?: boolean;
  /** Reaches down to this value. */
  floor?: number;
}

export function Chart(props: ChartProps) {
  const { label, part, lines, height = 220, bare = false } = props;
  const host = useRef<HTMLDivElement>(null);
  const newest = useRef(props);
  newest.current = props;
  const shape = JSON.stringify([lines.map(({ label, colour, scale, dash, fill, dots, steps, bars }) => [label, colour, scale, dash, fill, dots, steps, bars]), height, bare]);
  const layer = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const drawn = new Drawn(host.current!, layer.current!, () => newest.current);
    const leaves = [(props.calm ? calmly : painting)(part, drawn.paint), painting("preferences", drawn.paint)];
    return () => {
      leaves.forEach((leave) => leave());
      drawn.end();
    };
  }, [shape, part]);
  // What is drawn depends on what the component was given, not only on what was touched.
  useEffect(() => void painted.get(host.current!)?.());
  return (
    <figure class={`chart ${bare ? "bare" : ""}`}>
      <div ref={host} class="plot" role="img" aria-label={label} />
      <div ref={layer} class="marks" />
    </figure>
  );
}

const painted = new WeakMap<HTMLElement, () => void>();

/** One uPlot and what belongs to it. */
class Drawn {
  private plot: uPlot | undefined;
  private readonly marks: Marks;
  private readonly watch: ResizeObserver;
  private readonly sight: IntersectionObserver;
  private zoomed = false;
  /** Whether any of it is on the screen; what is not is drawn when it comes there. */
  private seen = false;

  constructor(
    private readonly host: HTMLElement,
    layer: HTMLElement,
    private readonly given: () => ChartProps,
  ) {
    this.marks = new Marks(layer);
    painted.set(host, this.paint);
    this.watch = new ResizeObserver(() => this.fit());
    this.watch.observe(host);
    this.sight = new IntersectionObserver((entries) => {
      this.seen = entries.at(-1)!.isIntersecting;
      if (this.seen) this.paint();
    });
    this.sight.observe(host);
    this.fit();
  }

  readonly paint = (): void => {
    const { plot, zoomed } = this;
    if (!plot) return this.fit();
    if (!this.seen) return;
    const { read, marks, span } = this.given();
    const data = read() as unknown as uPlot.AlignedData;
    const sight = span ? span() : data[0].length === 1 ? around(data[0][0]!) : undefined;
    if (sight && !zoomed) {
      const [min, max] = sight;
      plot.batch(() => {
        plot.setData(data, false);
        plot.setScale("x", { min, max });
      });
    } else {
      plot.setData(data, !zoomed);
      if (zoomed) plot.redraw(true, true);
    }
    if (marks) this.marks.show(placed(plot, marks()));
  };

  end(): void {
    this.watch.disconnect();
    this.sight.disconnect();
    painted.delete(this.host);
    this.plot?.destroy();
    this.marks.show([]);
  }

  private fit(): void {
    const width = this.host.clientWidth;
    const height = this.given().height ?? 220;
    if (width <= 0) return;
    if (this.plot) {
      if (this.plot.width !== width) this.plot.setSize({ width, height });
    } else {
      this.plot = new uPlot(optionsOf(this.given, width, height, (zoomed) => (this.zoomed = zoomed)), [[]] as unknown as uPlot.AlignedData, this.host);
    }
    this.paint();
  }
}

function optionsOf(given: () => ChartProps, width: number, height: number, zoomed: (is: boolean) => void): uPlot.Options {
  const { lines, bare = false, across = "time", acrossText = plain, acrossText: below, together, floor, band } = given();
  const scales = [...new Set(lines.map(({ scale = "y" }) => scale))];
  const range: uPlot.Range.Function = (_, low, high) => rangeOf(low, high, floor);
  return {
    width,
    height,
    class: "oracle",
    legend: { show: !bare, live: true },
    padding: bare ? [2, 2, 2, 2] : [8, 10, 0, 0],
    cursor: {
      show: !bare,
      drag: { x: true, y: false },
      points: { size: 6 },
      ...(together && { sync: { key: together } }),
    },
    scales: {
      x: { time: across === "time" },
      ...Object.fromEntries(scales.map((name) => [name, { range }])),
    },
    axes: bare ? [{ show: false }, { show: false }] : [acrossAxis(across, below), ...scales.map((name, place) => valueAxis(name, place, given))],
    series: [{ label: across, value: (_, at) => (at == null ? "–" : across === "time" ? shortTime(at * 1_000) : acrossText(at)) }, ...lines.map(seriesOf)],
    ...(band && { bands: [{ series: [band[0] + 1, band[1] + 1], fill: () => faint(lines[band[0]]!.colour, 0.1) }] }),
    tzDate: (at) => (zone() ? uPlot.tzDate(new Date(at * 1_000), zone()) : new Date(at * 1_000)),
    hooks: {
      setSelect: [(plot) => zoomed(plot.select.width > 0)],
      ready: [(plot) => plot.over.addEventListener("dblclick", () => zoomed(false))],
    },
  };
}

/** What is seen of a point that is alone; uPlot would show it at the edge of years. */
function around(at: number): readonly [number, number] {
  return [at - ALONE, at + ALONE];
}

function seriesOf(line: Line): uPlot.Series {
  const { label, scale = "y", dash, fill, dots, steps, bars, text = shown } = line;
  return {
    label,
    scale,
    stroke: () => colour(line.colour),
    width: dots ? 0 : 1.25,
    points: dots ? { show: true, size: dots === true ? 5 : dots, fill: () => colour(line.colour) } : { show: false },
    spanGaps: false,
    value: (_, value) => (value == null ? "–" : text(value)),
    ...(dash && { dash }),
    ...(fill && { fill: () => faint(line.colour, 0.1) }),
    ...(bars && { paths: uPlot.paths.bars!({ size: [0.7, 40, 2] }), fill: () => faint(line.colour, 0.55) }),
    ...(steps && { paths: uPlot.paths.stepped!({ align: steps === "before" ? -1 : 1 }) }),
  };
}

const ALONE = 60;
/** Pixels, about. */
const LETTER = 6.3;
const AXIS = { stroke: () => colour("dim"), font: "11px system-ui, sans-serif", ticks: { show: false } } as const;

const DAY = "\n{D} {MMM}";

/** Of steps that are so long: the text of each tick, and what is added where the day turns. As uPlot takes it. */
const TIMES = [
  [31_536_000, "{YYYY}", null, null, null, null, null, null, 1],
  [2_419_200, "{MMM}", "\n{YYYY}", null, null, null, null, null, 1],
  [86_400, "{D} {MMM}", "\n{YYYY}", null, null, null, null, null, 1],
  [60, "{HH}:{mm}", DAY, null, DAY, null, null, null, 1],
  [1, "{HH}:{mm}:{ss}", DAY, null, DAY, null, null, null, 1],
  [0.001, "{HH}:{mm}:{ss}.{fff}", DAY, null, DAY, null, null, null, 1],
] as uPlot.Axis.Values;

function acrossAxis(across: string, text: ((value: number) => string) | undefined): uPlot.Axis {
  const grid = { stroke: () => colour("line"), width: 1 };
  if (across === "time") return { ...AXIS, size: 40, space: 72, grid, values: TIMES };
  const told = text ?? ((value: number) => (Number.isInteger(value) ? plain(value) : ""));
  return { ...AXIS, size: 30, grid, values: (_, ticks) => ticks.map(told) };
}

function valueAxis(scale: string, place: number, given: () => ChartProps): uPlot.Axis {
  const { text = shown } = given().lines.find((line) => (line.scale ?? "y") === scale)!;
  return {
    ...AXIS,
    scale,
    side: place === 0 ? 3 : 1,
    size: (_, values) => given().gutter ?? Math.max(44, ...(values ?? []).map((value) => value.length * LETTER + 16)),
    grid: { show: place === 0, stroke: () => colour("line"), width: 1 },
    values: (_, ticks) => ticks.map((tick) => text(tick)),
  };
}

function shown(value: number): string {
  return Math.abs(value) >= 1_000 ? fixed(value, Math.abs(value) >= 100_000 ? 0 : 1) : plain(Number(value.toPrecision(6)));
}

/** A line that does not move is in the middle, not on the floor. */
function rangeOf(low: number | null, high: number | null, floor: number | undefined): [number, number] {
  if (low === null || high === null) return [0, 1];
  const least = floor === undefined ? low : Math.min(low, floor);
  const span = high - least || Math.abs(high) * 0.01 || 1;
  return [floor !== undefined && least === floor ? floor : least - span * 0.06, high + span * 0.06];
}
