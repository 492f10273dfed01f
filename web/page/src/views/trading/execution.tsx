// How well orders were filled: slippage against the price expected, and how long it took.
import { fixed, whole } from "../../live/format";
import { Card, Cards } from "../../parts/card";
import { Failure, Nothing, Panel, Time, waiting } from "../../parts/parts";
import { Scroll } from "../../parts/scroll";
import { Histogram } from "./histogram";
import { quality, useLists } from "./lists";
import { PanelMark } from "./made";
import { price, quantity } from "./money";
import type { Quality } from "./wire";

export function Execution() {
  useLists(quality);
  const rows = quality.value ?? [];
  const slips = rows.flatMap(({ slippage_bps }) => slippage_bps ?? []);
  const waits = rows.map(({ fill_latency_ms }) => fill_latency_ms);
  if (rows.length === 0) {
    return (
      <Panel id="execution" title="Execution quality">
        <Failure poll={quality} what="Execution quality" />
        <Nothing>
          {quality.value ? "No order was filled yet; the first one that is begins this." : waiting(quality, "execution quality")}
        </Nothing>
      </Panel>
    );
  }
  return (
    <>
      <Panel
        id="execution"
        title="Execution quality"
        note={`of the newest ${whole(rows.length)} filled ${rows.length === 1 ? "order" : "orders"}`}
        controls={<PanelMark symbols={rows.map(({ symbol }) => symbol)} />}
      >
        <Failure poll={quality} what="Execution quality" />
        <Cards label="Execution in numbers">
          <Card name="Mean slippage" note="positive is worse for us">
            {slips.length ? bps(mean(slips)) : "unavailable"}
          </Card>
          <Card name="Median slippage" note="against the price expected">
            {slips.length ? bps(quantile(slips, 0.5)) : "unavailable"}
          </Card>
          <Card name="Worst slippage" note={`${share(slips, (one) => one > 0)} were worse than expected`}>
            {slips.length ? bps(Math.max(...slips)) : "unavailable"}
          </Card>
          <Card name="Median time to fill" note="from taken to the last fill">
            {ms(quantile(waits, 0.5))}
          </Card>
          <Card name="95 in 100 within" note={`${ms(Math.max(...waits))} at most`}>
            {ms(quantile(waits, 0.95))}
          </Card>
        </Cards>
      </Panel>
      <div class="columns">
        <Panel id="slippage" title="Slippage" note="basis points">
          {slips.length ? (
            <Histogram values={slips} text={bps} label="Orders by slippage" />
          ) : (
            <Nothing>The price expected is known of none of them.</Nothing>
          )}
        </Panel>
        <Panel id="latency" title="Time to fill" note="each bar twice as long a time as the one before">
          <Histogram values={waits} text={ms} label="Orders by time to fill" doubling />
        </Panel>
      </div>
      <Table rows={rows} />
    </>
  );
}

function Table({ rows }: { rows: readonly Quality[] }) {
  return (
    <Panel
      id="filled"
      title="Filled orders"
      note="newest first"
      controls={<PanelMark symbols={rows.map(({ symbol }) => symbol)} />}
    >
      <Scroll label="Filled orders" tall>
        <table>
          <caption class="unseen">Filled orders and how well each was filled</caption>
          <thead>
            <tr>
              <th scope="col">Order</th>
              <th scope="col" class="num wide">
                Quantity
              </th>
              <th scope="col" class="num">
                Expected
              </th>
              <th scope="col" class="num">
                Filled
              </th>
              <th scope="col" class="num">
                Slippage
              </th>
              <th scope="col" class="num wide">
                Since arrival
              </th>
              <th scope="col" class="num">
                Took
              </th>
              <th scope="col" class="wide">
                Time
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((one) => (
              <tr key={one.order_id} data-quality={one.order_id}>
                <th scope="row">
                  <span class={one.side === "BUY" ? "up" : "down"}>{one.side}</span> {one.symbol}{" "}
                  <span class="dim">{one.metadata.order_type?.toLowerCase().replaceAll("_", " ")}</span>
                </th>
                <td class="num wide">{one.metadata.quantity === undefined ? "–" : quantity(one.metadata.quantity)}</td>
                <td class="num">{price(one.expected_price)}</td>
                <td class="num">{price(one.filled_price)}</td>
                <td class={`num ${worse(one.slippage_bps)}`}>
                  {one.slippage_bps === null ? "unavailable" : bps(one.slippage_bps)}
                </td>
                <td class={`num wide ${worse(one.arrival_slippage_bps)}`}>
                  {one.arrival_slippage_bps === null ? "unavailable" : bps(one.arrival_slippage_bps)}
                </td>
                <td class="num">{ms(one.fill_latency_ms)}</td>
                <td class="wide dim">{one.fill_timestamp && <Time iso={one.fill_timestamp} />}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </Panel>
  );
}

function worse(slippage: number | null): string {
  return slippage === null || Math.abs(slippage) < 0.05 ? "" : slippage > 0 ? "down" : "up";
}

function bps(value: number): string {
  return `${fixed(value, 1).replace("-", "−")} bps`;
}

function ms(value: number): string {
  if (value < 1_000) return `${fixed(value, value < 10 ? 1 : 0)} ms`;
  return value < 60_000
    ? `${fixed(value / 1_000, 1)} s`
    : value < 3_600_000
      ? `${fixed(value / 60_000, 1)} min`
      : `${fixed(value / 3_600_000, 1)} h`;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
}

function share(values: readonly number[], is: (value: number) => boolean): string {
  return values.length ? `${Math.round((100 * values.filter(is).length) / values.length)}%` : "none";
}
