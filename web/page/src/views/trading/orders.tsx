// Orders: those that wait for a yes, those at work, those of the past, and the form that gives one.
import { post, remove } from "../../live/rest";
import { Failure, Nothing, Panel, Time, waiting } from "../../parts/parts";
import { Scroll } from "../../parts/scroll";
import { Choice } from "../../parts/choice";
import { useQuery } from "../../shell/route";
import { useDeeds } from "./deeds";
import { Fills } from "./fills";
import { openOrders, useKinds } from "./kinds";
import { orders, useLists } from "./lists";
import { PanelMark } from "./made";
import { price, quantity } from "./money";
import { OrderForm } from "./orderform";
import type { OpenOrder, Order } from "./wire";

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
      {rows.length === 0 ? (
        <Nothing>No order is at work: limits and stops wait here until the market comes to them.</Nothing>
      ) : (
        <Scroll label="Orders at work">
          <table>
            <caption class="unseen">Orders at work</caption>
            <Head last="Cancel" />
            <tbody>
              {rows.map((order) => (
                <tr key={order.id} data-order={order.id}>
                  <Cells order={order} at={order.created} />
                  <td class="end">
                    <button
                      type="button"
                      class="quiet"
                      aria-busy={asks(order.id)}
                      aria-label={`Cancel ${order.side} ${order.symbol} ${order.order_type}`}
                      onClick={() => void act(order.id, () => outcome("Cancelled", remove(pathOf(order))))}
                    >
                      Cancel
                    </button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
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
      {rows.length === 0 ? (
        <Nothing>{orders.value ? "No order has ended like that yet." : waiting(orders, "past orders")}</Nothing>
      ) : (
        <Scroll label="Past orders" tall>
          <table>
            <caption class="unseen">Orders that have ended, newest first</caption>
            <Head last="Why" />
            <tbody>
              {rows.map((order) => (
                <tr key={order.id} data-past-order={order.id}>
                  <Cells order={order} at={order.updated_at} />
                  <td class="why wide dim" title={order.reasons.join("; ")}>
                    {order.reasons.at(-1) ?? ""}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
    </Panel>
  );
}

function Head({ last }: { last: string }) {
  return (
    <thead>
      <tr>
        <th scope="col">Order</th>
        <th scope="col" class="num">
          Quantity
        </th>
        <th scope="col" class="num">
          Price
        </th>
        <th scope="col">Status</th>
        <th scope="col" class="wide">
          By
        </th>
        <th scope="col" class="wide">
          Time
        </th>
        <th scope="col" class={last === "Cancel" ? "end" : "wide"}>
          {last}
        </th>
      </tr>
    </thead>
  );
}

function Cells({ order, at }: { order: Order; at: string }) {
  const { side, symbol, status, filled_quantity, filled_price } = order;
  const part = filled_quantity > 0 && filled_quantity < order.quantity;
  return (
    <>
      <th scope="row">
        <span class={side === "BUY" ? "up" : "down"}>{side}</span> {symbol} <span class="dim">{said(order.order_type)}</span>
      </th>
      <td class="num">
        {part && `${quantity(filled_quantity)} of `}
        {quantity(order.quantity)}
      </td>
      <td class="num">{filled_price === null ? aims(order) : price(filled_price)}</td>
      <td>
        <span class={`status ${status}`}>{said(status)}</span>
      </td>
      <td class="wide dim">{order.strategy_name || order.by}</td>
      <td class="wide dim">
        <Time iso={at} />
      </td>
    </>
  );
}

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
