// What the server says of watchdogs and their backtests.
import type { Severity } from "../../live/wire";

export interface Setting {
  name: string;
  form: "number" | "whole" | "switch" | "text" | "choice" | "list" | "table";
  value: unknown;
  default: unknown;
  optional: boolean;
  unit: string;
  doc: string;
  choices: string[];
}

export interface Dog {
  name: string;
  kind: string;
  doc: string;
  enabled: boolean;
  running: boolean;
  status: string;
  /** Why it is so; empty where all is well. */
  reason: string;
  since: string | null;
  restarts: number;
  last_check: string | null;
  last_event: string | null;
  consecutive_failures: number;
  total_checks: number;
  errors: number;
  events_emitted: number;
  listens: string[];
  ignored: Record<string, number>;
  settings: Setting[];
}

/** What a watchdog puts on the board. */
export type DogState = Omit<Dog, "kind" | "doc" | "reason" | "since" | "restarts" | "listens" | "settings">;

export type Counts = { source: string; start: string } & Record<Severity, number>;

export interface BacktestParams {
  from: string;
  to: string;
  watchdogs: string[];
  settings: Record<string, Record<string, unknown>>;
}

export interface BacktestResult {
  events: number;
  live: number;
  both: number;
  by_kind: Record<string, number>;
  by_severity: Partial<Record<Severity, number>>;
  messages: Record<string, number>;
  unreadable: number;
  seconds: number;
  crashed: Record<string, string>;
  cut_off: boolean;
}

export interface Found {
  id: string;
  ts: string;
  kind: string;
  subject: string;
  severity: Severity;
  summary: string;
  /** Whether the watchdog said the same then. */
  live: boolean;
}
