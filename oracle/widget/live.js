// A live chart, table or log in a notebook, as anywidget asks for it: render({ model, el }). It draws what the traits `said` and
// `past` hold, asks nobody for anything, and says when somebody looks and when nobody does.

const POINTS = 600;
const COLOURS = ["#3b82f6", "#e07b00", "#12a150", "#d6409f", "#8b5cf6", "#0aa5b5", "#c9252d", "#7a7a00"];
const STATES = {
  connecting: "connecting", live: "live", reconnecting: "reconnecting: the connection was lost", ended: "ended",
};
const STYLE = `
.oracle-live { font: 13px/1.45 system-ui, sans-serif; color: var(--jp-ui-font-color1, inherit); max-width: 60rem; }
.oracle-live header { display: flex; flex-wrap: wrap; gap: .25rem .75rem; align-items: baseline; margin-bottom: .4rem; }
.oracle-live header strong { font-weight: 600; overflow-wrap: anywhere; }
.oracle-live [data-state]::before { content: ""; display: inline-block; width: .55em; height: .55em; margin-right: .4em; border-radius: 50%;
  background: currentColor; }
.oracle-live [data-state=live]::before { background: #12a150; }
.oracle-live [data-state=reconnecting]::before { background: #e07b00; }
.oracle-live [data-state=ended]::before { background: #c9252d; }
.oracle-live .mark { border: 1px solid currentColor; border-radius: 3px; padding: 0 .4em; font-size: 11px; letter-spacing: .04em;
  text-transform: uppercase; }
.oracle-live .body { max-height: 22rem; overflow: auto; }
.oracle-live canvas { display: block; width: 100%; height: 14rem; }
.oracle-live table { border-collapse: collapse; width: 100%; font: inherit; font-variant-numeric: tabular-nums; }
.oracle-live caption { text-align: left; }
.oracle-live th, .oracle-live td { text-align: left; padding: .1rem .6rem .1rem 0; vertical-align: top; }
.oracle-live th { font-weight: 600; }
.oracle-live .num { text-align: right; }
.oracle-live ul, .oracle-live ol { list-style: none; margin: 0; padding: 0; }
.oracle-live ol li { padding: .1rem 0; overflow-wrap: anywhere; }
.oracle-live ul { display: flex; flex-wrap: wrap; gap: .1rem 1rem; font-variant-numeric: tabular-nums; }
.oracle-live time, .oracle-live .soft { opacity: .7; }
`;

function made(tag, text = "", name = "") {
  const node = document.createElement(tag);
  if (text) node.textContent = text;
  if (name) node.className = name;
  return node;
}

function frame(el, topics) {
  const root = made("section", "", "oracle-live");
  root.setAttribute("aria-label", `live: ${topics.join(", ")}`);
  const head = made("header");
  const parts = { title: made("strong", topics.join(", ")), state: made("span"), skipped: made("span", "", "soft"),
                  mark: made("span", "simulated", "mark"), body: made("div", "", "body") };
  parts.state.setAttribute("role", "status");
  parts.body.tabIndex = 0;
  parts.body.setAttribute("role", "group");
  parts.body.setAttribute("aria-label", `${topics.join(", ")}, as it is now`);
  head.append(parts.title, parts.state, parts.skipped, parts.mark);
  root.append(made("style", STYLE), head, parts.body);
  el.append(root);
  return { root, ...parts };
}

function showHead(parts, said) {
  const words = STATES[said.state] + (said.reason ? ` (${said.reason})` : "");
  if (parts.state.textContent !== words) parts.state.textContent = words;
  parts.state.dataset.state = said.state;
  const more = [said.skipped && `skipped ${said.skipped}`, said.left_out && `${said.left_out} more topics are not shown`];
  parts.skipped.textContent = more.filter(Boolean).join(", ");
  parts.mark.hidden = !said.simulated;
}

function table(body) {
  const node = made("table");
  const caption = made("caption", "", "soft");
  const head = node.createTHead().insertRow();
  for (const [name, cls] of [["topic", ""], ["time (UTC)", ""], ["value", "num"], ["what", ""]]) {
    const cell = made("th", name, cls);
    cell.scope = "col";
    head.append(cell);
  }
  const rows = node.createTBody();
  node.prepend(caption);
  body.append(node);
  return (said) => {
    caption.textContent = said.rows.length ? "the newest of each topic" : "nothing yet";
    while (rows.rows.length > said.rows.length) rows.deleteRow(-1);
    said.rows.forEach((row, at) => {
      const line = rows.rows[at] ?? rows.insertRow();
      row.forEach((text, n) => {
        const cell = line.cells[n] ?? line.insertCell();
        if (n === 2) cell.className = "num";
        if (cell.textContent !== text) cell.textContent = text;
      });
    });
  };
}

function log(body) {
  const list = made("ol");
  const empty = made("p", "nothing yet", "soft");
  body.append(empty, list);
  return (said) => {
    empty.hidden = said.lines.length > 0;
    list.replaceChildren(...said.lines.map(([at, topic, severity, text]) => {
      const line = made("li");
      line.append(made("time", at), " ", made("strong", severity), severity ? " " : "", made("span", topic, "soft"), " ", made("span", text));
      return line;
    }));
  };
}

