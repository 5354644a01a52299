// The bodies of all requests in work at this listener: received whole, within one bound for all. SPEC rules IN8, IN9.

import type { IncomingMessage } from 'node:http';
import type { Result } from '../../kit/result.ts';
import { LIMITS } from '../../model/limits.ts';
import { receiveBody } from './body.ts';
import { BodyBudget } from './body-budget.ts';
import { Inflater } from './inflater.ts';
import type { Refusal } from './refusal.ts';

export class Bodies {
  readonly #budget = new BodyBudget(LIMITS.ingestBufferedBytesMax);
  readonly #inflater = new Inflater();

  /** The body counts as held until `use` has its result. */
  async hold<T>(
    request: IncomingMessage,
    use: (body: Result<Buffer, Refusal>) => T | Promise<T>,
  ): Promise<T> {
    const lease = this.#budget.lease();
    try {
      return await use(await receiveBody(request, lease, this.#inflater));
    } finally {
      lease.release();
    }
  }
}
