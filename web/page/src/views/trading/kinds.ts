// What trading looks at of how things are now.
import { Kind } from "../../live/states";
import type { Job, Scan, StrategyState } from "./plans";
import type {
  Account,
  Autonomy,
  Breaker,
  Broker,
  Equity,
  Heartbeat,
  KillSwitch,
  OpenOrder,
  Position,
  Reconciliation,
} from "./wire";

export { useKinds } from "../../live/states";

export const accounts = new Kind<Account>("account");
export const equities = new Kind<Equity>("equity");
export const positions = new Kind<Position>("position");
export const openOrders = new Kind<OpenOrder>("order");
export const brokers = new Kind<Broker>("broker");
export const switches = new Kind<KillSwitch>("switch");
export const breakers = new Kind<Breaker>("breaker");
export const autonomies = new Kind<Autonomy>("autonomy");
export const heartbeats = new Kind<Heartbeat>("heartbeat");
export const reconciliations = new Kind<Reconciliation>("reconciliation");
export const scans = new Kind<Scan>("terminal");
export const strategyStates = new Kind<StrategyState>("strategy");
export const jobs = new Kind<Job>("job");
