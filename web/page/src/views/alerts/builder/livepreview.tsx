// A draft tried on the past while it is written: how often it would have fired, and where on the price. Only the newest draft is
// followed; what was begun for an older one is called off.
import { useEffect, useRef, useState } from "preact/hooks";
import { post, Problem } from "../../../live/rest";
import { isOver, pathOf, useRun } from "../../../live/run";
import type { Run } from "../../../live/wire";
import { Choice } from "../../../parts/choice";
import { attempt, Panel, Refusal } from "../../../parts/parts";
import { useQuery } from "../../../shell/route";
import { Tried } from "../tried";
import type { Draft, PreviewParams, PreviewResult } from "../wire";

const DAY_MS = 86_400_000;
const TYPED_MS = 500;
const RANGES = [["yesterday", "yesterday"], ["day", "last day"], ["week", "last week"], ["off", "off"]] as const;
type Range = (typeof RANGES)[number][0];

/** `body` is undefined as long as the draft would not be taken. */
export function LivePreview({ body }: { body: Draft | undefined }) {
  const [range, choose] = useQuery("over", "day");
  const known = RANGES.some(([one]) => one === range) ? (range as Range) : "day";
  const begun = useRef("");
  const { id, problem, clear } = useBegun(body, known, begun);
  const { run, ask } = useRun<PreviewParams, PreviewResult>(id);
  if (run && isOver(run)) begun.current = "";
  return (
    <Panel id="preview" title="On the past" controls={<Choice label="Try it on" of={RANGES} value={known} choose={choose} />}>
      <Refusal problem={problem} clear={clear} />
      {known === "off" ? (
        <p class="nothing">Choose a span above, and it is tried with every change.</p>
      ) : !body && !run ? (
        <p class="nothing">As soon as the rule would be taken, this says how often it would have fired.</p>
      ) : (
        <div aria-live="polite">{run ? <Tried run={run} cancel={() => void attempt(() => ask("cancel"))} /> : <p class="nothing">It is being tried.</p>}</div>
      )}
    </Panel>
  );
}

function spanOf(range: Range): { from: string; to: string } {
  const now = Date.now();
  const today = new Date().setHours(0, 0, 0, 0);
  const [from, to] = range === "yesterday" ? [new Date(today - 1).setHours(0, 0, 0, 0), today] : [now - (range === "week" ? 7 : 1) * DAY_MS, now];
  return { from: new Date(from).toISOString(), to: new Date(to).toISOString() };
}

/** What decides when it fires; a name that is typed is no reason to try it anew. */
function essence({ name: _, description: __, templates: ___, ...draft }: Draft): string {
  return JSON.stringify({ ...draft, enabled: true });
}

/** The run of the newest draft: begun a moment after the last change. `begun` is that which is to be called off before the next. */
function useBegun(body: Draft | undefined, range: Range, begun: { current: string }): { id: string; problem: Problem | undefined; clear: () => void } {
  const [id, setId] = useState("");
  const [problem, setProblem] = useState<Problem>();
  const key = body && range !== "off" ? `${range} ${essence(body)}` : "";
  useEffect(() => {
    if (!key || !body) return undefined;
    let current = true;
    const timer = window.setTimeout(() => {
      const old = begun.current;
      begun.current = "";
      void attempt(async () => {
        if (old) await callOff(old);
        if (!current) return;
        const run = (await post("/api/alerts/preview", { rule: { ...body, enabled: true }, ...spanOf(range) })) as Run;
        if (!current) return callOff(run.id);
        begun.current = run.id;
        setId(run.id);
      }).then((refused) => current && setProblem(refused));
    }, TYPED_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [key]);
  useEffect(() => () => void (begun.current && callOff(begun.current)), []);
  return { id: range === "off" ? "" : id, problem, clear: () => setProblem(undefined) };
}

/** One that is over can't be, and need not be. */
async function callOff(id: string): Promise<void> {
  try {
    await post(`${pathOf(id)}/cancel`);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
  }
}
