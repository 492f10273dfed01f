// What was bought and sold, as it happens.
import { Failure, Nothing, Panel, Time, waiting } from "../../parts/parts";
import { Scroll } from "../../parts/scroll";
import { fills, useLists } from "./lists";
import { allMade, PanelMark, RowMark } from "./made";
import { price, quantity } from "./money";
import type { Fill } from "./wire";

export function Fills() {
  useLists(fills);
  const rows = fills.value ?? [];
  const symbols = rows.map(({ subject }) => subject);
  const all = allMade(symbols);
  return (
    <Panel id="fills" title="Trade feed" note={rows.length > 0 && "newest first"} controls={<PanelMark symbols={symbols} />}>
      <Failure poll={fills} what="The trade feed" />
      {rows.length === 0 ? (
        <Nothing>{fills.value ? "Nothing was bought or sold yet." : waiting(fills, "the trade feed")}</Nothing>
      ) : (
        <Scroll label="Trade feed" tall>
          <table>
            <caption class="unseen">Fills, newest first</caption>
            <thead>
              <tr>
                <th scope="col">Time</th>
                <th scope="col">What</th>
                <th scope="col" class="num">
                  Quantity
                </th>
                <th scope="col" class="num">
                  Price
                </th>
                <th scope="col" class="wider">
                  By
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map(({ id, ts, data }) => {
                const { symbol, side, quantity: size, price: at, strategy_name } = data as unknown as Fill;
                return (
                  <tr key={id} data-fill={symbol}>
                    <td class="dim">
                      <Time iso={ts} />
                    </td>
                    <th scope="row">
                      <span class={side === "BUY" ? "up" : "down"}>{side === "BUY" ? "bought" : "sold"}</span> {symbol}{" "}
                      <RowMark symbol={symbol} all={all} />
                    </th>
                    <td class="num">{quantity(size)}</td>
                    <td class="num">{price(at)}</td>
                    <td class="wider dim">{strategy_name || "by hand"}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </Scroll>
      )}
    </Panel>
  );
}
