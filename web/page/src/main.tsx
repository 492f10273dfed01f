// The page: a badge that says whether it is live, and five panels.
import { render } from "preact";
import { Alerts } from "./alerts";
import { Badge, Outage } from "./badge";
import { Events } from "./events";
import { Quotes } from "./quotes";
import { start } from "./store";
import { Tree } from "./tree";
import { Watchdogs } from "./watchdogs";

// The server has put the token into a cookie; an address with a token in it gets copied, and logged.
if (new URLSearchParams(location.search).has("token")) history.replaceState(null, "", location.pathname);

function Page() {
  return (
    <>
      <Badge />
      <Outage />
      <main>
        <div class="column">
          <Quotes />
          <Tree />
        </div>
        <div class="column">
          <Events />
          <Alerts />
          <Watchdogs />
        </div>
      </main>
      <footer>
        <nav aria-label="The same data for programs">
          <a href="/openapi.json">API</a>
          <a href="/api/oracle/tree">tree</a>
          <a href="/api/oracle/events">events</a>
          <a href="/metrics">metrics</a>
          <a href="/readyz">readiness</a>
        </nav>
        <span>Times are local; UTC is in the tooltip.</span>
      </footer>
    </>
  );
}

start();
render(<Page />, document.getElementById("page")!);
