// The live stream: one WebSocket that comes back by itself, and says where it stands (epoch and offset).
import type { Frame } from "./wire";

export type Link = "connecting" | "live" | "reconnecting";

export interface Listener {
  /** A frame with data. `fresh` is false while the snapshot of retained topics is sent. */
  frame(frame: Frame, fresh: boolean): void;
  /** The snapshot is complete: what comes now is live. Called again after each reconnect. */
  ready(): void;
  /** The link, a counter or the place changed. */
  moved(): void;
}

const FIRST_DELAY_MS = 400;
const LONGEST_DELAY_MS = 8_000;
const CONNECT_DEADLINE_MS = 10_000;

export class Stream {
  link: Link = "connecting";
  /** Which life of the server, and the newest offset seen in it; -1 before the first. */
  epoch = "";
  offset = -1;
  frames = 0;
  /** Messages the server left out since the page was opened, because the page read too slowly. */
  skipped = 0;
  /** When the last frame came (milliseconds of this machine's clock; 0 for never). */
  heardAt = 0;
  /** Tries since the stream was last live. */
  tries = 0;
  private socket: WebSocket | undefined;
  private timer = 0;

  constructor(
    private readonly topics: readonly string[],
    private readonly listener: Listener,
  ) {}

  /** Connect, and again after each loss, until the page is closed. */
  open(): void {
    addEventListener("online", () => this.hurry());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.hurry();
    });
    this.connect();
  }

  private connect(): void {
    const url = new URL("/api/oracle/stream", location.href);
    url.protocol = url.protocol.replace("http", "ws");
    url.searchParams.set("topics", this.topics.join(","));
    const socket = new WebSocket(url);
    this.socket = socket;
    // A host that swallows packets would keep a socket connecting for minutes.
    const deadline = window.setTimeout(() => socket.close(), CONNECT_DEADLINE_MS);
    socket.onopen = () => clearTimeout(deadline);
    socket.onmessage = (message: MessageEvent<unknown>) => this.read(message.data);
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
    if (frame.epoch !== undefined && frame.epoch !== this.epoch) {
      this.epoch = frame.epoch;
      this.offset = -1;
    }
    if (frame.offset !== undefined && frame.offset > this.offset) this.offset = frame.offset;
    switch (frame.type) {
      case "ready":
        this.link = "live";
        this.tries = 0;
        this.listener.ready();
        break;
      case "skipped":
        this.skipped += frame.count ?? 0;
        break;
      default:
        if (frame.data !== undefined) this.listener.frame(frame, this.link === "live");
    }
    this.listener.moved();
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
