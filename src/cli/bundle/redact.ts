// Takes secrets out of text that is handed on: those of the configuration word for word, and whatever looks like one.
// SPEC rule OP6.

const MASK = '********';
/** Shorter ones would take half of every text with them. */
const SECRET_LENGTH_MIN = 4;

const LOOKS: readonly (readonly [RegExp, string])[] = [
  // user:password@ of an address
  [/(\b[a-z][a-z0-9+.-]{1,15}:\/\/)[^\s/@"']{1,512}@/gi, `$1${MASK}@`],
  [/((?:authorization|proxy-authorization|cookie|set-cookie)["']?\s*[:=]\s*["']?)[^\r\n"']+/gi, `$1${MASK}`],
  [/\b(bearer|basic|token)\s+[a-z0-9+/=._~-]{8,}/gi, `$1 ${MASK}`],
  [
    /((?:[a-z0-9_-]{0,32}(?:password|passwd|secret|token|api[_-]?key|cluster[_-]?key|private[_-]?key|passphrase))["']?\s*[:=]\s*["']?)(?!\*{8})[^\s"',;}]{1,1024}/gi,
    `$1${MASK}`,
  ],
  [/-----BEGIN [A-Z ]{0,32}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]{0,32}PRIVATE KEY-----|$)/g, MASK],
];

export function redactor(secrets: readonly string[]): (text: string) => string {
  // In JSON a secret stands escaped, in a query percent-encoded.
  const forms = secrets.flatMap((secret) => [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
  ]);
  const known = [...new Set(forms)].filter(({ length }) => length >= SECRET_LENGTH_MIN);
  // A secret that is part of another one is taken out after it.
  known.sort((a, b) => b.length - a.length);
  return (text) => {
    const without = known.reduce((left, secret) => left.replaceAll(secret, MASK), text);
    return LOOKS.reduce((left, [look, mask]) => left.replaceAll(look, mask), without);
  };
}
