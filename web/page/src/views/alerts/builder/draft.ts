// A rule as it is written: how it begins, and how the server takes it.
import { words } from "../../../live/format";
import { type Happening, SEVERITIES, type Trigger } from "../../../live/wire";
import type { Config, Draft, Words } from "../wire";

const COOLDOWN_S = 300;
/** What a rule must have said about each way to be told, empty. */
const CONFIGS: Record<string, () => Config> = {
  email: () => ({ smtp_host: "", smtp_port: 587, smtp_user: "", smtp_password: "", from_email: "", to_emails: [], use_tls: true }),
  telegram: () => ({ bot_token: "", chat_ids: [] }),
  webhook: () => ({ url: "", method: "POST", headers: {}, auth_token: null, signing_secret: null }),
  slack: () => ({ url: "" }),
  discord: () => ({ url: "" }),
  sms: () => ({ account_sid: "", auth_token: "", from_number: "", to_numbers: [] }),
};

export type ConfigName = "email_config" | "telegram_config" | "webhook_config" | "slack_config" | "discord_config" | "sms_config";

export function configName(method: string): ConfigName {
  return `${method}_config` as ConfigName;
}

export function emptyConfig(method: string): Config | null {
  return CONFIGS[method]?.() ?? null;
}

export function emptyDraft(): Draft {
  return {
    alert_id: "", name: "", description: "", enabled: true,
    trigger: { type: "watchdog_event", event_filter: {} },
    delivery_methods: ["log"], cooldown_seconds: COOLDOWN_S, notify_resolved: false, escalate_after_s: null, escalate_methods: [],
    quiet_hours: null, max_per_hour: null, resolve_after_s: null, inhibited_by: [], group_by: [], group_wait_s: null, actions: [],
    templates: null, email_config: null, telegram_config: null, webhook_config: null, slack_config: null, discord_config: null,
    sms_config: null,
  };
}

/** One that is met by what is like this event: of its kind, about the same, and at least as severe. */
export function draftOn({ kind, subject, severity, source, summary }: Happening, known: Words): Draft {
  const watchdog = source.replace(/^watchdog:/, "");
  const title = `${words(kind)[0]!.toUpperCase()}${words(kind).slice(1)}${subject ? ` of ${subject}` : ""}`;
  return {
    ...emptyDraft(),
    name: title,
    description: `Like: ${summary}`,
    trigger: {
      type: "watchdog_event",
      event_filter: {
        event_types: known.event_types.includes(kind) ? [kind] : [],
        severities: SEVERITIES.slice(SEVERITIES.indexOf(severity)),
        assets: /^[A-Z0-9.]+(-[A-Z0-9]+)?$/.test(subject) ? [subject] : [],
        watchdogs: known.watchdogs.includes(watchdog) ? [watchdog] : [],
      },
    },
  };
}

/** The id that goes with a name, and that nobody has: "big_moves", "big_moves_2". */
export function idOf(name: string, taken: Iterable<string>): string {
  const ids = new Set(taken);
  const plain = name.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").toLowerCase().replace(/[^a-z0-9]+/g, "_").replace(/^_+|_+$/g, "").slice(0, 100) || "alert";
  let id = plain;
  for (let count = 2; ids.has(id); count += 1) id = `${plain}_${count}`;
  return id;
}

/** As the server takes it: nothing of another kind of trigger, and no config of a way that is not used. */
export function bodyOf(draft: Draft): Draft {
  const used = new Set([...draft.delivery_methods, ...draft.escalate_methods]);
  const configs = Object.fromEntries(Object.keys(CONFIGS).map((method) => [configName(method), used.has(method) ? draft[configName(method)] : null]));
  // One without a name is called by its id.
  return { ...draft, name: draft.name.trim() ? draft.name : draft.alert_id, ...configs, trigger: triggerOf(draft.trigger) };
}

function triggerOf(trigger: Trigger): Trigger {
  const { type, event_filter, symbol = null, price_threshold = null, change_pct = null, volume_threshold = null, condition, direction = "crosses" } = trigger;
  const { window_s = null, hysteresis_pct = 0, for_s = 0 } = trigger;
  switch (type) {
    case "watchdog_event":
      return { type, event_filter: event_filter ?? {} };
    case "price_threshold":
      return { type, symbol, direction, hysteresis_pct, for_s, ...(isChange(trigger) ? { change_pct, window_s } : { price_threshold }) };
    case "volume_threshold":
      return { type, symbol, volume_threshold, window_s, direction: direction === "below" ? "below" : "above", hysteresis_pct, for_s };
    default:
      return { type, condition: condition ?? "", for_s };
  }
}

/** Whether a price rule is about a change, and not a level: it has one, or the place for one. */
export function isChange({ change_pct }: Trigger): boolean {
  return change_pct !== undefined && change_pct !== null;
}
