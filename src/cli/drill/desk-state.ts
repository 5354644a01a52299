// What the desk of a drill says and what it is told, as a page reads and sends it. It imports nothing, so that the pages
// can take these types as they are. SPEC rules CL30, CL31.

export const DRILLS = ['kill-leader', 'pause-leader', 'partition'] as const;
export type DrillName = (typeof DRILLS)[number];

export type NodeState = 'running' | 'paused' | 'starting' | 'stopped';

export interface DrilledNode {
  readonly id: string;
  readonly state: NodeState;
  readonly delayMs: number;
}

export interface ExerciseReport {
  readonly leader_before: string;
  readonly leader_after: string;
  /** The longest time in which nothing was committed anywhere. */
  readonly outage_ms: number;
  readonly committed: number;
  /** Answered as stored, and to be committed later. */
  readonly pending: number;
  /** Without any answer: either is right. */
  readonly unanswered: number;
  readonly lost: number;
  readonly doubled: number;
  readonly recovered_ms: number;
  readonly digests: { readonly [node: string]: string };
  readonly equal: boolean;
}

export interface Report {
  readonly at_ms: number;
  readonly title: string;
  readonly report: ExerciseReport | null;
  /** Why there is no report; empty where there is one. */
  readonly failed: string;
}

export interface DeskState {
  readonly nodes: readonly DrilledNode[];
  readonly side: readonly string[];
  readonly drills: readonly DrillName[];
  /** What is under way; empty when nothing is. */
  readonly busy: string;
  readonly measuring: boolean;
  readonly story: readonly { readonly at_ms: number; readonly text: string }[];
  readonly reports: readonly Report[];
}

/** What all acts but that of slowness have in common, as they are sent and as the desk takes them. */
type PlainAct =
  | { readonly act: 'kill' | 'stop' | 'pause' | 'resume' | 'start'; readonly node: string }
  | { readonly act: 'cut'; readonly side: readonly string[] }
  /** Nobody is cut off or slow, all run. */
  | { readonly act: 'heal' }
  /** What happens from here to `end` is measured under load. */
  | { readonly act: 'begin' | 'end' }
  | { readonly act: 'drill'; readonly drill: DrillName };

export type Act = PlainAct | { readonly act: 'slow'; readonly node: string; readonly delayMs: number };

/** As it is sent. */
export type ActRequest =
  | PlainAct
  | { readonly act: 'slow'; readonly node: string; readonly delay_ms: number };
