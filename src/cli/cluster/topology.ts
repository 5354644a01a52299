// A cluster on one machine as data: each node's id, ports, seeds, sensors and faults, as the environment of its
// process.

export interface NodePlan {
  readonly id: string;
  readonly port: number;
  readonly apiPort: number;
  readonly ingestPort: number;
  /** Ids of the nodes it is told of at start. */
  readonly seeds: readonly string[];
  readonly sensors: readonly SensorPlan[];
  readonly faults?: NetworkFaults;
}

/** The variables `SENSOR_<i>_…` of one sensor, without their prefix. */
export type SensorPlan = { readonly TYPE: string; readonly NAME: string; readonly PERIOD_MS: number } & {
  readonly [parameter: string]: string | number;
};

export interface NetworkFaults {
  readonly delayMs: number;
  readonly jitterMs: number;
  readonly spikeProbability: number;
  readonly spikeMs: number;
  readonly loss: number;
}

/** Shorthand: delay/jitter/spike probability/spike/loss. */
export function faults(
  delayMs: number,
  jitterMs: number,
  spikeProbability: number,
  spikeMs: number,
  loss: number,
): NetworkFaults {
  return { delayMs, jitterMs, spikeProbability, spikeMs, loss };
}

export function sensor(
  TYPE: string,
  NAME: string,
  PERIOD_MS: number,
  parameters: { readonly [parameter: string]: string | number } = {},
): SensorPlan {
  return { TYPE, NAME, PERIOD_MS, ...parameters };
}

/** The environment that makes a process of the plan's node. */
export function environmentOf(plan: NodePlan, all: readonly NodePlan[]): { [name: string]: string } {
  const environment: { [name: string]: string } = {
    NODE_ID: plan.id,
    HOST: '127.0.0.1',
    ADVERTISE_HOST: '127.0.0.1',
    PORT: String(plan.port),
    WEB_API_PORT: String(plan.apiPort),
    INGEST_PORT: String(plan.ingestPort),
    MQTT_PORT: '0',
    EXPECT_NODES: String(all.length),
    BOOTSTRAP_PEERS: plan.seeds.map((id) => `127.0.0.1:${portOf(id, all)}`).join(','),
    SENSORS: String(plan.sensors.length),
  };
  plan.sensors.forEach((one, index) => {
    for (const [name, value] of Object.entries(one)) environment[`SENSOR_${index}_${name}`] = String(value);
  });
  if (plan.faults) {
    environment.NETWORK_DELAY_MS = String(plan.faults.delayMs);
    environment.NETWORK_DELAY_JITTER_MS = String(plan.faults.jitterMs);
    environment.NETWORK_DELAY_SPIKE_PROB = String(plan.faults.spikeProbability);
    environment.NETWORK_DELAY_SPIKE_MS = String(plan.faults.spikeMs);
    environment.NETWORK_PACKET_LOSS_PROB = String(plan.faults.loss);
  }
  return environment;
}

function portOf(id: string, all: readonly NodePlan[]): number {
  const seed = all.find((plan) => plan.id === id);
  if (seed === undefined) throw new Error(`the topology names a seed it does not have: ${id}`);
  return seed.port;
}
