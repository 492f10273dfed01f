// The newest trades.
import { clockTime, fixed, size, utcTime } from "../../live/format";
import { useParts } from "../../live/paint";
import { Nothing, Panel } from "../../parts/parts";
import type { Ticks } from "./ticks";

export function Tape({ ticks, places }: { ticks: Ticks; places: number }) {
  useParts(ticks.part);
  return (
    <Panel id="tape" title="Trades" note={ticks.tape.length > 0 && "newest first"}>
      {ticks.tape.length === 0 ? (
        <Nothing>{ticks.read ? "Nobody has traded it within the last hour." : "Reading the last hour."}</Nothing>
      ) : (
        <div class="scroll tape" tabIndex={0} role="region" aria-label="Trades, newest first">
          <table>
            <thead>
              <tr>
                <th scope="col">Time</th>
                <th scope="col">Side</th>
                <th scope="col" class="num">Price</th>
                <th scope="col" class="num">Size</th>
              </tr>
            </thead>
            <tbody>
              {ticks.tape.map((trade) => {
                const at = new Date(trade.ts);
                const tone = trade.side === "buy" ? "up" : trade.side === "sell" ? "down" : "dim";
                return (
                  <tr key={`${trade.epoch}:${trade.offset}`}>
                    <td>
                      <time class="num dim" dateTime={trade.ts} title={utcTime(at)}>{clockTime(at)}</time>
                    </td>
                    <td class={tone}>{trade.side || "–"}</td>
                    <td class="num">{fixed(trade.price, places)}</td>
                    <td class="num">{size(trade.size)}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}
