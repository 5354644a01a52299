// The other end of a node's control socket: asks one thing and waits for the answer.

import { connect } from 'node:net';
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
    socket.on('connect', () => socket.write(`${JSON.stringify(request)}\n`));
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
