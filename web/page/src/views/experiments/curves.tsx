// Accuracy and loss, round by round: of one experiment while it trains, or of several over each other.
import { fixed } from "../../live/format";
import { runs } from "../../live/runs";
import type { Run } from "../../live/wire";
import { Chart, type Columns, type Line } from "../../parts/chart";
import type { Colour } from "../../parts/colours";
import { type Round, roundsOf } from "./wire";

const COLOURS: readonly Colour[] = ["accent", "orange", "teal", "violet", "up", "amber", "down", "dim"];

export const share = (value: number) => `${fixed(value * 100, 1)}%`;
const ONE: readonly Line[] = [
  { label: "accuracy", colour: "accent", text: share, fill: true },
  { label: "loss", colour: "orange", scale: "loss", text: (value) => fixed(value, 3) },
];

/** The rounds as they are known this moment: the stream is ahead of what was read. */
function known(run: Run): Round[] {
  return roundsOf(runs.get(run.id) ?? run);
}

export function Curves({ run }: { run: Run }) {
  const read = (): Columns => {
    const rounds = known(run);
    return [rounds.map(({ round }) => round), rounds.map(({ accuracy }) => accuracy), rounds.map(({ loss }) => loss)];
  };
  const newest = known(run).at(-1);
  const label = `Accuracy and loss by round${newest ? `; after round ${newest.round} ${saidOf(newest)}` : ", none yet"}`;
  return <Chart label={label} part={`run:${run.id}`} lines={ONE} read={read} across="round" floor={0} height={260} />;
}

function saidOf({ accuracy, loss }: Round): string {
  return `${accuracy === null ? "" : share(accuracy)}${loss === null ? "" : `, loss ${fixed(loss, 3)}`}`;
}

/** One figure of several experiments over each other. */
export function Over({ all, figure }: { all: readonly Run[]; figure: "accuracy" | "loss" }) {
  const text = figure === "accuracy" ? share : (value: number) => fixed(value, 3);
  const lines = all.map((run, place): Line => ({
    label: run.name || run.id,
    colour: COLOURS[place % COLOURS.length]!,
    text,
    ...(place >= COLOURS.length && { dash: [6, 4] }),
  }));
  const read = (): Columns => {
    const each = all.map((run) => new Map(known(run).map((row) => [row.round, row[figure]])));
    const last = Math.max(0, ...each.flatMap((rows) => [...rows.keys()]));
    const rounds = Array.from({ length: last }, (_, index) => index + 1);
    return [rounds, ...each.map((rows) => rounds.map((round) => rows.get(round) ?? null))];
  };
  return (
    <Chart
      key={lines.map(({ label }) => label).join()}
      label={`${figure === "accuracy" ? "Accuracy" : "Loss"} by round of ${lines.map(({ label }) => label).join(", ")}`}
      part="runs"
      lines={lines}
      read={read}
      across="round"
      together="compared"
      floor={0}
    />
  );
}
