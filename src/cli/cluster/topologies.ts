// The clusters that ship: a pair, a smart city of six and of twelve, and four nodes with finite sensors for the
// stop, start and converge story.

import { faults, type NetworkFaults, type NodePlan, type SensorPlan, sensor } from './topology.ts';

export const TOPOLOGY_NAMES = ['base', '6', '12', 'demo'] as const;
export type TopologyName = (typeof TOPOLOGY_NAMES)[number];

export function topologyNamed(name: TopologyName): readonly NodePlan[] {
  switch (name) {
    case 'base':
      return plans(BASE);
    case '6':
      return plans(CITY.slice(0, 6).map(withinSix));
    case '12':
      return plans(CITY);
    case 'demo':
      return plans(FINITE);
  }
}

/** The contract's fixed ports: peers from 9000, read API from 10000, input from 8086, each node the next. */
const FIRST_PORT = 9000;
const FIRST_API_PORT = 10_000;
const FIRST_INGEST_PORT = 8086;

interface Node {
  /** Numbers of its seeds, from 1. */
  readonly seeds: readonly number[];
  readonly sensors: readonly SensorPlan[];
  readonly faults?: NetworkFaults;
}

function plans(nodes: readonly Node[]): readonly NodePlan[] {
  return nodes.map((node, index) => ({
    id: `node-${index + 1}`,
    port: FIRST_PORT + index,
    apiPort: FIRST_API_PORT + index,
    ingestPort: FIRST_INGEST_PORT + index,
    seeds: node.seeds.map((number) => `node-${number}`),
    sensors: node.sensors,
    ...(node.faults && { faults: node.faults }),
  }));
}

/** The six-node city is the first half of the twelve-node one, with the seeds that lie within it. */
function withinSix(node: Node): Node {
  return { ...node, seeds: node.seeds.filter((number) => number <= 6) };
}

const BASE: readonly Node[] = [
  {
    seeds: [2],
    sensors: [
      sensor('numeric', 'temperature', 2000, { MIN: 10, MAX: 35, UNIT: 'Cel' }),
      sensor('boolean', 'motion', 10_000, { P_TRUE: 0.4 }),
      sensor('wave', 'vibration', 1000, { AMPLITUDE: 8, FREQUENCY: 0.5, UNIT: 'mm/s' }),
      sensor('noise', 'humidity', 15_000, { BASE: 50, NOISE: 8, UNIT: '%RH' }),
    ],
  },
  {
    seeds: [1],
    sensors: [
      sensor('numeric', 'pressure', 9000, { MIN: 900, MAX: 1100, UNIT: 'hPa' }),
      sensor('trend', 'air_quality', 12_000, { START: 30, SLOPE: 1.2, NOISE: 0.8, UNIT: 'AQI' }),
      sensor('spike', 'traffic', 1500, { BASELINE: 5, SPIKE_HEIGHT: 60, P_SPIKE: 0.25, UNIT: '1/min' }),
    ],
  },
];

