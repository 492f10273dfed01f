// How everything is, in a minute.
import { Events } from "../watchdogs/events";

export default function Overview() {
  return <Events />;
}
