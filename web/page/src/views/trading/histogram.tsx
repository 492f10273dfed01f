// How often values fell where, as bars with their counts.
import { Scroll } from "../../parts/scroll";

const MOST_BARS = 12;

interface Bin {
  from: number;
  to: number;
  count: number;
}

interface HistogramProps {
  values: readonly number[];
  text: (value: number) => string;
  label: string;
  /** Each bin is twice as wide as the one before: for times, which spread over orders of magnitude. */
  doubling?: boolean;
}

export function Histogram({ values, text, label, doubling = false }: HistogramProps) {
  const bins = doubling ? doubled(values) : even(values);
  const most = Math.max(...bins.map(({ count }) => count));
  return (
    <Scroll label={label}>
      <table class="histogram">
        <caption class="unseen">{label}</caption>
        <thead class="unseen">
          <tr>
            <th scope="col">From and to</th>
            <th scope="col">Bar</th>
            <th scope="col">Orders</th>
          </tr>
        </thead>
        <tbody>
          {bins.map(({ from, to, count }) => (
            <tr key={from}>
              <th scope="row" class="num">
                {text(from)} – {text(to)}
              </th>
              <td class="used">
                <svg class="bar fine" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
                  <rect width={(100 * count) / most} height="6" />
                </svg>
              </td>
              <td class="num">{count}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function even(values: readonly number[]): Bin[] {
  const low = Math.min(...values);
  const high = Math.max(...values);
  const count = high > low ? Math.min(MOST_BARS, Math.max(3, Math.ceil(Math.sqrt(values.length)))) : 1;
  const width = (high - low) / count;
  const edges = Array.from({ length: count + 1 }, (_, place) => (place === count ? high : low + place * width));
  return counted(values, edges);
}

function doubled(values: readonly number[]): Bin[] {
  const high = Math.max(...values, 1);
  let edge = 2 ** Math.floor(Math.log2(Math.max(Math.min(...values), 1)));
  const edges = [edge];
  while (edge < high) edges.push((edge *= 2));
  if (edges.length === 1) edges.push(edge * 2);
  // What is below the first edge belongs to the first bin.
  return counted(values, edges.slice(-MOST_BARS - 1));
}

function counted(values: readonly number[], edges: readonly number[]): Bin[] {
  const bins = edges.slice(0, -1).map((from, place): Bin => ({ from, to: edges[place + 1]!, count: 0 }));
  for (const value of values) (bins.find(({ to }) => value < to) ?? bins.at(-1)!).count += 1;
  return bins;
}
