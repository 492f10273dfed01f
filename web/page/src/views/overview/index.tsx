// How everything is, in a minute: is it well, what happens, what wants somebody to look.
import { Events } from "../watchdogs/events";
import { Firing } from "./firing";
import { Movers } from "./movers";
import { Services } from "./services";
import { System } from "./system";

export default function Overview() {
  return (
    <>
      <System />
      <div class="columns">
        <div class="column">
          <Firing />
          <Movers />
          <Services />
        </div>
        <Events />
      </div>
    </>
  );
}
