// What the server says of alerts, their past and their deliveries, beside what every view knows.
import type { AlertRule, Severity, Trigger } from "../../live/wire";

export interface Action {
  command: string;
  target: string;
  on: string;
  reason?: string;
}

export interface QuietHours {
  from: string;
  to: string;
  tz: string;
  min_severity: Severity;
}

/** A config of a way to be told, by the names of its fields. */
export type Config = Record<string, unknown>;

/** An alert as it is written: all that the server takes. */
export interface Draft {
  alert_id: string;
  name: string;
  description: string;
  enabled: boolean;
  trigger: Trigger;
  delivery_methods: string[];
  cooldown_seconds: number | null;
  notify_resolved: boolean;
  escalate_after_s: number | null;
  escalate_methods: string[];
  quiet_hours: QuietHours | null;
  max_per_hour: number | null;
  resolve_after_s: number | null;
  inhibited_by: string[];
  group_by: string[];
  group_wait_s: number | null;
  actions: Action[];
  templates: { subject: string | null; text: string | null; html: string | null } | null;
  email_config: Config | null;
  telegram_config: Config | null;
  webhook_config: Config | null;
  slack_config: Config | null;
  discord_config: Config | null;
  sms_config: Config | null;
}

export type StoredRule = AlertRule & Draft & { created_at: string; updated_at: string };

export interface Words {
  triggers: string[];
  event_types: string[];
  severities: Severity[];
  watchdogs: string[];
  symbols: string[];
  directions: string[];
  methods: { name: string; config: string; filled: boolean }[];
  group_keys: string[];
  commands: { name: string; target: string; allowed: boolean; scope: string }[];
  occasions: string[];
  functions: { name: string; doc: string }[];
  /** Those of templates. */
  names: { name: string; doc: string }[];
  filters: { name: string; doc: string }[];
}

export interface Wrong {
  field: string;
  kind: string;
  message: string;
  suggestion: string | null;
  column: number | null;
}

export interface Checked {
  ok: boolean;
  problems: Wrong[];
  /** The condition, as the server understands it. */
  met: string;
  over: string;
  /** What people would be told of the event `about`, or of a test; null as long as it can't be read. */
  message: { subject: string; text: string; html: string; about: string } | null;
}

export interface PreviewParams {
  rule: Draft;
  from: string;
  to: string;
}

export interface PreviewResult {
  firings: number;
  suppressed: number;
  suppressed_by: Record<string, number>;
  per_day: number;
  /** Firings by the day in UTC; days without any are left out. */
  by_day: Record<string, number>;
  /** How often it fired then, and how many of those it would have fired too. */
  live: number;
  both: number;
  /** How many 1-minute bars stood for ticks, until ticks are stored; null where all was read from ticks. */
  from_bars: { bars: number; until: string } | null;
}

export interface WouldFire {
  id: string;
  ts: string;
  severity: Severity;
  summary: string;
  data: { event_subject?: string };
  live: boolean;
}

export interface Firing {
  id: string;
  alert_id: string;
  name: string | null;
  ts: string;
  severity: Severity;
  summary: string;
  subject: string;
  event_id: string;
  simulated: boolean;
  deliveries: string[];
  steps: { kind: string; ts: string; by: string; comment: string }[];
}

interface Carried {
  deliveries: number;
  delivered: number;
  failed: number;
  cancelled: number;
  pending: number;
  delivered_share: number | null;
  median_ms: number | null;
  p99_ms: number | null;
}

export interface Numbers extends Carried {
  firings: number;
  suppressed: number | null;
  per_day: number | null;
  acknowledged: number;
  median_ack_s: number | null;
  channels: Record<string, Carried>;
}

export interface Analytics {
  start: string;
  end: string;
  known_from: string | null;
  total: Numbers;
  buckets: { start: string; firings: number; deliveries: number; delivered: number; failed: number }[];
  items: (Numbers & { alert_id: string; name: string | null; enabled: boolean | null; last_fired: string | null })[];
  next: string | null;
}
