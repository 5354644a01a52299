// An event as people see it outside: one row, whatever it tells of. SPEC rule AP6.

export interface EventRow {
  readonly id: number;
  readonly ts_ms: number;
  readonly event_type: string;
  /** `control_plane`: between nodes. `data_plane`: about readings. */
  readonly category: EventCategory;
  readonly sender_id?: string;
  readonly target_id?: string;
  readonly details?: { readonly [name: string]: EventDetail };
}

export type EventCategory = 'control_plane' | 'data_plane';
export type EventDetail = string | number | boolean | string[];

export type EventBody = Omit<EventRow, 'id' | 'ts_ms'>;
