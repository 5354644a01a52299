// A door before an HTTP server: it serves who comes in there, plain or by TLS, with its own bounds on connections and times
// for both. SPEC rules TR18, TR19.

import { type Server, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { PROBLEM_MEDIA_TYPE, PROBLEMS, problemOf } from '../model/problems.ts';
import { Door, type DoorRefusal, type DoorTls } from './door.ts';

/** To be set up when all of the server's listeners are. */
export function httpDoor(
  server: Server,
  tls: DoorTls | null,
  refused: (reason: DoorRefusal, why: string) => void,
): Door {
  const serving = server.listeners('connection');
  const entered = (socket: Socket) => {
    for (const serve of serving) Reflect.apply(serve, server, [socket]);
  };
  const door = new Door(tls, { entered, refused, plainAnswer: plainAnswer() });
  server.removeAllListeners('connection');
  server.on('connection', (socket) => door.receive(socket));
  return door;
}

function plainAnswer(): string {
  const { status } = PROBLEMS['tls-required'];
  const body = JSON.stringify(
    problemOf('tls-required', 'from other machines this listener takes https alone'),
  );
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Connection: close, Upgrade',
    'Upgrade: TLS/1.2, HTTP/1.1',
    `Content-Type: ${PROBLEM_MEDIA_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}
