// What is around the server: the services that it asks or that push to it, and what it stands on.
import { fixed } from "../../live/format";
import { usePolls } from "../../live/poll";
import { Poll } from "../../live/poll";
import { Failure, Nothing, Panel, Time, waiting } from "../../parts/parts";
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

interface Live {
  services: Record<string, { cpu_usage?: number; memory_usage?: number }>;
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
      {services.length + dependencies.length === 0 ? (
        <Nothing>{waiting(health, "the services")}</Nothing>
      ) : (
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">State</th>
                <th scope="col" class="num">Answers in</th>
                <th scope="col" class="num wide">Processor</th>
                <th scope="col" class="num wide">Memory</th>
                <th scope="col" class="wider">Asked</th>
              </tr>
            </thead>
            <tbody>
              {services.map(([name, service]) => (
                <tr key={name} data-service={name}>
                  <th scope="row">{name}</th>
                  <State status={service.status} why={service.issues?.join("; ")} />
                  <td class="num">{service.response_time ?? "–"}</td>
                  <Load of={live.value?.services[name]} />
                  <td class="wider dim">{service.last_check ? <Time iso={service.last_check} /> : "never"}</td>
                </tr>
              ))}
              {dependencies.map(([name, { status, response_time, version }]) => (
                <tr key={name} data-dependency={name}>
                  <th scope="row">
                    {name} {version && <span class="dim">{version}</span>}
                  </th>
                  <State status={status} />
                  <td class="num">{response_time ?? "–"}</td>
                  <td class="num wide dim">–</td>
                  <td class="num wide dim">–</td>
                  <td class="wider" />
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}

const COLOURS: Record<string, string> = { connected: "healthy", down: "unhealthy", disconnected: "unhealthy", stale: "degraded" };

function State({ status, why }: { status: string; why?: string | undefined }) {
  return (
    <td class="condition" title={why}>
      <span class={`health ${COLOURS[status] ?? status}`}>{status.replaceAll("_", " ")}</span>
      {why && <span class="dim"> {why}</span>}
    </td>
  );
}

function Load({ of }: { of: { cpu_usage?: number; memory_usage?: number } | undefined }) {
  return (
    <>
      <td class="num wide">{of?.cpu_usage === undefined ? "–" : `${fixed(of.cpu_usage, 0)}%`}</td>
      <td class="num wide">{of?.memory_usage === undefined ? "–" : `${fixed(of.memory_usage, 0)} MB`}</td>
    </>
  );
}
