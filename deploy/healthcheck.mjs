// The container's health check: whether the node of this environment is ready. It uses nothing but Node, so that it
// costs little, and speaks to loopback, where a node answers `/readyz` to anyone.

const { PORT = '9000', WEB_API_PORT = '' } = process.env;
const port = WEB_API_PORT === '' ? Number(PORT) + 1_000 : Number(WEB_API_PORT);

try {
  const answer = await fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(4_000) });
  if (!answer.ok) fail(`/readyz answered ${answer.status}`);
} catch (cause) {
  fail(cause instanceof Error ? (cause.cause?.message ?? cause.message) : String(cause));
}

function fail(why) {
  process.stderr.write(`not ready: ${why}\n`);
  process.exit(1);
}
