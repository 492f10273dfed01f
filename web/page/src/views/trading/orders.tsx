// Orders: those that wait for a yes, those at work, those of the past, and the form that gives one.
import { post, remove } from "../../live/rest";
import { Failure, Panel, Time, waiting } from "../../parts/parts";
import { Choice } from "../../parts/choice";
import { type Column, Table } from "../../parts/table";
import { useQuery } from "../../shell/route";
import { useDeeds } from "./deeds";
import { Fills } from "./fills";
import { openOrders, useKinds } from "./kinds";
import { orders, useLists } from "./lists";
import { PanelMark } from "./made";
import { price, quantity } from "./money";
import { OrderForm } from "./orderform";
import type { ListedOrder, OpenOrder, Order } from "./wire";

const ENDED = ["all", "FILLED", "CANCELLED", "REJECTED", "EXPIRED"];

export function OrdersTab() {
  return (
    <div class="columns wide-left">
      <div class="column">
        <Waiting />
        <Open />
        <Past />
      </div>
      <div class="column">
        <OrderForm />
        <Fills />
      </div>
    </div>
  );
}

function byTime(wanted: (order: OpenOrder) => boolean): OpenOrder[] {
  return [...openOrders.values.values()].filter(wanted).sort((a, b) => (a.created < b.created ? 1 : -1));
}

/** What became of an order of which something was asked. */
async function outcome(what: string, work: Promise<unknown>): Promise<string> {
  const { status, symbol, reasons } = (await work) as Order;
  return `${what} ${symbol}: the order is ${said(status)}${status === "REJECTED" && reasons.length ? `, ${reasons.at(-1)}` : ""}.`;
}

function Waiting() {
  useKinds(openOrders);
  const { act, asks, word, told } = useDeeds();
  const waits = byTime(({ status }) => status === "PENDING");
  if (waits.length === 0 && !told) return null;
  return (
    <Panel id="approvals" title="Waiting for your approval" note={`${waits.length} ${waits.length === 1 ? "order" : "orders"}`}>
      {word}
      <ul class="approvals">
        {waits.map((order) => (
          <li key={order.id} data-approval={order.id}>
            <div>
              <strong>
                {order.side} {quantity(order.quantity)} {order.symbol}
              </strong>{" "}
              {words(order)} <span class="dim">by {order.strategy_name || order.by}</span>
              {order.reasons.map((reason) => (
                <p key={reason} class="dim">
                  {reason}
                </p>
              ))}
            </div>
            <button
              type="button"
              class="quiet"
              aria-busy={asks(order.id)}
              aria-label={`Approve ${order.side} ${order.symbol}`}
              onClick={() => void act(order.id, () => outcome("Approved", post(`${pathOf(order)}/approve`)))}
            >
              Approve
            </button>
            <button
              type="button"
              class="quiet"
              aria-busy={asks(order.id)}
              aria-label={`Reject ${order.side} ${order.symbol}`}
              onClick={() =>
                void act(order.id, () => outcome("Rejected", post(`${pathOf(order)}/reject`, { reason: "rejected on the page" })))
              }
            >
              Reject
            </button>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Open() {
  useKinds(openOrders);
  const { act, asks, word } = useDeeds();
  const rows = byTime(({ status }) => status !== "PENDING");
  return (
    <Panel
      id="open-orders"
      title="Open orders"
      note={rows.length > 0 && `${rows.length} at work`}
      controls={<PanelMark symbols={rows.map(({ symbol }) => symbol)} />}
    >
      {word}
      <Table
        name="Orders at work"
        columns={[
          ...ABOUT,
          { head: "Time", class: "wide", tone: "dim", of: ({ created }) => <Time iso={created} /> },
          {
            head: "Cancel",
            class: "end",
            of: (order) => (
              <button
                type="button"
                class="quiet"
                aria-busy={asks(order.id)}
                aria-label={`Cancel ${order.side} ${order.symbol} ${order.order_type}`}
                onClick={() => void act(order.id, () => outcome("Cancelled", remove(pathOf(order))))}
              >
                Cancel
              </button>
            ),
          },
        ]}
        rows={rows}
        row={({ id }) => ({ key: id, "data-order": id })}
        empty="No order is at work: limits and stops wait here until the market comes to them."
      />
    </Panel>
  );
}

function Past() {
  useLists(orders);
  const [status, setStatus] = useQuery("status", "all");
  const open = new Set(["PENDING", "SUBMITTED", "PARTIALLY_FILLED"]);
  const rows = (orders.value ?? []).filter((order) => !open.has(order.status) && (status === "all" || order.status === status));
  return (
    <Panel
      id="past-orders"
      title="Past orders"
      note={rows.length > 0 && "of the newest hundred"}
      controls={
        <>
          <PanelMark symbols={rows.map(({ symbol }) => symbol)} />
          <Choice
            label="Which past orders"
            of={ENDED.map((one) => [one, said(one)] as const)}
            value={status}
            choose={setStatus}
          />
        </>
      }
    >
      <Failure poll={orders} what="Past orders" />
      <Table
        name="Orders that have ended, newest first"
        label="Past orders"
        tall
        columns={PAST}
        rows={rows}
        row={({ id }) => ({ key: id, "data-past-order": id })}
        empty={orders.value ? "No order has ended like that yet." : waiting(orders, "past orders")}
      />
    </Panel>
  );
}

const ABOUT: Column<Order>[] = [
  {
    head: "Order",
    names: true,
    of: ({ side, symbol, order_type }) => (
      <>
        <span class={side === "BUY" ? "up" : "down"}>{side}</span> {symbol} <span class="dim">{said(order_type)}</span>
      </>
    ),
  },
  {
    head: "Quantity",
    num: true,
    of: ({ filled_quantity: filled, quantity: all }) => `${filled > 0 && filled < all ? `${quantity(filled)} of ` : ""}${quantity(all)}`,
  },
  { head: "Price", num: true, of: (order) => (order.filled_price === null ? aims(order) : price(order.filled_price)) },
  { head: "Status", of: ({ status }) => <span class={`status ${status}`}>{said(status)}</span> },
  { head: "By", class: "wide", tone: "dim", of: (order) => order.strategy_name || order.by },
];

const PAST: Column<ListedOrder>[] = [
  ...ABOUT,
  { head: "Time", class: "wide", tone: "dim", of: ({ updated_at }) => <Time iso={updated_at} /> },
  { head: "Why", class: "wide", tone: "why dim", title: ({ reasons }) => reasons.join("; "), of: ({ reasons }) => reasons.at(-1) },
];

/** At which prices it is to be carried out. */
function aims({ limit_price, stop_price, take_profit_price }: Order): string {
  const found = [limit_price, stop_price, take_profit_price]
    .filter((one): one is number => one !== null)
    .map((one) => price(one));
  return found.join(" / ") || "market";
}

function words(order: Order): string {
  return order.order_type === "MARKET" ? "at the market" : `${said(order.order_type)} at ${aims(order)}`;
}

function said(word: string): string {
  return word.toLowerCase().replaceAll("_", " ");
}

function pathOf({ id }: Order): string {
  return `/api/trades/orders/${encodeURIComponent(id)}`;
}
