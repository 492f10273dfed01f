// What sets a rule off, in words.
import { plain, span, words } from "../../live/format";
import type { EventFilter, Trigger } from "../../live/wire";

const SIDES: Record<string, string> = { above: "above", below: "below", crosses: "crosses" };
const MOVES: Record<string, string> = { above: "rises", below: "falls", crosses: "moves" };
/** What the server takes where a rule names no window, in seconds. */
const CHANGE_WINDOW_S = 300;
const VOLUME_WINDOW_S = 3_600;

export function Condition({ trigger }: { trigger: Trigger }) {
  if (trigger.type !== "custom_condition") return <>{inWords(trigger)}</>;
  return (
    <>
      <code>{trigger.condition}</code>
      {lasting(trigger)}
    </>
  );
}

function inWords(trigger: Trigger): string {
  const { type, symbol, direction = "crosses", price_threshold, change_pct, volume_threshold, window_s } = trigger;
  switch (type) {
    case "watchdog_event":
      return filtered(trigger.event_filter ?? {});
    case "price_threshold":
      if (change_pct == null) return `${symbol} ${SIDES[direction]} ${plain(price_threshold ?? 0)}${lasting(trigger)}`;
      return `${symbol} ${MOVES[direction]} ${plain(change_pct)} % within ${span(window_s ?? CHANGE_WINDOW_S)}${lasting(trigger)}`;
    case "volume_threshold": {
      const side = direction === "below" ? "below" : "above";
      return `${symbol} volume ${side} ${plain(volume_threshold ?? 0)} within ${span(window_s ?? VOLUME_WINDOW_S)}${lasting(trigger)}`;
    }
    default:
      return `on ${words(type)}`;
  }
}

function filtered({ event_types, severities, assets, watchdogs }: EventFilter): string {
  const parts = [event_types?.map(words), severities, assets, watchdogs]
    .filter((list): list is string[] => !!list?.length)
    .map((list) => list.join(" or "));
  return parts.length ? `on ${parts.join(", ")}` : "on any watchdog event";
}

/** How long it has to hold, and how far it has to come back to be over. */
function lasting({ for_s, hysteresis_pct }: Trigger): string {
  return `${for_s ? ` for ${span(for_s)}` : ""}${hysteresis_pct ? `, over once ${plain(hysteresis_pct)} % back` : ""}`;
}
