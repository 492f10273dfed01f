// The page: a badge that says whether it is live, and one view at a time.
import { render } from "preact";
import * as events from "./live/events";
import { stream } from "./live/link";
import * as lists from "./live/lists";
import * as markets from "./live/markets";
import { touch } from "./live/paint";
import * as risk from "./live/risk";
import * as states from "./live/states";
import * as vitals from "./live/vitals";
import { wear } from "./live/preferences";
import { Shell } from "./shell/shell";

// The server has put the token into a cookie; an address with a token in it gets copied, and logged.
if (new URLSearchParams(location.search).has("token")) history.replaceState(null, "", location.pathname + location.hash);

wear();
for (const part of [events, lists, markets, risk, states, vitals]) part.start();
stream.open();
window.setInterval(() => touch("clock"), 1_000);
render(<Shell />, document.getElementById("page")!);
