// How well orders were filled: slippage against the price expected, and how long it took.
import { fixed, whole } from "../../live/format";
import { Card, Cards } from "../../parts/card";
import { Failure, Nothing, Panel, Time, waiting } from "../../parts/parts";
import { type Column, Table } from "../../parts/table";
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
      <Filled rows={rows} />
    </>
  );
}

const COLUMNS: Column<Quality>[] = [
  {
    head: "Order",
    names: true,
    of: ({ side, symbol, metadata: { order_type } }) => (
      <>
        <span class={side === "BUY" ? "up" : "down"}>{side}</span> {symbol}{" "}
        <span class="dim">{order_type?.toLowerCase().replaceAll("_", " ")}</span>
      </>
    ),
  },
  { head: "Quantity", num: true, class: "wide", of: ({ metadata: { quantity: size } }) => (size === undefined ? "–" : quantity(size)) },
  { head: "Expected", num: true, of: (one) => price(one.expected_price) },
  { head: "Filled", num: true, of: (one) => price(one.filled_price) },
  { head: "Slippage", num: true, tone: (one) => worse(one.slippage_bps), of: (one) => bps(one.slippage_bps) },
  { head: "Since arrival", num: true, class: "wide", tone: (one) => worse(one.arrival_slippage_bps), of: (one) => bps(one.arrival_slippage_bps) },
  { head: "Took", num: true, of: (one) => ms(one.fill_latency_ms) },
  { head: "Time", class: "wide", tone: "dim", of: (one) => one.fill_timestamp && <Time iso={one.fill_timestamp} /> },
];

function Filled({ rows }: { rows: readonly Quality[] }) {
  return (
    <Panel
      id="filled"
      title="Filled orders"
      note="newest first"
      controls={<PanelMark symbols={rows.map(({ symbol }) => symbol)} />}
    >
      <Table
        name="Filled orders and how well each was filled"
        label="Filled orders"
        tall
        columns={COLUMNS}
        rows={rows}
        row={({ order_id }) => ({ key: order_id, "data-quality": order_id })}
      />
    </Panel>
  );
}

function worse(slippage: number | null): string {
  return slippage === null || Math.abs(slippage) < 0.05 ? "" : slippage > 0 ? "down" : "up";
}

function bps(value: number | null): string {
  return value === null ? "unavailable" : `${fixed(value, 1).replace("-", "−")} bps`;
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
