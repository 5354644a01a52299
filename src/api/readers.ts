// Who may read: each request is looked at before it is answered, and a stream of who may read no more ends at once. A
// browser asks its user for name and token by itself. SPEC rules AC3, AC7, AC11.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { credentialsOfHttp } from '../access/credentials.ts';
import { isSecured } from '../access/door.ts';
import type { Gate, Refused } from '../access/gate.ts';
import type { TokenId } from '../access/token.ts';

const NO_PARAMETERS = new URLSearchParams();

export class Readers {
  readonly #gate: Gate;
  /** What is being answered to whom has a token. */
  readonly #answering = new Map<TokenId, Set<ServerResponse>>();
  readonly #unrevoke: () => void;

  constructor(gate: Gate) {
    this.#gate = gate;
    this.#unrevoke = gate.devices.onRevoked((id) => {
      for (const response of this.#answering.get(id) ?? []) response.destroy();
    });
  }

  stop(): void {
    this.#unrevoke();
  }

  /** Null: it may read this path. */
  refusalOf(request: IncomingMessage, response: ServerResponse, path: string): Refused | null {
    const { headers, socket } = request;
    const shown = credentialsOfHttp(headers.authorization, NO_PARAMETERS);
    const admitted = this.#gate.read(path, shown, {
      address: socket.remoteAddress,
      origin: headers.origin,
      isSecured: isSecured(socket),
    });
    if (!admitted.ok) return admitted.problem;
    if (admitted.value !== null) this.#remember(admitted.value.id, response);
    return null;
  }

  #remember(id: TokenId, response: ServerResponse): void {
    const responses = this.#answering.get(id) ?? new Set();
    this.#answering.set(id, responses.add(response));
    response.on('close', () => {
      responses.delete(response);
      if (responses.size === 0) this.#answering.delete(id);
    });
  }
}
