// All that the HTTP listener takes in.

import type { Durability, Hub } from '../hub/hub.ts';
import { Bodies } from './http/bodies.ts';
import type { HttpInput } from './http/http-input.ts';
import { PostIngest } from './http/post-ingest.ts';
import { WriteIngest } from './line-protocol/write-ingest.ts';
import { OtlpIngest } from './otlp/otlp-ingest.ts';
import type { Refusals } from './refusals.ts';
import { RemoteWriteIngest } from './remote-write/remote-write-ingest.ts';

/** `ack`: what a request waits for that does not say. */
export function httpInputs(hub: Hub, refusals: Refusals, ack: Durability): readonly HttpInput[] {
  const bodies = new Bodies();
  return [
    new PostIngest(hub, bodies, refusals, ack),
    new WriteIngest(hub, bodies, refusals, ack),
    new RemoteWriteIngest(hub, bodies, refusals, ack),
    new OtlpIngest(hub, bodies, refusals, ack),
  ];
}