function chart(body, model) {
  const canvas = made("canvas");
  canvas.setAttribute("role", "img");
  const legend = made("ul");
  body.append(canvas, legend);
  const series = new Map();
  let asked = 0;

  function put(name, point) {
    const points = series.get(name) ?? [];
    const last = points.at(-1);
    if (last && point[0] <= last[0]) {
      if (point[0] === last[0]) last[1] = point[1];
    } else {
      points.push(point);
      if (points.length > POINTS) points.shift();
    }
    series.set(name, points);
  }

  function past() {
    for (const [name, points] of Object.entries(model.get("past") ?? {})) {
      const newer = series.get(name) ?? [];
      series.set(name, []);
      for (const point of [...points, ...newer]) put(name, [...point]);
    }
    soon();
  }

  function soon() {
    if (!asked) asked = requestAnimationFrame(draw);
  }

  function draw() {
    asked = 0;
    const scale = window.devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
    if (!width) return;
    if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
      canvas.width = Math.round(width * scale);
      canvas.height = Math.round(height * scale);
    }
    const pen = canvas.getContext("2d");
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.clearRect(0, 0, width, height);
    const all = [...series.values()].flat();
    if (!all.length) return;
    const [from, to] = ends(all.map((point) => point[0])), whole = ends(all.map((point) => point[1]));
    const apart = farApart([...series.values()]);
    axes(pen, width, height, [from, to], apart ? ["each on its own scale", ""] : whole.map(number).reverse());
    const x = (at) => 4 + ((at - from) / (to - from || 1)) * (width - 8);
    [...series.values()].forEach((points, n) => {
      const [low, high] = apart ? ends(points.map((point) => point[1])) : whole;
      const y = (value) => height - 18 - (high === low ? 0.5 : (value - low) / (high - low)) * (height - 36);
      pen.strokeStyle = COLOURS[n % COLOURS.length];
      pen.lineWidth = 1.5;
      pen.beginPath();
      points.forEach(([at, value], i) => (i ? pen.lineTo(x(at), y(value)) : pen.moveTo(x(at), y(value))));
      if (points.length === 1) pen.rect(x(points[0][0]), y(points[0][1]), 1, 1);
      pen.stroke();
    });
  }

  function axes(pen, width, height, times, [top, bottom]) {
    pen.fillStyle = getComputedStyle(canvas).color;
    pen.font = "11px system-ui, sans-serif";
    pen.globalAlpha = 0.75;
    pen.textBaseline = "top";
    pen.fillText(top, 4, 2);
    pen.fillText(bottom, 4, height - 30);
    pen.textBaseline = "bottom";
    pen.fillText(clock(times[0]), 4, height - 1);
    const last = clock(times[1]);
    pen.fillText(last, width - 4 - pen.measureText(last).width, height - 1);
    pen.globalAlpha = 1;
  }

  function show(said) {
    for (const [name, point] of Object.entries(said.newest)) put(name, [...point]);
    legend.replaceChildren(...[...series].map(([name, points], n) => {
      const line = made("li");
      const swatch = made("span", "━ ");
      swatch.style.color = COLOURS[n % COLOURS.length];
      swatch.setAttribute("aria-hidden", "true");
      line.append(swatch, made("span", name), " ", made("strong", number(points.at(-1)[1]), "num"));
      return line;
    }));
    const words = [...series].map(([name, points]) => `${name} ${number(points.at(-1)[1])}`);
    canvas.setAttribute("aria-label", words.length ? `chart of ${words.join(", ")}` : "chart: nothing yet");
    soon();
  }

  const watcher = new ResizeObserver(soon);
  watcher.observe(canvas);
  model.on("change:past", past);
  past();
  show.end = () => {
    watcher.disconnect();
    model.off("change:past", past);
    cancelAnimationFrame(asked);
  };
  return show;
}

function ends(values) {
  return values.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity]);
}

// Prices of two symbols would be two flat lines on one scale.
function farApart(all) {
  const levels = ends(all.map((points) => Math.abs(points.at(-1)[1])));
  return all.length > 1 && levels[1] > 1.5 * levels[0];
}

function number(value) {
  return value.toLocaleString("en-US", { maximumSignificantDigits: 8 });
}

function clock(at) {
  return `${new Date(at).toISOString().slice(11, 19)} UTC`;
}

function render({ model, el }) {
  const first = model.get("said");
  const parts = frame(el, first.topics);
  const show = { chart, table, log }[first.kind](parts.body, model);
  const changed = () => {
    const said = model.get("said");
    showHead(parts, said);
    show(said);
  };
  model.on("change:said", changed);
  changed();
  model.send({ look: true });
  return () => {
    model.off("change:said", changed);
    show.end?.();
    model.send({ look: false });
    parts.root.remove();
  };
}

export default { render };
