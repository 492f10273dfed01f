// What tasks cost and how they went: over time, by agent, by model, and against the budgets.
import { fixed, short, whole } from "../../live/format";
import { type Poll, polled, usePolls } from "../../live/poll";
import { useMoves } from "../../live/runs";
import { Chart, type Columns, type Line } from "../../parts/chart";
import { Card, Cards } from "../../parts/card";
import { Choice } from "../../parts/choice";
import { Failure, Nothing, Panel, waiting } from "../../parts/parts";
import { type Column, Table } from "../../parts/table";
import { useQuery } from "../../shell/route";
import { Budgets } from "./budgets";
import { dollars } from "./price";

interface Summary {
  today_cost: number;
  today_tasks: number;
  total_cost: number;
  total_tasks: number;
}

interface Histogram {
  dates: string[];
  costs: number[];
  task_counts: number[];
  tokens: number[];
  /** Milliseconds. */
  avg_latency: number[];
  error_counts: number[];
}

interface Figures {
  agent?: string;
  model?: string;
  total_tasks: number;
  completed_tasks: number;
  failed_tasks: number;
  success_rate: number;
  avg_duration_seconds: number;
  avg_tokens_per_task: number;
  avg_cost_per_task: number;
  unpriced_tasks: number;
  total_cost: number;
}

interface Performance extends Omit<Figures, "total_cost"> {
  by_agent: Figures[];
  by_model: Figures[];
}

const SPANS = [["1", "day"], ["7", "week"], ["30", "month"], ["365", "year"]] as const;
/** Up to so many days the hours are shown. */
const HOURLY_DAYS = 7;

export function Costs() {
  const [days, choose] = useQuery("days", "7");
  const grain = Number(days) <= HOURLY_DAYS ? "hour" : "day";
  const summary = polled<Summary>("/api/analytics/summary", 60_000);
  const buckets = polled<Histogram>(`/api/analytics/costs/histogram?days=${days}&granularity=${grain}`, 60_000);
  const went = polled<Performance>(`/api/analytics/performance?days=${days}`, 60_000);
  usePolls(summary, buckets, went);
  useMoves("task", summary as Poll<unknown>);
  useMoves("task", buckets as Poll<unknown>);
  useMoves("task", went as Poll<unknown>);
  const sums = summary.value;
  const all = went.value;
  return (
    <>
      <Panel
        id="costs"
        title="Costs"
        controls={
          <Choice label="How far back" of={SPANS} value={days} choose={choose} />
        }
      >
        {[summary, buckets, went].map((poll) => <Failure key={poll.path} poll={poll as Poll<unknown>} what="What tasks cost" />)}
        {sums && all ? <Sums sums={sums} all={all} days={days} /> : <Nothing>{waiting(summary as Poll<unknown>, "what tasks cost")}</Nothing>}
        {all && all.unpriced_tasks > 0 && (
          <p class="said warn">
            {whole(all.unpriced_tasks)} {all.unpriced_tasks === 1 ? "task took tokens of a model" : "tasks took tokens of models"} without a
            price: what they cost is in no sum. Prices stand in <code>tasks.prices</code> of the settings.
          </p>
        )}
        {all?.total_tasks === 0 && <Nothing>No task in this time. Charts begin with the first one.</Nothing>}
        {all !== undefined && all.total_tasks > 0 && <Charts read={buckets} grain={grain} />}
      </Panel>
      <Budgets />
      {all && all.total_tasks > 0 && (
        <div class="columns">
          <By id="by-agent" title="By agent and subagent" rows={all.by_agent} name={({ agent }) => agent || "any"} />
          <By id="by-model" title="By model" rows={all.by_model} name={({ model }) => model || "none named"} />
        </div>
      )}
    </>
  );
}

function Sums({ sums, all, days }: { sums: Summary; all: Performance; days: string }) {
  const cards = [
    ["Today", dollars(sums.today_cost), `${whole(sums.today_tasks)} tasks since 00:00 UTC`],
    ["In all", dollars(sums.total_cost), `${whole(sums.total_tasks)} tasks`],
    ["A task", dollars(all.avg_cost_per_task), `${whole(all.avg_tokens_per_task)} tokens on average`],
    ["Completed", `${fixed(all.success_rate, 1)}%`, `${whole(all.failed_tasks)} failed of ${whole(all.total_tasks)}`],
    ["Took", `${fixed(all.avg_duration_seconds, 1)} s`, `on average, last ${days === "1" ? "day" : `${days} days`}`],
  ] as const;
  return (
    <Cards label="What tasks cost">
      {cards.map(([name, value, about]) => <Card key={name} name={name} note={about}>{value}</Card>)}
    </Cards>
  );
}

