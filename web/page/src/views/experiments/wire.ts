// Experiments as the server tells of them: runs of a kind of their own.
import { newest } from "../../live/runs";
import type { Run } from "../../live/wire";

/** What a round came to; `accuracy` is 0 to 1, of the global model on pictures it was not trained on. */
export interface Round {
  round: number;
  accuracy: number | null;
  loss: number | null;
  clients: number;
  bytes: number;
  /** Seconds the round would have taken on the network it was told of; `wall_s` what it really took. */
  duration_s: number | null;
  wall_s?: number | null;
  /** UTC microseconds. */
  ts_us: number;
}

export interface Client {
  id: string;
  status: string;
  accuracy: number | null;
  loss: number | null;
  last_update_us?: number | null;
}

export interface Params {
  scenario: string;
  configuration: Record<string, unknown>;
  network_settings: Record<string, unknown>;
  policies: string[];
  description: string;
}

/** The figures of an experiment, of whatever is known of it: a line of the list, or all of it. */
export interface Figures {
  rounds: number;
  total: number;
  accuracy: number | null;
  loss: number | null;
  clients: number;
}

export function figuresOf(read: Run): Figures {
  const run = newest(read);
  const facts = (run.facts ?? {}) as { rounds?: number; rounds_total?: number; accuracy?: number | null; loss?: number | null; clients?: Client[] };
  return {
    rounds: facts.rounds ?? run.rounds ?? 0,
    total: facts.rounds_total ?? run.rounds_total ?? Number(paramsOf(run).configuration.rounds ?? 0),
    accuracy: facts.accuracy ?? run.accuracy ?? null,
    loss: facts.loss ?? run.loss ?? null,
    clients: facts.clients?.length ?? run.clients ?? 0,
  };
}

export function paramsOf({ params }: Run): Params {
  return { scenario: "", configuration: {}, network_settings: {}, policies: [], description: "", ...(params as Partial<Params>) };
}

export function roundsOf(run: Run): Round[] {
  return (run.facts?.history as Round[] | undefined) ?? [];
}

export function clientsOf(run: Run): Client[] {
  return (run.facts?.clients as Client[] | undefined) ?? [];
}

/** What the words of the server are called here: FLOPY-NET's clients say "aborted" of what was given up. */
export function statusOf({ status }: { status: string }): string {
  return status === "cancelled" ? "aborted" : status;
}
