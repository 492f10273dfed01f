// Prices as they come: all in a table or as a wall of small lines, or one symbol with everything about it.
import { hrefOf, useQuery } from "../../shell/route";
import { Quotes } from "./quotes";
import { SymbolView } from "./symbol";
import { Wall } from "./wall";

export default function Markets({ item }: { item: string }) {
  const [show] = useQuery("show", "table");
  if (item) return <SymbolView key={item} symbol={item} />;
  return (
    <>
      <nav class="tabs" aria-label="Ways to see markets">
        <a href={hrefOf("markets")} aria-current={show === "wall" ? undefined : "page"}>
          Table
        </a>
        <a href={hrefOf("markets", "", { show: "wall" })} aria-current={show === "wall" ? "page" : undefined}>
          Wall
        </a>
      </nav>
      {show === "wall" ? <Wall /> : <Quotes />}
    </>
  );
}
