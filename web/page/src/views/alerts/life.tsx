// How an alert stands: its phase as a badge, since when, by whom, what comes next; and what may be wished of it.
import { times, whole, words } from "../../live/format";
import { Time } from "../../parts/parts";
import { post } from "../../live/rest";
import { type Ends, Sheet } from "../../parts/sheet";
import { lives } from "../../live/lists";
import type { AlertLife, AlertRule, Silence } from "../../live/wire";

export function Phase({ life }: { life: AlertLife | undefined }) {
  const phase = life?.phase ?? "inactive";
  return <span class={`phase ${phase}`}>{words(phase)}</span>;
}

const NEXT: Record<string, string> = { escalate: "escalates", resolve: "resolves", tell: "tells", lapse: "lapses" };
const HELD: Record<string, string> = { silence: "silenced" };

/** Since when it stands so, by whom and why, what comes next by itself; how often it fired, and how often nobody was told. */
export function Standing({ life, silence }: { life: AlertLife; silence: Silence | undefined }) {
  const { since, by, comment, next_step, next_deadline, held_by } = life;
  return (
    <div class="standing">
      {since && (
        <span class="now">
          {words(life.phase)} since <Time iso={since} />
          {by && ` by ${by}`}
          {comment && <q>{comment}</q>}
        </span>
      )}
      {next_step && next_deadline && (
        <span class="warn">
          {NEXT[next_step] ?? words(next_step)} <Time iso={next_deadline} />
        </span>
      )}
      {silence ? (
        <span class="warn">
          silenced until <Time iso={silence.until} />
        </span>
      ) : (
        held_by && <span class="warn">{HELD[held_by] ?? words(held_by)}</span>
      )}
      <span>
        {life.last_triggered ? (
          <>
            fired {times(life.trigger_count)}, last <Time iso={life.last_triggered} />
          </>
        ) : (
          "never fired"
        )}
      </span>
      {life.suppressed > 0 && <span title="It was met, and nobody was told">held back {held(life)}</span>}
    </div>
  );
}

/** How often nobody was told, and why: "3 (cooldown)", "4 (cooldown 3, muted 1)". */
export function held({ suppressed, suppressed_by }: Pick<AlertLife, "suppressed" | "suppressed_by">): string {
  const reasons = Object.entries(suppressed_by);
  const told = reasons.map(([reason, count]) => (reasons.length > 1 ? `${words(reason)} ${whole(count)}` : words(reason)));
  return `${whole(suppressed)} (${told.join(", ")})`;
}

export const WISHES: Record<string, { verb: string; hint: string }> = {
  acknowledge: { verb: "Acknowledge", hint: "Somebody looks after it: it does not escalate." },
  unacknowledge: { verb: "Unacknowledge", hint: "It is firing again, and the time to its escalation begins anew." },
  mute: { verb: "Mute", hint: "Nobody is told of it until it is over." },
  resolve: { verb: "Resolve", hint: "It is over." },
};

/** Say something to an alert, with a comment or without. */
export function Wish({ wish, rule, ...ends }: { wish: string; rule: AlertRule } & Ends) {
  const ask = async (comment: string) => {
    await post(`/api/alerts/${encodeURIComponent(rule.alert_id)}/${wish}`, { comment });
    await lives.refresh();
  };
  return <Sheet {...WISHES[wish]!} ask={ask} {...ends} />;
}
