// The price of the last hour, thin enough to draw: at most LIMIT points, the newest always exact.

export interface Point {
  at: number;
  value: number;
}

const HOUR_MS = 3_600_000;
const LIMIT = 180;

export class Trail {
  private points: Point[] = [];
  private now: Point | undefined;

  /** Put closed bars before what was seen live. */
  seed(bars: readonly Point[]): void {
    const first = this.points[0]?.at ?? Infinity;
    this.points = [...bars.filter((bar) => bar.at < first), ...this.points];
  }

  add(at: number, value: number): void {
    this.now = { at, value };
    const last = this.points.at(-1);
    const stepMs = Math.max(1_000, (at - (this.points[0]?.at ?? at)) / LIMIT);
    if (last && at - last.at < stepMs) return;
    this.points.push(this.now);
    let old = 0;
    while ((this.points[old]?.at ?? at) < at - HOUR_MS) old += 1;
    this.points.splice(0, old);
    if (this.points.length > LIMIT) this.points = this.points.filter((_, index) => index % 2 === 0);
  }

  get first(): Point | undefined {
    return this.points[0];
  }

  all(): Point[] {
    return this.now && this.points.at(-1) !== this.now ? [...this.points, this.now] : this.points;
  }
}
