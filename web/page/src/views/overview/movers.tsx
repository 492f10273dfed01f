// The symbols that moved most in the last hour.
import { fixed, percent } from "../../live/format";
import { type Market, markets, useMarkets } from "../../live/markets";
import { useParts } from "../../live/paint";
import { Nothing, Panel, Simulated } from "../../parts/parts";
import { Spark } from "../../parts/spark";
import { hrefOf } from "../../shell/route";

const MOST = 6;

export function Movers() {
  useMarkets();
  useParts("quotes");
  const rows = [...markets.values()].map((market) => ({ market, change: changeOf(market) }));
  rows.sort((a, b) => Math.abs(b.change ?? 0) - Math.abs(a.change ?? 0));
  const shown = rows.slice(0, MOST);
  const made = shown.some(({ market }) => market.simulated);
  return (
    <Panel
      id="movers"
      title="Moved most in the last hour"
      controls={
        <>
          {made && <Simulated />}
          <a href={hrefOf("markets")}>All markets</a>
        </>
      }
    >
      {shown.length === 0 ? (
        <Nothing>
          No feed has spoken yet. Start one with <code>oracle serve --feed binance:BTC-USDT</code>.
        </Nothing>
      ) : (
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th scope="col">Symbol</th>
                <th scope="col">Last hour</th>
                <th scope="col" class="num">Price</th>
                <th scope="col" class="num">Change</th>
              </tr>
            </thead>
            <tbody>
              {shown.map(({ market, change }) => (
                <tr key={market.symbol} data-mover={market.symbol}>
                  <th scope="row">
                    <a href={hrefOf("markets", market.symbol)}>{market.symbol}</a>
                  </th>
                  <td class="trend">
                    <Spark points={market.trail.all()} label={`${market.symbol}, last hour`} />
                  </td>
                  <td class="num">{market.mid === undefined ? "–" : fixed(market.mid, market.places)}</td>
                  <td class={`num ${(change ?? 0) < 0 ? "down" : "up"}`}>{change === undefined ? "–" : percent(change)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}

function changeOf({ mid, trail }: Market): number | undefined {
  const first = trail.all()[0];
  return first && mid !== undefined ? ((mid - first.value) / first.value) * 100 : undefined;
}
