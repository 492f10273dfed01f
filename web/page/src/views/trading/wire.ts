// What the server says of trading, as this view reads it. Amounts are in the account's currency, prices in the quote currency of
// the symbol, what ends in `_pct` in percent.

/** State `account:desk`. */
export interface Account {
  initial_cash: number;
  cash: number;
  realized_pnl: number;
  fees_paid: number;
  currency: string;
  fills: number;
}

/** State `equity:desk`: the book at present prices, every two seconds. Falls are positive. */
export interface Equity {
  equity: number;
  cash: number;
  positions_value: number;
  peak_equity: number;
  max_drawdown_pct: number;
  drawdown_pct: number;
  day_open_equity: number;
  daily_pnl: number;
  daily_pnl_pct: number;
  prices: Record<string, number>;
  at_risk: string[];
  ts: string;
}

/** State `position:SYMBOL`; `quantity` is negative for a short one. */
export interface Position {
  symbol: string;
  quantity: number;
  avg_entry_price: number;
  opened: string;
  added: string;
  strategy_name: string;
}

/** What an open order (State `order:ID`) and one of a list have in common. */
export interface Order {
  id: string;
  symbol: string;
  side: "BUY" | "SELL";
  order_type: string;
  quantity: number;
  limit_price: number | null;
  stop_price: number | null;
  take_profit_price: number | null;
  time_in_force: string;
  status: string;
  strategy_name: string;
  parent_id: string;
  by: string;
  filled_quantity: number;
  filled_price: number | null;
  fees: number;
  reasons: string[];
}

export interface OpenOrder extends Order {
  created: string;
}

export interface ListedOrder extends Order {
  created_at: string;
  updated_at: string;
}

/** The data of Event `fill`. */
export interface Fill {
  id: string;
  order_id: string;
  symbol: string;
  side: string;
  quantity: number;
  price: number;
  fee: number;
  strategy_name: string;
}

/** State `broker:PROVIDER`. */
export interface Broker {
  provider: string;
  connected: boolean;
  reason: string;
  since: string;
}

/** State `switch:kill`. */
export interface KillSwitch {
  on: boolean;
  reason: string;
  since: string;
  by: string;
  not_before: string | null;
}

export interface KillAct {
  at: string;
  action: string;
  by: string;
  reason: string;
  outcome: string;
}

/** State `breaker:NAME`. */
export interface Breaker {
  on: boolean;
  reason: string;
  value: number | null;
  limit: number;
  since: string;
}

/** State `autonomy:desk` and `heartbeat:operator`. */
export interface Autonomy {
  mode: string;
  since: string;
  by: string;
}

export interface Heartbeat {
  at: string;
  by: string;
}

/** State `reconciliation:desk`. */
export interface Reconciliation {
  drift_pct: number;
  checked: string;
  cash_difference: number;
  differences: { symbol: string; ours: number; theirs: number; drift_pct: number }[];
}

export interface Desk {
  provider: string;
  real_money: boolean;
  universe: string[];
  sectors: Record<string, string>;
  kill_switch_cooldown_s: number;
}

export interface Limits {
  position_limits: {
    max_position_pct: number;
    max_sector_pct: number;
    stop_loss_pct: number;
    min_price: number;
    no_leverage: boolean;
  };
  portfolio_limits: {
    max_drawdown_pct: number;
    max_daily_loss_pct: number;
    max_positions: number;
    max_daily_trades: number;
    min_cash_reserve_pct: number;
  };
  circuit_breakers: { heartbeat_within_s: number };
}

export interface Pdt {
  day_trades_used: number | null;
  day_trades_left: number | null;
  max_day_trades: number;
  account_threshold: number;
  enabled: boolean;
  exempt: boolean;
  rolling_window_days: number;
  window_start: string;
}

export interface Summary {
  trades_today: number;
}

export interface Preview {
  action: "APPROVE" | "REDUCE_SIZE" | "REQUIRE_HUMAN_APPROVAL" | "REJECT";
  quantity: number;
  price: number | null;
  notional: number | null;
  entry: number;
  exit: number;
  reasons: string[];
}

/** A snapshot of the past; what is not known any more is null. */
export interface PastEquity {
  timestamp: string;
  total_equity: number;
}

export interface ClosedTrade {
  id: string;
  symbol: string;
  side: string;
  quantity: number;
  entry_price: number;
  exit_price: number;
  entry_time: string;
  exit_time: string;
  pnl: number;
  pnl_pct: number;
  fees: number;
  strategy_name: string;
  is_day_trade: boolean;
}

/** Of the trades for which something spoke. */
export interface Factor {
  total: number;
  wins: number;
  /** Percent. */
  win_rate: number;
}

export interface Quality {
  order_id: string;
  symbol: string;
  side: string;
  expected_price: number | null;
  filled_price: number | null;
  slippage_bps: number | null;
  arrival_slippage_bps: number | null;
  fill_latency_ms: number;
  fill_timestamp: string | null;
  metadata: { order_type?: string; quantity?: number; fees?: number };
}
