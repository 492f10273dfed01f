// Experiments: the list, one of them, or several side by side, as the address says.
import { useQuery } from "../../shell/route";
import { Compare } from "./compare";
import { Experiments } from "./list";
import { One } from "./one";

export default function View({ item }: { item: string }) {
  const [compared] = useQuery("compare");
  if (item) return <One key={item} id={item} />;
  const ids = compared.split(",").filter(Boolean);
  return ids.length > 0 ? <Compare ids={ids} /> : <Experiments />;
}
