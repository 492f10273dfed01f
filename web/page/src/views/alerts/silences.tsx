// Silences: those in force, the button that ends one, and the form that makes one for an alert.
import { useState } from "preact/hooks";
import { span, words } from "../../live/format";
import { attempt, Failure, Nothing, Refusal, Time, waiting } from "../../parts/parts";
import { post, type Problem, remove } from "../../live/rest";
import { type Ends, Sheet } from "../../parts/sheet";
import { rules, silences } from "../../live/lists";
import type { AlertRule, Silence } from "../../live/wire";

const SPANS_S = [900, 3_600, 28_800, 86_400];

/** Those that are in force by this machine's clock; nobody says when one ends by itself. */
export function inForce(): Silence[] {
  return (silences.value ?? []).filter((silence) => Date.parse(silence.until) > Date.now());
}

/** Whether it silences all that one alert has to tell, and nothing else. */
export function isOfOne({ matchers: { alert_id, ...others } }: Silence): boolean {
  return !!alert_id && !Object.values(others).some((list) => list?.length);
}

export function Silences() {
  const [problem, setProblem] = useState<Problem>();
  const shown = inForce();
  return (
    <>
      <h3>Silences in force</h3>
      <Failure poll={silences} what="Silences" />
      <Refusal problem={problem} clear={() => setProblem(undefined)} />
      {shown.length === 0 ? (
        <Nothing>{silences.value ? "Nothing is silenced." : waiting(silences, "the silences")}</Nothing>
      ) : (
        <ul class="silences" aria-label="Silences in force">
          {shown.map((silence) => (
            <Row key={silence.id} silence={silence} failed={setProblem} />
          ))}
        </ul>
      )}
    </>
  );
}

function Row({ silence, failed }: { silence: Silence; failed: (problem: Problem | undefined) => void }) {
  const about = matched(silence);
  const end = async () => {
    await remove(`/api/oracle/silences/${encodeURIComponent(silence.id)}`);
    await silences.refresh();
  };
  return (
    <li data-silence={silence.id}>
      <div>
        <bdi>{about}</bdi> <span class="dim">until <Time iso={silence.until} /> by {silence.by}</span>
        {silence.comment && <q>{silence.comment}</q>}
      </div>
      <button type="button" class="quiet" aria-label={`End silence of ${about}`} onClick={() => void attempt(end).then(failed)}>
        End
      </button>
    </li>
  );
}

/** What is silenced, in words: all parts must agree. */
function matched({ matchers }: Silence): string {
  const { alert_id, kinds, severities, assets, watchdogs } = matchers;
  const name = alert_id && (rules.value?.find((rule) => rule.alert_id === alert_id)?.name ?? alert_id);
  const lists = [kinds?.map(words), severities, assets, watchdogs].map((list) => list?.join(" or "));
  return [name, ...lists].filter(Boolean).join(", ");
}

/** Silence one alert for a while. */
export function SilenceForm({ rule, ...ends }: { rule: AlertRule } & Ends) {
  const [for_s, setFor] = useState(3_600);
  const ask = async (comment: string) => {
    await post("/api/oracle/silences", { matchers: { alert_id: rule.alert_id }, for_s, comment });
    await silences.refresh();
  };
  return (
    <Sheet verb="Silence" hint="What it has to tell is counted, and told to nobody for so long." ask={ask} {...ends}>
      <div class="choice" role="radiogroup" aria-label="For how long">
        {SPANS_S.map((seconds) => (
          <label key={seconds}>
            <input type="radio" name="for" checked={seconds === for_s} onChange={() => setFor(seconds)} />
            <span>{span(seconds)}</span>
          </label>
        ))}
      </div>
    </Sheet>
  );
}
