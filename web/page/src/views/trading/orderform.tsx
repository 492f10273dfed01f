// The form that gives an order, with what the risk gate would say of it while it is typed.
import { useEffect, useState } from "preact/hooks";
import { onReturn } from "../../live/link";
import { Problem, post, question } from "../../live/rest";
import { markets, useMarkets } from "../../live/markets";
import { useParts } from "../../live/paint";
import { Panel, Refusal, attempt } from "../../parts/parts";
import { useQuery } from "../../shell/route";
import { accounts, positions, useKinds } from "./kinds";
import { desk, useLists } from "./lists";
import { money, price, quantity } from "./money";
import type { ListedOrder, Preview } from "./wire";

/** What each type is given beside the quantity. */
const NEEDS: Record<string, readonly PriceName[]> = {
  MARKET: [],
  LIMIT: ["limit_price"],
  STOP: ["stop_price"],
  STOP_LIMIT: ["stop_price", "limit_price"],
  BRACKET: ["stop_price", "take_profit_price"],
};
const PRICES = { limit_price: "Limit", stop_price: "Stop", take_profit_price: "Target" } as const;
type PriceName = keyof typeof PRICES;

/** Typing pauses for so long before the gate is asked. */
const PAUSE_MS = 250;

interface Wish {
  symbol: string;
  side: string;
  quantity: number;
  order_type: string;
  time_in_force: string;
  limit_price?: number;
  stop_price?: number;
  take_profit_price?: number;
}

export function OrderForm() {
  useLists(desk);
  useMarkets();
  useKinds(accounts, positions);
  const [symbol, setSymbol] = useQuery("symbol");
  const [side, setSide] = useState("BUY");
  const [type, setType] = useState("MARKET");
  const [force, setForce] = useState("GTC");
  const [size, setSize] = useState("");
  const [prices, setPrices] = useState<Partial<Record<PriceName, string>>>({});
  const [refused, setRefused] = useState<Problem>();
  const [asking, setAsking] = useState(false);
  const [done, setDone] = useState("");
  const wish = wishOf(symbol, side, size, type, force, prices);
  const word = useWord(wish);
  const give = async () => {
    if (!wish || asking) return;
    setAsking(true);
    setDone("");
    const problem = await attempt(async () => {
      const order = (await post("/api/trades/orders", wish)) as ListedOrder;
      setDone(`${order.side} ${quantity(order.quantity)} ${order.symbol} is ${order.status.toLowerCase().replaceAll("_", " ")}.`);
      setSize("");
    });
    setAsking(false);
    setRefused(problem);
  };
  return (
    <Panel id="order-form" title="New order" note={<Held symbol={symbol} />}>
      <form class="order" onSubmit={(event) => (event.preventDefault(), void give())}>
        <label>
          Symbol
          <input
            class="field"
            list="symbols"
            value={symbol}
            required
            autocomplete="off"
            onInput={(event) => setSymbol(event.currentTarget.value.toUpperCase().trim())}
          />
        </label>
        <datalist id="symbols">
          {(desk.value?.universe ?? []).map((one) => (
            <option key={one} value={one} />
          ))}
        </datalist>
        <Pick label="Side" options={["BUY", "SELL"]} chosen={side} choose={setSide} />
        <Pick label="Type" options={Object.keys(NEEDS)} chosen={type} choose={setType} />
        <label>
          Quantity
          <input
            class="field num"
            type="number"
            min="0"
            step="any"
            value={size}
            required
            onInput={(event) => setSize(event.currentTarget.value)}
          />
        </label>
        {NEEDS[type]!.map((name) => (
          <label key={name}>
            {PRICES[name]}
            <input
              class="field num"
              type="number"
              min="0"
              step="any"
              required
              value={prices[name] ?? ""}
              onInput={(event) => setPrices({ ...prices, [name]: event.currentTarget.value })}
            />
          </label>
        ))}
        <Pick label="Good" options={["GTC", "DAY"]} chosen={force} choose={setForce} />
        <Word word={word} wished={wish} />
        <Refusal problem={refused} clear={() => setRefused(undefined)} />
        <p class="done" role="status">
          {done}
        </p>
        <button type="submit" class="quiet strong" aria-busy={asking}>
          Give the order
        </button>
      </form>
    </Panel>
  );
}

