// How everything is now: the newest State of each thing, by its kind and id. The whole page hears all of them from its start, so a
// view that opens later has them at once.
import { follow, onReturn, stream } from "./link";
import { touch, useParts } from "./paint";
import type { Frame } from "./wire";

/** The things of a kind (`position`), by id. A change touches the part `state:KIND`. */
export class Kind<T> {
  readonly part: string;

  constructor(readonly name: string) {
    this.part = `state:${name}`;
  }

  get values(): ReadonlyMap<string, T> {
    return (known.get(this.name) ?? NONE) as ReadonlyMap<string, T>;
  }
}

const NONE: ReadonlyMap<string, unknown> = new Map();
const known = new Map<string, Map<string, unknown>>();
/** What the snapshot of a return has told so far. */
const told = new Set<string>();

/** Draw the calling component again whenever something of these kinds has changed. */
export function useKinds(...kinds: Kind<any>[]): void {
  useParts(...kinds.map(({ part }) => part));
}

export function start(): void {
  follow(["state:*"], take);
  onReturn(() => {
    // Where a snapshot was told, and not what was missed, it is all there is.
    if (told.size > 0 && stream.returned?.missing) forget();
    told.clear();
  });
}

function take({ topic = "", data }: Frame, fresh: boolean): void {
  const [, kind = "", ...rest] = topic.split(":");
  const { value } = data as { value: unknown };
  if (!fresh && stream.link !== "live" && !stream.resuming) told.add(topic);
  const things = known.get(kind) ?? new Map<string, unknown>();
  if (value === null) things.delete(rest.join(":"));
  else known.set(kind, things.set(rest.join(":"), value));
  touch(`state:${kind}`);
}

/** Something was missed, and the snapshot that came instead says nothing of these: they are gone. */
function forget(): void {
  for (const [kind, things] of known) {
    for (const id of things.keys()) if (!told.has(`state:${kind}:${id}`)) things.delete(id);
    touch(`state:${kind}`);
  }
}
