// A live stream: one WebSocket that comes back by itself where it was (epoch and offset), so that nothing is missed, or
// says that something was.
import type { Frame } from "./wire";

export type Link = "connecting" | "live" | "reconnecting";

export interface Listener {
  /** A frame with data, each once. `fresh` is false while the snapshot of retained topics, or what was missed, is told. */
  frame(frame: Frame, fresh: boolean): void;
  /** The snapshot, or what was missed, is complete: what comes now is live. Called again after each reconnect. */
  ready(): void;
  /** What is told is what was wanted last: nothing of it that is published from now on is missed. */
  settled(): void;
  /** The link, a counter or the place changed. */
  moved(): void;
}

const FIRST_DELAY_MS = 400;
const LONGEST_DELAY_MS = 8_000;
const CONNECT_DEADLINE_MS = 10_000;
const CHANGE_AGAIN_MS = 1_000;
/** After so long without a word the server is asked for one, and after so long without an answer it is gone: a network that was cut says nothing. */
const QUIET_MS = 8_000;
const ANSWER_MS = 12_000;
const WATCH_MS = 2_000;

/** How the newest return went: so many messages caught up, or why some are missing. */
export interface Return {
  at: number;
  caughtUp: number;
  missing: string | undefined;
}

export class Stream {
  link: Link = "connecting";
  /** Which life of the server, and the offset up to which everything was seen; -1 before the first. */
  epoch = "";
  offset = -1;
  frames = 0;
  /** Messages the server left out since the page was opened, because the page read too slowly. */
  skipped = 0;
  /** When the last frame came (milliseconds of this machine's clock; 0 for never). */
  heardAt = 0;
  /** Tries since the stream was last live. */
  tries = 0;
  returned: Return | undefined;
  /** Holes since the page was opened: returns after which something was missing. */
  holes = 0;
  /** Whether frames come in an unbroken row; in a snapshot only the newest of each topic does. */
  private unbroken = false;
  private socket: WebSocket | undefined;
  private timer = 0;
  /** What the page wants to be told, and what this server was asked for. */
  private wanted = new Set<string>();
  private asked = new Set<string>();
  /** Whether a change of topics is under way, and whether its snapshot is being told. */
  private changing = false;
  private adding = false;
  /** When the server was asked for a word; 0 where it owes none. */
  private askedAt = 0;

  constructor(private readonly listener: Listener) {}

  /** Whether what comes now was missed, in its order, and not a snapshot. */
  get resuming(): boolean {
    return this.unbroken && this.link !== "live";
  }

