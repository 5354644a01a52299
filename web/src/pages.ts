// The pages, in the order of the navigation. One file a page under `pages/`.

import type { FunctionComponent } from 'preact';
import { drillDoor } from './live/drill.ts';
import { ApiPage } from './pages/api.tsx';
import { ConvergencePage } from './pages/convergence.tsx';
import { DrillPage } from './pages/drill.tsx';
import { InputsPage } from './pages/inputs.tsx';
import { LogPage } from './pages/log.tsx';
import { NodePage } from './pages/node.tsx';
import { ReplayPage } from './pages/replay.tsx';
import { SensorPage } from './pages/sensor.tsx';
import { SensorsPage } from './pages/sensors.tsx';
import { SitePage } from './pages/site.tsx';
import { StoragePage } from './pages/storage.tsx';
import { TimelinePage } from './pages/timeline.tsx';
import type { IconName } from './parts/icon.tsx';

export interface Page {
  /** The first word of the address: `#/sensors`. */
  readonly id: string;
  readonly title: string;
  /** Without one the page is reached from others only. */
  readonly icon: IconName | null;
  /** The entry of the navigation that is lit. */
  readonly under?: string;
  /** Whether the navigation has it; always, without it. */
  readonly isShown?: () => boolean;
  readonly view: FunctionComponent;
}

export const PAGES: readonly Page[] = [
  { id: 'site', title: 'Site', icon: 'site', view: SitePage },
  { id: 'node', title: 'Node', icon: null, under: 'site', view: NodePage },
  { id: 'sensors', title: 'Sensors', icon: 'sensors', view: SensorsPage },
  { id: 'log', title: 'Log', icon: 'log', view: LogPage },
  { id: 'convergence', title: 'Convergence', icon: 'convergence', view: ConvergencePage },
  { id: 'timeline', title: 'Timeline', icon: 'timeline', view: TimelinePage },
  { id: 'replay', title: 'Replay', icon: 'replay', view: ReplayPage },
  { id: 'inputs', title: 'Inputs & sinks', icon: 'inputs', view: InputsPage },
  { id: 'storage', title: 'Storage & clocks', icon: 'storage', view: StoragePage },
  { id: 'drill', title: 'Drill', icon: 'drill', isShown: () => drillDoor.value !== null, view: DrillPage },
  { id: 'api', title: 'API', icon: 'api', view: ApiPage },
  { id: 'sensor', title: 'Sensor', icon: null, under: 'sensors', view: SensorPage },
];

const [HOME] = PAGES;

/** What is asked for; where there is no such page, the first one. */
export function pageOf(id: string): Page | undefined {
  return PAGES.find((page) => page.id === id) ?? HOME;
}
