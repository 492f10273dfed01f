// What the server says of strategies, what they would have done, and the scheduler's jobs, as this view reads it.
import type { Run } from "../../live/wire";

/** State `terminal:scan`. */
export interface Scan {
  scan: { symbols?: Record<string, string>; timestamp?: string | null; count?: number };
  by: string;
}

/** State `strategy:NAME`. */
export interface StrategyState {
  name: string;
  enabled: boolean;
  unavailable: string;
  pending: string[];
  verdicts?: Record<string, { reason: string; candidate: boolean; direction: string }>;
}

export interface StrategyListed {
  name: string;
  description: string;
  min_hold_days: number;
  params: Record<string, unknown>;
}

/** The data of Event `signal`. */
export interface Signal {
  symbol: string;
  direction: string;
  strength: number;
  strategy_name: string;
  reason: string;
}

export interface Ranking {
  strategy_name: string;
  composite_score: number;
  sharpe_ratio: number;
  sortino_ratio: number;
  max_drawdown_pct: number;
  profit_factor: number;
  consistency_score: number;
  total_trades: number;
  win_rate: number;
  meets_thresholds: boolean;
  ranked_at: string;
}

export interface Figures {
  initial_capital: number;
  final_capital: number;
  total_return_pct: number;
  annual_return_pct: number;
  sharpe_ratio: number;
  sortino_ratio: number;
  max_drawdown_pct: number;
  profit_factor: number;
  total_trades: number;
  win_rate: number;
  avg_win_pct: number;
  avg_loss_pct: number;
  metadata: {
    undefined?: string[];
    simulated?: boolean;
    exposure_pct?: number | null;
    fees?: number;
    signals?: number;
    placed?: number;
    data_from?: string | null;
    data_to?: string | null;
    refused?: Record<string, number>;
    benchmark?: { total_return_pct: number | null };
  };
}

/** What was asked of a strategy, and what came of it. */
export type Backtest = Run<
  {
    strategy?: string;
    start?: string;
    end?: string;
    initial_capital?: number;
    symbols?: string[];
    start_us?: number;
    end_us?: number;
  },
  Figures
>;

/** A row of the result of a backtest. */
export interface EquityRow {
  row: "equity";
  date: string;
  equity: number;
  benchmark?: number;
}

export interface TradeRow {
  row: "trade";
  id: string;
  symbol: string;
  side: string;
  quantity: number;
  entry_price: number;
  exit_price: number;
  /** Microseconds UTC. */
  entry_us: number;
  exit_us: number;
  pnl: number;
  pnl_pct: number;
  fees: number;
}

/** State `job:NAME`. */
export interface Job {
  cron: string;
  timezone: string | null;
  next_run: string | null;
  last_run: string | null;
  last_run_id: string | null;
  last_status: string | null;
  last_outcome: string | null;
  missed: string | null;
  problem: string | null;
}

/** An object as a bot or our own desk said it. */
export interface Said {
  type?: string;
  timestamp?: string;
  [name: string]: unknown;
}
