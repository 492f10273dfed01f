// The rules that tell somebody, and how each alert stands.
import { Alerts } from "./alerts";

export default function AlertsView() {
  return <Alerts />;
}
