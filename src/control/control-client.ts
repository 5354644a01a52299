// The other end of a node's control socket: asks one thing and waits for the answer.

import { connect } from 'node:net';
import { userInfo } from 'node:os';
import { LIMITS } from '../model/limits.ts';
import type { ControlAnswer, ControlRequest } from './request.ts';

/** Rejects when no node listens there, or it gives no answer in time. */
export function askNode(
  path: string,
  request: ControlRequest,
  patienceMs: number = LIMITS.controlIdleMsMax,
): Promise<ControlAnswer> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let text = '';
    socket.setEncoding('utf8');
    socket.setTimeout(patienceMs, () => {
      reject(new Error(`the node gave no answer within ${patienceMs} ms`));
      socket.destroy();
    });
    socket.on('error', (error) => {
      reject(new Error(`no node listens at ${path}`, { cause: error }));
    });
    socket.on('connect', () => socket.write(`${JSON.stringify({ ...request, by: asker() })}\n`));
    socket.on('data', (chunk: string) => {
      text += chunk;
      const end = text.indexOf('\n');
      if (end < 0) return;
      resolve(JSON.parse(text.slice(0, end)) as ControlAnswer);
      socket.end();
    });
    socket.on('close', () => reject(new Error('the node closed the connection without an answer')));
  });
}

/** Who sits there, as the audit is to name them. */
function asker(): string {
  try {
    const { username } = userInfo();
    const { SUDO_USER: sudoer } = process.env;
    return sudoer === undefined ? username : `${sudoer} (as ${username})`;
  } catch {
    // A user without an entry in the system's list has no name.
    return '';
  }
}
