// What is held, what it has gained so far, and the button that closes it.
import { useState } from "preact/hooks";
import { percent } from "../../live/format";
import { useMarkets } from "../../live/markets";
import { post, type Problem } from "../../live/rest";
import { useParts } from "../../live/paint";
import { attempt, Confirm, Nothing, Panel, Refusal, Time } from "../../parts/parts";
import { Scroll } from "../../parts/scroll";
import { useCommands } from "../../shell/commands";
import { hrefOf } from "../../shell/route";
import { type Holding, holdings } from "./holdings";
import { accounts, equities, openOrders, positions, useKinds } from "./kinds";
import { allMade, PanelMark, RowMark } from "./made";
import { gain, money, price, quantity, tone } from "./money";
import type { ListedOrder } from "./wire";

export function Positions() {
  useKinds(accounts, equities, positions, openOrders);
  useParts("quotes");
  useMarkets();
  const [closing, setClosing] = useState<Holding>();
  const [refused, setRefused] = useState<Problem>();
  const [done, setDone] = useState("");
  const held = holdings();
  useCommands(() => holdings().map((one) => ({ title: `Close ${one.symbol}`, group: "position", run: () => setClosing(one) })));
  const close = async ({ symbol, quantity: size }: Holding) => {
    setClosing(undefined);
    setDone("");
    setRefused(
      await attempt(async () => {
        const order = (await post("/api/trades/orders", {
          symbol,
          side: size > 0 ? "SELL" : "BUY",
          quantity: Math.abs(size),
        })) as ListedOrder;
        setDone(`The order that closes ${symbol} is ${order.status.toLowerCase().replaceAll("_", " ")}.`);
      }),
    );
  };
  return (
    <Panel
      id="positions"
      title="Positions"
      note={held.length > 0 && `${held.length} held`}
      controls={<PanelMark symbols={held.map(({ symbol }) => symbol)} />}
    >
      <Refusal problem={refused} clear={() => setRefused(undefined)} />
      {done && (
        <p class="done" role="status">
          {done}
        </p>
      )}
      {held.length === 0 ? (
        <Nothing>
          Nothing is held. Strategies open positions by themselves, and you can{" "}
          <a href={hrefOf("trading", "orders")}>give an order</a>.
        </Nothing>
      ) : (
        <Table held={held} currency={accounts.values.get("desk")?.currency ?? "USD"} ask={setClosing} />
      )}
      {closing && (
        <Confirm
          title={`Close ${closing.symbol}?`}
          text={`An order at the market ${closing.quantity > 0 ? "sells" : "buys back"} ${quantity(Math.abs(closing.quantity))} ${closing.symbol}, at about ${price(closing.price)}. Its stop and its target end with it.`}
          verb="Close the position"
          yes={() => void close(closing)}
          no={() => setClosing(undefined)}
        />
      )}
    </Panel>
  );
}

function Table({ held, currency, ask }: { held: readonly Holding[]; currency: string; ask: (one: Holding) => void }) {
  const all = allMade(held.map(({ symbol }) => symbol));
  return (
    <Scroll label="Positions at present prices">
      <table>
        <caption class="unseen">Positions at present prices</caption>
        <thead>
          <tr>
            <th scope="col">Symbol</th>
            <th scope="col" class="num">
              Quantity
            </th>
            <th scope="col" class="num wide">
              Entry
            </th>
            <th scope="col" class="num">
              Price
            </th>
            <th scope="col" class="num wide">
              Value
            </th>
            <th scope="col" class="num">
              Gain
            </th>
            <th scope="col" class="num wide">
              Stop
            </th>
            <th scope="col" class="num wide">
              Target
            </th>
            <th scope="col" class="roomy">
              Since
            </th>
            <th scope="col">
              <span class="unseen">Close</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {held.map((one) => (
            <Row key={one.symbol} one={one} currency={currency} all={all} ask={ask} />
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function Row({ one, currency, all, ask }: { one: Holding; currency: string; all: boolean; ask: (one: Holding) => void }) {
  return (
    <tr data-position={one.symbol}>
      <th scope="row">
        {one.symbol} {one.quantity < 0 && <span class="dim">short</span>} <RowMark symbol={one.symbol} all={all} />
        {one.strategy_name && <span class="dim by">{one.strategy_name}</span>}
      </th>
      <td class="num">{quantity(one.quantity)}</td>
      <td class="num wide">{price(one.avg_entry_price)}</td>
      <td class="num">{price(one.price)}</td>
      <td class="num wide">{money(one.value, currency)}</td>
      <td class={`num ${tone(one.gain)}`}>
        {gain(one.gain, currency)} <span class="pct">{percent(one.gainPct)}</span>
      </td>
      <td class="num wide">{price(one.stop)}</td>
      <td class="num wide">{price(one.target)}</td>
      <td class="roomy dim">
        <Time iso={one.opened} />
      </td>
      <td class="end">
        <button type="button" class="quiet" aria-label={`Close ${one.symbol}`} onClick={() => ask(one)}>
          Close
        </button>
      </td>
    </tr>
  );
}
