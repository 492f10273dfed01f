// What is held, what it has gained so far, and the button that closes it.
import { useState } from "preact/hooks";
import { useMarkets } from "../../live/markets";
import { post, type Problem } from "../../live/rest";
import { useParts } from "../../live/paint";
import { attempt, Confirm, Panel, Refusal, Time } from "../../parts/parts";
import { type Column, Table } from "../../parts/table";
import { useCommands } from "../../shell/commands";
import { hrefOf } from "../../shell/route";
import { Gain } from "./gain";
import { type Holding, holdings } from "./holdings";
import { accounts, equities, openOrders, positions, useKinds } from "./kinds";
import { allMade, PanelMark, RowMark } from "./made";
import { money, price, quantity, tone } from "./money";
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
      <Table
        name="Positions at present prices"
        columns={columnsOf(accounts.values.get("desk")?.currency ?? "USD", allMade(held.map(({ symbol }) => symbol)), setClosing)}
        rows={held}
        row={({ symbol }) => ({ key: symbol, "data-position": symbol })}
        empty={
          <>
            Nothing is held. Strategies open positions by themselves, and you can{" "}
            <a href={hrefOf("trading", "orders")}>give an order</a>.
          </>
        }
      />
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

/** `all`: whether every one of them was made here. */
function columnsOf(currency: string, all: boolean, ask: (one: Holding) => void): Column<Holding>[] {
  return [
    {
      head: "Symbol",
      names: true,
      of: (one) => (
        <>
          {one.symbol} {one.quantity < 0 && <span class="dim">short</span>} <RowMark symbol={one.symbol} all={all} />
          {one.strategy_name && <span class="dim by">{one.strategy_name}</span>}
        </>
      ),
    },
    { head: "Quantity", num: true, of: (one) => quantity(one.quantity) },
    { head: "Entry", num: true, class: "wide", of: (one) => price(one.avg_entry_price) },
    { head: "Price", num: true, of: (one) => price(one.price) },
    { head: "Value", num: true, class: "wide", of: (one) => money(one.value, currency) },
    { head: "Gain", num: true, tone: (one) => tone(one.gain), of: (one) => <Gain of={one.gain} pct={one.gainPct} currency={currency} /> },
    { head: "Stop", num: true, class: "wide", of: (one) => price(one.stop) },
    { head: "Target", num: true, class: "wide", of: (one) => price(one.target) },
    { head: "Since", class: "roomy", tone: "dim", of: (one) => <Time iso={one.opened} /> },
    {
      head: "Close",
      unseen: true,
      class: "end",
      of: (one) => (
        <button type="button" class="quiet" aria-label={`Close ${one.symbol}`} onClick={() => ask(one)}>
          Close
        </button>
      ),
    },
  ];
}
