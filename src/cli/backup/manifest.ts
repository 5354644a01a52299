// What a backup consists of. It is written last: a directory without it is no backup. SPEC rules SK22, SK23.

import type { Result } from '../../kit/result.ts';
import { ok, refused } from '../../kit/result.ts';
import { type PeerId, parsePeerId } from '../../model/ids.ts';

export const MANIFEST = 'sensorium-backup.json';
const FORMAT = 1;
const DIGEST = /^[0-9a-f]{64}$/;
/** Names in the node's directory, and one folder deep. Nothing leads out of it. */
const PATH = /^(?:store\/)?[A-Za-z0-9_%@~-][A-Za-z0-9_%@~.-]*$/;

export interface BackupFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface Manifest {
  readonly node: PeerId;
  readonly site: string;
  /** The order it holds at least. */
  readonly group: string | null;
  readonly watermark: number;
  readonly taken: string;
  readonly files: readonly BackupFile[];
}

export function manifestText(manifest: Manifest): string {
  return `${JSON.stringify({ format: FORMAT, ...manifest }, null, 2)}\n`;
}

export function parseManifest(text: string): Result<Manifest> {
  let root: unknown;
  try {
    root = JSON.parse(text);
  } catch {
    return refused(`${MANIFEST} is not JSON`);
  }
  const fields: { readonly [name: string]: unknown } =
    typeof root === 'object' && root !== null ? { ...root } : {};
  if (fields.format !== FORMAT) {
    return refused(
      `the backup has the format ${JSON.stringify(fields.format)}; this version reads ${FORMAT}`,
    );
  }
  const node = parsePeerId(String(fields.node));
  if (!node.ok) return node;
  const files = Array.isArray(fields.files) ? fields.files.filter(isFile) : [];
  if (!Array.isArray(fields.files) || files.length !== fields.files.length) {
    return refused(`${MANIFEST} names a file that is none of a backup`);
  }
  return ok({
    node: node.value,
    site: String(fields.site),
    group: typeof fields.group === 'string' ? fields.group : null,
    watermark: Number(fields.watermark),
    taken: String(fields.taken),
    files,
  });
}

function isFile(file: unknown): file is BackupFile {
  if (typeof file !== 'object' || file === null) return false;
  const { path, bytes, sha256 }: { path?: unknown; bytes?: unknown; sha256?: unknown } = file;
  const isNamed = typeof path === 'string' && PATH.test(path);
  return isNamed && Number.isSafeInteger(bytes) && typeof sha256 === 'string' && DIGEST.test(sha256);
}
