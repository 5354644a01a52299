// Server-sent events (WHATWG HTML §9.2) read with fetch: unlike EventSource it can go on from a place that another
// stream has reached, at another node, and it takes what arrives together as one.

export interface SentEvent {
  readonly event: string;
  readonly data: string;
  readonly id: string | null;
}

/** Cuts what arrives into events; a piece of one waits for the rest. */
export class EventCutter {
  #rest = '';

  cut(text: string): SentEvent[] {
    const blocks = (this.#rest + text).split('\n\n');
    this.#rest = blocks.pop() ?? '';
    return blocks.flatMap((block) => eventOf(block) ?? []);
  }
}

function eventOf(block: string): SentEvent | null {
  let event = 'message';
  let data: string | null = null;
  let id: string | null = null;
  for (const line of block.split('\n')) {
    if (line.startsWith('data: ')) data = line.slice(6);
    else if (line.startsWith('event: ')) event = line.slice(7);
    else if (line.startsWith('id: ')) id = line.slice(4);
  }
  if (data !== null) return { event, data, id };
  // An id alone keeps a quiet stream's place.
  return id === null ? null : { event: '', data: '', id };
}

export class StreamRefused extends Error {
  override readonly name = 'StreamRefused';
  readonly status: number;

  constructor(status: number) {
    super(`the stream was refused with ${status}`);
    this.status = status;
  }
}

/** Gives events, in the portions they arrive in, until the stream ends, fails or is stopped. */
export async function readEvents(
  url: string,
  lastEventId: string | null,
  stop: AbortSignal,
  take: (events: readonly SentEvent[]) => void,
): Promise<void> {
  const response = await fetch(url, {
    headers: lastEventId === null ? {} : { 'Last-Event-ID': lastEventId },
    signal: stop,
  });
  if (!response.ok || response.body === null) throw new StreamRefused(response.status);
  const cutter = new EventCutter();
  const decoder = new TextDecoder();
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const events = cutter.cut(decoder.decode(value, { stream: true }));
    if (events.length > 0) take(events);
  }
}
