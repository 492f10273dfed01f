// One symbol, with everything that is known about it.
import { useEffect, useMemo } from "preact/hooks";
import { age, fixed, percent, size } from "../../live/format";
import { isMadeHere, providerOf, symbols } from "../../live/markets";
import { useParts } from "../../live/paint";
import { polled, usePolls } from "../../live/poll";
import { stream } from "../../live/link";
import { Nothing, Panel, Simulated } from "../../parts/parts";
import { useCommands } from "../../shell/commands";
import { go, here, hrefOf, useQuery } from "../../shell/route";
import { About } from "./about";
import { Candles } from "./candles";
import { DepthPanel } from "./depth";
import { Happenings } from "./happenings";
import { HappeningsPanel } from "./happenings-panel";
import { Lines } from "./line";
import { Tape } from "./tape";
import { MID, Ticks } from "./ticks";
import type { Believed } from "./wire";

/** Seconds without a word after which a price is old. */
const OLD_S = 30;
/** Choices that hold for any symbol. */
const KEPT = ["interval", "line"];

export function SymbolView({ symbol }: { symbol: string }) {
  const ticks = useMemo(() => new Ticks(symbol), [symbol]);
  const [, choose] = useQuery("event");
  const happenings = useMemo(() => new Happenings(symbol, choose), [symbol]);
  useEffect(() => ticks.hold(), [ticks]);
  useParts(ticks.shape, "sources", "link");
  usePolls(...happenings.lists);
  useCommands(() => [
    { title: "The symbol before", group: "markets", keys: "ArrowLeft", run: () => walk(-1) },
    { title: "The next symbol", group: "markets", keys: "ArrowRight", run: () => walk(1) },
  ]);
  const unknown = stream.link === "live" && ticks.read && !ticks.problem && ticks.ring.length === 0 && !symbols().includes(symbol);
  if (unknown) return <Unknown symbol={symbol} />;
  const { places } = ticks;
  return (
    <>
      <Head symbol={symbol} ticks={ticks} places={places} />
      <div class="columns wide-left">
        <div class="column">
          <Candles symbol={symbol} places={places} happenings={happenings} />
          <Lines ticks={ticks} places={places} happenings={happenings} />
          <About symbol={symbol} />
        </div>
        <div class="column">
          <HappeningsPanel happenings={happenings} />
          <DepthPanel symbol={symbol} places={places} />
          <Tape ticks={ticks} places={places} />
        </div>
      </div>
    </>
  );
}

function Head({ symbol, ticks, places }: { symbol: string; ticks: Ticks; places: number }) {
  const believed = useMemo(() => polled<Believed>(`/api/oracle/quote?symbol=${encodeURIComponent(symbol)}`, 5_000), [symbol]);
  const { quote, ring, heardAt, tape } = ticks;
  useParts(ticks.part, "clock");
  usePolls(...(quote ? [believed] : [])); // of what nobody quotes there is none
  const mid = quote ? (quote.bid + quote.ask) / 2 : ring.last(MID) || undefined;
  const [, , , mids] = ring.view();
  const first = mids?.find((value) => !Number.isNaN(value));
  const change = mid !== undefined && first ? ((mid - first) / first) * 100 : undefined;
  const quiet = heardAt ? (Date.now() - heardAt) / 1_000 : undefined;
  const confidence = believed.value?.confidence;
  const price = (value: number | undefined) => (value === undefined ? "–" : fixed(value, places));
  return (
    <section class="panel head" aria-labelledby="symbol-title">
      <header>
        <nav class="walk" aria-label="Symbols">
          <button type="button" class="quiet" aria-label="The symbol before" title="←" onClick={() => walk(-1)}>‹</button>
          <button type="button" class="quiet" aria-label="The next symbol" title="→" onClick={() => walk(1)}>›</button>
        </nav>
        <h2 id="symbol-title" class="symbol">{symbol}</h2>
        {isMadeHere(symbol) && <Simulated />}
        <span class={`note ${quiet !== undefined && quiet > OLD_S ? "warn" : ""}`}>
          {quiet === undefined ? "not heard yet" : quiet < 1 ? "heard now" : `heard ${age(quiet)} ago`}
        </span>
        <span class="controls">
          <a href={hrefOf("markets")}>All symbols</a>
        </span>
      </header>
      <dl class="cards">
        <Card name="Mid" value={price(mid)} />
        <Card name="Last hour" value={change === undefined ? "–" : percent(change)} tone={change === undefined ? "dim" : change < 0 ? "down" : "up"} />
        <Card name="Bid" value={price(quote?.bid)} note={quote && `${size(quote.bid_size)} wanted`} />
        <Card name="Ask" value={price(quote?.ask)} note={quote && `${size(quote.ask_size)} offered`} />
        <Card name="Spread" value={quote && mid ? `${fixed(((quote.ask - quote.bid) / mid) * 10_000, 2)} bps` : "–"} note={quote && price(quote.ask - quote.bid)} />
        <Card name="Last trade" value={price(tape[0]?.price)} note={tape[0] && `${size(tape[0].size)} ${tape[0].side || "traded"}`} />
        <Card name="Source" value={providerOf(symbol) ?? quote?.source ?? "–"} note={confidence !== undefined && `confidence ${fixed(confidence * 100, 0)} %`} />
      </dl>
    </section>
  );
}

function Card({ name, value, note, tone = "" }: { name: string; value: string; note?: string | false | undefined; tone?: string }) {
  return (
    <div class="card">
      <dt>{name}</dt>
      <dd>
        <span class={tone}>{value}</span>
        {note && <span class="dim">{note}</span>}
      </dd>
    </div>
  );
}

function Unknown({ symbol }: { symbol: string }) {
  const known = symbols();
  return (
    <Panel id="unknown" title={symbol}>
      <Nothing>
        Nobody quotes or trades “{symbol}” here.{" "}
        {known.length > 0 ? "These are known:" : "No feed has spoken yet; start one with oracle serve --feed binance:BTC-USDT."}
      </Nothing>
      <ul class="known">
        {known.map((one) => (
          <li key={one}>
            <a href={hrefOf("markets", one)}>{one}</a>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function walk(step: number): void {
  const all = symbols();
  if (all.length === 0) return;
  const place = all.indexOf(here().item);
  open(all[(Math.max(place, 0) + step + all.length) % all.length]!);
}

/** Another symbol, seen in the same way. */
function open(symbol: string): void {
  const { query: chosen } = here();
  const query = Object.fromEntries(KEPT.filter((name) => chosen.has(name)).map((name) => [name, chosen.get(name)!]));
  go("markets", symbol, query);
}
