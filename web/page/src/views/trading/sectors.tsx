// What is held in each sector, against the most that may be.
import { useMarkets } from "../../live/markets";
import { Failure, Nothing, Panel } from "../../parts/parts";
import { GaugeTable } from "./bar";
import { exposure, UNKNOWN } from "./holdings";
import { equities, openOrders, positions, useKinds } from "./kinds";
import { desk, limits, useLists } from "./lists";
import { HeldMark } from "./made";
import { share } from "./money";

export function Sectors() {
  useKinds(equities, positions, openOrders);
  useLists(desk, limits);
  useMarkets();
  const most = limits.value?.position_limits.max_sector_pct;
  const found = [...exposure(desk.value?.sectors ?? {})].sort(([, a], [, b]) => b - a);
  return (
    <Panel id="sectors" title="Sectors" note="of the equity, long and short alike" controls={<HeldMark />}>
      <Failure poll={desk} what="The sectors" />
      {found.length === 0 || !desk.value || most === undefined ? (
        <Nothing>
          Nothing is held, so no sector is exposed. Sectors of symbols are named in <code>trading.sectors</code> in the settings.
        </Nothing>
      ) : (
        <GaugeTable
          name="Exposure by sector against its limit"
          what="Sector"
          of={found.map(([sector, pct]) =>
            sector === UNKNOWN
              ? { title: "No sector known", value: share(pct), limit: "none", used: undefined, word: "no limit" }
              : { title: sector, value: share(pct), limit: share(most), used: pct / most },
          )}
        />
      )}
    </Panel>
  );
}
