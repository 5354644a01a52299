// Waiting for something that will be true, instead of sleeping: asks again and again, within a bound.

const PAUSE_MS = 25;
const SHOWN_MAX = 4_000;

/** Asks until the answer is wanted; fails with what it was at last. */
export async function until<T>(
  what: string,
  ask: () => Promise<T> | T,
  wanted: (answer: T) => boolean,
  withinMs = 30_000,
): Promise<T> {
  const deadline = performance.now() + withinMs;
  let last: unknown;
  do {
    try {
      const answer = await ask();
      if (wanted(answer)) return answer;
      last = answer;
    } catch (error) {
      last = error;
    }
    await new Promise((resume) => setTimeout(resume, PAUSE_MS));
  } while (performance.now() < deadline);
  throw new Error(`not within ${withinMs} ms: ${what}; at last: ${shown(last)}`);
}

function shown(last: unknown): string {
  const text = last instanceof Error ? (last.stack ?? last.message) : JSON.stringify(last);
  return String(text).slice(0, SHOWN_MAX);
}
