// What texts are made of, for targets that read them.

export const text = (said: string): Uint8Array => Uint8Array.from(Buffer.from(said));
export const texts = (...all: readonly string[]): readonly Uint8Array[] => all.map(text);
export const utf8 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

export const JSON_WORDS = texts(
  '{',
  '}',
  '[',
  ']',
  '"',
  ',',
  ':',
  '\\u0000',
  '\\ud800',
  '1e999',
  '-0',
  'null',
  'true',
  '__proto__',
  'sensor',
  'value',
);

export function saidOf(result: { readonly ok: boolean; readonly problem?: string }): string {
  return result.ok ? 'ok' : (result.problem ?? '');
}