function Held({ symbol }: { symbol: string }) {
  useParts("quotes");
  const held = positions.values.get(symbol);
  const mid = markets.get(symbol)?.mid;
  const parts = [mid !== undefined && `about ${price(mid)}`, held && `${quantity(held.quantity)} held`].filter(Boolean);
  return <>{parts.join(", ")}</>;
}

interface PickProps {
  label: string;
  options: readonly string[];
  chosen: string;
  choose: (option: string) => void;
}

const WORDS: Record<string, string> = {
  BUY: "Buy",
  SELL: "Sell",
  MARKET: "Market",
  LIMIT: "Limit",
  STOP: "Stop",
  STOP_LIMIT: "Stop, then limit",
  BRACKET: "Market, with stop and target",
  GTC: "until cancelled",
  DAY: "for the day",
};

function Pick({ label, options, chosen, choose }: PickProps) {
  return (
    <label>
      {label}
      <select class="field" value={chosen} onChange={(event) => choose(event.currentTarget.value)}>
        {options.map((option) => (
          <option key={option} value={option}>
            {WORDS[option] ?? option}
          </option>
        ))}
      </select>
    </label>
  );
}

const VERDICT: Record<Preview["action"], string> = {
  APPROVE: "The gate lets it through",
  REDUCE_SIZE: "The gate makes it smaller",
  REQUIRE_HUMAN_APPROVAL: "It will wait for an approval",
  REJECT: "The gate refuses it",
};

function Word({ word, wished }: { word: Preview | Problem | undefined; wished: Wish | undefined }) {
  const { currency = "USD" } = accounts.values.get("desk") ?? {};
  if (!wished)
    return <p class="gate dim">Say what and how much, and the risk gate's answer stands here before anything is ordered.</p>;
  if (word instanceof Problem)
    return (
      <p class="gate down" role="status">
        {word.message}
      </p>
    );
  if (!word) return <p class="gate dim">Asking the risk gate.</p>;
  const { action, reasons, notional, price: at } = word;
  return (
    <div class={`gate ${action}`} role="status">
      <strong>{VERDICT[action]}</strong>
      {action !== "REJECT" && (
        <p>
          {quantity(word.quantity)} {wished.symbol}
          {at !== null && ` at about ${price(at)}`}
          {notional !== null && `: ${money(notional, currency)}`}
        </p>
      )}
      {reasons.map((reason) => (
        <p key={reason} class="dim">
          {reason}
        </p>
      ))}
    </div>
  );
}

/** The gate's word on a wish, once typing has paused; undefined while it is asked. */
function useWord(wish: Wish | undefined): Preview | Problem | undefined {
  const key = wish && JSON.stringify(wish);
  const [said, setSaid] = useState<{ key: string; word: Preview | Problem }>();
  // What a server said before it was lost, or that it was, is not its word any more.
  const [life, setLife] = useState(0);
  useEffect(() => onReturn(() => setLife((old) => old + 1)), []);
  useEffect(() => {
    if (!key) return;
    let gone = false;
    const timer = window.setTimeout(async () => {
      const word = await question("/api/oracle/orders/preview", JSON.parse(key) as object).catch((problem: unknown) => {
        if (problem instanceof Problem) return problem;
        throw problem;
      });
      if (!gone) setSaid({ key, word: word as Preview | Problem });
    }, PAUSE_MS);
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [key, life]);
  return said && said.key === key ? said.word : undefined;
}

/** The order as the server takes it; undefined while something is missing. */
function wishOf(
  symbol: string,
  side: string,
  size: string,
  type: string,
  force: string,
  prices: Partial<Record<PriceName, string>>,
): Wish | undefined {
  const needed = NEEDS[type]!.map((name) => [name, Number(prices[name] ?? "")] as const);
  if (!symbol || !(Number(size) > 0) || needed.some(([, value]) => !(value > 0))) return undefined;
  return { symbol, side, quantity: Number(size), order_type: type, time_in_force: force, ...Object.fromEntries(needed) };
}
