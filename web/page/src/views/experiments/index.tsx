import { Nothing } from "../../parts/parts";

export default function View() {
  return <Nothing>To come.</Nothing>;
}
