// Prices as they come.
import { Quotes } from "./quotes";

export default function Markets() {
  return <Quotes />;
}
