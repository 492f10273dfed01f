// Why an alert was set off, or why not: the sentence, the clauses that answer for it with their values, and what kept it back.
import { useEffect, useState } from "preact/hooks";
import { plain, words } from "../../live/format";
import { attempt, Refusal, Time } from "../../parts/parts";
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

function Answer({ told }: { told: WhyNot }) {
  const { clauses, fired, suppressed_by, cooldown_until, event_id } = told;
  return (
    <>
      <p class="summary"><bdi>{told.summary}</bdi>.</p>
      {clauses.length > 0 && (
        <table class="clauses">
          <thead>
            <tr>
              <th scope="col">Clause</th>
              <th scope="col" class="num">Left</th>
              <th scope="col" class="num">Right</th>
              <th scope="col">Is</th>
            </tr>
          </thead>
          <tbody>
            {clauses.map(({ text, truth, left, right }) => (
              <tr key={text}>
                <td><code>{text}</code></td>
                <td class="num">{value(left)}</td>
                <td class="num">{value(right)}</td>
                <td class={`truth ${truth}`}>{truth === null ? "not known" : String(truth)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
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

function value(side: number | null): string {
  return side === null ? "–" : plain(side);
}
