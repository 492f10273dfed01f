// What the server sends, as this page reads it. Times are ISO 8601 with Z; prices are in the quote currency of the symbol.

export interface Frame {
  type: string;
  topic?: string;
  epoch?: string;
  offset?: number;
  /** Of `subscribed`: all that is told from now on. */
  topics?: string[];
  ts?: string;
  data?: unknown;
  /** Of a `skipped` frame: how many messages the server left out because this page read too slowly. */
  count?: number;
  /** Of `subscribed` and `ready` after a return: whether nothing is missing, how many messages were caught up, or why not. */
  recovered?: boolean;
  caught_up?: number;
  /** Of `subscribed` and `ready`: where something is missing, and yet everything since this place is told. */
  after?: string;
  reason?: string;
}

export interface Quote {
  symbol: string;
  bid: number;
  bid_size: number;
  ask: number;
  ask_size: number;
  ts: string;
  source: string;
  simulated?: boolean;
}

export interface Trade {
  symbol: string;
  price: number;
  size: number;
  side: string;
  ts: string;
  source: string;
  simulated?: boolean;
}

export interface Bar {
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
  ts: string;
}

export const SEVERITIES = ["low", "medium", "high", "critical"] as const;
export type Severity = (typeof SEVERITIES)[number];

export interface Happening {
  id: string;
  kind: string;
  subject: string;
  source: string;
  severity: Severity;
  summary: string;
  data: Record<string, unknown>;
  ts: string;
  cause: string;
  simulated?: boolean;
}

export interface Watchdog {
  name: string;
  enabled: boolean;
  running: boolean;
  status: string;
  last_check: string | null;
  consecutive_failures: number;
  total_checks: number;
}

export interface AlertRule {
  alert_id: string;
  name: string;
  description: string;
  enabled: boolean;
  trigger: Trigger;
  delivery_methods: string[];
  actions: { command: string; target: string; on: string }[];
  cooldown_seconds: number;
}

export interface Trigger {
  type: string;
  event_filter?: EventFilter | null;
  symbol?: string | null;
  /** In the quote currency of the symbol, and in its base units. */
  price_threshold?: number | null;
  volume_threshold?: number | null;
  condition?: string | null;
  direction?: string;
  change_pct?: number | null;
  window_s?: number | null;
  hysteresis_pct?: number;
  for_s?: number;
}

/** All lists that are given must agree; of each any item will do. */
export interface EventFilter {
  event_types?: string[] | null;
  severities?: string[] | null;
  assets?: string[] | null;
  watchdogs?: string[] | null;
}

/** How an alert stands. */
export interface AlertLife {
  alert_id: string;
  /** A word; the server may know more of them than this page has colours for. */
  phase: string;
  since: string | null;
  by: string;
  comment: string;
  trigger_count: number;
  last_triggered: string | null;
  /** How often it was met and nobody was told; by reason. */
  suppressed: number;
  suppressed_by: Record<string, number>;
  /** What would hold a notice back now, where the server says it. */
  held_by?: string | null;
  /** What comes next by itself, and when. */
  next_step: string | null;
  next_deadline: string | null;
  /** What may be wished of it now. */
  allowed: string[];
}

export interface Silence {
  id: string;
  matchers: {
    alert_id?: string | null;
    kinds?: string[] | null;
    severities?: string[] | null;
    assets?: string[] | null;
    watchdogs?: string[] | null;
  };
  since: string;
  until: string;
  by: string;
  comment: string;
}

/** One try at a delivery. */
export interface Attempt {
  number: number;
  outcome: string;
  status: number;
  error: string;
  took_ms: number;
  ts: string;
}

export interface Delivery {
  id: string;
  rule_id: string;
  event_id: string;
  channel: string;
  /** What is sent; its event says what it is about. */
  payload: { event?: { description?: string; metadata?: { simulated?: boolean } } };
  ts: string;
  /** Of the last attempt; pending before the first. `status` tells whether that was the last word. */
  outcome: string;
  status: string;
  attempts: Attempt[];
  last_attempt: string | null;
  last_error: string;
}

export interface ActorNode {
  name: string;
  kind: string;
  state: string;
  restarts: number;
  last_error: string | null;
  depth: number;
  oldest_s: number | null;
  handled: number;
  dropped: number;
  rate_per_s: number;
  since: string | null;
  /** Of a socket: who it is, what it wants, and how much it was told; of a feed what came in, and when the newest of it came. */
  about: {
    connected?: boolean;
    stale?: boolean;
    messages?: number;
    failures?: number;
    lag_ms?: number;
    last_frame?: string | null;
    last_error?: string | null;
    who?: string;
    address?: string;
    transport?: string;
    topics?: string[];
    told?: number;
    skipped?: number;
    held_bytes?: number;
  };
  children: ActorNode[];
}

/** An experiment, a task, a backtest: as lists, and the stream, tell of it. Numbers that nobody said are null. */
export interface Run<Params = Record<string, unknown>, Result = Record<string, unknown>> {
  id: string;
  kind: string;
  /** created, queued, running, waiting, paused, completed, failed, stopped, cancelled. */
  status: string;
  /** What its worker was asked for and has not acknowledged; empty for nothing. */
  requested: string;
  reason: string;
  /** 0 to 1. */
  progress: number;
  params: Params;
  result: Result | null;
  error: string | null;
  created: string;
  started: string | null;
  finished: string | null;
  /** When it is over if it goes on as fast; the stream does not say it. */
  expected?: string | null;
  name: string;
  owner: string;
  agent: string;
  worker: string;
  model: string;
  conversation: string;
  source: string;
  attempts: number;
  cost_usd: number | null;
  input_tokens: number | null;
  output_tokens: number | null;
  duration_s: number | null;
  /** Of lists alone. */
  rounds?: number | null;
  rounds_total?: number | null;
  accuracy?: number | null;
  loss?: number | null;
  clients?: number | null;
  /** Of one run, and of the stream: what its kind knows of it. */
  facts?: Record<string, unknown>;
  chunks?: number;
  session?: string;
  lease_until?: string | null;
  lease_s?: number | null;
}

export interface Items<T> {
  items: T[];
  next: string | null;
}

/** Whether numbers were made here and not on a venue, by what the server says or by the name of their source. */
export function isSimulated(told: { simulated?: boolean; source: string } | undefined): boolean {
  return told?.simulated ?? told?.source.split(":").includes("simulated") ?? false;
}
