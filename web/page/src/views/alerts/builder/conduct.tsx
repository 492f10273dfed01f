// How a rule behaves once it is met: how often it speaks, what keeps it quiet, what it does beside telling somebody.
import { span } from "../../../live/format";
import { zone } from "../../../live/preferences";
import { type AlertRule, SEVERITIES } from "../../../live/wire";
import type { Action, Draft, QuietHours, Words } from "../wire";
import { configsFor } from "./channels";
import { NumberField, Picks, SelectField, TextField, Tick } from "./fields";

interface ConductProps {
  draft: Draft;
  change: (part: Partial<Draft>) => void;
  words: Words;
  /** The other alerts. */
  others: readonly AlertRule[];
}

export function Conduct(props: ConductProps) {
  const { draft, change } = props;
  return (
    <>
      <NumberField field="cooldown_seconds" label="At most once every" unit="s" whole least={0} hint={draft.cooldown_seconds ? `${span(draft.cooldown_seconds)}. 0 lets every one through.` : "0 lets every one through."} value={draft.cooldown_seconds} set={(cooldown_seconds) => change({ cooldown_seconds })} />
      <Picks field="group_by" label="Apart by" hint="The cooldown is of each group for itself; none: of the whole rule." of={props.words.group_keys.map((one) => [one, one])} value={draft.group_by} set={(group_by) => change({ group_by })} />
      <details class="entry more">
        <summary>More: waiting, escalation, quiet hours</summary>
        <More {...props} />
      </details>
    </>
  );
}

function More({ draft, change, words, others }: ConductProps) {
  const methods = words.methods.map(({ name }) => [name, name] as const);
  return (
    <>
      <NumberField field="group_wait_s" label="Gather for" unit="s" whole least={1} hint="What comes so soon after the first of its group is told with it." value={draft.group_wait_s} set={(group_wait_s) => change({ group_wait_s })} />
      <NumberField field="max_per_hour" label="At most in an hour" whole least={1} value={draft.max_per_hour} set={(max_per_hour) => change({ max_per_hour })} />
      <NumberField field="resolve_after_s" label="Over after" unit="s" whole least={1} hint="Of detections, which last no time: it is over when nothing more came for so long." value={draft.resolve_after_s} set={(resolve_after_s) => change({ resolve_after_s })} />
      <div class="entry"><Tick label="Tell also when it is over" value={draft.notify_resolved} set={(notify_resolved) => change({ notify_resolved })} /></div>
      <NumberField field="escalate_after_s" label="Escalate after" unit="s" whole least={1} hint="If nobody has acknowledged it by then." value={draft.escalate_after_s} set={(escalate_after_s) => change({ escalate_after_s })} />
      {draft.escalate_after_s !== null && (
        <Picks field="escalate_methods" label="Escalate to" hint="None: the same as ever." of={methods} value={draft.escalate_methods} set={(escalate_methods) => change({ escalate_methods, ...configsFor(draft, escalate_methods, words) })} />
      )}
      <Picks field="inhibited_by" label="Quiet while one of these fires" hint={others.length ? "Nobody is told meanwhile." : "There is no other alert yet."} of={others.map(({ alert_id, name }) => [alert_id, name])} value={draft.inhibited_by} set={(inhibited_by) => change({ inhibited_by })} />
      <Quiet hours={draft.quiet_hours} set={(quiet_hours) => change({ quiet_hours })} />
    </>
  );
}

function Quiet({ hours, set }: { hours: QuietHours | null; set: (hours: QuietHours | null) => void }) {
  const here = zone() || Intl.DateTimeFormat().resolvedOptions().timeZone;
  const usual: QuietHours = { from: "22:00", to: "07:00", tz: here, min_severity: "critical" };
  return (
    <>
      <div class="entry"><Tick label="Quiet hours" value={hours !== null} set={(on) => set(on ? usual : null)} /></div>
      {hours && (
        <>
          <TextField field="quiet_hours" label="From" value={hours.from} set={(from) => set({ ...hours, from })} />
          <TextField field="quiet_hours.to" label="Until" value={hours.to} set={(to) => set({ ...hours, to })} />
          <TextField field="quiet_hours.tz" label="Time zone" value={hours.tz} set={(tz) => set({ ...hours, tz })} />
          <SelectField field="quiet_hours.min_severity" label="Told at any hour from" of={SEVERITIES.map((one) => [one, one])} value={hours.min_severity} set={(one) => set({ ...hours, min_severity: one as QuietHours["min_severity"] })} />
        </>
      )}
    </>
  );
}

export function Actions({ draft, change, words, others }: ConductProps) {
  const { actions } = draft;
  const allowed = words.commands.filter(({ allowed }) => allowed);
  const put = (place: number, part: Partial<Action>) => change({ actions: actions.map((one, at) => (at === place ? { ...one, ...part } : one)) });
  if (allowed.length === 0 && actions.length === 0) return <p class="dim">Alerts may call nothing here: alerts.actions in settings.toml allows none.</p>;
  return (
    <>
      {actions.map((action, place) => (
        <ActionFields key={place} place={place} action={action} put={(part) => put(place, part)} remove={() => change({ actions: actions.filter((_, at) => at !== place) })} words={words} others={others} />
      ))}
      <button type="button" class="quiet" onClick={() => change({ actions: [...actions, { command: allowed[0]?.name ?? "", target: "", on: "fired" }] })}>Add an action</button>
    </>
  );
}

interface ActionProps {
  place: number;
  action: Action;
  put: (part: Partial<Action>) => void;
  remove: () => void;
  words: Words;
  others: readonly AlertRule[];
}

function ActionFields({ place, action, put, remove, words, others }: ActionProps) {
  const at = `actions.${place}`;
  const command = words.commands.find(({ name }) => name === action.command);
  const targets = command?.target === "watchdog" ? words.watchdogs : command?.target === "rule" ? others.map(({ alert_id }) => alert_id) : [];
  return (
    <fieldset class="channel">
      <legend>Action {place + 1}</legend>
      <SelectField field={`${at}.command`} label="Command" of={words.commands.filter(({ allowed }) => allowed).map(({ name }) => [name, name])} value={action.command} set={(name) => put({ command: name, target: "" })} />
      {command?.target !== "" && (
        <TextField field={`${at}.target`} label="On" hint={command?.target === "run" ? "The id of a run." : `The ${command?.target === "rule" ? "id of an alert" : "name of a watchdog"}.`} list={targets} value={action.target} set={(target) => put({ target })} />
      )}
      <SelectField field={`${at}.on`} label="When it is" of={words.occasions.map((one) => [one, one])} value={action.on} set={(on) => put({ on })} />
      <button type="button" class="quiet" aria-label={`Remove action ${place + 1}`} onClick={remove}>Remove</button>
    </fieldset>
  );
}