  /** Connect, and again after each loss, until the page is closed. */
  open(): void {
    addEventListener("online", () => this.hurry());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.hurry();
    });
    window.setInterval(() => this.watch(), WATCH_MS);
    this.connect();
  }

  /** Leave a server that says nothing, not even when it is asked. */
  private watch(): void {
    const { socket } = this;
    if (this.link !== "live" || !socket) return;
    if (this.askedAt && Date.now() - this.askedAt > ANSWER_MS) {
      this.lost();
      socket.close();
    } else if (!this.askedAt && Date.now() - this.heardAt > QUIET_MS) {
      this.askedAt = Date.now();
      if (this.changing) return;
      this.changing = true;
      socket.send(JSON.stringify({ action: "unsubscribe", topics: [] }));
    }
  }

  /** Be told these topics from now on; what is new begins with its snapshot. */
  want(topics: Iterable<string>): void {
    this.wanted = new Set(topics);
    this.settle();
  }

  /** Ask for what is wanted and not told, or no more: one change at a time. */
  private settle(): void {
    if (this.link !== "live" || this.changing) return;
    const more = [...this.wanted].filter((topic) => !this.asked.has(topic));
    const less = [...this.asked].filter((topic) => !this.wanted.has(topic));
    if (more.length === 0 && less.length === 0) return this.listener.settled();
    this.changing = true;
    const [action, topics] = more.length > 0 ? ["subscribe", more] : ["unsubscribe", less];
    this.socket?.send(JSON.stringify({ action, topics }));
  }

  private connect(): void {
    // Who comes back asks for what he had: of topics that are new the newest is wanted, not all since then.
    if (!this.epoch) this.asked = this.wanted;
    const url = new URL("/api/oracle/stream", location.href);
    url.protocol = url.protocol.replace("http", "ws");
    url.searchParams.set("topics", [...this.asked].join(","));
    if (this.epoch) url.searchParams.set("since", `${this.epoch}:${this.offset}`);
    this.unbroken = this.changing = this.adding = false;
    this.askedAt = 0;
    const socket = new WebSocket(url);
    this.socket = socket;
    // A host that swallows packets would keep a socket connecting for minutes.
    const deadline = window.setTimeout(() => socket.close(), CONNECT_DEADLINE_MS);
    socket.onopen = () => clearTimeout(deadline);
    socket.onmessage = (message: MessageEvent<unknown>) => {
      if (this.socket === socket) this.read(message.data); // what one that was left says late was told again by the next
    };
    socket.onclose = () => {
      clearTimeout(deadline);
      if (this.socket === socket) this.lost();
    };
  }

  private read(text: unknown): void {
    if (typeof text !== "string") return;
    const frame = JSON.parse(text) as Frame;
    this.frames += 1;
    this.heardAt = Date.now();
    this.askedAt = 0;
    switch (frame.type) {
      case "subscribed":
        if (frame.topics) this.asked = new Set(frame.topics);
        this.adding = this.link === "live";
        if (this.adding) break;
        this.unbroken = frame.recovered === true || frame.after !== undefined;
        if (frame.after !== undefined) this.stand(frame.after);
        break;
      case "ready":
        if (!this.adding) this.began(frame);
        this.changing = this.adding = false;
        this.settle();
        break;
      case "error": // of a change of topics that the server has no time for now
        this.changing = false;
        window.setTimeout(() => this.settle(), CHANGE_AGAIN_MS);
        break;
      case "skipped":
        this.skipped += frame.count ?? 0;
        break;
      default:
        if (frame.topic !== undefined && this.news(frame)) this.listener.frame(frame, this.link === "live" && !this.adding);
    }
    this.listener.moved();
  }

  /** Whether a frame was not seen before. Keeps the place, unless the frame is part of a snapshot. */
  private news(frame: Frame): boolean {
    if (!this.unbroken || this.adding) return true;
    if (frame.epoch === this.epoch && frame.offset! <= this.offset) return false;
    this.epoch = frame.epoch!;
    this.offset = frame.offset!;
    return true;
  }

  /** From here on everything is told; what came before it in a run that was killed is missing. */
  private stand(place: string): void {
    const colon = place.lastIndexOf(":");
    this.epoch = place.slice(0, colon);
    this.offset = Number(place.slice(colon + 1));
  }

  private began(frame: Frame): void {
    this.came(frame);
    this.link = "live";
    this.tries = 0;
    this.listener.ready();
  }

  private came(frame: Frame): void {
    this.epoch = frame.epoch!;
    this.offset = frame.offset!;
    this.unbroken = true;
    if (frame.recovered === undefined) return;
    if (!frame.recovered) this.holes += 1;
    this.returned = { at: Date.now(), caughtUp: frame.caught_up ?? 0, missing: frame.recovered ? undefined : frame.reason };
  }

  private lost(): void {
    this.socket = undefined;
    this.link = this.heardAt ? "reconnecting" : "connecting";
    // Equal jitter: pages that lost the same server do not return in step.
    const span = Math.min(FIRST_DELAY_MS * 2 ** this.tries, LONGEST_DELAY_MS);
    const delay = span / 2 + (Math.random() * span) / 2;
    this.tries += 1;
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.connect(), delay);
    this.listener.moved();
  }

  /** Try at once: the network or the reader has come back. */
  private hurry(): void {
    if (this.socket) return;
    clearTimeout(this.timer);
    this.connect();
    this.listener.moved();
  }
}
