// Why an alert was set off, or why not: the sentence, the clauses that answer for it with their values, and what kept it back.
import { useEffect, useState } from "preact/hooks";
import { orDash, plain, words } from "../../live/format";
import { attempt, Refusal, Time } from "../../parts/parts";
import { type Column, Table } from "../../parts/table";
import { get, type Problem } from "../../live/rest";
import type { AlertRule } from "../../live/wire";

interface Clause {
  text: string;
  truth: boolean | null;
  left: number | null;
  right: number | null;
}

interface WhyNot {
  at: string;
  met: boolean | null;
  clauses: Clause[];
  event_id: string | null;
  fired: boolean;
  suppressed_by: string[];
  cooldown_until: string | null;
  summary: string;
}

/** `last` is when it last fired. */
export function Explain({ rule, last }: { rule: AlertRule; last: string | null }) {
  // An object of its own for each question, so that the same one can be asked again.
  const [asked, ask] = useState<{ at?: string }>({});
  const [told, setTold] = useState<WhyNot>();
  const [problem, setProblem] = useState<Problem>();
  useEffect(() => {
    let current = true;
    const query = asked.at ? `?${new URLSearchParams({ at: asked.at })}` : "";
    void attempt(async () => {
      const answer = (await get(`/api/alerts/${encodeURIComponent(rule.alert_id)}/explain${query}`)) as WhyNot;
      if (current) setTold(answer);
    }).then((refused) => current && setProblem(refused));
    return () => {
      current = false;
    };
  }, [asked]);
  return (
    <div class="explain">
      <div class="line">
        <button type="button" class="quiet" aria-pressed={!asked.at} onClick={() => ask({})}>
          Now
        </button>
        {last && (
          <button type="button" class="quiet" aria-pressed={!!asked.at} onClick={() => ask({ at: last })}>
            At the last firing
          </button>
        )}
        {told && (
          <span class="dim">
            as of <Time iso={told.at} />
          </span>
        )}
      </div>
      <Refusal problem={problem} clear={() => setProblem(undefined)} />
      <div aria-live="polite">{told ? <Answer told={told} /> : !problem && <p class="dim">Asking.</p>}</div>
    </div>
  );
}

const CLAUSES: Column<WhyNot["clauses"][number]>[] = [
  { head: "Clause", of: ({ text }) => <code>{text}</code> },
  { head: "Left", num: true, of: ({ left }) => orDash(left, plain) },
  { head: "Right", num: true, of: ({ right }) => orDash(right, plain) },
  { head: "Is", tone: ({ truth }) => `truth ${truth}`, of: ({ truth }) => (truth === null ? "not known" : String(truth)) },
];

function Answer({ told }: { told: WhyNot }) {
  const { clauses, fired, suppressed_by, cooldown_until, event_id } = told;
  return (
    <>
      <p class="summary"><bdi>{told.summary}</bdi>.</p>
      <Table name="Clauses" class="clauses" columns={CLAUSES} rows={clauses} row={({ text }) => ({ key: text })} />
      <p>
        {fired ? "It fired then." : "It did not fire then."}
        {suppressed_by.length > 0 && ` Kept back by: ${suppressed_by.map(words).join(", ")}.`}
        {suppressed_by.includes("cooldown") && cooldown_until && (
          <>
            {" "}
            Cools down until <Time iso={cooldown_until} />.
          </>
        )}
        {event_id && (
          <span class="dim">
            {" "}
            The event was <code>{event_id}</code>.
          </span>
        )}
      </p>
    </>
  );
}
