// What was bought and sold, as it happens.
import type { Happening } from "../../live/wire";
import { Failure, Panel, Time, waiting } from "../../parts/parts";
import { Table } from "../../parts/table";
import { fills, useLists } from "./lists";
import { allMade, PanelMark, RowMark } from "./made";
import { price, quantity } from "./money";
import type { Fill } from "./wire";

export function Fills() {
  useLists(fills);
  const rows = fills.value ?? [];
  const symbols = rows.map(({ subject }) => subject);
  const all = allMade(symbols);
  return (
    <Panel id="fills" title="Trade feed" note={rows.length > 0 && "newest first"} controls={<PanelMark symbols={symbols} />}>
      <Failure poll={fills} what="The trade feed" />
      <Table
        name="Fills, newest first"
        label="Trade feed"
        tall
        columns={[
          { head: "Time", tone: "dim", of: ({ ts }) => <Time iso={ts} /> },
          {
            head: "What",
            names: true,
            of: (one) => {
              const { side, symbol } = fillOf(one);
              return (
                <>
                  <span class={side === "BUY" ? "up" : "down"}>{side === "BUY" ? "bought" : "sold"}</span> {symbol}{" "}
                  <RowMark symbol={symbol} all={all} />
                </>
              );
            },
          },
          { head: "Quantity", num: true, of: (one) => quantity(fillOf(one).quantity) },
          { head: "Price", num: true, of: (one) => price(fillOf(one).price) },
          { head: "By", class: "wider", tone: "dim", of: (one) => fillOf(one).strategy_name || "by hand" },
        ]}
        rows={rows}
        row={(one) => ({ key: one.id, "data-fill": fillOf(one).symbol })}
        empty={fills.value ? "Nothing was bought or sold yet." : waiting(fills, "the trade feed")}
      />
    </Panel>
  );
}

function fillOf({ data }: Happening): Fill {
  return data as unknown as Fill;
}
