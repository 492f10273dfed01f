// One task: how it stands, what it puts out as it does, what its agent thought and called, and what it cost.
import { useEffect, useState } from "preact/hooks";
import { whole, words } from "../../live/format";
import { useParts } from "../../live/paint";
import { polled, usePolls } from "../../live/poll";
import type { Problem } from "../../live/rest";
import { isOver, pathOf } from "../../live/run";
import { tookOf, newest, useMoves } from "../../live/runs";
import type { Run } from "../../live/wire";
import { Card, Cards } from "../../parts/card";
import { attempt, Failure, Nothing, Panel, Refusal, Time, waiting } from "../../parts/parts";
import { type Column, Table } from "../../parts/table";
import { useCommands } from "../../shell/commands";
import { hrefOf } from "../../shell/route";
import { budgets, leftOf } from "./budgets";
import { Deeds, stop, Words } from "./doing";
import { Standing } from "./list";
import { Log } from "./log";
import { costOf, dollars } from "./price";
import { type Step, Tail } from "./tail";
import { Talk } from "./talk";
import { askedOf, tokensOf } from "./wire";

export function One({ id }: { id: string }) {
  const read = polled<Run>(pathOf(id), 300_000);
  const [problem, setProblem] = useState<Problem>();
  usePolls(read);
  useParts(`run:${id}`, "clock");
  useMoves("task", read);
  const known = read.value;
  useCommands(() => known && !isOver(newest(known))
    ? [{ title: `Stop ${id}`, group: "task", run: () => void attempt(() => stop(id)).then(setProblem) }]
    : []);
  if (!known || known.kind !== "task") {
    return (
      <Panel id="task" title={id}>
        <Failure poll={read} what="The task" />
        <Nothing>
          {known ? "That is no task. " : waiting(read, "the task")} <a href={hrefOf("tasks")}>All tasks</a>
        </Nothing>
      </Panel>
    );
  }
  const run = newest(known);
  const asked = askedOf(run);
  return (
    <>
      <Panel
        id="task"
        title={id}
        note={<Standing run={run} />}
        controls={<Deeds run={run} failed={setProblem} done={() => read.nudge()} />}
      >
        <Refusal problem={problem} clear={() => setProblem(undefined)} />
        <Failure poll={read} what="The task" />
        {run.error && <p class="failure">{run.error}</p>}
        <p class="asks">{asked || <span class="dim">It asks nothing.</span>}</p>
        <Figures run={run} />
        <Words run={run} failed={setProblem} />
      </Panel>
      <Output run={run} pieces={known.chunks ?? 0} />
      {run.conversation && (
        <Panel
          id="said"
          title="Said in its conversation"
          controls={<a href={hrefOf("tasks", "", { tab: "chat", conversation: run.conversation })}>{run.conversation}</a>}
        >
          <Talk conversation={run.conversation} about={id} />
        </Panel>
      )}
    </>
  );
}

function Figures({ run }: { run: Run }) {
  const left = budgets();
  usePolls(left);
  const tokens = tokensOf(run);
  return (
    <Cards label="How it stands">
      <Card name="Agent" note={run.worker && `worked off by ${run.worker}`}>{run.agent || "any"}</Card>
      <Card name="Model" note={run.source && `from ${run.source}`}>{run.model || "–"}</Card>
      <Card name="Tokens" note={tokens !== undefined && `${whole(run.input_tokens ?? 0)} in, ${whole(run.output_tokens ?? 0)} out`}>
        {tokens === undefined ? "–" : whole(tokens)}
      </Card>
      <Card name="Cost" note={Boolean(run.facts?.priced) && "by the price table"}>{costOf(run)}</Card>
      <Card name="Took" note={run.attempts > 1 ? `${run.attempts} attempts` : ""}>{tookOf(run)}</Card>
      <Card name="Created" note={run.finished && <>over at <Time iso={run.finished} /></>}><Time iso={run.created} /></Card>
      {leftOf(left.value ?? [], run).map(({ name, usd, limit }) => (
        <Card key={name} name={`Left of ${name}`} note={<>of {dollars(limit)} today</>}>{dollars(usd)}</Card>
      ))}
    </Cards>
  );
}

function Output({ run, pieces }: { run: Run; pieces: number }) {
  const [tail, setTail] = useState<Tail>();
  const [all, setAll] = useState(false);
  useEffect(() => {
    const made = all ? new Tail(run.id, `output:${run.id}`, pieces, 0) : new Tail(run.id, `output:${run.id}`, pieces);
    setTail(made);
    return () => made.end();
  }, [run.id, all]);
  if (!tail) return null;
  return (
    <>
      <Log tail={tail} id={run.id} over={isOver(run)} whole={() => setAll(true)} />
      <Steps tail={tail} />
    </>
  );
}

const STEPS: Column<Step>[] = [
  { head: "At", of: ({ ts }) => <Time iso={ts} bare /> },
  { head: "Step", tone: ({ error }) => (error ? "down" : ""), of: ({ type, error }) => `${words(type.replace(":", " "))}${error ? ", an error" : ""}` },
  { head: "Tool", of: ({ tool }) => tool || "–" },
  { head: "What", tone: "wraps", of: ({ text }) => text.slice(0, 600) },
];

/** What the agent thought and called, how a webhook became the task, what was asked of stores of knowledge. */
function Steps({ tail }: { tail: Tail }) {
  useParts(tail.part);
  const steps = tail.steps.slice(-200);
  if (steps.length === 0) return null;
  return (
    <Panel id="steps" title="Steps and calls" note={tail.steps.length > 200 ? `the newest 200 of ${whole(tail.steps.length)}` : whole(steps.length)}>
      <Table name="Steps and calls" tall columns={STEPS} rows={steps} row={({ n }) => ({ key: n })} />
    </Panel>
  );
}