const HOUR_S = 3_600;
const LEAST_BUCKETS = 24;

/** A column for each hour or day from the first on, also where there was none. */
function columns({ value }: Poll<Histogram>, grain: string, ...names: (keyof Histogram)[]): Columns {
  if (!value?.dates.length) return [[], ...names.map(() => [])];
  const width = grain === "hour" ? HOUR_S : 24 * HOUR_S;
  const times = value.dates.map((date) => Date.parse(`${date.replace(" ", "T")}${date.includes(" ") ? "" : "T00:00:00"}Z`) / 1_000);
  const last = Math.floor(Date.now() / 1_000 / width) * width;
  const first = Math.min(times[0]!, last - (LEAST_BUCKETS - 1) * width);
  const x = Array.from({ length: Math.round((last - first) / width) + 1 }, (_, place) => first + place * width);
  const places = new Map(times.map((time, place) => [time, place]));
  return [x, ...names.map((name) => x.map((time) => {
    const place = places.get(time);
    return place === undefined ? 0 : Number(value[name][place]);
  }))];
}

const COST: readonly Line[] = [{ label: "cost", colour: "accent", text: dollars, bars: true }];
const TOKENS: readonly Line[] = [{ label: "tokens", colour: "teal", text: short, bars: true }];
const COUNTS: readonly Line[] = [
  { label: "tasks", colour: "violet", text: (value) => fixed(value, 0), bars: true },
  { label: "with an error", colour: "down", text: (value) => fixed(value, 0), bars: true },
];
const TOOK: readonly Line[] = [{ label: "took on average", colour: "amber", text: (value) => `${fixed(value / 1_000, 1)} s`, bars: true }];

function Charts({ read, grain }: { read: Poll<Histogram>; grain: string }) {
  const each = grain === "hour" ? "hour" : "day";
  const charts = [
    ["Cost", COST, ["costs"]],
    ["Tokens", TOKENS, ["tokens"]],
    ["Tasks and errors", COUNTS, ["task_counts", "error_counts"]],
    ["How long tasks took", TOOK, ["avg_latency"]],
  ] as const;
  return (
    <div class="columns flush">
      {charts.map(([title, lines, names]) => (
        <Chart
          key={`${title} ${read.path}`}
          label={`${title} by ${each}`}
          part={read.part}
          lines={lines}
          read={() => columns(read, grain, ...names)}
          together="costs"
          floor={0}
          height={180}
        />
      ))}
    </div>
  );
}

const COUNTED: Column<Figures>[] = [
  { head: "Tasks", num: true, of: ({ total_tasks }) => whole(total_tasks) },
  { head: "Completed", num: true, class: "wide", of: ({ success_rate }) => `${fixed(success_rate, 0)}%` },
  { head: "Tokens", num: true, class: "wider", of: (row) => short(Math.round(row.avg_tokens_per_task * row.total_tasks)) },
  {
    head: "Cost",
    num: true,
    of: ({ total_cost, unpriced_tasks }) => (
      <>
        {dollars(total_cost)}
        {unpriced_tasks > 0 && <span class="warn" title="What they cost is not known"> +{unpriced_tasks} no price</span>}
      </>
    ),
  },
];

function By({ id, title, rows, name }: { id: string; title: string; rows: readonly Figures[]; name: (row: Figures) => string }) {
  const sum = rows.reduce((all, { total_cost }) => all + total_cost, 0);
  return (
    <Panel id={id} title={title}>
      <Table
        name={title}
        columns={[
          { head: "Name", names: true, of: name },
          ...COUNTED,
          { head: "Share", class: "wide", of: (row) => <progress value={sum > 0 ? row.total_cost / sum : 0} max={1} aria-label={`Share of ${name(row)}`} /> },
        ]}
        rows={[...rows].sort((one, other) => other.total_cost - one.total_cost)}
        row={(row) => ({ key: name(row) })}
      />
    </Panel>
  );
}
