// Who watches, and what was seen.
import { Events } from "./events";
import { Watchdogs } from "./list";

export default function WatchdogsView() {
  return (
    <div class="columns">
      <Watchdogs />
      <Events />
    </div>
  );
}
