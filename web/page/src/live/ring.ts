// Numbers over time: typed columns that grow at the end and forget at the front, and are drawn without being copied.

const FIRST = 256;

export class Ring {
  private from = 0;
  private to = 0;
  private columns: Float64Array[];

  /** `width` numbers belong to each time (seconds UTC); the newest `keep` rows are kept. */
  constructor(
    private readonly width: number,
    private readonly keep: number,
  ) {
    this.columns = Array.from({ length: width + 1 }, () => new Float64Array(Math.min(FIRST, 2 * keep)));
  }

  get length(): number {
    return this.to - this.from;
  }

  /** The newest of a column (0 is the time); undefined where there is nothing. */
  last(column: number): number | undefined {
    return this.length ? this.columns[column]![this.to - 1] : undefined;
  }

  /** Add a row; a time before the newest counts as the newest, since lines only go on. */
  push(at: number, ...values: number[]): void {
    if (this.to === this.columns[0]!.length) this.room();
    const newest = this.last(0) ?? -Infinity;
    this.columns[0]![this.to] = Math.max(at, newest);
    for (let column = 1; column <= this.width; column += 1) this.columns[column]![this.to] = values[column - 1]!;
    this.to += 1;
    if (this.length > this.keep) this.from += 1;
  }

  /** Put rows (time first) before those that are there; what is not older than they are is left out. */
  seed(rows: readonly (readonly number[])[]): void {
    const began = this.length ? this.columns[0]![this.from]! : Infinity;
    const old = this.view();
    const older = rows.filter((row) => row[0]! < began);
    const all = new Ring(this.width, this.keep);
    for (const [at, ...values] of older) all.push(at!, ...values);
    for (let row = 0; row < this.length; row += 1) all.push(old[0]![row]!, ...old.slice(1).map((column) => column[row]!));
    [this.from, this.to, this.columns] = [all.from, all.to, all.columns];
  }

  /** All columns, time first: views that hold until the next row is added. With `since`, from the last row before it on. */
  view(since = -Infinity): Float64Array[] {
    const from = since === -Infinity ? this.from : Math.max(this.from, this.after(since) - 1);
    return this.columns.map((column) => column.subarray(from, this.to));
  }

  /** What a column said at a time: the newest row not after it, or the first where all are. */
  at(time: number, column: number): number | undefined {
    return this.length ? this.columns[column]![Math.max(this.from, this.after(time) - 1)] : undefined;
  }

  /** The place of the first row after a time. */
  private after(time: number): number {
    const times = this.columns[0]!;
    let [low, high] = [this.from, this.to];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (times[middle]! <= time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Make room at the end: the kept rows move to the front, of larger columns while those are not all full. */
  private room(): void {
    const size = this.columns[0]!.length;
    const wanted = Math.min(2 * this.keep, this.length > size / 2 ? 2 * size : size);
    this.columns = this.columns.map((column) => {
      const moved = wanted > size ? new Float64Array(wanted) : column;
      if (moved === column) column.copyWithin(0, this.from, this.to);
      else moved.set(column.subarray(this.from, this.to));
      return moved;
    });
    [this.from, this.to] = [0, this.length];
  }
}
