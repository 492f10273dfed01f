// Who watches, and what was seen; or one of them, with its settings and its past.
import { DogPage } from "./dog";
import { Events } from "./events";
import { Watchdogs } from "./list";

export default function WatchdogsView({ item }: { item: string }) {
  if (item) return <DogPage key={item} name={item} />;
  return (
    <div class="columns">
      <Watchdogs />
      <Events />
    </div>
  );
}
