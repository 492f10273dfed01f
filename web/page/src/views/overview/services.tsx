// What is around the server: the services that it asks or that push to it, and what it stands on.
import { fixed, orDash } from "../../live/format";
import { usePolls } from "../../live/poll";
import { Poll } from "../../live/poll";
import { Failure, Panel, Time, waiting } from "../../parts/parts";
import { type Column, Table } from "../../parts/table";
import { hrefOf } from "../../shell/route";

interface Service {
  status: string;
  response_time: string | null;
  last_check: string | null;
  issues?: string[];
}

interface Health {
  services: Record<string, Service>;
}

interface Dependency {
  status: string;
  response_time: string | null;
  version: string | null;
}

interface Load {
  cpu_usage?: number;
  memory_usage?: number;
}

interface Live {
  services: Record<string, Load>;
}

// Asked seldom: these routes count their callers by the hour.
const health = new Poll<Health>("health", "/api/v1/health", 60_000);
const live = new Poll<Live>("health", "/api/v1/metrics/live", 60_000);
const ground = new Poll<{ dependencies: Record<string, Dependency> }>("ground", "/api/v1/health/dependencies", 60_000);

export function Services() {
  usePolls(health, live, ground);
  const services = Object.entries(health.value?.services ?? {});
  const dependencies = Object.entries(ground.value?.dependencies ?? {});
  return (
    <Panel id="services" title="Services and dependencies" controls={<a href={hrefOf("settings", "dashboard")}>Addresses</a>}>
      <Failure poll={health} what="The health of services" />
      <Failure poll={ground} what="The dependencies" />
      <Table
        name="Services and dependencies"
        columns={COLUMNS}
        rows={[...services.map(serviceOf), ...dependencies.map(dependencyOf)]}
        row={({ name, service }) => ({ key: `${service ? "service" : "dependency"} ${name}`, [service ? "data-service" : "data-dependency"]: name })}
        empty={waiting(health, "the services")}
      />
    </Panel>
  );
}

const COLOURS: Record<string, string> = { connected: "healthy", down: "unhealthy", disconnected: "unhealthy", stale: "degraded" };

interface Row extends Dependency {
  name: string;
  /** Undefined of a dependency: nobody asks it for more. */
  service: Service | undefined;
}

function serviceOf([name, service]: [string, Service]): Row {
  const { status, response_time } = service;
  return { name, service, status, response_time, version: null };
}

function dependencyOf([name, dependency]: [string, Dependency]): Row {
  return { name, service: undefined, ...dependency };
}

const LOAD = { num: true, class: "wide", tone: ({ service }: Row) => (service ? "" : "dim") };

const COLUMNS: Column<Row>[] = [
  { head: "Name", names: true, of: ({ name, version }) => <>{name} {version && <span class="dim">{version}</span>}</> },
  { head: "State", tone: "condition", title: why, of: (row) => <State status={row.status} why={why(row)} /> },
  { head: "Answers in", num: true, of: ({ response_time }) => response_time ?? "–" },
  { head: "Processor", ...LOAD, of: (row) => orDash(loadOf(row)?.cpu_usage, (value) => `${fixed(value, 0)}%`) },
  { head: "Memory", ...LOAD, of: (row) => orDash(loadOf(row)?.memory_usage, (value) => `${fixed(value, 0)} MB`) },
  { head: "Asked", class: "wider", tone: "dim", of: ({ service }) => service && (service.last_check ? <Time iso={service.last_check} /> : "never") },
];

function why({ service }: Row): string | undefined {
  return service?.issues?.join("; ");
}

function loadOf({ name, service }: Row): Load | undefined {
  return service && live.value?.services[name];
}

function State({ status, why }: { status: string; why?: string | undefined }) {
  return (
    <>
      <span class={`health ${COLOURS[status] ?? status}`}>{status.replaceAll("_", " ")}</span>
      {why && <span class="dim"> {why}</span>}
    </>
  );
}
