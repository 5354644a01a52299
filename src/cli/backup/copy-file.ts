// Copies a file and says what it holds. SPEC rules SK22, SK23.

import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';

const CHUNK_BYTES = 1_048_576;
const FILE_MODE = 0o600;
const ZEROS = Buffer.alloc(CHUNK_BYTES);

export interface Copied {
  readonly bytes: number;
  readonly sha256: string;
}

export interface CopyOptions {
  /** Long zeros take no space at the copy; a node's own files must have theirs. */
  readonly sparse: boolean;
  readonly copied: (bytes: number) => void;
}

export async function copyFile(from: string, to: string, { sparse, copied }: CopyOptions): Promise<Copied> {
  const hash = createHash('sha256');
  const source = await open(from, 'r');
  try {
    const target = await open(to, 'wx', FILE_MODE);
    try {
      const buffer = Buffer.alloc(CHUNK_BYTES);
      let bytes = 0;
      for (;;) {
        const { bytesRead } = await source.read(buffer, 0, CHUNK_BYTES, bytes);
        if (bytesRead === 0) break;
        const chunk = buffer.subarray(0, bytesRead);
        hash.update(chunk);
        const isHole = sparse && chunk.equals(ZEROS.subarray(0, bytesRead));
        if (!isHole) await writeAll(target, chunk, bytes);
        bytes += bytesRead;
        copied(bytesRead);
      }
      await target.truncate(bytes);
      await target.sync();
      return { bytes, sha256: hash.digest('hex') };
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

async function writeAll(target: FileHandle, chunk: Buffer, at: number): Promise<void> {
  let done = 0;
  while (done < chunk.length) {
    const { bytesWritten } = await target.write(chunk, done, chunk.length - done, at + done);
    done += bytesWritten;
  }
}
