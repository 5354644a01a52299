// What a node answers, as far as the pages read it. The words are those of its OpenAPI document.

export type Scalar = number | boolean | string;
export type Value = Scalar | { readonly [field: string]: Scalar };

export interface LatestRow {
  readonly sensor: string;
  readonly origin: string;
  readonly value: Value;
  readonly ts_ms: number;
  readonly ingest_ts_ms: number;
  readonly age_ms: number;
  readonly unit: string;
  readonly period_ms: number;
  readonly n: number;
  readonly commit: 'stored' | 'committed';
  readonly group: string | null;
  readonly sequence: number | null;
  readonly stale: boolean;
  readonly flags: readonly string[];
}

export interface Member {
  readonly id: string;
  readonly self: boolean;
  readonly status: 'alive' | 'suspected' | 'dead' | 'left';
  readonly status_since_ms: number;
  readonly host: string;
  readonly port: number;
  readonly api_port: number;
  readonly zone: string;
  readonly incarnation: number;
  readonly identity: string;
  readonly phi: number | null;
  readonly samples: number;
  readonly last_heard_ms: number;
  readonly last_evidence_ms: number;
  readonly last_evidence_source: string;
  readonly direct_status: string;
  readonly linked: boolean;
  readonly clock_offset_ms: number | null;
  readonly round_trip_ms: number | null;
}

export interface View {
  readonly group: string | null;
  readonly view_id: number;
  readonly role: string;
  readonly leader: string | null;
  readonly ballot: { readonly round: number; readonly peer: string } | null;
  readonly voters: readonly string[];
  readonly learners: readonly string[];
  readonly present: readonly string[];
  readonly quorum: boolean;
  readonly watermark: number;
  readonly commit_index: number;
  readonly last_index: number;
  readonly outbox: number;
}

export interface OriginRow {
  readonly origin: string;
  readonly n: number;
  readonly committed_n: number;
  readonly lag: number;
  readonly stale_ms: number;
  readonly advanced_ms: number;
}

/** The site at a glance, every second. */
export interface Pulse {
  readonly node: string;
  readonly ts_ms: number;
  readonly sensors: number;
  readonly oldest_pending_ms: number | null;
  readonly view: View;
  readonly members: readonly Member[];
  readonly links: { readonly [node: string]: readonly string[] };
  readonly origins: readonly OriginRow[];
}

export interface EventRow {
  readonly id: number;
  readonly ts_ms: number;
  readonly event_type: string;
  readonly category: 'control_plane' | 'data_plane';
  readonly sender_id?: string;
  readonly target_id?: string;
  readonly details?: { readonly [name: string]: Scalar | readonly string[] };
}

export interface LogRow {
  readonly sequence: number;
  readonly sensor: string;
  readonly origin: string;
  readonly identity: string;
  readonly n: number;
  readonly ts_ms: number;
  readonly ingest_ts_ms: number;
  readonly value: Value;
  readonly unit: string;
  readonly flags: readonly string[];
}

export interface LogPage {
  readonly group: string | null;
  readonly first: number;
  readonly watermark: number;
  readonly next: number;
  readonly readings: readonly LogRow[];
}

export interface Hello {
  readonly node: string;
  readonly site: string;
  readonly version: string;
  readonly resumed: boolean;
}

export interface Health {
  readonly status: string;
  readonly node: string;
  readonly site: string;
  readonly version: string;
  readonly uptime_ms: number;
  readonly ingest_port: number | null;
  readonly mqtt_port: number | null;
}