const CITY: readonly Node[] = [
  {
    seeds: [2, 7],
    faults: faults(35, 25, 0.08, 220, 0.01),
    sensors: [
      sensor('numeric', 'outdoor_temperature', 3500, { MIN: -5, MAX: 38, UNIT: 'Cel' }),
      sensor('spike', 'vehicle_flow', 1500, { BASELINE: 12, SPIKE_HEIGHT: 80, P_SPIKE: 0.2, UNIT: '1/min' }),
      sensor('numeric', 'pedestrian_density', 5000, { MIN: 0, MAX: 4, UNIT: '1/m2' }),
      sensor('noise', 'ambient_noise', 10_000, { BASE: 55, NOISE: 12, UNIT: 'dB' }),
    ],
  },
  {
    seeds: [3, 8],
    faults: faults(45, 35, 0.1, 300, 0.015),
    sensors: [
      sensor('trend', 'co2_concentration', 5000, { START: 420, SLOPE: 0.4, NOISE: 3, UNIT: 'ppm' }),
      sensor('numeric', 'particulate_pm25', 1500, { MIN: 2, MAX: 60, UNIT: 'ug/m3' }),
      sensor('numeric', 'industrial_temperature', 5000, { MIN: 40, MAX: 95, UNIT: 'Cel' }),
      sensor('boolean', 'alarm_state', 10_000, { P_TRUE: 0.05 }),
    ],
  },
  {
    seeds: [1, 9],
    faults: faults(30, 20, 0.06, 180, 0.008),
    sensors: [
      sensor('numeric', 'residential_power_consumption', 1500, { MIN: 120, MAX: 950, UNIT: 'kW' }),
      sensor('categorical', 'waste_container_status', 10_000, { VALUES: 'empty,half,full,overflowing' }),
      sensor('noise', 'night_noise_level', 2500, { BASE: 38, NOISE: 9, UNIT: 'dB' }),
    ],
  },
  {
    seeds: [2, 10],
    faults: faults(55, 40, 0.12, 350, 0.02),
    sensors: [
      sensor('numeric', 'train_station_occupancy', 2500, { MIN: 0, MAX: 1800 }),
      sensor('spike', 'ticket_validations', 1500, {
        BASELINE: 8,
        SPIKE_HEIGHT: 120,
        P_SPIKE: 0.2,
        UNIT: '1/min',
      }),
      sensor('numeric', 'platform_temperature', 10_000, { MIN: 8, MAX: 34, UNIT: 'Cel' }),
    ],
  },
  {
    seeds: [2, 3, 11],
    faults: faults(40, 25, 0.07, 200, 0.01),
    sensors: [
      sensor('numeric', 'river_water_level', 1500, { MIN: 0.4, MAX: 5.2, UNIT: 'm' }),
      sensor('trend', 'water_temperature', 2500, { START: 11, SLOPE: 0.02, NOISE: 0.3, UNIT: 'Cel' }),
      sensor('numeric', 'water_ph', 10_000, { MIN: 6.4, MAX: 8.3, UNIT: 'pH' }),
    ],
  },
  {
    seeds: [1, 3, 12],
    faults: faults(45, 35, 0.06, 350, 0.02),
    sensors: [
      sensor('numeric', 'building_energy_usage', 2500, { MIN: 30, MAX: 420, UNIT: 'kW' }),
      sensor('numeric', 'campus_wifi_load', 1500, { MIN: 0, MAX: 100, UNIT: '%' }),
      sensor('boolean', 'parking_availability', 10_000, { P_TRUE: 0.6 }),
    ],
  },
  {
    seeds: [1, 8],
    faults: faults(40, 30, 0.08, 250, 0.012),
    sensors: [
      sensor('numeric', 'solar_panel_output', 2500, { MIN: 0, MAX: 480, UNIT: 'kW' }),
      sensor('wave', 'inverter_vibration', 1500, { AMPLITUDE: 3, FREQUENCY: 0.2, UNIT: 'mm/s' }),
      sensor('boolean', 'maintenance_alarm', 10_000, { P_TRUE: 0.03 }),
    ],
  },
  {
    seeds: [2, 9],
    faults: faults(60, 50, 0.14, 600, 0.03),
    sensors: [
      sensor('numeric', 'freight_yard_load', 5000, { MIN: 0, MAX: 100, UNIT: '%' }),
      sensor('spike', 'crane_activity', 2000, {
        BASELINE: 1,
        SPIKE_HEIGHT: 14,
        P_SPIKE: 0.15,
        UNIT: '1/min',
      }),
      sensor('noise', 'dock_noise', 10_000, { BASE: 68, NOISE: 10, UNIT: 'dB' }),
    ],
  },
  {
    seeds: [3, 10],
    faults: faults(50, 35, 0.1, 300, 0.015),
    sensors: [
      sensor('trend', 'greenhouse_temperature', 3000, { START: 22, SLOPE: 0.03, NOISE: 0.4, UNIT: 'Cel' }),
      sensor('numeric', 'irrigation_pressure', 5000, { MIN: 1.8, MAX: 3.4, UNIT: 'bar' }),
      sensor('categorical', 'valve_state', 12_000, { VALUES: 'open,closed,throttled' }),
    ],
  },
  {
    seeds: [4, 11],
    faults: faults(75, 65, 0.16, 900, 0.04),
    sensors: [
      sensor('numeric', 'edge_datacenter_cpu_temp', 2000, { MIN: 38, MAX: 82, UNIT: 'Cel' }),
      sensor('numeric', 'rack_power_draw', 2500, { MIN: 2.1, MAX: 7.8, UNIT: 'kW' }),
      sensor('boolean', 'ups_on_battery', 15_000, { P_TRUE: 0.02 }),
    ],
  },
  {
    seeds: [5, 12],
    faults: faults(55, 40, 0.1, 400, 0.02),
    sensors: [
      sensor('noise', 'tunnel_humidity', 5000, { BASE: 74, NOISE: 6, UNIT: '%RH' }),
      sensor('wave', 'structure_vibration', 1500, { AMPLITUDE: 1.5, FREQUENCY: 0.3, UNIT: 'mm/s' }),
      sensor('numeric', 'air_speed', 2500, { MIN: 0.2, MAX: 9, UNIT: 'm/s' }),
    ],
  },
  {
    seeds: [6, 7],
    faults: faults(50, 40, 0.1, 400, 0.02),
    sensors: [
      sensor('numeric', 'remote_link_latency', 2500, { MIN: 18, MAX: 240, UNIT: 'ms' }),
      sensor('spike', 'retry_rate', 3000, { BASELINE: 1, SPIKE_HEIGHT: 25, P_SPIKE: 0.1, UNIT: '1/min' }),
      sensor('categorical', 'uplink_status', 12_000, { VALUES: 'up,degraded,down' }),
    ],
  },
];

/** Sixty values each, whose times were fixed beforehand, so that the winners are known. */
const FINITE: readonly Node[] = [1, 2, 3, 4].map((number) => ({
  seeds: [(number % 4) + 1],
  sensors: [
    sensor('finite_test', 'finite', 500, {
      SEED: number,
      MAX_UPDATES: 60,
      START_TS_MS: 1_700_000_000_000,
    }),
  ],
}));
