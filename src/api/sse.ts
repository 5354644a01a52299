// The lines of server-sent events (WHATWG HTML §9.2).

/** How long a client shall wait before it comes back. */
export const RETRY_MS = 1_000;

export const STREAM_HEADERS = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'X-Accel-Buffering': 'no',
};

/** JSON has no line breaks of its own, so one `data:` line holds it. */
export function sse(event: string, data: object, id: string | null): string {
  const idLine = id === null ? '' : `id: ${id}\n`;
  return `${idLine}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
