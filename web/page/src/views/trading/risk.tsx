// Risk: what stops everything, what has stopped entries, and how near every limit is.
import { Breakers } from "./breakers";
import { Autonomy } from "./autonomy";
import { Gauges } from "./gauges";
import { KillSwitch } from "./kill";
import { Sectors } from "./sectors";

export function Risk() {
  return (
    <div class="columns">
      <div class="column">
        <KillSwitch />
        <Gauges />
        <Autonomy />
      </div>
      <div class="column">
        <Breakers />
        <Sectors />
      </div>
    </div>
  );
}
