// What is wrong with the system itself, or stops it from trading, above every view.
import { since } from "../live/format";
import { useParts } from "../live/paint";
import { usePolls } from "../live/poll";
import { type Guard, tripped } from "../live/risk";
import { standing } from "../live/vitals";
import { hrefOf } from "./route";

export function Banner() {
  usePolls(standing);
  useParts("risk", "clock");
  const broken = standing.value?.not_ready ?? [];
  const stops = tripped();
  return (
    <>
      {stops.length > 0 && (
        <p class="banner risk" role="alert">
          <strong>{stops.some(([ref]) => ref.startsWith("switch:")) ? "Trading is stopped" : "A circuit breaker is on"}</strong>
          {stops.map(([ref, guard]) => (
            <span key={ref}>{told(ref, guard)}</span>
          ))}
          <a href={hrefOf("trading", "risk")}>Risk</a>
        </p>
      )}
      {broken.length > 0 && (
        <p class="banner degraded" role="alert">
          <strong>Degraded</strong>
          {broken.slice(0, 3).map(({ name, reason }) => (
            <span key={name}>
              {name}: {reason}
            </span>
          ))}
          {broken.length > 3 && <span>and {broken.length - 3} more</span>}
          <a href={hrefOf("runtime")}>Runtime</a>
        </p>
      )}
    </>
  );
}

function told(ref: string, { reason, since: began, by }: Guard): string {
  const [kind, name = ""] = ref.split(":");
  const what = kind === "switch" ? "Kill switch" : name.replaceAll("_", " ");
  return [`${what}${reason && `: ${reason}`}`, by && `by ${by}`, began && `for ${since(began)}`].filter(Boolean).join(", ");
}
