// One alert: how it stands, its switch, and a drawer for whatever is done about it or asked of it.
import { useId, useRef, useState } from "preact/hooks";
import { Condition } from "./condition";
import { Explain } from "./explain";
import { span } from "../../live/format";
import { Phase, Standing, Wish, WISHES } from "./life";
import { attempt, Switch } from "../../parts/parts";
import { Preview } from "./preview";
import { post, type Problem } from "../../live/rest";
import { SilenceForm } from "./silences";
import { deliveries, lives, rules } from "../../live/lists";
import { hrefOf } from "../../shell/route";
import type { AlertLife, AlertRule, Silence } from "../../live/wire";

/** What may be opened of every alert, whatever its phase. */
const TOOLS: Record<string, { verb: string; hint: string }> = {
  silence: { verb: "Silence", hint: "Tell nobody of it for a while" },
  why: { verb: "Why?", hint: "Why it was set off, or why not" },
  try: { verb: "Try", hint: "Try it on the past" },
};

interface AlertProps {
  rule: AlertRule;
  life: AlertLife | undefined;
  /** The one that silences just this alert. */
  silence: Silence | undefined;
  failed: (problem: Problem | undefined) => void;
}

export function Alert({ rule, life, silence, failed }: AlertProps) {
  const [open, setOpen] = useState<string>();
  const deeds = useRef<HTMLDivElement>(null);
  const drawer = useId();
  const shut = (focused: HTMLElement | null | undefined) => {
    setOpen(undefined);
    focused?.focus();
  };
  // What was pressed may go: an alert that was acknowledged can't be once more.
  const done = () => shut(deeds.current);
  const cancel = () => shut(deeds.current?.querySelector<HTMLElement>(`[data-deed="${open}"]`) ?? deeds.current);
  const deed = (name: string, { verb, hint }: { verb: string; hint: string }) => (
    <button
      key={name}
      type="button"
      class="quiet"
      data-deed={name}
      title={hint}
      aria-label={`${verb} ${rule.name}`}
      aria-expanded={open === name}
      aria-controls={drawer}
      onClick={() => setOpen(open === name ? undefined : name)}
    >
      {verb}
    </button>
  );
  return (
    <li data-alert={rule.alert_id} class={rule.enabled ? "alert" : "alert old"}>
      <Phase life={life} />
      <strong><a href={hrefOf("alerts", rule.alert_id)}>{rule.name}</a></strong>
      <Test rule={rule} failed={failed} />
      <Enabled rule={rule} failed={failed} />
      <div class="told">
        <div>
          <Condition trigger={rule.trigger} />
          {` · ${rule.delivery_methods.join(", ") || "tells nobody"}`}
          {rule.actions.map((action) => ` · ${action.command} ${action.target}${action.on === "fired" ? "" : ` when ${action.on}`}`)}
          {rule.cooldown_seconds > 0 && ` · at most every ${span(rule.cooldown_seconds)}`}
        </div>
        {life && <Standing life={life} silence={silence} />}
      </div>
      <div ref={deeds} class="deeds" role="group" tabIndex={-1} aria-label={`Alert ${rule.name}`}>
        {(life?.allowed ?? []).map((name) => WISHES[name] && deed(name, WISHES[name]))}
        {Object.entries(TOOLS).map(([name, tool]) => deed(name, tool))}
      </div>
      <div id={drawer} class="drawer" hidden={!open} onKeyDown={(event) => event.key === "Escape" && cancel()}>
        {open && WISHES[open] && <Wish key={open} wish={open} rule={rule} done={done} cancel={cancel} />}
        {open === "silence" && <SilenceForm rule={rule} done={done} cancel={cancel} />}
        {open === "why" && <Explain rule={rule} last={life?.last_triggered ?? null} />}
        {open === "try" && <Preview rule={rule} />}
      </div>
    </li>
  );
}

interface ButtonProps {
  rule: AlertRule;
  failed: (problem: Problem | undefined) => void;
}

function Test({ rule, failed }: ButtonProps) {
  const test = async () => {
    await post(`/api/alerts/${encodeURIComponent(rule.alert_id)}/test`);
    await deliveries.refresh();
  };
  return (
    <button
      type="button"
      class="quiet test"
      aria-label={`Test alert rule ${rule.name}`}
      title="Deliver a test"
      disabled={rule.delivery_methods.length + rule.actions.length === 0}
      onClick={() => void attempt(test).then(failed)}
    >
      Test
    </button>
  );
}

function Enabled({ rule, failed }: ButtonProps) {
  const change = async (on: boolean) => {
    await post(`/api/alerts/${encodeURIComponent(rule.alert_id)}/${on ? "enable" : "disable"}`);
    await Promise.all([rules.refresh(), lives.refresh()]);
  };
  return <Switch on={rule.enabled} label={`Alert rule ${rule.name}`} change={change} failed={failed} />;
}
