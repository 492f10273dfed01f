// What a run has put out, each piece once and in its order: what is stored first, then as it comes.
import { follow, onReturn, told } from "../../live/link";
import { items } from "../../live/lists";
import { touch } from "../../live/paint";
import { get, Problem } from "../../live/rest";
import { pathOf } from "../../live/run";
import type { Frame, Items } from "../../live/wire";
import type { Piece } from "./wire";

const PAGE = 1_000;
/** Pieces of the past that are read of a long one; earlier ones are asked for. */
const PAST = 20_000;
const MOST_LINES = 60_000;
const DROPPED_AT_ONCE = 10_000;
const MOST_EARLY = 20_000;
/** What was published before we were told is stored a moment later than we ask: it is read again, and then ever more seldom. */
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 15_000;

const OUTPUT = new Set(["stdout", "stderr", "mark"]);
const SPOKEN = new Set(["output", "raw_output"]);
/** Which number what a worker sends. */
const QUIET = new Set(["sequence"]);

export interface Line {
  text: string;
  stream: string;
  ts: string;
}

/** A step of an agent: what it thought, called, or was told. */
export interface Step {
  n: number;
  ts: string;
  type: string;
  tool: string;
  text: string;
  error: boolean;
}

export class Tail {
  readonly lines: Line[] = [];
  readonly steps: Step[] = [];
  /** Lines that were here and had to make room. */
  dropped = 0;
  problem: Problem | undefined;
  /** What is stored has been read. */
  ready = false;
  /** Everything after the piece `after` is here; pieces up to `upTo` are. */
  private upTo: number;
  private early: Piece[] = [];
  private reading = false;
  /** More was said while it was read. */
  private again = false;
  private timer = 0;
  private waitMs = FIRST_WAIT_MS;
  private open = false;
  private readonly leaves: (() => void)[];

  /** `part` is touched when there is more (paint.ts); `pieces`: how many there are at least. */
  constructor(
    private readonly id: string,
    readonly part: string,
    pieces: number,
    readonly after = Math.max(0, pieces - PAST),
  ) {
    this.upTo = after;
    const read = () => void this.read();
    this.leaves = [follow([`output:${id}`], (frame) => this.hear(frame), read), onReturn(read)];
    read();
  }

  end(): void {
    clearTimeout(this.timer);
    this.timer = -1;
    this.leaves.forEach((leave) => leave());
  }

  private hear(frame: Frame): void {
    const piece = told<Piece>(frame);
    if (piece.n <= this.upTo) return;
    if (!this.reading && piece.n === this.upTo + 1) {
      this.take(piece);
      touch(this.part);
      return;
    }
    this.early.push(piece);
    // What is forgotten here is read again: it is stored.
    if (this.early.length > MOST_EARLY) this.early = [];
    if (!this.reading) void this.read();
  }

  private async read(): Promise<void> {
    this.again = this.reading;
    if (this.reading) return;
    this.reading = true;
    try {
      for (let more: string | null = String(this.upTo); more !== null; ) {
        const body = await get(`${pathOf(this.id)}/output?limit=${PAGE}&cursor=${more}`);
        for (const piece of items<Piece>(body)) if (piece.n > this.upTo) this.take(piece);
        more = (body as Items<Piece>).next;
        touch(this.part);
      }
      this.problem = undefined;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.problem = error;
    }
    this.ready = this.problem === undefined;
    this.reading = false;
    for (const piece of this.early.sort((one, other) => one.n - other.n)) if (piece.n > this.upTo) this.take(piece);
    this.early = [];
    touch(this.part);
    if (this.again) await this.read();
    else this.later();
  }

  private later(): void {
    if (this.timer < 0) return; // nobody looks any more
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.read(), this.waitMs);
    this.waitMs = Math.min(this.waitMs * 2, LONGEST_WAIT_MS);
  }

  private take(piece: Piece): void {
    this.upTo = piece.n;
    const { stream, ts, text } = piece;
    if (QUIET.has(stream)) return;
    if (OUTPUT.has(stream)) return this.add(text, stream, ts);
    const data = dataOf(text);
    const said = textOf(data.content ?? data.message ?? data.output);
    if (SPOKEN.has(stream)) return this.add(said.endsWith("\n") ? said : `${said}\n`, "stdout", ts);
    const tool = textOf(data.tool_name);
    const step = { n: piece.n, ts, type: stream, tool, text: said || textOf(data.tool_input ?? data.input ?? data.query) || rest(data), error: data.is_error === true };
    this.steps.push(step);
    this.add(`[${stream.replace(":", " ")}${tool && ` ${tool}`}] ${step.text}\n`, "step", ts);
  }

  private add(text: string, stream: string, ts: string): void {
    const parts = text.split("\n");
    const closed = parts.at(-1) === "";
    if (closed) parts.pop();
    for (const [place, part] of parts.entries()) {
      const last = this.lines.at(-1);
      const goesOn = place === 0 && this.open && last?.stream === stream;
      const whole = returned(goesOn ? last.text + part : part);
      if (goesOn) this.lines[this.lines.length - 1] = { ...last, text: whole };
      else this.lines.push({ text: whole, stream, ts });
    }
    this.open = !closed;
    if (this.lines.length <= MOST_LINES) return;
    this.lines.splice(0, DROPPED_AT_ONCE);
    this.dropped += DROPPED_AT_ONCE;
  }
}

/** What a terminal shows of a line in which the carriage returned: what was written last. */
function returned(line: string): string {
  const text = line.replace(/\r+$/, "");
  return text.slice(text.lastIndexOf("\r") + 1);
}

function dataOf(text: string): Record<string, unknown> {
  try {
    const data = JSON.parse(text) as unknown;
    return typeof data === "object" && data !== null && !Array.isArray(data) ? (data as Record<string, unknown>) : { content: data };
  } catch {
    return { content: text };
  }
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : value === undefined || value === null ? "" : JSON.stringify(value);
}

function rest({ timestamp: _, ...data }: Record<string, unknown>): string {
  return Object.keys(data).length > 0 ? JSON.stringify(data) : "";
}
